"""Calibration and validation from end to end, with few patients."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from funis.calibrate.ensemble import ensemble_bytes
from funis.checks import InputError
from funis.pipeline import calibration_data
from funis.pipeline.calibrate import against_none, calibration, ensemble_of, least_against_none
from funis.pipeline.validate import left_out, validate, validation_document, validation_tables

FEW = {"patients": 8, "points": 16, "workers": 1}

OUTSIDE = """- id: outside
  title: An invented trial
  disease: RA
  design: {kind: randomized, blinding: double}
  population: {n: 60, some_key_of_its_own: 3}
  product: {source: UC}
  arms:
  - {id: msc, n: 30, route: IV, cells_per_kg: 2.0e+6, infusions: 2, days: [0, 28], cotreatment: MTX}
  - {id: placebo, n: 30, route: IV, cells_per_infusion: 0, cotreatment: methotrexate}
  - {id: joint, n: 30, route: local, cells_per_infusion: 1.0e+7, infusions: 1}
  outcomes:
  - {arm: msc, endpoint: ACR20, week: 12, events: 12, n: 30}
  - {arm: placebo, endpoint: ACR20, week: 12, events: 9, n: 30}
  - {arm: msc, endpoint: DAS28-CRP change, week: 12, unit: score, mean: -1.1, sd: 1.2, n: 30}
  - {arm: msc, endpoint: something odd, week: 12, unit: score, mean: 1, n: 30}
  - {arm: joint, endpoint: ACR20, week: 12, events: 9, n: 30}
  sources: [{url: 'https://example.org', what: abstract}]
  confidence: medium
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside.yaml"
    path.write_text(OUTSIDE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of its own for the studies that are simulated here."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNIS_CACHE", str(folder))
        yield folder / "surfaces"


class Stop(Exception):
    """Somebody pulls the plug."""


@pytest.fixture(scope="module")
def interrupted(cache):
    """A calibration that was stopped at its third study and gone on with; which were simulated."""
    usual, seen = calibration_data.simulated, []

    def stopping(made, *args, **options):
        seen.append(made.study.id)
        if len(seen) == 3:
            raise Stop
        return usual(made, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration_data, "simulated", stopping)
        with pytest.raises(Stop):
            calibration("ra", **FEW)
        kept = len(list(cache.iterdir()))
        return calibration("ra", **FEW), seen, kept


@pytest.fixture
def found(interrupted):
    return interrupted[0]


def test_an_interrupted_calibration_goes_on_to_the_same_bytes(interrupted):
    found, seen, kept = interrupted
    assert kept == 2
    assert not set(seen[:2]) & set(seen[2:])
    whole = calibration("ra", resume=False, **FEW)
    one, other = (ensemble_bytes(ensemble_of(each, "test", {}, 20)) for each in (found, whole))
    assert one == other


KILLED = """
import time
from funis.pipeline import calibration_data
from funis.pipeline.calibrate import calibration

usual, seen = calibration_data.simulated, []

def waiting(made, *args, **options):
    seen.append(made.study.id)
    if len(seen) == 3:
        print("third study", flush=True)
        time.sleep(600)
    return usual(made, *args, **options)

calibration_data.simulated = waiting
calibration("ra", patients=8, points=16, workers=1)
"""


def test_a_calibration_killed_with_signal_9_goes_on_to_the_same_bytes(found, cache, tmp_path):
    folder = tmp_path / "cache"
    shutil.copytree(cache.parent, folder, ignore=shutil.ignore_patterns("surfaces"))
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "FUNIS_CACHE": str(folder)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "third study\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert len(list((folder / "surfaces").iterdir())) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNIS_CACHE", str(folder))
        again = calibration("ra", **FEW)
    one, other = (ensemble_bytes(ensemble_of(each, "test", {}, 20)) for each in (found, again))
    assert one == other


def test_without_its_most_telling_study_an_effect_is_no_more_certain(found):
    assert least_against_none(found) <= against_none(found.table)


def test_every_study_of_the_library_is_predicted_by_the_others(found):
    result = left_out(found, {})
    assert [one.study for one in result.studies] == [one.study.id for one in found.studies]
    assert all(len(one.rows) <= 10 for one in result.studies)
    document = validation_document(result)
    assert 0 <= document["coverage80"] <= document["coverage95"] <= 1
    for row in document["rows"]:
        edges = [row[name] for name in ("low95", "low80", "predicted", "high80", "high95")]
        assert edges == sorted(edges)
        assert row["inside80"] == (row["low80"] - 1e-9 <= row["observed"] <= row["high80"] + 1e-9)
    assert validation_tables(result)[0].title.startswith("Mean score by study")


def test_a_study_from_outside_is_predicted_row_by_row(cache, outside):
    document = validation_document(validate(studies=[outside], workers=1, patients=8))
    rows = {(row["arm"], row["endpoint"]): row for row in document["rows"]}
    assert set(rows) == {("msc", "ACR20"), ("placebo", "ACR20"), ("msc", "DAS28-CRP change")}
    assert rows["msc", "ACR20"]["observed"] == pytest.approx(0.4)
    contrast = document["contrasts"][0]
    assert (contrast["arm"], contrast["reference"]) == ("msc", "placebo")
    assert contrast["observed"] == pytest.approx(0.1)
    reasons = {(row["arm"], row["endpoint"]): row["reason"] for row in document["skipped"]}
    assert "no entry" in reasons["msc", "something odd"]
    assert "diseased place" in reasons["joint", "ACR20"]
    assert set(document["scores"]) == {
        "model", "placebo_only", "class_mean", "prior_predictive"
    }  # fmt: skip


def test_cells_that_do_nothing_change_no_prediction_of_a_control_arm(cache, outside):
    found = validate(studies=[outside], workers=1, patients=8)
    row = next(row for row in found.rows if row.model.row.arm == "placebo")
    np.testing.assert_array_equal(row.model.draws, row.predicted["placebo_only"].draws)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("events: 12, n: 30", "events: 42, n: 30", 12, "42 of 30 patients"),
        ("mean: -1.1, sd: 1.2", "mean: -1.1, sd: 0", 14, "sd"),
    ],
)
def test_what_cannot_be_true_of_a_study_from_outside_is_one_line(outside, old, new, line, words):
    text = outside.read_text(encoding="utf-8")
    outside.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        validate(studies=[outside], workers=1, patients=8)
    lines = [str(issue) for issue in caught.value.issues]
    assert any(f"outside.yaml:{line}" in one and words in one for one in lines), lines
