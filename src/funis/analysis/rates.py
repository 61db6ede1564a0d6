"""Rates of events per patient-year and their ratios, robust to patients who differ."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis.intervals import CONFIDENCE, Interval

Floats = NDArray[np.float64]

WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True)
class RateSummary:
    """Events and time at risk of some patients.

    Attributes
    ----------
    n : int
        Patients with any time at risk.
    events, years : float
        Sums over the patients.
    error : float
        Standard error of the logarithm of the rate: the sandwich estimate, in which each patient
        is one unit, so that events which cluster in patients widen it. Not-a-number without
        events, or for fewer than two patients.
    """

    n: int
    events: float
    years: float
    error: float

    @property
    def rate(self) -> float:
        """Events per patient-year."""
        return self.events / self.years if self.years > 0 else math.nan


def summarise_rate(events: Floats, years: Floats) -> RateSummary:
    """Summarise events and years of each patient, (patient,); not-a-number is left out.

    References
    ----------
    Sandwich variance of a Poisson model with a constant and the logarithm of time as offset
    (Huber 1967; White 1982, Econometrica 50:1), times n/(n - 1).
    """
    known = ~(np.isnan(events) | np.isnan(years)) & (np.nan_to_num(years) > 0)
    number, time = events[known], years[known]
    n, total, whole = int(known.sum()), float(number.sum()), float(time.sum())
    if n < 2 or total == 0:
        return RateSummary(n, total, whole, math.nan)
    apart = number - total / whole * time
    variance = float(apart @ apart) / total**2 * n / (n - 1)
    return RateSummary(n, total, whole, math.sqrt(variance))


def rate_interval(sample: RateSummary, confidence: float = CONFIDENCE) -> Interval:
    """Interval of a rate, on the log scale; exact for a Poisson number where no event was seen."""
    if sample.n < 2:
        return Interval(sample.rate, math.nan, math.nan)
    if sample.events == 0:
        return Interval(0.0, 0.0, -math.log((1 - confidence) / 2) / sample.years)
    factor = math.exp(_quantile(confidence) * sample.error)
    return Interval(sample.rate, sample.rate / factor, sample.rate * factor)


def rate_ratio(
    sample: RateSummary, reference: RateSummary, confidence: float = CONFIDENCE
) -> tuple[Interval, float]:
    """Ratio of two rates (arm / reference) with its interval, and its two-sided p value.

    On the log scale with the errors of both rates. Where one arm saw no event the ratio is 0 or
    infinite, and the interval is that of the share of all events that fell into that arm, exact
    for Poisson numbers; where neither did, nothing is known.
    """
    if sample.n < 2 or reference.n < 2 or sample.events + reference.events == 0:
        return Interval(math.nan, math.nan, math.nan), math.nan
    if sample.events == 0:
        return _without_events(reference, sample, confidence)
    if reference.events == 0:
        found, p_value = _without_events(sample, reference, confidence)
        return Interval(math.inf, 1 / found.high, math.inf), p_value
    ratio = sample.rate / reference.rate
    error = math.hypot(sample.error, reference.error)
    factor = math.exp(_quantile(confidence) * error)
    p_value = _p_value(math.log(ratio), error)
    return Interval(ratio, ratio / factor, ratio * factor), p_value


def _without_events(
    some: RateSummary, none: RateSummary, confidence: float
) -> tuple[Interval, float]:
    """Ratio of an arm without events to one with some: exact binomial, given all the events."""
    outside = ((1 - confidence) / 2) ** (1 / some.events)
    high = (1 - outside) / outside * some.years / none.years
    share = some.years / (some.years + none.years)
    return Interval(0.0, 0.0, high), min(1.0, 2 * share**some.events)


def _p_value(log_ratio: float, error: float) -> float:
    if error == 0:
        return 1.0 if log_ratio == 0 else 0.0
    return math.erfc(abs(log_ratio) / error / math.sqrt(2))


def _quantile(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))
