"""The tail of importance weights: known shapes, and SciPy's own fit."""

import math

import numpy as np
import pytest
from scipy.stats import genpareto

from funis.calibrate.pareto import generalised_pareto, pareto_k


def quantiles(shape: float, count: int) -> np.ndarray:
    return genpareto.ppf((np.arange(count) + 0.5) / count, shape, scale=2.0)


@pytest.mark.parametrize("shape", [0.1, 0.3, 0.5, 0.7, 1.0])
def test_the_shape_of_a_generalised_pareto_distribution_is_found(shape):
    count = 2000
    found, scale = generalised_pareto(quantiles(shape, count))
    towards_half = (count * shape + 5) / (count + 10)
    assert found == pytest.approx(towards_half, abs=0.02)
    assert scale == pytest.approx(2.0, rel=0.03)


def test_the_shape_agrees_with_the_likelihood_fit_of_scipy():
    sample = genpareto.rvs(0.4, scale=1.5, size=3000, random_state=1)
    fitted, _, _ = genpareto.fit(sample, floc=0)
    assert generalised_pareto(sample)[0] == pytest.approx(fitted, abs=0.02)


@pytest.mark.parametrize(("shape", "usable"), [(0.3, True), (1.2, False)])
def test_heavy_tails_of_weights_are_told_from_light_ones(shape, usable):
    weights = np.random.default_rng(3).pareto(1 / shape, 4096) + 1
    assert (pareto_k(np.log(weights)) <= 0.7) is usable


def test_equal_weights_have_no_tail_and_few_weights_no_shape():
    assert pareto_k(np.zeros(4096)) == -math.inf
    assert pareto_k(np.array([0.0, 1.0, 2.0])) == math.inf
    one = np.full(4096, -np.inf)
    one[7] = 0.0
    assert pareto_k(one) == math.inf
