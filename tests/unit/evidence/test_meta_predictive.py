"""What is believed of a further study: closed forms, and nothing seen is not nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import beta, binom, halfnorm, norm

from funis.evidence.meta import SHARES, Counts, predict_risk, quantile

NARROW = 0.02


@pytest.mark.parametrize(("events", "n"), [(0, 40), (5, 37), (30, 37)])
def test_one_study_without_spread_is_the_posterior_of_jeffreys(events, n):
    found = predict_risk([Counts(events, n)], NARROW)
    exact = beta(events + 0.5, n - events + 0.5)
    assert found.mean == pytest.approx(exact.mean(), rel=0.02)
    assert expit(found.logits) == pytest.approx(exact.ppf(SHARES), rel=0.06)


def test_none_in_forty_is_not_none():
    found = predict_risk([Counts(0, 40)])
    assert 0 < found.low < found.mean
    assert found.high > 0.04  # Jeffreys alone gives 0.061, and studies differ beside it


def test_the_share_below_a_risk_is_that_of_direct_integration():
    studies, at = [Counts(1, 20), Counts(6, 30)], 0.2
    x, n = np.array([1.0, 6.0]), np.array([20.0, 30.0])
    nodes = np.linspace(-7, 7, 141)

    def weight(spread, mean):
        own = expit(mean + spread * nodes[:, None])
        inside = (norm.pdf(nodes)[:, None] * binom.pmf(x, n, own)).sum(axis=0).prod()
        share = expit(mean)
        return inside * np.sqrt(share * (1 - share)) * halfnorm.pdf(spread)

    limit = float(np.log(at / (1 - at)))
    means, spreads = np.linspace(-6, 3, 91), np.linspace(0.02, 4, 40)
    grid = np.array([[weight(s, m) for s in spreads] for m in means])
    below = norm.cdf((limit - means[:, None]) / spreads)
    expected = float((grid * below).sum() / grid.sum())
    found = predict_risk(studies)
    simulated = float(np.interp(limit, found.logits, SHARES))
    assert simulated == pytest.approx(expected, abs=0.02)


@given(st.floats(0.001, 0.999))
def test_quantiles_of_a_normal_distribution_are_read_back_beyond_the_last_too(share):
    normal = 0.3 + 1.7 * norm.ppf(SHARES)
    assert quantile(normal, share) == pytest.approx(0.3 + 1.7 * norm.ppf(share), abs=1e-9)


def test_more_patients_without_the_event_lower_what_is_believed():
    few, many = predict_risk([Counts(0, 40)]), predict_risk([Counts(0, 40), Counts(0, 200)])
    assert many.high < few.high
    assert many.mean < few.mean
