"""Crossover analysis against the textbook t test, dummy variables, and known ratios."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from funis.analysis.crossover import fit_within, rate_ratio_within

# peak expiratory flow of 13 children (Senn 2002, chapter 3; printed in the SAS/STAT user's guide,
# the TTEST procedure, "AB/BA Crossover Design"): formoterol first, then salbutamol first
FIRST = [(310, 270), (310, 260), (370, 300), (410, 390), (250, 210), (380, 350), (330, 365)]
LAST = [(370, 385), (310, 400), (380, 410), (290, 320), (260, 340), (90, 220)]
VALUES = np.array(FIRST + LAST, dtype=np.float64).ravel()
PATIENT = np.repeat(np.arange(13), 2)
PERIOD = np.tile([0, 1], 13)
ARM = np.array([[1, 0]] * 7 + [[0, 1]] * 6).ravel()


def test_two_periods_give_the_t_test_of_half_differences() -> None:
    halves = [np.array([(one - two) / 2 for one, two in rows]) for rows in (FIRST, LAST)]
    expected = ttest_ind(*halves)
    fit = fit_within(VALUES, PATIENT, PERIOD, ARM, 2)
    interval, p_value = fit.interval(np.array([0.0, 1.0, 0.0]))
    assert interval.estimate == pytest.approx(halves[0].mean() - halves[1].mean(), rel=1e-12)
    assert p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert (interval.low, interval.high) == pytest.approx(
        expected.confidence_interval(0.95), rel=1e-10
    )
    assert (fit.freedom, fit.patients) == (11, 13)


def test_three_treatments_are_those_of_least_squares_with_a_dummy_for_each_patient() -> None:
    random = np.random.default_rng(1)
    orders = [(0, 1, 2), (1, 2, 0), (2, 0, 1)] * 5
    patient, period = np.repeat(np.arange(15), 3), np.tile([0, 1, 2], 15)
    arm = np.array(orders).ravel()
    values = random.normal(size=45) + random.normal(size=15)[patient] + 0.5 * arm
    kept = random.uniform(size=45) > 0.15
    columns = [patient == k for k in range(15)]
    columns += [arm == 1, arm == 2, period == 1, period == 2]
    table = np.array(columns, dtype=np.float64).T[kept]
    table = table[:, np.any(table != 0, axis=0)]
    found, left, rank, _ = np.linalg.lstsq(table, values[kept], rcond=None)
    freedom = int(kept.sum()) - rank
    spread = np.sqrt(np.diag(np.linalg.inv(table.T @ table)) * left[0] / freedom)
    fit = fit_within(values[kept], patient[kept], period[kept], arm[kept], 3)
    assert fit.effects[1:] == pytest.approx(found[-4:], rel=1e-9)
    assert fit.freedom == freedom
    errors = np.sqrt(np.diag(fit.covariance))[1:]
    assert errors == pytest.approx(spread[-4:], rel=1e-9)


def test_a_patient_seen_once_tells_nothing() -> None:
    more = fit_within(
        np.append(VALUES, 999.0), np.append(PATIENT, 13), np.append(PERIOD, 0), np.append(ARM, 1), 2
    )
    alone = fit_within(VALUES, PATIENT, PERIOD, ARM, 2)
    assert more.effects == pytest.approx(alone.effects)
    assert (more.freedom, more.patients) == (alone.freedom, alone.patients)


def test_the_ratio_of_rates_is_free_of_the_period() -> None:
    # rates: period 2 has three times the events; arm 1 has half of those of arm 0
    events = np.array([50.0, 300.0, 100.0, 150.0])
    period, arm = np.array([0, 1, 0, 1]), np.array([1, 0, 0, 1])
    interval, _ = rate_ratio_within(events, period, arm)
    assert interval.estimate == pytest.approx(0.5, rel=1e-12)
    spread = 0.5 * np.sqrt(np.sum(1 / events)) * 1.959963984540054
    assert np.log(interval.high / interval.estimate) == pytest.approx(spread, rel=1e-9)


def test_no_event_at_all_is_no_error() -> None:
    interval, p_value = rate_ratio_within(
        np.zeros(4), np.array([0, 1, 0, 1]), np.array([1, 0, 0, 1])
    )
    assert interval.estimate == pytest.approx(1.0)
    assert p_value == pytest.approx(1.0)
