"""What `funis check` finds in a model: each fault once, with its place."""

import pytest

from funis.checks import IssueList
from funis.models import check_model, disease_ids, load_model


def check(disease):
    return check_model(load_model(disease, core=disease.parents[1] / "core"))


def one(issues: IssueList):
    assert len(issues) == 1, [str(issue) for issue in issues]
    return str(issues[0])


def test_a_complete_model_has_no_issue(tiny):
    assert not check_model(tiny)


@pytest.mark.parametrize("disease", disease_ids())
def test_the_models_of_the_library_are_complete(disease):
    found = [str(issue) for issue in check_model(load_model(disease))]
    assert [text for text in found if "card.md" not in text] == []


def test_a_blank_source(tiny_disease):
    found = one(check(tiny_disease(parameters=("source: made up for this test", "source: ' '"))))
    assert (
        "parameters.yaml:2: parameters.share.source: no source; expected where the value" in found
    )


def test_an_unknown_symbol_has_the_line_of_its_own_file(tiny_disease):
    found = one(check(tiny_disease(cells=("J_die: A -> P; k_die*A;", "J_die: A -> P; k_dei*A;"))))
    assert "core/cells.ant:12: k_dei: 'k_dei' has no value" in found
    assert found.endswith("expected a row in parameters.yaml; did you mean 'k_die'?")


def test_an_unknown_symbol_in_the_text_of_the_disease(tiny_disease):
    found = [str(i) for i in check(tiny_disease(model=("0.5*DRIVEN", "0.5*DRIVE")))]
    assert any("model.ant:5: DRIVE: 'DRIVE' has no value" in text for text in found)
    assert any("did you mean 'DRIVEN'?" in text for text in found)


def test_a_row_that_nothing_uses_is_a_warning(tiny_disease):
    row = "  idle: {value: 1, unit: dimensionless, status: assumed, source: made up}\n"
    issues = check(tiny_disease(parameters=("parameters:\n", f"parameters:\n{row}")))
    assert issues[0].severity == "warning"
    assert "parameters.yaml:2: warning: parameters.idle: not used by the equations" in one(issues)


def test_an_unknown_observable(tiny_disease):
    found = one(check(tiny_disease(endpoints=("observable: D_half", "observable: D_halb"))))
    assert "endpoints.yaml:2: half: unknown observable 'D_halb'; did you mean 'D_half'?" in found


def test_a_missing_card(tiny_disease):
    disease = tiny_disease()
    (disease / "card.md").unlink()
    assert "card.md: no such file; expected a disease has four files" in one(check(disease))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": ("accumulators: GAINED", "accumulators: GAINNED")},
         "model.ant:4: accumulators: unknown state 'GAINNED'; did you mean 'GAINED'?"),
        ({"cells": ("floored: A B", "floored: A BB")}, "cells.ant:1: floored: unknown state 'BB'"),
        ({"cells": ("floor sink: P", "floor sink: PP")},
         "cells.ant:2: floor sink: unknown state 'PP'"),
        ({"parameters": ("parameters:", "covariates: {k_dye: death}\nparameters:")},
         "parameters.yaml: covariates: unknown parameter 'k_dye'; did you mean 'k_die'?"),
        ({"parameters": ("parameters:", "correlations: [[k_die, k_drag, 0.5]]\nparameters:")},
         "parameters.yaml: correlations: unknown parameter 'k_drag'; did you mean 'k_drug'?"),
        ({"parameters": ("parameters:", "bounds: {D_hald: [0, 1]}\nparameters:")},
         "parameters.yaml: bounds: unknown parameter or output 'D_hald'; did you mean 'D_half'?"),
    ],
)  # fmt: skip
def test_names_that_nothing_has(tiny_disease, change, words):
    assert words in one(check(tiny_disease(**change)))


def test_a_unit_that_does_not_fit(tiny_disease):
    found = check(tiny_disease(parameters=("value: 0.5, unit: per_day", "value: 0.5, unit: kg")))
    assert found
    assert all("libsbml" in str(issue) for issue in found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("k_driven*(1 + xi - DRIVEN)", "k_driven/(1 - DRIVEN)", "the rate of 'DRIVEN'"),
        ("BLOW = 1;", "BLOW = 1/0;", "the value of 'BLOW'"),
    ],
)
def test_a_division_by_zero_at_the_start(tiny_disease, old, new, words):
    found = one(check(tiny_disease(model=(old, new))))
    assert "model.ant:" in found
    assert f"{words} without treatment is inf at the start; expected a finite number" in found
