"""Imputation against closed forms: nothing missing, means under each assumption, Rubin's rules."""

import numpy as np
import pytest

from funis.analysis.imputation import (
    Incomplete,
    imputed,
    imputed_by_reference,
    imputed_responses,
    pooled,
)


def arm(name="a", n=200, trend=1.0, lost=0.5, seed=1):
    """Visits that rise by ``trend``; the lower a patient, the sooner he leaves."""
    stream = np.random.default_rng(seed)
    start = stream.normal(size=n)
    whole = start[:, None] + trend * np.arange(1, 4) + np.cumsum(stream.normal(size=(n, 3)), axis=1)
    seen = whole.copy()
    low = whole[:, 0] < np.quantile(whole[:, 0], lost)
    seen[low, 1:] = np.nan
    return Incomplete(name, start, seen), whole


def test_what_was_seen_stays():
    sample, _ = arm()
    filled = imputed(sample, 1, 3)
    seen = ~np.isnan(sample.visits)
    assert not np.isnan(filled).any()
    for one in filled:
        assert np.array_equal(one[seen], sample.visits[seen])
    assert np.array_equal(filled[:2], imputed(sample, 1, 2))  # more imputations change none
    assert not np.array_equal(filled, imputed(sample, 2, 3))


def test_missing_at_random_is_mended():
    sample, whole = arm(n=2000)
    truth, naive = whole[:, 2].mean(), np.nanmean(sample.visits[:, 2])
    mended = imputed(sample, 1, 20)[:, :, 2].mean()
    assert abs(naive - truth) > 0.5
    assert mended == pytest.approx(truth, abs=0.1)


def test_who_jumps_to_the_reference_loses_the_effect():
    sample, _ = arm(n=1000, trend=2.0, lost=0.4)
    reference, whole = arm("p", 1000, trend=0.0, lost=0.0, seed=2)
    filled = imputed_by_reference(sample, reference, 1, 20)
    gone = np.isnan(sample.visits[:, 2])
    # residual at the last visit seen, from the own mean, carried by the regression of the reference
    own_first = sample.visits[gone, 0].mean() - sample.visits[:, 0].mean()
    design = np.column_stack([np.ones(1000), reference.baseline, whole[:, 0]])
    slopes = np.linalg.lstsq(design, whole[:, 2], rcond=None)[0]
    start = sample.baseline[gone].mean() - reference.baseline.mean()
    wanted = whole[:, 2].mean() + slopes[1] * start + slopes[2] * own_first
    assert filled[:, gone, 2].mean() == pytest.approx(wanted, abs=0.15)


def test_responses_are_those_of_patients_alike():
    last = np.repeat([0.0, 1.0], 500)
    values = np.where(last == 1, np.arange(1000) % 10 < 8, np.arange(1000) % 10 < 1).astype(float)
    values[::4] = np.nan
    found = imputed_responses(last, values, {"last_seen": last, "values": values}, 1, "a", 40)
    missing = np.isnan(values)
    for status in (0.0, 1.0):
        alike = missing & (last == status)
        share = np.nanmean(values[last == status])
        assert found[:, alike].mean() == pytest.approx(share, abs=0.03)


def test_rubins_rules_by_hand():
    estimates, errors = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.5, 0.5])
    interval, _ = pooled(estimates, errors, np.inf, 0.95)
    total = 0.25 + (1 + 1 / 3) * 1.0
    share = (4 / 3) / total
    freedom = 2 / share**2
    from scipy.stats import t

    half = t.ppf(0.975, freedom) * np.sqrt(total)
    assert (interval.estimate, interval.low, interval.high) == pytest.approx(
        (2, 2 - half, 2 + half)
    )


def test_nothing_missing_gives_the_complete_analysis():
    interval, p = pooled(np.full(5, 1.0), np.full(5, 0.4), 30.0, 0.95)
    from scipy.stats import t

    seen = 31 / 33 * 30
    assert interval.high - 1 == pytest.approx(0.4 * t.ppf(0.975, seen), rel=1e-6)
    assert p == pytest.approx(2 * t.sf(2.5, seen), rel=1e-6)
