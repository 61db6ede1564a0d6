"""Screening: who comes in, in what state, and what happens when nobody can."""

import numpy as np
import pytest

from funis.checks import InputError
from funis.population import choose
from funis.protocol import no_doses
from funis.solver import Start, simulate, untreated
from funis.trial import enrol
from funis.trial.enrol import MOST_ATTEMPTS, forcing_of, run_in_day

IMPOSSIBLE = ("tjc68 >= 4 and sjc66 >= 2", "tjc68 > 68")


def test_patients_come_in_the_order_of_their_index(study):
    who = enrol(study(), np.arange(3, 11))
    assert who.patient.tolist() == list(range(3, 11))
    assert np.all(who.attempt >= 0)
    assert np.all(np.isfinite(who.states))


def test_biology_is_that_of_the_chosen_row_of_the_pool(study):
    plan = study()
    who = enrol(plan, np.arange(8))
    row = choose(plan.pool, plan.seed, who.patient, who.attempt)
    assert np.array_equal(who.parameters.values, plan.pool.values[row])


def test_the_scenario_of_a_trial_is_that_of_its_patients(study):
    who = enrol(study(("seed: 5", "seed: 5\nscenario: {severity: 1.5}")), np.arange(4))
    assert who.covariate("severity").tolist() == [1.5] * 4


def test_the_state_at_day_zero_is_that_of_disease_that_fluctuated(study):
    plan = study()
    who = enrol(plan, np.arange(5))
    first = run_in_day(plan.protocol) * 1440
    path = forcing_of(plan, who, 0)
    times = np.array([first, 0])
    found = simulate(plan.model, who.parameters, no_doses(), times, forcing=path)
    rest = untreated(plan.model, who.parameters)
    assert np.array_equal(found.values[:, 0], rest)
    np.testing.assert_allclose(who.states, found.end, rtol=1e-3, atol=1e-3)
    assert np.abs(who.states - rest).max() > 0.05


def test_the_run_in_begins_whole_weeks_before(study):
    assert run_in_day(study().protocol) == -42  # four weeks before the screening visit of day -14
    assert run_in_day(study(("screening_day: -14", "screening_day: -10")).protocol) == -42


def test_the_forcing_of_run_in_and_trial_is_one_path(study):
    plan = study()
    who = enrol(plan, np.arange(5))
    short, long = forcing_of(plan, who, 0), forcing_of(plan, who, plan.horizon_minute)
    shared = short.values.shape[1]
    assert np.array_equal(short.values, long.values[:, :shared])
    assert np.array_equal(short.slopes, long.slopes[:, :shared])


def test_impossible_criteria_are_one_clear_line(study):
    with pytest.raises(InputError) as caught:
        enrol(study(IMPOSSIBLE), np.arange(2))
    (issue,) = caught.value.issues
    assert "small.yaml:" in str(issue)
    assert (
        "population.criteria: no virtual patient met the entry criteria for 2 places"
        f" in {MOST_ATTEMPTS} candidates each" in str(issue)
    )
    assert "\n" not in str(issue)


def test_criteria_on_covariates_are_judged_before_anything_is_simulated(study, monkeypatch):
    import sys

    def never(*_, **__):
        raise AssertionError("simulated in vain")

    monkeypatch.setattr(sys.modules["funis.trial.enrol"], "simulate", never)
    with pytest.raises(InputError, match="no virtual patient met the entry criteria"):
        enrol(study(("age_year >= 18", "age_year > 500")), np.arange(2))


def test_a_candidate_who_was_turned_away_is_another_patient(study):
    plan = study(("tjc68 >= 4 and sjc66 >= 2", "tjc68 >= 14"))
    who = enrol(plan, np.arange(12))
    again = np.flatnonzero(who.attempt > 0)
    assert len(again) > 0
    first = plan.pool.values[choose(plan.pool, plan.seed, who.patient[again], 0)]
    assert not np.any(np.all(first == who.parameters.values[again], axis=1))


def test_rows_keep_everything_together(study):
    who = enrol(study(), np.arange(6))
    some = who.rows(np.array([4, 1]))
    assert some.patient.tolist() == [4, 1]
    assert np.array_equal(some.states, who.states[[4, 1]])
    assert np.array_equal(some.parameters.values, who.parameters.values[[4, 1]])


def test_a_start_at_day_zero_continues_the_patient(study):
    plan = study()
    who = enrol(plan, np.arange(3))
    found = simulate(
        plan.model, who.parameters, no_doses(), np.array([0]), start=Start(0, who.states),
        forcing=forcing_of(plan, who, 0),
    )  # fmt: skip
    assert np.array_equal(found.end, who.states)


def test_the_structures_of_a_trial_are_those_of_its_patients_from_the_run_in_on(study):
    who = enrol(study(("seed: 5", "seed: 5\nstructures: [bistable_memory]")), np.arange(3))
    assert who.covariate("bistable").tolist() == [1.0] * 3
    assert not np.array_equal(who.states, enrol(study(), np.arange(3)).states)


@pytest.mark.parametrize("together", [1, 7, 4000])
def test_how_many_candidates_are_seen_at_once_changes_nobody(study, monkeypatch, together):
    import sys

    plan = study(("tjc68 >= 4 and sjc66 >= 2", "tjc68 >= 14"))
    whole = enrol(plan, np.arange(12))
    monkeypatch.setattr(sys.modules["funis.trial.enrol"], "TOGETHER", together)
    other = enrol(plan, np.arange(12))
    assert whole.attempt.max() > 1
    for name in ("patient", "attempt", "site", "states", "status"):
        assert np.array_equal(getattr(whole, name), getattr(other, name))
    assert np.array_equal(whole.parameters.values, other.parameters.values)
