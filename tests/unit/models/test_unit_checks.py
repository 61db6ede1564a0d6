"""Units: none is wrong in the library, and each parameter's would be noticed if it were."""

import re

import pytest

from funis.models import disease_ids, load_model
from funis.models.compose import UNITS, antimony_text, read_text, sbml_text
from funis.models.unit_checks import scale_issues, unit_issues

PARTS = 4


@pytest.fixture(scope="module")
def ra():
    return load_model("ra")


@pytest.fixture
def doubled(tmp_path):
    """SBML of y := 2*p with a unit for each."""

    def write(value_unit, symbol_unit):
        (tmp_path / "model.ant").write_text(f"y := 2*p;\ny has {symbol_unit};\n")
        text = read_text("x", tmp_path / "model.ant", tmp_path)
        return sbml_text(antimony_text(text, "", {"p": (1.0, value_unit)}), "x")

    return write


def corrupted(sbml, name, unit):
    """Change the unit of one parameter in the SBML text itself: a thousand times faster."""
    pattern = rf'(<parameter [^>]*id="{name}"[^>]*units=")[^"]*"'
    changed, count = re.subn(pattern, rf'\g<1>{unit}"', sbml)
    assert count == 1
    return changed


def acting(model, sbml):
    """Parameters that stand in an equation of the SBML."""
    words = set(re.findall(r"<ci> (\w+) </ci>", sbml))
    return [p for p in model.parameters if p.id in words]


@pytest.mark.parametrize("disease", disease_ids())
def test_no_message_about_any_model_of_the_library(disease):
    model = load_model(disease)
    assert [str(issue) for issue in unit_issues(model.sbml, disease)] == []
    assert [str(issue) for issue in unit_issues(model.full_sbml, disease)] == []


@pytest.mark.parametrize("disease", disease_ids())
def test_the_size_of_units_fits_too(disease):
    found = scale_issues(load_model(disease).full_sbml, disease)
    assert not found


@pytest.mark.parametrize("part", range(PARTS))
def test_each_wrong_unit_of_the_equations_is_caught(ra, part):
    missed = []
    for row in acting(ra, ra.sbml)[part::PARTS]:
        wrong = "kg" if row.unit != "kg" else "per_day"
        if not unit_issues(corrupted(ra.sbml, row.id, wrong), "ra"):
            missed.append(row.id)
    assert missed == []


def test_rates_of_the_full_form_alone_are_caught_there(ra):
    fast = set(ra.text.fast.values())
    assert len(fast) >= 3
    assert all(unit_issues(corrupted(ra.full_sbml, name, "kg"), "ra") for name in fast)


def test_the_text_itself_can_be_corrupted(ra):
    for name, unit in (("k_T", "dimensionless"), ("K_lm", "per_day"), ("clearance_IL10", "day")):
        assert unit_issues(ra.sbml_variant(corrupt={name: unit}), "ra")


def test_units_inside_logarithms_and_exponents_are_seen(tiny):
    """libsbml takes the argument of `ln` for dimensionless whatever it is."""
    for wrong in ("ln(k_die)", "exp(k_die)", "exp(-ln(share*k_die))"):
        assert unit_issues(variant(tiny, wrong), "tiny")
    for right in ("ln(k_die/k_drug)", "exp(-share)", "ln(exp(share))"):
        assert not unit_issues(variant(tiny, right), "tiny")


def variant(tiny, formula):
    import libsbml

    document = libsbml.readSBMLFromString(tiny.sbml)
    rule = document.getModel().getRuleByVariable("D_half")
    rule.setMath(libsbml.parseL3Formula(f"DRIVEN*{formula}"))
    return libsbml.writeSBMLToString(document)


@pytest.mark.parametrize(
    ("value_unit", "symbol_unit", "factor"),
    [("year", "day", 365.25), ("minute", "day", 1 / 1440), ("mg_per_L", "pg_per_mL", 1e6)],
)
def test_units_of_one_dimension_and_two_sizes_are_told_apart(
    tmp_path, value_unit, symbol_unit, factor
):
    from funis.models.compose import antimony_text, read_text, sbml_text

    (tmp_path / "model.ant").write_text(f"y := 2*p;\ny has {symbol_unit};\n")
    text = read_text("x", tmp_path / "model.ant", tmp_path)
    sbml = sbml_text(antimony_text(text, "", {"p": (1.0, value_unit)}), "x")
    assert not unit_issues(sbml, "x")
    (issue,) = scale_issues(sbml, "x")
    assert str(issue).startswith(f"x: the equation of 'y' is {factor:g} times its unit")


@pytest.mark.parametrize("unit", UNITS)
def test_a_symbol_in_the_unit_of_its_equation_is_right(doubled, unit):
    sbml = doubled(unit, unit)
    assert not unit_issues(sbml, "x")
    assert not scale_issues(sbml, "x")
