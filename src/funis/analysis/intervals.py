"""Confidence intervals and tests for proportions, means and their differences."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate with its interval; not-a-number where it cannot be computed."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MeanSummary:
    """Number, mean and standard deviation of a sample."""

    n: int
    mean: float
    sd: float


def summarise(values: Floats) -> MeanSummary:
    """Summarise the values that are present; the standard deviation is that of n - 1."""
    present = values[~np.isnan(values)]
    n = int(present.size)
    mean = float(present.mean()) if n else math.nan
    return MeanSummary(n, mean, float(present.std(ddof=1)) if n > 1 else math.nan)


def wilson(events: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a proportion, without continuity correction.

    Parameters
    ----------
    events, n
        Patients with the event, and patients.
    confidence
        Confidence level, e.g. 0.95.

    Raises
    ------
    ValueError
        If ``events`` is not within 0 and ``n``.

    References
    ----------
    Wilson 1927, J Am Stat Assoc 22:209; method 3 of Newcombe 1998, Stat Med 17:857.
    """
    if not 0 <= events <= n:
        raise ValueError(f"{events:g} events of {n:g} patients")
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    z = _normal_quantile(confidence)
    proportion = events / n
    centre = 2 * n * proportion + z**2
    half = z * math.sqrt(z**2 + 4 * n * proportion * (1 - proportion))
    low, high = ((centre + sign * half) / (2 * (n + z**2)) for sign in (-1, 1))
    return Interval(proportion, 0.0 if events == 0 else low, 1.0 if events == n else high)


def newcombe(
    events: float,
    n: float,
    events_reference: float,
    n_reference: float,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Newcombe's hybrid score interval of a difference of two independent proportions.

    The distances of the two Wilson limits from their proportions are squared and added.

    Parameters
    ----------
    events, n
        Of the arm.
    events_reference, n_reference
        Of the reference, which is subtracted.
    confidence
        Confidence level, e.g. 0.95.

    References
    ----------
    Method 10 of Newcombe 1998, Stat Med 17:873.
    """
    arm = wilson(events, n, confidence)
    reference = wilson(events_reference, n_reference, confidence)
    difference = arm.estimate - reference.estimate
    below = math.hypot(arm.estimate - arm.low, reference.high - reference.estimate)
    above = math.hypot(arm.high - arm.estimate, reference.estimate - reference.low)
    return Interval(difference, difference - below, difference + above)


def proportions_p_value(
    events: float, n: float, events_reference: float, n_reference: float
) -> float:
    """Two-sided p value of equal proportions, score test with pooled variance.

    The square of its statistic is Pearson's chi-squared without continuity correction. It is 1
    where nobody or everybody has the event, and not-a-number where an arm is empty.
    """
    if n == 0 or n_reference == 0:
        return math.nan
    pooled = (events + events_reference) / (n + n_reference)
    variance = pooled * (1 - pooled) * (1 / n + 1 / n_reference)
    if variance == 0:
        return 1.0
    z = (events / n - events_reference / n_reference) / math.sqrt(variance)
    return math.erfc(abs(z) / math.sqrt(2))


def mean_interval(sample: MeanSummary, confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of a mean; without limits for fewer than two values."""
    if sample.n < 2 or math.isnan(sample.sd):
        return Interval(sample.mean, math.nan, math.nan)
    half = _t_quantile(confidence, sample.n - 1) * sample.sd / math.sqrt(sample.n)
    return Interval(sample.mean, sample.mean - half, sample.mean + half)


def welch(
    sample: MeanSummary, reference: MeanSummary, confidence: float = CONFIDENCE
) -> tuple[Interval, float]:
    """Welch's t interval of a difference of means, and its two-sided p value.

    Parameters
    ----------
    sample, reference
        Of the arm, and of the reference, which is subtracted.
    confidence
        Confidence level, e.g. 0.95.

    Returns
    -------
    tuple of Interval and float
        Limits and p value are not-a-number for fewer than two values in an arm.
    """
    difference = sample.mean - reference.mean
    if sample.n < 2 or reference.n < 2:
        return Interval(difference, math.nan, math.nan), math.nan
    parts = (sample.sd**2 / sample.n, reference.sd**2 / reference.n)
    error = math.sqrt(sum(parts))
    if error == 0:
        return Interval(difference, difference, difference), 1.0 if difference == 0 else 0.0
    spread = parts[0] ** 2 / (sample.n - 1) + parts[1] ** 2 / (reference.n - 1)
    freedom = sum(parts) ** 2 / spread
    half = _t_quantile(confidence, freedom) * error
    return (
        Interval(difference, difference - half, difference + half),
        _t_p_value(difference / error, freedom),
    )


def _normal_quantile(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def _t_quantile(confidence: float, freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def _t_p_value(statistic: float, freedom: float) -> float:
    from scipy.special import stdtr

    return 2 * float(stdtr(freedom, -abs(statistic)))
