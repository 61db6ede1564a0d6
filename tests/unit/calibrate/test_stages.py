"""Stages as weights: linear toys whose posterior is known, a grid, and ranks of the truth."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from funis.calibrate.measures import Statistic
from funis.calibrate.quadratic import quadratic
from funis.calibrate.settings import Prior
from funis.calibrate.stages import (
    StageRow,
    contraction,
    draw_of,
    error_of,
    from_prior,
    from_weights,
    joint_moments,
    predicted,
    row_covariance,
    simulated_of,
    together,
    weigh,
    weighted_moments,
)

PRIORS = tuple(
    Prior(parameter=name, stage=1, sd_log=sd, why="a toy", source="a toy")
    for name, sd in (("a", 0.3), ("b", 0.5))
)
NOTHING = np.zeros((1, 0))
BOTH = np.array([0, 1])
SLOPES = np.array([[1.0, 0.4], [-0.5, 1.2], [0.8, 0.8]])
MATRIX = 0.09 * (np.eye(3) + 0.5 * np.ones((3, 3)))
OBSERVED = np.array([0.5, 0.6, 0.9])


def everything(logs):
    return np.ones(len(logs), dtype=bool)


def linear(slopes, logs=None):
    """A surface through rows that are linear in the logarithms."""
    at = np.random.default_rng(2).normal(size=(64, slopes.shape[1])) if logs is None else logs
    return quadratic(at, at @ slopes.T)


def closed_form(prior, slopes, matrix, observed):
    """The posterior of a linear model with normal prior and errors."""
    precision = np.linalg.inv(prior) + slopes.T @ np.linalg.solve(matrix, slopes)
    covariance = np.linalg.inv(precision)
    return covariance @ slopes.T @ np.linalg.solve(matrix, observed), covariance


def toy(matrix=MATRIX, observed=OBSERVED, candidates=None):
    found = from_prior(PRIORS, everything) if candidates is None else candidates
    return weigh(observed, linear(SLOPES), matrix, BOTH, NOTHING, found)


PRIOR = np.diag([0.09, 0.25])


def test_the_posterior_of_a_linear_model_is_the_known_one():
    found = toy()
    mean, covariance = weighted_moments(found.candidates.logs, found.pooled)
    expected = closed_form(PRIOR, SLOPES, MATRIX, OBSERVED)
    assert mean == pytest.approx(expected[0], abs=0.005)
    assert covariance == pytest.approx(expected[1], abs=0.002)
    shrunk = contraction(from_prior(PRIORS, everything), found)
    assert shrunk == pytest.approx(1 - np.diag(expected[1]) / np.diag(PRIOR), abs=0.01)
    assert found.pareto_k < 0.7
    assert 100 < found.effective < 4096


def test_a_sharp_posterior_is_found_in_a_second_round_from_around_the_first():
    sharp = MATRIX / 50
    truth = SLOPES @ np.array([0.6, 0.9])
    first = toy(sharp, truth)
    assert first.pareto_k > 0.7
    again = from_weights(PRIORS, everything, first.candidates, first.pooled)
    second = toy(sharp, truth, again)
    again = from_weights(PRIORS, everything, second.candidates, second.pooled)
    third = toy(sharp, truth, again)
    mean, covariance = weighted_moments(third.candidates.logs, third.pooled)
    expected = closed_form(PRIOR, SLOPES, sharp, truth)
    assert third.pareto_k < 0.7
    assert mean == pytest.approx(expected[0], abs=0.001)
    assert covariance == pytest.approx(expected[1], rel=0.05, abs=1e-5)


def test_weights_agree_with_a_grid_where_the_surface_bends():
    logs = np.random.default_rng(4).normal(size=(64, 2))
    bent = quadratic(logs, np.stack([logs[:, 0] ** 2 + logs[:, 1], logs[:, 0] * logs[:, 1]], 1))
    observed, matrix = np.array([0.4, 0.1]), np.diag([0.04, 0.02])
    found = weigh(observed, bent, matrix, BOTH, NOTHING, from_prior(PRIORS, everything))
    axis = np.linspace(-4, 4, 241)
    grid = np.stack(np.meshgrid(0.3 * axis, 0.5 * axis, indexing="ij"), -1).reshape(-1, 2)
    left = observed - bent.at(grid)
    density = -0.5 * np.sum(left**2 / np.diag(matrix), axis=1)
    density += norm.logpdf(grid / [0.3, 0.5]).sum(axis=1)
    weights = np.exp(density - density.max())
    expected = weighted_moments(grid, weights / weights.sum())
    got = weighted_moments(found.candidates.logs, found.pooled)
    assert got[0] == pytest.approx(expected[0], abs=0.01)
    assert got[1] == pytest.approx(expected[1], abs=0.005)


def test_a_later_stage_never_moves_the_earlier_one_and_meets_the_cut_posterior():
    earlier = 0.3 * np.random.default_rng(8).normal(size=(64, 1))
    slope = np.array([[1.0, 0.7]])
    own = PRIORS[1:]
    observed, matrix = np.array([0.6]), np.array([[0.16]])
    surface = linear(slope)
    candidates = from_prior(own, everything)
    found = weigh(observed, surface, matrix, BOTH, earlier, candidates)
    assert found.weights.sum(axis=1) == pytest.approx(np.ones(64))
    gain = 0.25 * 0.7 / (0.49 * 0.25 + 0.16)
    means = gain * (0.6 - earlier[:, 0])
    inner = 0.25 * (1 - gain * 0.7)
    mean, matrix = joint_moments(found)
    before = earlier.mean()
    assert mean == pytest.approx([before, means.mean()], abs=0.01)
    assert matrix[0, 0] == pytest.approx(earlier.var())
    assert matrix[1, 1] == pytest.approx(inner + means.var(), abs=0.005)
    assert matrix[0, 1] == pytest.approx(-gain * earlier.var(), abs=0.005)
    draws = draw_of(found)
    assert draws[:, 0] == pytest.approx(earlier[:, 0])
    assert draws[:, 1].mean() == pytest.approx(means.mean(), abs=0.08)


def test_draws_of_equal_weight_have_the_moments_of_the_weights():
    found = toy()
    draws = draw_of(found, 64)
    mean, covariance = weighted_moments(found.candidates.logs, found.pooled)
    sd = np.sqrt(np.diag(covariance))
    assert draws.mean(axis=0) == pytest.approx(mean, abs=0.25 * sd.max())
    assert draws.std(axis=0) == pytest.approx(sd, rel=0.25)
    assert np.array_equal(draws, draw_of(toy(), 64))


def test_the_rank_of_the_truth_is_uniform():
    luck = np.random.default_rng(20)
    surface, root = linear(SLOPES), np.linalg.cholesky(MATRIX)
    candidates = from_prior(PRIORS, everything, 512)
    bins = np.zeros((2, 8))
    for _ in range(160):
        truth = luck.normal(size=2) * [0.3, 0.5]
        observed = SLOPES @ truth + root @ luck.normal(size=3)
        found = weigh(observed, surface, MATRIX, BOTH, NOTHING, candidates)
        below = found.pooled @ (found.candidates.logs < truth)
        for place in (0, 1):
            bins[place, min(int(8 * below[place]), 7)] += 1
    for counts in bins:
        assert np.sum((counts - 20) ** 2 / 20) < chi2.ppf(0.999, 7)


def test_points_beyond_a_limit_are_left_out_of_priors_and_proposals():
    def keep(logs):
        return np.exp(logs).sum(axis=1) < 2.1

    prior = from_prior(PRIORS, keep)
    assert len(prior.logs) == 4096
    assert keep(prior.logs).all()
    equal = np.full(4096, 1 / 4096)
    again = from_weights(PRIORS, keep, prior, equal)
    assert keep(again.logs).all()
    flat = weigh(np.zeros(0), linear(SLOPES[:0]), MATRIX[:0, :0], BOTH, NOTHING, again)
    mean, _ = weighted_moments(again.logs, flat.pooled)
    assert mean == pytest.approx(prior.logs.mean(axis=0), abs=0.01)


def test_a_stage_without_rows_leaves_the_prior():
    candidates = from_prior(PRIORS, everything)
    found = weigh(np.zeros(0), linear(SLOPES[:0]), MATRIX[:0, :0], BOTH, NOTHING, candidates)
    assert found.effective == pytest.approx(4096)
    assert contraction(candidates, found) == pytest.approx([0, 0], abs=1e-9)


def test_what_is_predicted_of_a_row_is_a_mixture_of_normal_distributions():
    values = np.random.default_rng(6).normal(1.0, 0.4, (20000, 1))
    sd = math.sqrt(values.var() + 0.09)
    for observed, inside in ((1.0, True), (1 + 1.9 * sd, True), (1 + 2.05 * sd, False)):
        found = predicted(np.array([observed]), values, np.array([[0.09]]))
        assert bool(found.inside[0]) is inside
    assert found.median == pytest.approx([1.0], abs=0.02)
    assert found.signal == pytest.approx([0.4 / 0.3], rel=0.02)
    assert found.high - found.low == pytest.approx([2 * 1.96 * sd], rel=0.02)


SETTINGS = SimpleNamespace(within=0.5, discrepancy=0.1)


def row(source: str, error: float | None, between: float = 0.0, kind="mean") -> StageRow:
    return StageRow(source, source, "t", source, kind, (), 0.0, error, between, (50, 25))


def statistic_of(values, patients=100, unit=2.0):
    influence = np.random.default_rng(9).normal(size=(len(values), patients)) / patients
    return Statistic(np.asarray(values, dtype=float), influence, unit)


def test_rows_of_one_source_share_errors_and_rows_of_two_trials_no_patients():
    one = simulated_of([statistic_of([0.0, 1.0]), statistic_of([1.0, 3.0])])
    both = together([one, simulated_of([statistic_of([2.0, 2.0])])])
    surface = quadratic(np.zeros((2, 0)), np.zeros((2, 3)))
    rows = [row("x", 0.3), row("x", 0.4), row("y", 0.5, 0.2)]
    matrix = row_covariance(rows, both, surface, SETTINGS)
    noise = one.chance[0, 0]
    assert matrix[0, 0] == pytest.approx(0.09 + 0.04 + noise)
    assert matrix[0, 1] == pytest.approx(0.5 * (0.12 + 0.04) + one.chance[0, 1])
    assert matrix[2, 2] == pytest.approx(0.25 + 0.04 + 0.04 + both.chance[2, 2])
    assert matrix[0, 2] == 0
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_a_row_without_interval_has_the_error_of_arms_of_its_size():
    assert error_of(row("x", None), 2.0) == pytest.approx(2 * math.sqrt(1 / 50 + 1 / 25))
    unit = 0.2 * math.pi / math.sqrt(3)
    share = error_of(row("x", None, kind="share_difference"), unit)
    assert share == pytest.approx(math.sqrt(0.2 * (1 / 50 + 1 / 25)))
