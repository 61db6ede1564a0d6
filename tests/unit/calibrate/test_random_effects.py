"""Random effects by quadrature: published numbers, closed forms, coverage."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom, norm

from funis.calibrate.random_effects import Seen, believe, log_likelihood
from funis.calibrate.rows import LOGISTIC_SD

RESPONDERS = ((23, 107), (12, 44), (19, 51), (9, 39), (39, 139), (6, 20), (9, 78), (10, 35))
"""ASAS20 of eight placebo arms: data `AS` of RBesT (articles/introduction)."""

RBEST = ((1.0, 0.387, (0.255, 0.247, 0.0864, 0.106, 0.461)),
         (0.5, 0.335, (0.259, 0.250, 0.0776, 0.129, 0.442)))  # fmt: skip
"""Scale of the prior, mean of tau, and mean, median, sd and 95 % limits of the predicted share,
as that page prints them from 4,000 draws."""


@pytest.mark.parametrize(("scale", "tau", "printed"), RBEST)
def test_the_prior_from_eight_trials_is_that_of_rbest(scale, tau, printed):
    seen = [Seen(events=events, n=n) for events, n in RESPONDERS]
    belief = believe(seen, centre=0.0, mean_sd=2 / LOGISTIC_SD, spread_scale=scale / LOGISTIC_SD)
    share = expit(LOGISTIC_SD * belief.draws(200_000, np.random.default_rng(1)))
    found = (share.mean(), np.median(share), share.std(), *np.quantile(share, [0.025, 0.975]))
    assert found == pytest.approx(printed, abs=0.011)
    assert found[:3] == pytest.approx(printed[:3], abs=0.004)
    assert belief.mean_spread * LOGISTIC_SD == pytest.approx(tau, abs=0.015)


def test_without_spread_the_mean_is_the_pooled_one():
    values, errors = np.array([0.3, -0.1, 0.2]), np.array([0.1, 0.2, 0.4])
    seen = [Seen(value=v, error=e) for v, e in zip(values, errors, strict=True)]
    belief = believe(seen, centre=0.5, mean_sd=0.3, spread_scale=1e-6, grid=501)
    precision = np.sum(errors**-2) + 0.3**-2
    mean = (np.sum(values / errors**2) + 0.5 / 0.3**2) / precision
    assert belief.weight @ belief.mean == pytest.approx(mean, abs=1e-3)
    sd = np.sqrt(belief.weight @ (belief.mean - mean) ** 2)
    assert sd == pytest.approx(precision**-0.5, rel=1e-2)


def test_the_spread_around_a_fixed_mean_is_that_of_bayes_theorem():
    seen = [Seen(offset=1.0, value=1.4, error=0.1), Seen(value=-0.5, error=0.2)]
    belief = believe(seen, centre=0.0, mean_sd=0.0, spread_scale=0.36, grid=400)

    def density(spread):
        likelihood = norm.pdf(0.4, 0, np.hypot(spread, 0.1))
        return likelihood * norm.pdf(-0.5, 0, np.hypot(spread, 0.2)) * norm.pdf(spread, 0, 0.36)

    whole = quad(density, 0, 5)[0]
    mean = quad(lambda spread: spread * density(spread), 0, 5)[0] / whole
    assert belief.mean_spread == pytest.approx(mean, rel=1e-3)


def test_a_count_is_binomial_around_a_normal_logit():
    one = Seen(events=3, n=20)
    found = np.exp(log_likelihood(one, np.array([-0.8]), np.array([0.4])))[0]
    direct = quad(
        lambda z: binom.pmf(3, 20, expit(LOGISTIC_SD * (-0.8 + 0.4 * z))) * norm.pdf(z), -8, 8
    )[0]
    assert found * binom.pmf(3, 20, 0.5) / 0.5**20 == pytest.approx(direct, rel=1e-5)


def test_half_a_weight_twice_is_a_whole_one():
    one = Seen(value=0.7, error=0.1)
    half = Seen(value=0.7, error=0.1, weight=0.5)
    once, twice = (
        believe(seen, centre=0.0, mean_sd=0.0, spread_scale=0.36) for seen in ([one], [half, half])
    )
    assert once.mean_spread == pytest.approx(twice.mean_spread, rel=1e-9)


def test_predictive_intervals_hold_what_they_say_when_the_priors_are_true():
    luck = np.random.default_rng(20260601)
    inside = {0.8: 0, 0.95: 0}
    worlds = 250
    for _ in range(worlds):
        mean, spread = luck.standard_normal(), abs(luck.normal(0, 0.5))
        truth = mean + spread * luck.standard_normal(6)
        errors = luck.uniform(0.05, 0.3, 5)
        seen = [
            Seen(value=value, error=error)
            for value, error in zip(
                truth[:5] + errors * luck.standard_normal(5), errors, strict=True
            )
        ]
        draws = believe(seen, centre=0.0, mean_sd=1.0, spread_scale=0.5).draws(1500, luck)
        for share in inside:
            low, high = np.quantile(draws, [0.5 - share / 2, 0.5 + share / 2])
            inside[share] += low <= truth[5] <= high
    assert inside[0.8] / worlds == pytest.approx(0.8, abs=0.06)
    assert inside[0.95] / worlds == pytest.approx(0.95, abs=0.035)
