"""Registered trials that nobody has reported, taken for trials that found no effect."""

import json

import numpy as np
import pytest

from funis.calibrate.ensemble import LIBRARY as ENSEMBLES
from funis.calibrate.posterior import effective_share, joint_mass, own_posterior
from funis.calibrate.rows import to_unit
from funis.calibrate.unreported import as_published
from funis.calibrate.unreported_file import (
    UNREPORTED,
    NullEntry,
    null_entry,
    null_sentence,
    read_null_entries,
    write_null_entries,
)
from funis.checks import InputError
from funis.evidence import library_studies
from funis.models import disease_ids
from funis.pipeline import impact
from funis.pipeline.calibrate import calibration
from funis.pipeline.impact import evidence_impact, impact_document, impact_tables
from funis.pipeline.unreported import (
    Simulation,
    not_counted,
    null_rows,
    trials_table,
    unreported_trials,
    with_rows,
)
from funis.store import hash_file

SMALL = Simulation(workers=1, patients=8, points=16)


@pytest.fixture(scope="module")
def before():
    return calibration("ra", **SMALL.options())


@pytest.fixture(scope="module")
def nulls():
    return null_rows("ra", SMALL)


@pytest.fixture(scope="module")
def after(before, nulls):
    return with_rows(before, nulls)


def test_every_arm_reports_what_it_would_if_cells_did_nothing(nulls):
    (rows,) = nulls
    means = rows.surface.without.mean(axis=0)
    for row, mean, spread in zip(rows.surface.rows, means, rows.surface.spread, strict=True):
        assert to_unit(row, row.observed, spread, 1e9) == pytest.approx(mean)
    assert {row.n for row in rows.surface.rows} == {16}, "33 patients were planned"


def test_trials_that_found_nothing_make_no_effect_more_probable(before, after):
    old, new = own_posterior(before.table), own_posterior(after.table)
    assert new[0] > old[0]


def test_no_more_draws_count_than_there_are(before, after):
    old, new = (joint_mass(one.table, own_posterior(one.table)) for one in (before, after))
    assert effective_share(old, old) == pytest.approx(1.0)
    assert 0 < effective_share(old, new) < 1


def test_the_effective_share_is_that_of_weighted_draws():
    old, new = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
    weights = np.repeat(new / old, [200, 100, 100])
    kish = weights.sum() ** 2 / np.sum(weights**2) / 400
    assert effective_share(old, new) == pytest.approx(kish)


def test_a_disease_without_such_a_trial_is_left_as_it_is(before):
    assert null_rows("sle", SMALL) == ()
    assert with_rows(before, ()) is before


def test_its_record_can_be_pooled_like_a_published_one(nulls, before):
    study = as_published(nulls[0], before.model.endpoints)
    events = {(one.arm, one.n): one.events for one in study.outcomes}
    assert events["msc", 16] == events["placebo", 16]


def test_only_randomised_trials_past_their_end_count():
    known = {study.id: study for study in library_studies()}
    for one in unreported_trials():
        assert known[one.study].randomised
        assert not known[one.study].outcomes
        assert one.as_of is None or one.ended < one.as_of
    counted = {one.study for one in unreported_trials()}
    others = [one for name in disease_ids() for one in not_counted(name)]
    assert counted.isdisjoint(one.study for one in others)
    assert {row[1] for row in trials_table("as").rows} == {"yes", "no"}


def test_what_ships_was_held_against_the_ensembles_that_ship():
    entries = read_null_entries()
    assert set(entries) == set(disease_ids())
    for name, entry in entries.items():
        assert entry.ensemble == hash_file(ENSEMBLES / f"{name}.parquet"), UNREPORTED
        assert entry.with_null > entry.no_effect
        assert entry.trials == tuple(one.study for one in unreported_trials(name))


def test_an_entry_is_read_as_it_was_written_and_not_used_for_another_ensemble(tmp_path):
    entry = NullEntry(
        ensemble="0" * 64, trials=("a_trial",), no_effect=0.1, with_null=0.25, own=0.2,
        own_with_null=0.3, effective=150.5, draws=200,
    )  # fmt: skip
    path = tmp_path / "null.yaml"
    write_null_entries(path, {"ra": entry})
    assert read_null_entries(path) == {"ra": entry}
    assert null_entry("ra", path) is None
    assert "25 % in place of 10 %" in null_sentence(entry)
    path.write_text(path.read_text().replace('"draws"', '"drows"'))
    with pytest.raises(InputError, match="unknown key"):
        read_null_entries(path)


def test_the_command_prints_the_trials_and_both_probabilities(nulls, monkeypatch):
    monkeypatch.setattr(impact, "null_profiles", lambda disease, how: {})
    found = evidence_impact("ra", unreported_null=True, workers=1, patients=8, points=16)
    document = impact_document(found)
    assert [one["study"] for one in document["unreported_null"]["counted"]] == [
        "kangstem_phase2a_ra"
    ]
    assert 0 < document["unreported_null"]["effective_draws"] < 200
    old, new = (document[side]["potency"]["borrowed"]["no_effect"] for side in ("old", "new"))
    assert new > old
    assert impact_tables(found)[0].rows[0][:4] == (
        "kangstem_phase2a_ra", "yes", "2022-05-13", "2022-10-10"
    )  # fmt: skip
    assert json.dumps(document)
