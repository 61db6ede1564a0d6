"""A disease is four files: nobody has to touch Python to check it and to run a trial of it."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import funis as package

TABLES = ("subjects", "doses", "observations")


def test_no_python_knows_the_disease():
    sources = Path(package.__file__).parent.rglob("*.py")
    assert not [path for path in sources if "sparks" in path.read_text(encoding="utf-8").casefold()]


def test_check_finds_nothing_wrong(funis):
    status, out, _ = funis("check", "sparks", "sparks_trial.yaml")
    assert status == 0
    assert "0 errors, 0 warnings" in out


@pytest.fixture
def run(funis):
    def conduct(*words, folder="out"):
        status, out, err = funis("run", "sparks_trial.yaml", "--out", folder, *words)
        assert (status, err) == (0, "")
        return out, Path(folder)

    return conduct


@pytest.fixture
def tables(run):
    out, folder = run("--workers", "1")
    return out, folder, pl.read_parquet(folder / "observations.parquet")


def test_a_trial_shows_its_rates_as_rates_and_their_ratio_as_a_ratio(tables):
    out, folder, _ = tables
    assert "Sparks, rate at week 16 (primary; sparks per patient-year)" in out
    assert "divided by Placebo (ratio)" in out
    assert "arm divided by Placebo, lies below 1" in " ".join(out.split())
    assert "Confirmed worsening at week 16 (secondary; share of patients)" in out
    results = json.loads((folder / "results.json").read_text())
    rate = results["arms"]["placebo"]["endpoints"]["sparks_rate@16"]
    assert rate["unit"] == "sparks per patient-year"
    assert 0 < rate["low"] < rate["estimate"] < rate["high"]
    ratios = [one for one in results["contrasts"] if one["endpoint"] == "sparks_rate@16"]
    assert {(one["measure"], one["unit"]) for one in ratios} == {("rate_ratio", "ratio")}
    other = results["arms"]["cells"]["endpoints"]["sparks_rate@16"]["estimate"]
    ratio = next(one for one in ratios if one["arm"] == "cells")
    assert ratio["estimate"] == pytest.approx(other / rate["estimate"])
    page = (folder / "report.html").read_text()
    assert "Divided by placebo, ratio" in page
    assert "Minus placebo, percentage points" in page
    assert "sparks per patient-year" in page


def test_what_is_written_down_obeys_its_scale(tables):
    _, _, observations = tables
    rash = observations.filter(pl.col("component") == "rash")["value"]
    assert set(rash.unique()) == {0.0, 1.0}
    whole = observations.filter(pl.col("component").is_in(["sparks", "spots"]))["value"].to_numpy()
    assert np.all(whole == np.round(whole))
    assert np.all(whole >= 0)
    sparks = observations.filter(pl.col("component") == "sparks").sort("subject", "week")
    steps = sparks.select(pl.col("value").diff().over("subject")).drop_nulls()["value"]
    assert steps.min() >= 0
    assert steps.max() > 0


def test_rescue_follows_confirmed_worsening_and_stays_off_at_baseline(tables):
    _, folder, observations = tables
    ache = observations.filter(pl.col("component") == "ache").pivot(
        on="week", index="subject", values="value"
    )
    weeks = [4.0, 8.0, 12.0, 16.0]
    subjects = pl.read_parquet(folder / "subjects.parquet").join(ache, on="subject")
    assert subjects["rescued_week"].drop_nulls().len() > 0
    for row in subjects.iter_rows(named=True):
        worse = [
            row[str(week)] is not None and row[str(week)] - row["0.0"] >= 0.5 for week in weeks
        ]
        confirmed = [
            week
            for before, now, week in zip(worse, worse[1:], weeks[1:], strict=False)
            if before and now
        ]
        first = min((week for week in confirmed if week < 16), default=None)
        assert row["rescued_week"] == first


def test_any_number_of_workers_gives_the_same_bytes(run):
    def hashes(workers):
        _, folder = run("--workers", workers, "--patients", "40", folder=f"with_{workers}")
        return [sha256((folder / f"{name}.parquet").read_bytes()).hexdigest() for name in TABLES]

    assert hashes("1") == hashes("2")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("range: [0, 400], noise_sd: 0", "range: [0, 400], noise_sd: 1",
         "components.sparks.noise_sd: noise on events"),
        ("evidence_names:\n", "evidence_names:\n  worse: {endpoint: WORSE, measure: rate}\n",
         "'WORSE' counts no events, so it has no rate"),
        ("observable: sparks_expected", "observable: ache_true",
         "components.sparks.observable: 'ache_true' is 5 at the start; expected an accumulator"),
        ("held_weeks: 4", "held_week: 4", "did you mean 'held_weeks'"),
        ("scale: presence", "scale: presense", "did you mean 'presence'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_disease_is_one_line(funis, library, old, new, told):
    path = library / "sparks" / "endpoints.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    status, out, err = funis("check", "sparks")
    assert status == 2
    lines = [line for line in (out + err).splitlines() if "endpoints.yaml:" in line]
    assert len(lines) == 1
    assert told in lines[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("WORSE, week: 16, measure: responder", "WORSE, week: 16, measure: rate",
         "'WORSE' cannot be reported as rate; expected responder (rate: sparks)"),
        ("endpoint: spots, week: 16, measure: value", "endpoint: spots, week: 16, measure: rate",
         "'spots' cannot be reported as rate; expected change or value (rate: sparks)"),
        ("measure: rate_ratio", "measure: difference_in_means",
         "difference_in_means does not suit sparks; expected rate_ratio"),
        ("measure: rate,", "measure: rates,", "did you mean 'rate'"),
        ("when: WORSE", "when: ache", "'ache' is a number; expected a condition, e.g. ache > 0"),
        ("disease: sparks", "disease: spark", "unknown disease 'spark'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_trial_is_one_line(funis, library, old, new, told):
    path = library / "sparks_trial.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    status, out, err = funis("run", "sparks_trial.yaml")
    assert status == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert told in err
    assert not list(library.glob("funis-*"))
