"""The posterior by quadrature: against closed forms, and what has to hold of it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal

from funis.calibrate.ensemble import Ensemble, load_ensemble, no_effect, save_ensemble
from funis.calibrate.likelihood import covariance, data_of, expected, log_likelihood
from funis.calibrate.posterior import (
    Table,
    borrowed_posteriors,
    draw,
    own_posterior,
    table_of,
)
from funis.calibrate.sbc import places, published, ranks
from funis.calibrate.validation import class_gain
from funis.checks import InputError

LUCK = np.array([0.5])


def test_the_likelihood_is_that_of_the_normal_distribution(toy):
    settings, _, _, data, grid = toy
    matrix = covariance(data, 0.3, 0.2, settings)
    effects = grid.at @ data.weights
    relative = np.linspace(0, 3, len(effects))
    found = log_likelihood(data, effects, relative, matrix, settings)
    for node, nuisance in [(0, 0), (5, 3), (40, 7)]:
        mean = expected(data, settings) + effects[node, nuisance]
        whole = matrix + relative[node] * data.residual
        closed = multivariate_normal(mean, whole).logpdf(data.observed)
        assert found[node, nuisance] == pytest.approx(closed, rel=1e-9)


def test_studies_in_another_order_give_the_same_posterior(toy):
    settings, _, studies, data, grid = toy
    other = data_of(studies[::-1], settings)
    one = own_posterior(table_of(data, grid, settings))
    np.testing.assert_allclose(
        one, own_posterior(table_of(other, grid, settings)), rtol=1e-6, atol=1e-12
    )


def test_without_rows_the_posterior_is_the_prior(toy):
    settings, _, _, data, grid = toy
    empty = data.only(np.array([], dtype=np.int64))
    found = own_posterior(table_of(empty, grid, settings))
    np.testing.assert_allclose(found, np.exp(grid.prior) / np.exp(grid.prior).sum())


def test_leaving_a_study_out_is_the_same_as_never_having_seen_it(toy):
    settings, _, studies, data, grid = toy
    without = own_posterior(table_of(data.without(0), grid, settings))
    never = own_posterior(table_of(data_of(studies[1:], settings), grid, settings))
    np.testing.assert_allclose(without, never, rtol=1e-5, atol=1e-9)


def test_a_negative_trial_makes_no_effect_more_likely_and_potency_smaller(toy):
    settings, _, _studies, data, grid = toy
    before = own_posterior(table_of(data, grid, settings))
    worse = data.observed.copy()
    worse[0] = data.observed[1] - 0.3
    after = own_posterior(table_of(replace(data, observed=worse), grid, settings))
    nodes = np.nan_to_num(np.exp(grid.log_potency))
    assert after[0] > before[0]
    assert after @ nodes < before @ nodes


def test_diseases_that_agree_lend_to_one_that_knows_nothing(toy):
    _settings, _, _, _data, grid = toy
    strong = np.minimum(0, -0.5 * ((grid.log_potency - 0.4) / 0.2) ** 2)
    strong[0] = -30.0
    known = Table(grid, strong[:, None, None])
    silent = Table(grid, np.zeros((len(strong), 1, 1)))
    found = borrowed_posteriors({"a": known, "b": known, "c": known, "d": silent})["d"]
    own = own_posterior(silent)
    assert found[0] < own[0]
    near = np.abs(grid.log_potency - 0.4) < 0.5
    assert found[near].sum() > 1.5 * own[near].sum()


def test_a_disease_alone_borrows_nothing_but_the_common_prior(toy):
    _settings, _, _, _, grid = toy
    silent = Table(grid, np.zeros((len(grid.log_potency), 1, 1)))
    alone = borrowed_posteriors({"a": silent})["a"]
    other = borrowed_posteriors({"a": silent, "b": silent})["a"]
    np.testing.assert_allclose(alone, other, atol=1e-9)
    assert alone.sum() == pytest.approx(1.0)


def test_draws_hold_the_probabilities_of_the_grid(toy):
    settings, _, _, data, grid = toy
    table = table_of(data, grid, settings)
    potency = own_posterior(table)
    draws = draw(table, potency, 4000, LUCK)
    assert no_effect(draws) == pytest.approx(potency[0], abs=1e-3)
    factor = draws.points.factors[:, 0]
    mean = potency @ np.exp(grid.log_potency)
    assert factor.mean() == pytest.approx(mean, rel=0.02)


def test_the_class_mean_counts_every_study_once(toy):
    _, _, _, data, _ = toy
    gain = (data.observed - data.mean)[data.active > 0]
    assert class_gain(data)[0] == pytest.approx(gain.mean())


def test_places_of_the_truth_are_even(toy):
    settings, points, studies, data, grid = toy
    found = ranks(studies, data, points, grid, settings, 64, seed=5)
    for name in found.names:
        assert found.p_value(name) > 0.01, found.counts(name)


def test_numbers_that_are_all_too_good_are_found_out(toy):
    settings, points, studies, data, grid = toy
    luck = np.random.default_rng(3)
    found = []
    for point in range(len(points)):
        observed = published(studies, data, point, settings, luck) + 1.5 * data.active
        table = table_of(replace(data, observed=observed), grid, settings)
        truth = [points.factors[point, points.names.index(name)] for name in grid.names]
        found.append(places(table, np.log(truth), luck)[0])
    assert kstest(found, "uniform").pvalue < 0.01


def test_an_ensemble_comes_back_from_its_file(toy, tmp_path):
    settings, _, _, data, grid = toy
    table = table_of(data, grid, settings)
    own = draw(table, own_posterior(table), 50, LUCK)
    made = Ensemble(
        "cd", {"borrowed": own, "own": own, "prior": own}, grid.log_potency, table.by_potency,
        table.by_spread, {"command": "none"},
    )  # fmt: skip
    save_ensemble(made, tmp_path / "cd.parquet")
    back = load_ensemble(tmp_path / "cd.parquet")
    np.testing.assert_array_equal(back.default.points.factors, own.points.factors)
    np.testing.assert_allclose(back.profile, made.profile, atol=1e-5)
    assert back.log_potency[0] == -np.inf
    assert back.about["command"] == "none"


def test_a_file_that_is_no_ensemble_is_one_line(tmp_path):
    import polars as pl

    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "cd.parquet")
    with pytest.raises(InputError, match="is no ensemble"):
        load_ensemble(tmp_path / "cd.parquet")
