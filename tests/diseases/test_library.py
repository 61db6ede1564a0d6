"""Every disease comes whole: its trials, its regimens, its evidence, its card."""

import ast
from importlib import resources
from pathlib import Path

import pytest

from funis.evidence import load_evidence
from funis.models import disease_ids, library_folder
from funis.pipeline.check import check_file
from funis.pipeline.inputs import load_trial, trial_names
from funis.protocol import load_regimen

YEAR = 52.0
PROTOCOLS = sorted((library_folder() / "protocols").glob("*.yaml"))


@pytest.fixture(params=disease_ids())
def disease(request):
    return request.param


def test_a_disease_is_clean(disease):
    checked = check_file(library_folder() / "diseases" / disease)
    assert not checked.issues.errors


def is_open(trial):
    """Whether a trial says that everybody knows what he is given: a series, or an escalation."""
    return trial.design is not None and trial.design.masking == "open_label"


def test_a_disease_has_an_example_trial_and_three_years_of_maintenance(disease):
    trials = [load_trial(name).protocol for name in trial_names()]
    own = [trial for trial in trials if trial.disease == disease]
    assert any(trial.id == f"{disease}_demo" for trial in own)
    assert any(trial.visits.last_week >= 3 * YEAR for trial in own)
    for trial in own:
        assert any(arm.control for arm in trial.arms) or is_open(trial)


def test_a_disease_has_its_advertised_regimen(disease):
    regimens = [load_regimen(path) for path in PROTOCOLS]
    kinds = {regimen.kind for regimen in regimens if regimen.disease == disease}
    assert "advertised" in kinds


def test_a_disease_has_targets_and_drugs_to_be_judged_by(disease):
    evidence = load_evidence(disease)
    assert evidence.targets
    assert evidence.gates


@pytest.mark.parametrize("gate", ["population", "placebo", "pharmacology"])
def test_the_card_holds_the_tables_of_the_gates(disease, gate):
    card = (library_folder() / "diseases" / disease / "card.md").read_text()
    assert f"<!-- generated: funis gate {gate} {disease} -->" in card
    inside = card.split(f"<!-- generated: funis gate {gate} {disease} -->")[1].split("<!-- end -->")
    assert inside[0].count("|") > 20


def test_no_code_names_a_disease():
    """A disease is data: its id stands in no expression of the package."""
    ids = set(disease_ids())
    for path in Path(str(resources.files("funis"))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in ids, f"{path}:{node.lineno}"
