"""Models of a few lines with known solutions, solved as they stand."""

import math

import numpy as np
import pytest

from funis.checks import InputError
from funis.models.sbml import read_sbml
from funis.solver.scalar import integrate_checked, integrate_sbml

TIMES = np.linspace(0, 5, 11)
DENSITY = 'initialConcentration="{}"'


def parameters(**values):
    rows = [
        f'<parameter id="{name}" value="{value}" constant="false"/>'
        for name, value in values.items()
    ]
    return f"<listOfParameters>{''.join(rows)}</listOfParameters>"


def compartment(size=2, constant="true", **more):
    words = " ".join(f'{key}="{value}"' for key, value in more.items())
    return (
        f'<listOfCompartments><compartment id="C" size="{size}" constant="{constant}"'
        f" {words}/></listOfCompartments>"
    )


def species(name, words='initialAmount="6"', whole="false", boundary="false", constant="false"):
    return (
        f'<species id="{name}" compartment="C" {words} hasOnlySubstanceUnits="{whole}"'
        f' boundaryCondition="{boundary}" constant="{constant}"/>'
    )


def reaction(law, taken=(), given=(), name="J", local=""):
    def side(references):
        return "".join(
            one if one.startswith("<") else
            f'<speciesReference species="{one}" stoichiometry="1" constant="true"/>'
            for one in references
        )  # fmt: skip

    reactants = f"<listOfReactants>{side(taken)}</listOfReactants>" if taken else ""
    products = f"<listOfProducts>{side(given)}</listOfProducts>" if given else ""
    locals_ = f"<listOfLocalParameters>{local}</listOfLocalParameters>" if local else ""
    kinetic = f"<kineticLaw>{{{law}}}{locals_}</kineticLaw>" if law else ""
    return f'<reaction id="{name}" reversible="false">{reactants}{products}{kinetic}</reaction>'


def rules(*texts):
    found = []
    for text in texts:
        left, formula = (part.strip() for part in text.split("=", 1))
        kind = "assignmentRule" if left.endswith(":") else "rateRule"
        found.append(f'<{kind} variable="{left.rstrip(": ")}">{{{formula}}}</{kind}>')
    return f"<listOfRules>{''.join(found)}</listOfRules>"


def starts(**formulas):
    rows = [
        f'<initialAssignment symbol="{name}">{{{formula}}}</initialAssignment>'
        for name, formula in formulas.items()
    ]
    return f"<listOfInitialAssignments>{''.join(rows)}</listOfInitialAssignments>"


def solved(path, *names, times=TIMES, kind="value"):
    """Return a row a name."""
    model = read_sbml(path)
    outputs = {name: getattr(model.quantities[name], kind) for name in names}
    return integrate_checked(model, outputs, np.asarray(times), absolute=1e-9, relative=1e-7).T


def same(found, truth):
    np.testing.assert_allclose(found, truth, rtol=1e-7, atol=1e-9)


def test_amounts_and_concentrations_of_a_reaction(sbml):
    text = compartment() + (
        f"<listOfSpecies>{species('A')}{species('B', whole='true')}</listOfSpecies>"
        f"<listOfReactions>{reaction('0.5*C*A', ['A'], ['B'])}</listOfReactions>"
    )
    path = sbml(text)
    amount = 6 * np.exp(-0.5 * TIMES)
    same(solved(path, "A", "B", "J"), [amount / 2, 6 + 6 - amount, 0.5 * amount])
    same(solved(path, "A", "B", kind="amount"), [amount, 12 - amount])
    same(solved(path, "A", "B", kind="concentration"), [amount / 2, (12 - amount) / 2])


def test_a_size_that_grows_dilutes_what_is_in_it(sbml):
    text = (
        compartment(2, "false")
        + f"<listOfSpecies>{species('A')}{species('B', whole='true')}</listOfSpecies>"
        + rules("C = 0.5")
    )
    same(solved(sbml(text), "A", "B", "C"), [6 / (2 + 0.5 * TIMES), 6 + 0 * TIMES, 2 + 0.5 * TIMES])


def test_a_rate_rule_of_a_concentration_holds_for_any_size(sbml):
    for rule in ("C = 0.5", "C := 2 + 0.5*time"):
        text = (
            compartment(2, "false")
            + f"<listOfSpecies>{species('A')}</listOfSpecies>"
            + rules(rule, "A = -0.3*A")
        )
        path = sbml(text)
        density = 3 * np.exp(-0.3 * TIMES)
        same(solved(path, "A"), [density])
        same(solved(path, "A", kind="amount"), [density * (2 + 0.5 * TIMES)])


def test_a_species_of_a_point_is_an_amount(sbml):
    text = (
        '<listOfCompartments><compartment id="C" spatialDimensions="0" constant="true"/>'
        "</listOfCompartments>"
        f"<listOfSpecies>{species('A')}</listOfSpecies>"
        f"<listOfReactions>{reaction('0.5*A', ['A'])}</listOfReactions>"
    )
    same(solved(sbml(text), "A"), [6 * np.exp(-0.5 * TIMES)])


def test_initial_assignments_rules_and_reactions_hold_at_the_start(sbml):
    text = (
        compartment()
        + f"<listOfSpecies>{species('A')}{species('B', DENSITY.format(4))}</listOfSpecies>"
        + parameters(p=1, q=1, r=1)
        + starts(A="q + 1", p="J*2", C="3")
        + rules("q := B*2")
        + f"<listOfReactions>{reaction('0.1*A', ['A'])}</listOfReactions>"
    )
    (a, q, p, b) = solved(sbml(text), "A", "q", "p", "B")[:, 0]
    assert [a, q, p, b] == pytest.approx([9, 8, 2 * 0.9, 4])
    assert solved(sbml(text), "A", kind="amount")[0, 0] == pytest.approx(27)


def test_local_parameters_shadow_and_functions_are_expanded(sbml):
    text = (
        "<listOfFunctionDefinitions>"
        '<functionDefinition id="g">{lambda(k, 2*k)}</functionDefinition>'
        '<functionDefinition id="f">{lambda(x, k, g(k)*x/2)}</functionDefinition>'
        "</listOfFunctionDefinitions>"
        + compartment(1)
        + f"<listOfSpecies>{species('A')}</listOfSpecies>"
        + parameters(k=9)
        + "<listOfReactions>"
        + reaction("f(A, k)", ["A"], local='<localParameter id="k" value="0.5"/>')
        + "</listOfReactions>"
    )
    same(solved(sbml(text), "A", "k"), [6 * np.exp(-0.5 * TIMES), 9 + 0 * TIMES])


def test_conversion_factors_of_model_and_species(sbml):
    text = (
        compartment(1)
        + "<listOfSpecies>"
        + species("A").replace("<species", '<species conversionFactor="own"')
        + species("B")
        + "</listOfSpecies>"
        + '<listOfParameters><parameter id="own" value="3" constant="true"/>'
        + '<parameter id="all" value="10" constant="true"/></listOfParameters>'
        + f"<listOfReactions>{reaction('0.1', ['A'], ['B'])}</listOfReactions>"
    )
    found = solved(sbml(text, model='conversionFactor="all"'), "A", "B")
    same(found, [6 - 0.3 * TIMES, 6 + TIMES])


def test_stoichiometries_that_change_and_stand_in_formulas(sbml):
    moving = '<speciesReference id="n" species="B" stoichiometry="2" constant="false"/>'
    set_ = '<speciesReference id="m" species="D" constant="false"/>'
    ruled = '<speciesReference id="o" species="E" constant="false"/>'
    twice = reaction("1", [], [moving, set_, ruled, "B"])
    text = (
        compartment(1)
        + "<listOfSpecies>"
        + "".join(species(name, 'initialAmount="0"') for name in "BDE")
        + "</listOfSpecies>"
        + starts(m="n + 3")
        + rules("n = 1", "o := 2*time")
        + f"<listOfReactions>{twice}</listOfReactions>"
    )
    truth = [3 * TIMES + TIMES**2 / 2, 5 * TIMES, TIMES**2, 2 + TIMES]
    same(solved(sbml(text), "B", "D", "E", "n"), truth)


def test_boundary_and_constant_species_are_not_changed_by_reactions(sbml):
    text = (
        compartment(1)
        + "<listOfSpecies>"
        + species("A", boundary="true")
        + species("B", boundary="true", constant="true")
        + species("D", 'initialAmount="0"')
        + "</listOfSpecies>"
        + rules("A = 1")
        + f"<listOfReactions>{reaction('A*B', ['A', 'B'], ['D'])}</listOfReactions>"
    )
    truth = [6 + TIMES, 6 + 0 * TIMES, 6 * (6 * TIMES + TIMES**2 / 2)]
    same(solved(sbml(text), "A", "B", "D"), truth)


def test_steps_in_time_and_state_are_met_exactly(sbml):
    text = parameters(x=0, y=0, z=0, w=0) + rules(
        "x = piecewise(1, time < 2.3, 3, time < 4.1, 0)",
        "y = piecewise(2, y < 3, 1)",
        "z = piecewise(1000, time >= 3.0001 && time < 3.0002, 0)",
        "w = floor(time) + rem(time, 2)",
    )
    t = TIMES
    x = np.minimum(t, 2.3) + 3 * np.clip(t - 2.3, 0, 1.8)
    y = np.where(t < 1.5, 2 * t, 3 + (t - 1.5))
    z = 1000 * np.clip(t - 3.0001, 0, 0.0001)
    n = np.floor(t)
    w = n * (n - 1) / 2 + n * (t - n) + np.floor(t / 2) * 2 + (t % 2) ** 2 / 2
    same(solved(sbml(text), "x", "y", "z", "w"), [x, y, z, w])


def test_a_short_pulse_in_time_is_not_stepped_over(sbml):
    path = sbml(parameters(x=0) + rules("x = 200*exp(-((time - 2.37)*200)^2)"))
    found = solved(path, "x", times=[0, 1, 2, 3, 4, 5])
    same(found, [[0, 0, 0] + [math.sqrt(math.pi)] * 3])


def test_quotients_are_exact_where_a_step_needs_it(sbml):
    text = parameters(q=0, r=0) + rules("q := floor(time/49)", "r := rem(time, 49)")
    found = solved(sbml(text), "q", "r", times=[0, 49, 98, 147])
    assert found.tolist() == [[0, 1, 2, 3], [0, 0, 0, 0]]


def test_rates_of_anything(sbml):
    text = (
        compartment(2, "false")
        + f"<listOfSpecies>{species('A')}</listOfSpecies>"
        + parameters(x=1, y=0, z=0, u=0, v=0)
        + rules("C = 0.5", "x = -x", "y = rateOf(x)", "z := rateOf(A)", "u := rateOf(v) + time")
    )
    size = 2 + 0.5 * TIMES
    truth = [np.exp(-TIMES) - 1, -6 * 0.5 / size**2, TIMES]
    same(solved(sbml(text), "y", "z", "u"), truth)


def test_a_stiff_reaction_keeps_its_digits(sbml):
    text = parameters(a=1, b=0, c=0) + rules(
        "a = -0.04*a + 1e4*b*c", "b = 0.04*a - 1e4*b*c - 3e7*b^2", "c = 3e7*b^2"
    )
    found = solved(sbml(text), "a", "b", "c", times=[0, 40])
    truth = [0.7158270688, 9.185534765e-6, 0.2841637457]  # published, Robertson at t = 40
    np.testing.assert_allclose(found[:, 1], truth, rtol=1e-6)


def test_small_sizes_keep_their_digits(sbml):
    text = (
        compartment(1e-15)
        + f"<listOfSpecies>{species('A', DENSITY.format(1e-3))}</listOfSpecies>"
        + f"<listOfReactions>{reaction('0.7*A*C', ['A'])}</listOfReactions>"
    )
    same(solved(sbml(text), "A"), [1e-3 * np.exp(-0.7 * TIMES)])


def test_what_the_file_calls_infinite_is_shown(sbml):
    text = parameters(a="INF", b="NaN", c=1) + starts(c="-a")
    found = solved(sbml(text), "a", "b", "c")[:, 0]
    assert found[0] == math.inf
    assert math.isnan(found[1])
    assert found[2] == -math.inf


def test_a_branch_that_is_not_taken_may_be_undefined(sbml):
    text = parameters(x=0, y=1) + rules("x = piecewise(1, x <= 0, 1/x)", "y = ln(y)*0 + 1")
    path = sbml(text)
    np.testing.assert_allclose(solved(path, "x")[0, 1:], np.sqrt(2 * TIMES[1:]), rtol=1e-5)


def test_an_id_may_be_spelt_like_time(sbml):
    text = parameters(time=7, x=0) + (
        '<listOfRules><rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML">'
        "<apply><times/><ci>time</ci>"
        '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
        "</apply></math></rateRule></listOfRules>"
    )
    same(solved(sbml(text), "x", "time"), [7 * TIMES**2 / 2, 7 + 0 * TIMES])


def test_the_output_may_begin_late(sbml):
    text = parameters(x=1) + rules("x = -x")
    same(solved(sbml(text), "x", times=[2, 3]), [np.exp([-2.0, -3.0])])


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("x = x^2", "cannot be solved"),
        ("x = piecewise(1, x < 2, -1)", "undo each other near time 1"),
    ],
)
def test_what_cannot_be_solved_is_one_line(sbml, rule, reason):
    path = sbml(parameters(x=1) + rules(rule))
    with pytest.raises(InputError, match=reason) as found:
        solved(path, "x")
    assert "\n" not in str(found.value)


def test_output_times_do_not_change_a_result(sbml):
    path = sbml(parameters(x=1, y=0) + rules("x = -x*y", "y = x - 0.1*y"))
    model = read_sbml(path)
    nodes = [model.quantities["x"].value]
    few = integrate_sbml(model, nodes, np.array([0.0, 5.0]))
    many = integrate_sbml(model, nodes, np.linspace(0, 5, 51))
    assert few[-1] == many[-1]
