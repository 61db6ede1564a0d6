"""Statistics of arms: textbook standard errors come out of what each patient moves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from funis.analysis.rates import summarise_rate
from funis.calibrate.measures import (
    Columns,
    error_from_interval,
    joined,
    levelled,
    linked,
    statistic,
    unlinked,
)
from funis.calibrate.rows import LOGISTIC_SD

LUCK = np.random.default_rng(11)
N = 400


def columns(values: np.ndarray, bottom: np.ndarray | None = None) -> Columns:
    shape = (1, len(values), -1)
    low = np.ones_like(values) if bottom is None else bottom
    return Columns(values.reshape(shape), low.reshape(shape))


def error(found) -> float:
    return float(np.sqrt(np.sum(found.influence[0] ** 2)))


def test_a_mean_has_its_standard_error_and_leaves_out_who_is_missing():
    values = LUCK.normal(3, 2, N)
    values[:100] = 0
    present = np.concatenate([np.zeros(100), np.ones(300)])
    found = statistic("mean", columns(values, present))
    seen = values[100:]
    assert found.values[0] == pytest.approx(seen.mean())
    assert error(found) == pytest.approx(seen.std() / math.sqrt(300))
    assert found.unit == pytest.approx(error(found) * math.sqrt(N))


def test_a_share_is_a_logit_with_the_error_of_a_binomial_number():
    values = (np.arange(N) < 0.3 * N).astype(float)
    found = statistic("share", columns(values))
    assert found.values[0] == pytest.approx(math.log(0.3 / 0.7))
    assert error(found) == pytest.approx(1 / math.sqrt(N * 0.3 * 0.7))
    assert found.unit == LOGISTIC_SD


def test_a_rate_is_a_logarithm_with_the_sandwich_error():
    events, years = LUCK.poisson(0.8, N).astype(float), LUCK.uniform(0.2, 2, N)
    found = statistic("rate", columns(events, years))
    known = summarise_rate(events, years)
    assert found.values[0] == pytest.approx(math.log(known.rate))
    assert error(found) == pytest.approx(known.error * math.sqrt((N - 1) / N))


def test_the_change_of_a_geometric_mean_has_the_error_of_the_jackknife():
    logs = LUCK.normal([2.0, 1.6], [0.8, 0.9], (N, 2))
    found = statistic("geometric", Columns(logs[None], np.ones((1, N, 2))))
    whole = logs.sum(axis=0)
    left = (whole - logs) / (N - 1)
    changes = np.exp(left[:, 1]) - np.exp(left[:, 0])
    jackknife = math.sqrt((N - 1) / N * np.sum((changes - changes.mean()) ** 2))
    assert found.values[0] == pytest.approx(np.exp(logs[:, 1].mean()) - np.exp(logs[:, 0].mean()))
    assert error(found) == pytest.approx(jackknife, rel=0.01)


@pytest.mark.parametrize("kind", ["mean_difference", "share_difference"])
def test_a_difference_in_the_same_patients_has_the_error_of_their_differences(kind):
    arm, other = ((LUCK.uniform(size=N) < p).astype(float) for p in (0.6, 0.3))
    found = statistic(kind, columns(arm), columns(other))
    difference = arm - other
    assert found.values[0] == pytest.approx(difference.mean())
    assert error(found) == pytest.approx(difference.std() / math.sqrt(N))


def test_an_odds_ratio_and_a_rate_ratio_are_differences_of_logarithms():
    arm, other = ((np.arange(N) < p * N).astype(float) for p in (0.5, 0.25))
    odds = statistic("odds_ratio", columns(arm), columns(other)).values[0]
    assert unlinked("odds_ratio", odds) == pytest.approx(3.0)
    rate = statistic("rate_ratio", columns(arm), columns(other)).values[0]
    assert unlinked("rate_ratio", rate) == pytest.approx(2.0)


def test_blocks_of_patients_are_put_together():
    values = LUCK.normal(size=N)
    parts = joined([columns(values[:150]), columns(values[150:])])
    assert statistic("mean", parts).values[0] == pytest.approx(values.mean())


@given(
    some.sampled_from(["share", "mean", "rate", "odds_ratio", "share_difference"]),
    some.floats(0.001, 0.999),
)
def test_a_published_value_comes_back_from_its_scale(kind, value):
    assert unlinked(kind, linked(kind, value)) == pytest.approx(value)


@given(some.floats(0.05, 0.9), some.integers(20, 5000))
def test_the_error_behind_a_logit_interval_is_found(share, patients):
    sd = 1 / math.sqrt(patients * share * (1 - share))
    low, high = (unlinked("share", linked("share", share) + k * 1.959964 * sd) for k in (-1, 1))
    assert error_from_interval("share", share, low, high) == pytest.approx(sd, rel=1e-5)


def test_a_share_without_events_has_a_finite_error():
    assert linked("share", 0.0, 44) == pytest.approx(math.log(0.5 / 43.5))
    assert 0.5 < error_from_interval("share", 0.0, 0.0, 0.08) < 2.5


def at_points(values: np.ndarray) -> Columns:
    return Columns(values[:, :, None], np.ones((*values.shape, 1)))


def test_what_points_change_in_few_patients_is_added_to_many_at_the_centre():
    start = LUCK.normal(3, 2, N)
    shifts = np.array([[0.5], [-1.0], [0.0]])
    few = statistic("mean", at_points(start[None, :80] + shifts))
    many = statistic("mean", at_points(start[None]))
    found = levelled(few, many)
    assert found.values == pytest.approx(start.mean() + shifts[:2, 0])
    assert error(found) == pytest.approx(start.std() / math.sqrt(N))
    assert found.influence.shape == (2, N)


def test_the_error_of_two_levels_is_that_of_many_repeated_trials():
    values = []
    for _ in range(3000):
        start = LUCK.normal(size=60)
        few = start[:15] + np.array([[1.0], [0.0]]) * LUCK.normal(0.7, 0.5, 15)
        found = levelled(
            statistic("mean", at_points(few)), statistic("mean", at_points(start[None]))
        )
        values.append((found.values[0], error(found)))
    means, errors = np.array(values).T
    assert means.mean() == pytest.approx(0.7, abs=0.02)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(means.std(), rel=0.06)
