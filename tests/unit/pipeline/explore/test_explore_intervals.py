"""Intervals of Explore against what they stand for: the same patients under every draw."""

from dataclasses import replace

import numpy as np
import pytest

from funis.models import disease_ids
from funis.models.factors import NO_CELLS, Points
from funis.pipeline.explore import default_state, explore
from funis.pipeline.explore.answer import treated_doses
from funis.pipeline.explore.cohort import Drawn, cohort, disease_parts, with_forms, with_regimen
from funis.pipeline.explore.prepare import scoring_of, told, week_minutes
from funis.pipeline.explore.statistics import BAND, Draws, bands, mean_interval
from funis.protocol import no_doses
from funis.solver import simulate

EACH = 2
"""Every so many rows of the posterior are solved."""
SEEDS = range(1, 7)


def posterior(*, null=10, acting=190, seed=3):
    luck = np.random.default_rng(seed)
    potency = np.r_[np.zeros(null), luck.lognormal(0, 0.6, acting)]
    other = luck.lognormal(0, 0.4, (null + acting, 2))
    return Points((NO_CELLS, "k_lm", "K_secretion_ti"), np.column_stack([potency, other]))


def effect(points):
    """What a made-up therapy does: it saturates in potency, and another factor moves it."""
    potency, memory = points.factors[:, 0], points.factors[:, 1]
    return -potency / (1 + potency) * (1 + 0.5 * np.log(memory))


def under_every_draw(disease, week):
    """Return the mean effect on the score at a week under single draws, by the plain solver."""
    state = default_state(disease)
    parts, scoring, minutes = disease_parts(disease), scoring_of(disease), week_minutes(week)
    patients, rows = cohort(parts, state), np.arange(state.patients)
    found = []
    for factors in parts.points.factors[::EACH]:
        named = dict(zip(parts.points.names, np.tile(factors, (len(rows), 1)).T, strict=True))
        table = with_regimen(with_forms(parts, patients, state, Drawn(named, "")), state)
        courses = [
            simulate(parts.model, table, doses, minutes, outputs=scoring.reader.outputs, rtol=1e-3)
            for doses in (treated_doses(state, table, rows, int(minutes[-1])), no_doses())
        ]
        treated, twin = (told(scoring, one.values)[0][:, -1] for one in courses)
        found.append(float((treated - twin).mean()))
    return np.array(found)


@pytest.mark.parametrize("disease", ["ra", "cd"])
def test_the_interval_of_a_difference_holds_the_same_patients_under_each_draw(disease):
    place = default_state(disease)
    views = [explore(replace(place, seed=seed)) for seed in SEEDS]
    true = under_every_draw(disease, views[0].week)
    shown = np.array([view.score.difference[:, view.week] for view in views])
    held = [((low <= true) & (true <= high)).mean() for _, low, high in shown]
    assert 0.92 <= np.mean(held) <= 0.99
    assert min(held) >= 0.8
    assert abs(shown[:, 0].mean() - true.mean()) < 0.05 * np.ptp(true)
    assert np.mean(shown[:, 2] - shown[:, 1]) < 1.2 * np.ptp(np.quantile(true, [0.025, 0.975]))


@pytest.mark.parametrize("disease", disease_ids())
@pytest.mark.parametrize("patients", [20, 200])
def test_where_draws_without_effect_are_not_rare_no_effect_lies_in_the_interval(disease, patients):
    points = disease_parts(disease).points
    assert (points.factors[:, points.names.index(NO_CELLS)] == 0).mean() > 0.025
    shown = explore(replace(default_state(disease), patients=patients))
    for curve in (shown.score, *shown.responders):
        _, low, high = curve.difference
        assert np.all(low <= 1e-9)
        assert np.all(high >= -1e-9)


def test_a_weight_of_draws_without_effect_moves_the_interval():
    place = replace(default_state("cd"), null_weight=0.0)
    ends = {}
    for weight in (0.0, 0.5, 1.0):
        shown = explore(replace(place, null_weight=weight))
        ends[weight] = shown.score.difference[:, shown.week]
    assert ends[0.0][2] < -0.5  # something is done under every draw
    assert ends[0.5][2] >= 0
    assert ends[0.5][0] == pytest.approx(ends[0.0][0] / 2, rel=0.25)
    assert np.allclose(ends[1.0], 0, atol=5e-3)


def test_an_effect_that_saturates_is_found_again_under_every_draw():
    points = posterior()
    own = np.random.default_rng(8).integers(0, len(points), 200)
    true = effect(points)
    noise = np.random.default_rng(9).normal(0, 0.02, 200)
    draws = Draws.of(points, own, np.arange(len(points)))
    mean, low, high = mean_interval((true[own] + noise)[:, None], draws)
    wanted = np.quantile(true, [0.025, 0.975])
    assert mean[0] == pytest.approx(true.mean(), abs=0.05)
    assert np.allclose([low[0], high[0]], wanted, atol=0.06)


def test_draws_that_are_all_alike_leave_the_interval_of_a_mean_over_patients():
    points = Points((NO_CELLS, "k_lm"), np.ones((50, 2)))
    patients = np.random.default_rng(4).normal(1, 1, (100, 1))
    draws = Draws.of(points, np.zeros(100, dtype=np.int64), np.arange(50))
    assert np.allclose(mean_interval(patients, draws), mean_interval(patients, None), atol=0.01)


def test_without_differences_an_interval_has_no_width():
    assert np.allclose(mean_interval(np.ones((50, 1)), None), 1)
    draws = Draws.of(posterior(null=200, acting=0), np.arange(200), np.arange(200))
    assert np.allclose(mean_interval(np.zeros((200, 1)), draws), 0)


def test_bands_are_those_of_the_numbers_and_of_nothing_nothing_is_told():
    whole = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    found = bands(whole)
    assert np.allclose(found[:, 0], np.quantile([1.0, 2.0, 3.0], BAND))
    assert np.isnan(found[:, 1]).all()
