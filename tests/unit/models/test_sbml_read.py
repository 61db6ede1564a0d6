"""SBML files as equations, and what is wrong with them in one line."""

import math
import re

import pytest

from funis.checks import InputError
from funis.models.sbml import RefusedError, check_start, read_sbml, start_values

PARAMETER = (
    '<listOfParameters>\n<parameter id="x" value="1" constant="false"/>\n{}</listOfParameters>'
)


def rules(*pairs, kind="rateRule"):
    rows = [f'<{kind} variable="{name}">{{{text}}}</{kind}>' for name, text in pairs]
    return f"<listOfRules>{''.join(rows)}</listOfRules>"


def given(*pairs, kind="rateRule", more=""):
    return PARAMETER.format(more) + (rules(*pairs, kind=kind) if pairs else "")


def start(path, wanted):
    model = read_sbml(path)
    outputs = {name: model.quantities[name].value for name in wanted}
    check_start(model, start_values(model), outputs)


def refused(path, wanted=("x",)):
    with pytest.raises(InputError) as found:
        start(path, wanted)
    assert len(str(found.value).splitlines()) == len(found.value.issues)
    return found.value


BARE = (
    '<listOfRules><rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML">'
    "<apply><exp/></apply></math></rateRule></listOfRules>"
)
SECOND = '<parameter id="z" value="0" constant="false"/>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (given(("x", "xx*2")), r"xml:6: unknown name 'xx' in the formula 'xx'; .* mean 'x'"),
        (given(("x", "f(x)")), "unknown name 'f' in the formula"),
        (given(("x", "x"), ("x", "x")), "Multiple rules for the same variable"),
        (given(("x", "z"), ("z", "x"), kind="assignmentRule", more=SECOND), "Circular"),
        (given(more='<parameter id="x" constant="true"/>'), "xml:6: .*Duplicate 'id'"),
        (given(("x", "1/z"), more=SECOND), "xml:5: the rate of 'x' at the start is inf"),
        (given(("x", "1/z"), kind="assignmentRule", more=SECOND), "'x' at the start is inf"),
        (given(("x", "ln(z - 1)"), kind="assignmentRule", more=SECOND), "'x' at the start is nan"),
        (given() + BARE, "number of arguments"),
        (given(("x", "z"), more='<parameter id="z" constant="false"/>'),
         "xml:6: no value is given for the parameter 'z'"),
        (given(("y", "1")), "no valid SBML"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_its_place(sbml, content, words):
    error = refused(sbml(content))
    assert not isinstance(error, RefusedError)
    assert re.search(words, str(error.issues[0])), str(error)


def test_initial_assignments_in_a_circle_with_rules(sbml):
    text = given(more=SECOND) + (
        '<listOfInitialAssignments><initialAssignment symbol="z">{x + 1}</initialAssignment>'
        "</listOfInitialAssignments>"
    )
    assert "ircular" in str(refused(sbml(text + rules(("x", "z"), kind="assignmentRule"))))


def test_rates_that_need_each_other(sbml):
    text = given(("x", "rateOf(z)"), ("z", "rateOf(x)"), more=SECOND)
    assert "Circular" in str(refused(sbml(text)))


@pytest.mark.parametrize(
    ("content", "construct"),
    [
        (given() + "<listOfRules><algebraicRule>{x - 1}</algebraicRule></listOfRules>",
         "algebraic rule"),
        (given(("x", "delay(x, 1)")), "csymbol delay"),
    ],
)  # fmt: skip
def test_a_construct_that_is_not_supported_is_named(sbml, content, construct):
    error = refused(sbml(content))
    assert isinstance(error, RefusedError)
    assert error.construct == construct
    assert f"{construct} is not supported; expected a model of ordinary" in str(error)


def test_a_fast_reaction_is_refused(sbml):
    text = '<listOfReactions><reaction id="J" reversible="false" fast="true"/></listOfReactions>'
    assert refused(sbml(given() + text, version=1)).construct == "fast reaction"


def test_packages_that_a_model_requires_are_refused(sbml):
    path = sbml(given())
    space = "http://www.sbml.org/sbml/level3/version1/{0}/version1"
    for name in ("comp", "made_up"):
        words = f'level="3" version="2" xmlns:p="{space.format(name)}" p:required="true">'
        path.write_text(path.read_text().replace('level="3" version="2">', words))
        assert refused(path).construct == f"package {name}"
        path.write_text(path.read_text().replace(words, 'level="3" version="2">'))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no well-formed XML"),
        (b"SBML", "no well-formed XML"),
        (b"<sbml", "no well-formed XML"),
        (b"\xff\xfe\x00\xd8", "is not text"),
        (b"\x80\x81", "is not text"),
        (b"<html/>", "no valid SBML"),
        (b'<sbml xmlns="http://www.sbml.org/sbml/level2/version1" level="2" version="1"/>',
         "is not SBML of a known Level and Version"),
        (b'<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"/>',
         "holds no model"),
    ],
)  # fmt: skip
def test_what_is_no_sbml_is_one_line(tmp_path, content, words):
    path = tmp_path / "model.xml"
    path.write_bytes(content)
    error = refused(path)
    assert words in str(error)
    assert len(error.issues) == 1


def test_a_file_that_is_not_there(tmp_path):
    assert "no such file; expected an SBML file" in str(refused(tmp_path / "no.xml"))


def test_lines_are_those_of_the_file_with_and_without_a_declaration(sbml):
    path = sbml(given(("x", "xx")))
    first = refused(path).issues[0].line
    text = path.read_text()
    path.write_text(text.partition("\n")[2])
    assert refused(path).issues[0].line == first - 1
    path.write_text(text, encoding="utf-16")
    assert refused(path).issues[0].line == first


LEVEL_2 = """
<listOfCompartments><compartment id="C" size="2"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="C" initialConcentration="3"/>
<species id="B" compartment="C" initialAmount="0"/></listOfSpecies>
<listOfParameters><parameter id="k" value="9"/><parameter id="n" value="4"/></listOfParameters>
<listOfReactions><reaction id="J" reversible="false">
<listOfReactants><speciesReference species="A"/></listOfReactants>
<listOfProducts><speciesReference species="B"><stoichiometryMath>{n}</stoichiometryMath>
</speciesReference></listOfProducts>
<kineticLaw>{k*A*C}<listOfParameters><parameter id="k" value="0.5"/></listOfParameters></kineticLaw>
</reaction></listOfReactions>
"""


def test_level_2_is_converted(sbml):
    values = start_values(read_sbml(sbml(LEVEL_2, level=2, version=4)))
    assert [values[name] for name in ("A", "A amount", "J", "n")] == [3, 6, 3, 4]


def test_names_and_units_stay_those_of_the_file(sbml):
    model = read_sbml(sbml(LEVEL_2, level=2, version=4))
    assert model.id == "made_up"
    assert set(model.quantities) >= {"A", "B", "C", "J", "k", "n"}
    assert model.quantities["A"].kind == "species"
    assert model.quantities["A"].line == 6
    assert model.kept[:3] == ("C", "k", "n")


def test_a_reaction_without_a_law_does_nothing_and_has_no_rate(sbml):
    text = (
        '<listOfCompartments><compartment id="C" size="1" constant="true"/></listOfCompartments>'
        '<listOfSpecies><species id="x" compartment="C" initialAmount="2" constant="false"'
        ' hasOnlySubstanceUnits="true" boundaryCondition="false"/></listOfSpecies>'
        '<listOfReactions><reaction id="J" reversible="false"><listOfProducts>'
        '<speciesReference species="x" stoichiometry="1" constant="true"/></listOfProducts>'
        "<kineticLaw/></reaction></listOfReactions>"
    )
    path = sbml(text)
    model = read_sbml(path)
    assert not model.rates
    check_start(model, start_values(model), {"x": model.quantities["x"].value})
    assert "the reaction 'J' has no kinetic law" in str(refused(path, ["J"]))
    path = sbml(text.replace("<kineticLaw/>", ""))
    assert refused(path).construct == "a network of reactions without kinetic laws"


def test_a_flux_balance_is_refused(sbml):
    path = sbml(given())
    space = "http://www.sbml.org/sbml/level3/version1/fbc/version2"
    text = path.read_text().replace(
        'level="3" version="2">', f'level="3" version="2" xmlns:fbc="{space}" fbc:required="false">'
    )
    text = text.replace('<model id="made_up" ', '<model id="made_up" fbc:strict="false" ')
    balance = (
        '<fbc:listOfObjectives fbc:activeObjective="o">'
        '<fbc:objective fbc:id="o" fbc:type="maximize">'
        '<fbc:listOfFluxObjectives><fbc:fluxObjective fbc:reaction="J" fbc:coefficient="1"/>'
        "</fbc:listOfFluxObjectives></fbc:objective></fbc:listOfObjectives></model>"
    )
    path.write_text(text.replace("</model>", balance))
    assert refused(path).construct == "package fbc"


def test_what_the_file_calls_infinite_is_no_fault(sbml):
    more = '<parameter id="z" value="INF" constant="false"/>'
    path = sbml(given(("x", "-z"), kind="assignmentRule", more=more))
    model = read_sbml(path)
    values = start_values(model)
    check_start(model, values, {"x": model.quantities["x"].value})
    assert values["x"] == -math.inf
