"""From the text of a disease and the shared core to SBML."""

import libsbml
import pytest

from funis.checks import InputError
from funis.models import load_model
from funis.models.compose import UNITS, antimony_text, read_text, sbml_text


def load(disease):
    return load_model(disease, core=disease.parents[1] / "core")


def told(disease):
    with pytest.raises(InputError) as caught:
        load(disease).sbml  # noqa: B018
    return [str(issue) for issue in caught.value.issues]


def test_the_text_says_what_is_cell_fold_rule_and_input(tiny):
    text = tiny.text
    assert text.cells == ("A", "B", "P")
    assert text.folds == ("DRIVEN", "GAINED", "C", "BLOW")
    assert text.rules == ("gain_iv_A", "gain_iv_P", "gain_local_A", "D_half", "gain_drug_C")
    assert [(i.id, i.kind, i.targets) for i in text.inputs] == [
        ("iv", "cells", ("A", "P")),
        ("local", "cells", ("A",)),
        ("drug", "drug", ("C",)),
    ]
    assert text.words("floored") == ("A", "B")
    assert text.words("nothing") == ()
    assert text.descriptions["A"] == "live"
    assert text.units["gain_drug_C"] == "per_day"


def test_lines_know_where_they_stand(tiny):
    first, last = tiny.text.lines[0], tiny.text.lines[-1]
    assert (first.file.endswith("core/cells.ant"), first.number) == (True, 1)
    assert last.file.endswith("diseases/tiny/model.ant")


def test_directives_of_core_and_disease_join(tiny_disease):
    disease = tiny_disease(
        model=("// accumulators: GAINED", "// accumulators: GAINED\n// floored: C")
    )
    assert load(disease).text.words("floored") == ("A", "B", "C")


def test_an_unknown_fragment(tiny_disease):
    disease = tiny_disease(model=("// include: cells", "// include: cels"))
    (issue,) = told(disease)
    assert issue.endswith("model.ant:2: include: no fragment 'cels'; expected cells")


def test_an_input_without_gains(tiny_disease):
    disease = tiny_disease(model=("input drug drug", 'input oral drug "x";\ninput drug drug'))
    (issue,) = told(disease)
    assert issue == "oral: input without gains; expected gain_oral_<state> := ..."


def test_a_gain_to_something_that_is_no_state_is_none(tiny_disease):
    disease = tiny_disease(model=("gain_drug_C", "gain_drug_D"))
    (issue,) = told(disease)
    assert "drug: input without gains" in issue


def test_a_missing_model_text(tiny_disease):
    disease = tiny_disease()
    (disease / "model.ant").unlink()
    (issue,) = told(disease)
    assert issue.endswith("model.ant: no such file; expected model.ant")


def test_a_mistake_in_the_equations_has_file_and_line(tiny_disease):
    disease = tiny_disease(model=("D_half := 0.5*DRIVEN;", "D_half := 0.5**DRIVEN*;"))
    (issue,) = told(disease)
    assert "diseases/tiny/model.ant:5: model text:" in issue
    assert "0.5**DRIVEN*" in issue or "syntax error" in issue


def test_an_unknown_function(tiny_disease):
    disease = tiny_disease(model=("0.5*DRIVEN", "0.5*hill(DRIVEN)"))
    (issue,) = told(disease)
    assert "model.ant:5: model text: 'hill' was used as a function" in issue


@pytest.fixture
def composed(tmp_path):
    """Compose a text without any core."""

    def compose(text):
        (tmp_path / "model.ant").write_text(text)
        return read_text("x", tmp_path / "model.ant", tmp_path)

    return compose


def test_values_stand_in_the_sbml_and_nowhere_in_the_text(tiny):
    model = libsbml.readSBMLFromString(tiny.sbml).getModel()
    found = {p.getId(): (p.getValue(), p.getUnits()) for p in model.getListOfParameters()}
    for row in tiny.parameters:
        assert found[row.id] == (row.value, row.unit)
    assert found["inflow_A"] == (0.0, "megacell_per_day")
    assert found["inflow_C"] == (0.0, "per_day")


def test_the_same_text_gives_the_same_bytes(tiny):
    assert tiny.sbml_variant() == tiny.sbml_variant() == tiny.sbml


def test_the_full_form_makes_fast_species_states(composed):
    text = composed("FAST := 2*Y; // fast k_fast. quick\nY' = k*(FAST - Y);\nY = 1;")
    values = {"k": (0.5, "per_day"), "k_fast": (50.0, "per_day")}
    plain = sbml_text(antimony_text(text, "", values), "x")
    full = sbml_text(antimony_text(text, "", values, full=True), "x")
    documents = [libsbml.readSBMLFromString(sbml) for sbml in (plain, full)]
    rules = [document.getModel().getRuleByVariable("FAST") for document in documents]
    assert [rule.isRate() for rule in rules] == [False, True]
    assert libsbml.formulaToL3String(rules[1].getMath()) == (
        "k_fast * (2 dimensionless * Y - FAST)"
    )


def test_each_unit_is_one_that_sbml_knows(composed):
    values = {f"p_{unit}": (1.0, unit) for unit in UNITS}
    sbml = sbml_text(antimony_text(composed("y := 1;"), "", values), "x")
    model = libsbml.readSBMLFromString(sbml).getModel()
    for unit in UNITS:
        derived = model.getParameter(f"p_{unit}").getDerivedUnitDefinition()
        assert (derived.getNumUnits() > 0) or unit == "dimensionless"
        assert model.getParameter(f"p_{unit}").getUnits() == unit
