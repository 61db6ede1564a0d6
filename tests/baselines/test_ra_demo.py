"""The trial of the library, small: every number as it was when the baseline was renewed.

A change on purpose: `make baselines`, and an entry of CHANGELOG.md with the label **[numbers]**.
Numbers are compared to 1e-6, not to the last bit: processors round differently.
"""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs() -> ModuleType:
    path = Path(__file__).with_name("numbers_of_runs.py")
    spec = importlib.util.spec_from_file_location("funis_baselines", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(runs):
    return runs.numbers_of_a_run()


def test_no_number_of_the_demo_has_moved(runs, found):
    changed = runs.differences(json.loads(runs.FILE.read_text()), found)
    advice = "on purpose? `make baselines`, and **[numbers]** in CHANGELOG.md"
    assert not changed, "\n".join([f"{len(changed)} numbers moved; {advice}", *changed[:20]])


def test_no_number_of_a_run_with_the_ensemble_has_moved(runs):
    found = runs.numbers_of_an_ensemble_run()
    changed = runs.differences(json.loads(runs.ENSEMBLE_FILE.read_text()), found)
    advice = "on purpose? `make baselines`, and **[numbers]** in CHANGELOG.md"
    assert not changed, "\n".join([f"{len(changed)} numbers moved; {advice}", *changed[:20]])


def test_the_baseline_covers_every_arm_and_endpoint(runs):
    stored = json.loads(runs.FILE.read_text())
    protocol = runs.small_study().protocol
    for arm in protocol.arms:
        assert all(
            f"{arm.id} {request.key}" in stored["estimates"] for request in protocol.endpoints
        )
        assert all(f"{arm.id} {name}" in stored["courses"] for name in runs.OUTPUTS)
    assert len(stored["subjects"]["screened"]) == runs.PATIENTS_PER_ARM * len(protocol.arms)


def test_the_changelog_labels_changes_of_numbers():
    assert "**[numbers]**" in (ROOT / "CHANGELOG.md").read_text()


def test_a_moved_number_is_named_and_rounding_is_not(runs):
    old = {"a": [1.0, None], "b": {"c": 2.0}, "d": "text"}
    assert runs.differences(old, {"a": [1.0 + 1e-8, None], "b": {"c": 2.0}, "d": "text"}) == []
    assert runs.differences(old, {"a": [1.1, None], "b": {"c": 2.0}, "d": "text"}) == [
        "a: [0] 1 is now 1.1"
    ]
    assert runs.differences(old, {"a": [1.0, 3.0], "b": {}, "d": "other"}) == [
        "a: [1] None is now 3.0", "b: c: 2.0 is now None", "d: text is now other",
    ]  # fmt: skip
