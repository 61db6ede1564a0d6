"""Stacking, mixtures and the drift: exact identities and what they find in made-up trials."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.calibrate.control import DRAWS, METHODS, Case, Rules, alike, comparable, forecast
from funis.calibrate.control_arms import ControlArm
from funis.calibrate.control_drift import drift
from funis.calibrate.control_scores import (
    coverage,
    difference,
    distance,
    mean_crps,
    mixed,
    score,
    stack,
    with_mixture,
    with_printed,
)
from funis.calibrate.predict import crps
from funis.protocol import EndpointRequest

RULES = Rules(mean_sd=1.0, between=0.5, vague=0.1, weeks=1.5, miss=0.36)


def arm(trial, observed, measure="change", n=100, week=12.0, year=None):
    request = EndpointRequest("pain", week, measure, "exploratory")
    return ControlArm(
        trial, trial, "demo", request, observed, np.nan, n, True, year, False, (), "made up"
    )


def case(trial, observed, simulated, **words):
    limits = (0.0, 1.0) if words.get("measure") == "responder" else (-100.0, 100.0)
    return Case(arm(trial, observed, **words), simulated, 10.0, 1e6, *limits)


def trials(luck, count=30, moved=0.0, apart=0.2):
    """Made-up trials whose patients differ much; the model knows that but for `moved`."""
    simulated = luck.normal(0, 8, count)
    true = simulated + 10 * (moved + apart * luck.standard_normal(count))
    found = true + luck.standard_normal(count)
    return [case(f"t{k}", found[k], simulated[k]) for k in range(count)]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_the_distance_of_two_sets_is_the_mean_over_all_pairs(one, other, seed):
    luck = np.random.default_rng(seed)
    first, second = np.sort(luck.normal(size=one)), np.sort(luck.normal(1, 2, size=other))
    pairs = np.abs(first[:, None] - second).mean()
    assert distance(first, second) == pytest.approx(pairs, rel=1e-9, abs=1e-12)


def test_the_score_of_a_mixture_is_quadratic_in_its_weights():
    cases = trials(np.random.default_rng(1), 8)
    one = score(cases[0], cases, RULES)
    weights = np.array([0.5, 0.3, 0.2])
    direct = crps(mixed(one.draws, weights), cases[0].arm.observed) / 10.0
    assert direct == pytest.approx(weights @ one.away - weights @ one.apart @ weights / 2, rel=5e-3)


def test_a_model_that_knows_the_patients_beats_the_other_trials_and_has_the_weight():
    cases = trials(np.random.default_rng(2))
    scored = [score(one, cases, RULES) for one in cases]
    assert mean_crps(scored, "model") < mean_crps(scored, "map")
    assert difference(scored, "model", "map")[1] > 0
    assert stack(scored, 0.0)[METHODS.index("map")] < 0.2


def test_a_model_that_is_wrong_all_alike_loses_to_itself_adjusted():
    cases = trials(np.random.default_rng(3), moved=1.0)
    scored = with_printed(with_mixture([score(one, cases, RULES) for one in cases], worth=4.0))
    assert mean_crps(scored, "adjusted") < mean_crps(scored, "model")
    assert mean_crps(scored, "printed") < mean_crps(scored, "model")


def test_intervals_hold_what_they_say_where_trials_differ_as_estimated():
    held = {0.8: [], 0.95: []}
    for seed in range(6):
        cases = trials(np.random.default_rng(seed), 25, apart=0.3)
        scored = [score(one, cases, RULES) for one in cases]
        for share, found in held.items():
            found.append(coverage(scored, "model", share))
    assert np.mean(held[0.8]) == pytest.approx(0.8, abs=0.08)
    assert np.mean(held[0.95]) == pytest.approx(0.95, abs=0.04)


def test_the_own_trial_is_never_learned_from():
    cases = [*trials(np.random.default_rng(4), 6), case("t0", 90.0, 0.0, week=13.0)]
    changed = [*cases[:6], case("t0", -90.0, 0.0, week=13.0)]
    found, again = (forecast(cases[0], group, RULES, 50) for group in (cases, changed))
    for name in METHODS:
        assert np.array_equal(found.draws[name], again.draws[name])


def test_arms_at_far_weeks_and_of_other_kinds_are_not_comparable():
    asked = case("a", 1.0, 1.0)
    others = [case("b", 1.0, 1.0, week=18.0), case("c", 1.0, 1.0, week=20.0),
              case("d", 0.3, 0.3, measure="responder"), case("b", 2.0, 1.0, week=12.0)]  # fmt: skip
    assert [one.arm.observed for one in comparable(asked, others, 1.5)] == [2.0]


def test_a_larger_arm_has_a_narrower_interval_but_never_less_than_trials_differ():
    cases = trials(np.random.default_rng(5))
    widths = [
        np.subtract(*np.quantile(forecast(cases[0], cases, RULES, n).draws["model"], [0.9, 0.1]))
        for n in (10, 100, 100_000)
    ]
    assert widths[0] > widths[1] > widths[2] > 2 * 1.28 * 0.1 * 10


def test_a_share_of_an_arm_is_a_number_of_patients_out_of_its_size():
    asked = case("a", 0.3, 0.3, measure="responder", n=20)
    draws = forecast(asked, [case("b", 0.2, 0.3, measure="responder")], RULES, 20).draws
    for found in draws.values():
        assert found.min() >= 0
        assert found.max() <= 1
        assert np.allclose(found * 20, np.round(found * 20))


def dated(luck, slope, count=12):
    years = np.linspace(1995, 2024, count).astype(int)
    return [
        case(f"t{k}", 10 * (slope * (year - 2010) / 10 + 0.05 * luck.standard_normal()), 0.0,
             year=int(year))
        for k, year in enumerate(years)
    ]  # fmt: skip


def test_a_drift_with_the_year_is_found_with_its_sign():
    found = drift(dated(np.random.default_rng(6), 0.3), {"pain": 1.0}, 0.2, 0.1)
    assert found.known
    assert found.mean == pytest.approx(0.3, abs=0.08)
    worse = drift(dated(np.random.default_rng(6), 0.3), {"pain": -1.0}, 0.2, 0.1)
    assert worse.mean == pytest.approx(-found.mean)


def test_two_dated_trials_say_nothing_and_the_year_changes_nothing():
    cases = dated(np.random.default_rng(7), 0.3, 2)
    found = drift(cases, {"pain": 1.0}, 0.2, 0.1)
    assert not found.known
    assert (found.mean, found.sd) == (0.0, pytest.approx(0.2))
    assert np.array_equal(found.shift(2030, 1.0)(cases), np.zeros(DRAWS))


def test_a_year_moves_the_prediction_beside_the_years_learned_from():
    cases = dated(np.random.default_rng(8), 0.3)
    found = drift(cases, {"pain": 1.0}, 0.2, 0.1)
    late = found.shift(2030, 1.0)(cases)
    assert late.mean() == pytest.approx(
        found.mean * (2030 - np.mean([c.arm.year for c in cases])) / 10, abs=0.02
    )
    undated = [
        dataclasses.replace(one, arm=dataclasses.replace(one.arm, year=None)) for one in cases
    ]
    assert np.array_equal(found.shift(2030, 1.0)(undated), np.zeros(DRAWS))


def test_shares_and_means_have_spreads_of_their_own_where_three_trials_have_one():
    means = [case(f"m{k}", 1.0, 0.0) for k in range(3)]
    shares = [case(f"s{k}", 0.3, 0.3, measure="responder") for k in range(3)]
    assert alike(case("asked", 0.0, 0.0), [*means, *shares]) == tuple(means)
    assert alike(case("asked", 0.0, 0.0), [*means[:2], *shares]) == (*means[:2], *shares)
