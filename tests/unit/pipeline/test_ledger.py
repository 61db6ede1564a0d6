"""Predictions of registered trials: made, checked, scored."""

import re

import pytest

from funis.calibrate.ledger_file import REGISTERED, load_registered
from funis.checks import InputError
from funis.evidence import library_studies
from funis.pipeline.check import check_file
from funis.pipeline.ledger import predict_registered, registration
from funis.pipeline.ledger_score import score_document, score_ledger
from funis.pipeline.ledger_view import ledger_of, ledger_tables

RECORDS = {study.id: study for study in library_studies()}
RESULT = """\
- id: reported
  title: The invented results of a registered trial
  disease: SSC
  registry: NCT04356287
  design: {kind: randomized, blinding: double, control: placebo}
  population: {n: 18}
  product: {source: UC}
  arms:
  - {id: placebo, n: 6, route: IV, cells_per_infusion: 0}
  - {id: msc_x1, n: 6, route: IV, cells_per_kg: 1.0e+6, infusions: 1}
  outcomes:
  - {arm: placebo, endpoint: mRSS_change, kind: change, unit: points, week: 52, n: 6, mean: -1.0, sd: 5.0}
  - {arm: msc_x1, endpoint: mRSS_change, kind: change, unit: points, week: 52, n: 6, mean: -12.0, sd: 5.0}
  sources: [{url: 'https://example.org', what: made_up}]
  confidence: low
"""  # noqa: E501


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "ledger.yaml"
    return predict_registered(["care_ssc"], "2026-06-01", path=path, workers=1, patients=8)


def test_the_library_predicts_registered_trials_without_results():
    registered = load_registered()
    assert len(registered.trials) >= 5
    for one in registered.trials:
        record = RECORDS[one.study]
        assert record.registry
        assert record.outcomes == ()
        made = registration(one, registered)
        assert [arm.id for arm in made.planned.reconstruction.arms] == [a.id for a in record.arms]
    assert all(one.study in RECORDS for one in registered.left_out)


def test_the_ledger_of_the_library_is_as_it_was_written():
    entries = ledger_of().entries
    assert len({entry.study for entry in entries}) >= 5
    assert {entry.study for entry in entries} <= {one.study for one in load_registered().trials}


def test_a_prediction_says_what_is_not_in_the_record(ledger):
    (entry,) = ledger.entries
    assert entry.id == "care_ssc.1"
    assert not entry.endpoint.registered
    assert any("dose not in the record" in one for one in entry.assumed)
    drawn = {arm.id: arm.drawn for arm in entry.arms}
    assert drawn == {"placebo": (), "msc_x1": ("dose",), "msc_x2": ("dose",)}
    assert [contrast.arm for contrast in entry.contrasts] == ["msc_x1", "msc_x2"]
    assert 0 < entry.success.if_cells_do_nothing < 0.08
    assert set(entry.success.by_structure) == set(load_registered().structures)
    assert "care_ssc.1" in ledger_tables(ledger)[0].rows[0]


def test_a_prediction_is_the_same_when_it_is_made_again(ledger, tmp_path):
    path = tmp_path / "again.yaml"
    again = predict_registered(["care_ssc"], "2026-06-01", path=path, workers=1, patients=8)
    assert path.read_bytes() == ledger.path.read_bytes()
    assert again.last_hash == ledger.last_hash


def test_results_are_scored_by_the_number_in_the_register(ledger, tmp_path):
    path = tmp_path / "results.yaml"
    path.write_text(RESULT, encoding="utf-8")
    found = score_ledger(ledger, [path])
    rows = {row.what: row for row in found.rows}
    assert set(rows) == {"placebo", "msc_x1", "msc_x1 against placebo"}
    assert rows["msc_x1 against placebo"].observed == pytest.approx(-11.0)
    assert rows["placebo"].inside(80)
    (verdict,) = found.verdicts
    assert verdict.met
    assert verdict.brier == pytest.approx((verdict.probability - 1) ** 2)
    assert ("care_ssc.1 msc_x2", "one of its two arms is not reported") in found.skipped
    assert score_document(found)["rows"][0]["crps"] >= 0


def test_a_trial_without_results_is_listed(ledger, tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(RESULT.replace("NCT04356287", "NCT00000000"), encoding="utf-8")
    found = score_ledger(ledger, [path])
    assert found.rows == ()
    assert found.skipped == (("care_ssc.1", "no result in these files"),)


@pytest.mark.parametrize(
    ("ids", "date", "says"),
    [
        (["care_sscc"], "2026-06-01", "did you mean 'care_ssc'"),
        (["manus_ssc"], "2026-06-01", "cells injected into the fingers"),
        (["care_ssc"], "June", "'June' is no date"),
    ],
)
def test_what_cannot_be_predicted_is_one_line_and_writes_nothing(ids, date, says, tmp_path):
    path = tmp_path / "ledger.yaml"
    with pytest.raises(InputError, match=re.escape(says)) as error:
        predict_registered(ids, date, path=path, workers=1, patients=8)
    assert len(error.value.issues) == 1
    assert not path.exists()


def test_a_registered_trial_without_a_record_is_found_by_line(tmp_path):
    path = tmp_path / "registered.yaml"
    text = REGISTERED.read_text(encoding="utf-8")
    path.write_text(text.replace("study: manus_ssc", "study: manus_sscc", 1), encoding="utf-8")
    (issue,) = check_file(path).issues
    assert issue.line == text[: text.index("manus_ssc")].count("\n") + 1
    assert "there is no 'manus_sscc'; did you mean 'manus_ssc'?" in str(issue)
    assert not check_file(REGISTERED).issues


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("- study: prochymal_ph3_cd\n    ended", "- study: wang2014_as\n    ended", "there is no"),
        ("ended: '2018-12-01'", "ended: 'December 2018'", "a day, YYYY-MM-DD"),
    ],
)
def test_an_unreported_trial_is_a_registered_one_with_a_day_of_its_end(old, new, says, tmp_path):
    path = tmp_path / "registered.yaml"
    text = REGISTERED.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    (issue,) = check_file(path).issues
    assert says in str(issue)
    assert issue.line is not None


def test_a_ledger_is_checked_as_any_file(ledger, tmp_path):
    path = tmp_path / "ledger.yaml"
    text = ledger.path.read_text(encoding="utf-8")
    path.write_text(text.replace("0.975", "0.97").replace("n: 6", "n: 7"), encoding="utf-8")
    found = check_file(path)
    assert found.kind == "ledger"
    assert "was changed" in str(found.issues[0])


def test_without_an_ensemble_nothing_is_predicted(tmp_path):
    with pytest.raises(InputError, match="no ensemble of 'ssc'"):
        predict_registered(["care_ssc"], "2026-06-01", path=tmp_path / "a", ensembles=tmp_path)
