"""Smooth SBML models as the form of the engines."""

import numpy as np
import pytest

from funis.models.formula import TIME
from funis.models.sbml import ode_form, read_sbml, start_values

MODEL = """
<listOfCompartments><compartment id="C" size="2" constant="true"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="C" initialConcentration="3" constant="false"
 hasOnlySubstanceUnits="false" boundaryCondition="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/>
<parameter id="d" value="0" constant="true"/><parameter id="half" constant="false"/>
<parameter id="x" value="0" constant="false"/></listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="d">{2*k}</initialAssignment>
<initialAssignment symbol="x">{A*k + half}</initialAssignment></listOfInitialAssignments>
<listOfRules><assignmentRule variable="half">{d/2}</assignmentRule>
<rateRule variable="x">{%s}</rateRule></listOfRules>
<listOfReactions><reaction id="J" reversible="false"><listOfReactants>
<speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw>{k*A*C}</kineticLaw></reaction></listOfReactions>
"""


def test_a_smooth_model_is_states_parameters_and_assignments(sbml):
    form = ode_form(read_sbml(sbml(MODEL % "half - x")))
    assert form.states == ("x", "A amount")
    assert form.parameters == ("C", "k")
    assert form.defaults == (2.0, 0.5)
    assert form.constant_names == ("d", "half")
    assert {name for name, _ in form.assignments} == {"A", "J"}


def test_it_has_the_rates_and_the_start_of_the_model(sbml):
    model = read_sbml(sbml(MODEL % "half - x"))
    form, values = ode_form(model), start_values(model)
    given = np.array([form.defaults])
    fixed = np.hstack([given, form.derived(given)])
    start = form.start(fixed)
    np.testing.assert_allclose(start, [[3 * 0.5 + 0.5, 6.0]])
    np.testing.assert_allclose(start, [[values[name] for name in form.states]])
    np.testing.assert_allclose(form.rates_at(start, fixed), [[0.5 - 2.0, -0.5 * 3 * 2]])
    np.testing.assert_allclose(form.jacobian_at(start, fixed), [[[-1, 0], [0, -0.5]]])
    changed = np.array([[4.0, 1.0]])
    np.testing.assert_allclose(form.derived(changed), [[2.0, 1.0]])
    np.testing.assert_allclose(form.start(np.hstack([changed, form.derived(changed)])), [[4, 12]])


def test_time_is_a_symbol_of_its_own(sbml):
    form = ode_form(read_sbml(sbml(MODEL % "time*half")))
    assert TIME in form.graph.symbols(form.rates[0])


def test_a_model_that_jumps_has_no_smooth_form(sbml):
    event = (
        '<listOfEvents><event useValuesFromTriggerTime="true"><trigger initialValue="true"'
        ' persistent="true">{x > 1}</trigger></event></listOfEvents>'
    )
    for text in (MODEL % "piecewise(1, x < 2, 0)", MODEL % "floor(x)", MODEL % "x" + event):
        with pytest.raises(ValueError, match="events or jumps"):
            ode_form(read_sbml(sbml(text)))
