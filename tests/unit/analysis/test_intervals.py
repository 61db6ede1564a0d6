"""Intervals against published worked examples and against independent formulas."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from funis.analysis import MeanSummary, mean_interval, newcombe, summarise, welch, wilson
from funis.analysis.intervals import proportions_p_value


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_wilson_gives_the_values_of_newcombe_1998(
    events: int, n: int, low: float, high: float
) -> None:
    # Stat Med 17:857, method 3, as tested in the R package propint (test_Single_Proportion_CI.R)
    interval = wilson(events, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)
    assert interval.estimate == events / n


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090)],
)
def test_newcombe_gives_the_values_of_newcombe_1998(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    # Stat Med 17:873, method 10, as tested in propint (test_Two_Independent_Props_CI.R)
    interval = newcombe(*counts)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@pytest.mark.parametrize(("events", "n"), [(1, 7), (3, 10), (50, 100), (9, 10), (121, 205)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_limits_solve_the_score_equation(events: int, n: int, confidence: float) -> None:
    z = stats.norm.ppf(0.5 + confidence / 2)
    share = events / n

    def score(p: float) -> float:
        return float((share - p) ** 2 - z**2 * p * (1 - p) / n)

    interval = wilson(events, n, confidence)
    assert interval.low == pytest.approx(optimize.brentq(score, 1e-12, share), abs=1e-9)
    assert interval.high == pytest.approx(optimize.brentq(score, share, 1 - 1e-12), abs=1e-9)


def test_wilson_at_the_edges() -> None:
    z2 = stats.norm.ppf(0.975) ** 2
    nobody, everybody = wilson(0, 20), wilson(20, 20)
    assert (nobody.low, everybody.high) == (0.0, 1.0)
    assert nobody.high == pytest.approx(z2 / (20 + z2))
    assert everybody.low == pytest.approx(20 / (20 + z2))
    assert math.isnan(wilson(0, 0).estimate)
    with pytest.raises(ValueError, match="3 events of 2 patients"):
        wilson(3, 2)


def test_newcombe_against_its_formula_and_turned_round() -> None:
    interval = newcombe(7, 34, 1, 34)
    arm, reference = wilson(7, 34), wilson(1, 34)
    difference = 7 / 34 - 1 / 34
    low = difference - math.sqrt((7 / 34 - arm.low) ** 2 + (reference.high - 1 / 34) ** 2)
    assert interval.low == pytest.approx(low)
    turned = newcombe(1, 34, 7, 34)
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low))


def test_p_value_of_proportions_is_that_of_chi_squared() -> None:
    expected = stats.chi2_contingency([[56, 14], [48, 32]], correction=False).pvalue
    assert proportions_p_value(56, 70, 48, 80) == pytest.approx(expected)
    assert proportions_p_value(0, 5, 0, 9) == 1.0
    assert math.isnan(proportions_p_value(0, 0, 1, 9))


def test_welch_gives_a_published_worked_example() -> None:
    # www.statscodes.com, Welch's two sample t-tests in R: t.test(data_x, data_y)
    x = summarise(np.array([5.1, 2.0, 4.1, 6.2, 7.1, 8.3]))
    y = summarise(np.array([1.5, 6.4, 3.3, 5.8, 4.8, 7.2, 5.6, 4.5]))
    interval, p_value = welch(x, y)
    assert interval.low == pytest.approx(-1.935420, abs=1e-6)
    assert interval.high == pytest.approx(3.093754, abs=1e-6)
    assert p_value == pytest.approx(0.617, abs=5e-4)


def test_mean_interval_against_scipy() -> None:
    values = np.array([1.0, 4.0, 2.0, np.nan, 8.0])
    interval = mean_interval(summarise(values))
    present = values[~np.isnan(values)]
    low, high = stats.t.interval(0.95, 3, present.mean(), stats.sem(present))
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_too_few_values_have_no_limits() -> None:
    alone = mean_interval(summarise(np.array([2.0])))
    assert alone.estimate == 2.0
    assert math.isnan(alone.low)
    interval, p_value = welch(MeanSummary(1, 2.0, math.nan), MeanSummary(9, 1.0, 1.0))
    assert interval.estimate == 1.0
    assert math.isnan(interval.high)
    assert math.isnan(p_value)
    assert math.isnan(summarise(np.array([])).mean)
