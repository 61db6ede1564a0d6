"""Control arms of the evidence: each once, none with cells, all with a source."""

import re

import pytest

from funis.analysis import published_results
from funis.calibrate.control_arms import control_arms
from funis.calibrate.control_file import load_control_file
from funis.calibrate.reconstruction_file import load_stand_ins
from funis.evidence import load_evidence
from funis.models import library_folder, load_model
from funis.pipeline.inputs import trial_names

DISEASES = ("ra", "cd", "ssc")


@pytest.fixture(scope="module")
def found():
    """Control arms and skipped numbers of some diseases."""
    file, stand_ins = load_control_file(), load_stand_ins()
    result = {}
    for disease in DISEASES:
        evidence = load_evidence(disease)
        published, _ = published_results(evidence, load_model(disease).endpoints)
        result[disease] = control_arms(published, evidence, file, stand_ins)
    return result


def test_every_record_that_the_file_names_is_in_the_evidence():
    file = load_control_file()
    folder = library_folder() / "evidence"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")))
    named = [row for trial in file.trials for row in trial.rows]
    for row in [*named, *(one.row for one in file.left_out)]:
        record, _, line = row.partition(": ")
        assert re.search(rf"\bid: {record}\b", text), row
        assert not line or f"trial: {line}" in text, row
    templates = {trial.template for trial in file.trials if trial.template is not None}
    assert templates <= set(trial_names())


def test_no_record_stands_in_two_trials():
    rows = [(trial.disease, row) for trial in load_control_file().trials for row in trial.rows]
    assert len(rows) == len(set(rows))


def test_a_number_of_a_trial_is_counted_once(found):
    for arms, _ in found.values():
        places = [(arm.trial, arm.template, arm.request.key) for arm in arms]
        assert len(places) == len(set(places))


def test_every_arm_has_a_size_a_source_and_a_trial_of_the_library(found):
    for arms, _ in found.values():
        assert arms
        for arm in arms:
            assert arm.n >= 1
            assert arm.source
            assert arm.template in trial_names()
            assert arm.measure != "responder" or 0 <= arm.observed <= 1


def test_meta_analyses_and_patients_chosen_by_response_are_left_out_with_the_reason(found):
    lost = {(one.study, one.reason) for _, skipped in found.values() for one in skipped}
    assert ("acr20_meta88: 88 trials", "a meta-analysis is context") in lost
    assert ("sandborn2012_abatacept_cd", "patients chosen by their response") in lost


def test_two_records_of_one_trial_are_one_arm(found):
    arms = [arm for arm in found["ra"][0] if arm.trial == "OPTION"]
    assert {(arm.request.key, round(arm.observed, 3), arm.n) for arm in arms} == {
        ("ACR20@24", 0.26, 204), ("ACR50@24", 0.108, 204), ("REMISSION_ESR@24", 0.01, 204)
    }  # fmt: skip


def test_parts_of_an_arm_are_one_arm_by_their_sizes(found):
    arms = [arm for arm in found["ssc"][0] if arm.trial == "SENSCIS"]
    skin = next(arm for arm in arms if arm.request.endpoint == "MRSS")
    assert skin.n == 111 + 177
    assert skin.observed == pytest.approx((111 * -2.4 + 177 * -1.7) / 288)


def test_an_arm_knows_its_baseline(found):
    arm = next(arm for arm in found["cd"][0] if arm.trial == "Lazebnik 2012")
    assert dict(arm.baseline)["CDAI"] == pytest.approx(240.9)
