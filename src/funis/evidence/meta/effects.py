"""Effects of trials from counts, means and rates, with their variances.

One function a measure; published arms and simulated ones go through the same. What cannot be an
effect is refused with one plain sentence. Formulae of variances as in Viechtbauer 2010, J Stat
Softw 36(3), section 3 (doi 10.18637/jss.v036.i03).
"""

import math
from dataclasses import dataclass

from scipy.special import gammaln, ndtri

from funis.evidence.meta.values import Effect, Measure

HALF = 0.5
"""Added to the cells of a table that holds a zero, and only there."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Patients with an event, and patients, of one arm."""

    events: int
    n: int


@dataclass(frozen=True, slots=True)
class Means:
    """Patients, mean and standard deviation of one arm."""

    n: int
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Events:
    """Events and the patient-years in which they were counted, of one arm."""

    events: float
    years: float
    n: int | None = None


def risk_difference(study: str, arm: Counts, control: Counts) -> Effect:
    """Difference of two proportions.

    Where nobody or everybody in both arms has the event the variance would be 0; it is then
    computed with 0.5 added to every cell, the estimate is not.
    """
    both = (_counted(study, arm), _counted(study, control))
    shares = [one.events / one.n for one in both]
    variance = sum(p * (1 - p) / one.n for p, one in zip(shares, both, strict=True))
    notes: tuple[str, ...] = ()
    if variance == 0:
        variance = sum(_corrected_variance(one) for one in both)
        notes = ("no variance in either arm: 0.5 added to every cell for the variance only",)
    return Effect(study, "rd", shares[0] - shares[1], variance, arm.n + control.n, notes=notes)


def risk_ratio(study: str, arm: Counts, control: Counts) -> Effect:
    """Log of the ratio of two proportions; 0.5 is added to every cell where one is zero.

    Raises
    ------
    ValueError
        If neither arm has an event: such a trial says nothing about a ratio.
    """
    a, b, c, d, notes = _cells(study, arm, control)
    estimate = math.log(a / (a + b)) - math.log(c / (c + d))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    return Effect(study, "rr", estimate, variance, arm.n + control.n, notes=notes)


def odds_ratio(study: str, arm: Counts, control: Counts) -> Effect:
    """Log of the ratio of two odds; 0.5 is added to every cell where one is zero.

    Raises
    ------
    ValueError
        If neither arm has an event, or all patients of both have it.
    """
    a, b, c, d, notes = _cells(study, arm, control)
    estimate = math.log(a) - math.log(b) - math.log(c) + math.log(d)
    variance = 1 / a + 1 / b + 1 / c + 1 / d
    return Effect(study, "or", estimate, variance, arm.n + control.n, notes=notes)


def mean_difference(study: str, arm: Means, control: Means) -> Effect:
    """Difference of two means, with separate variances."""
    first, second = _measured(study, arm), _measured(study, control)
    variance = first.sd**2 / first.n + second.sd**2 / second.n
    return Effect(study, "md", first.mean - second.mean, variance, first.n + second.n)


def standardised_mean_difference(study: str, arm: Means, control: Means) -> Effect:
    """Hedges' g: the difference in pooled standard deviations, with the exact correction.

    References
    ----------
    Hedges 1981, J Educ Stat 6:107; variance 1/n1 + 1/n2 + g^2 / (2 (n1 + n2)), the large-sample
    form of Viechtbauer 2010 (measure SMD).
    """
    first, second = _measured(study, arm), _measured(study, control)
    freedom = first.n + second.n - 2
    squares = (first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2
    g = _exact_correction(freedom) * (first.mean - second.mean) / math.sqrt(squares / freedom)
    n = first.n + second.n
    variance = 1 / first.n + 1 / second.n + g**2 / (2 * n)
    return Effect(study, "smd", g, variance, n)


def rate_ratio(study: str, arm: Events, control: Events) -> Effect:
    """Log of the ratio of two rates of events; 0.5 is added to both where one arm has none.

    Raises
    ------
    ValueError
        If neither arm has an event.
    """
    first, second = _timed(study, arm), _timed(study, control)
    if first.events == 0 and second.events == 0:
        raise ValueError(f"{study}: no event in either arm, so no ratio of rates")
    zero = first.events == 0 or second.events == 0
    x, y = (one.events + (HALF if zero else 0.0) for one in (first, second))
    estimate = math.log(x / first.years) - math.log(y / second.years)
    n = None if arm.n is None or control.n is None else arm.n + control.n
    notes = ("0.5 added to both numbers of events: one is zero",) if zero else ()
    return Effect(study, "rate_ratio", estimate, 1 / x + 1 / y, n, notes=notes)


def proportion(study: str, arm: Counts) -> Effect:
    """Logit of the proportion of one arm; 0.5 is added to both cells where one is zero.

    The correction serves the normal approximation and the picture only: the binomial-normal
    model uses the counts as they are.
    """
    one = _counted(study, arm)
    zero = one.events in (0, one.n)
    x, rest = (count + (HALF if zero else 0.0) for count in (one.events, one.n - one.events))
    notes = ("0.5 added to both cells for the logit of this study: one is zero",) if zero else ()
    estimate, variance = math.log(x / rest), 1 / x + 1 / rest
    return Effect(study, "proportion", estimate, variance, one.n, one.events, notes)


def arm_mean(study: str, arm: Means) -> Effect:
    """Mean of one arm."""
    one = _measured(study, arm)
    return Effect(study, "mean", one.mean, one.sd**2 / one.n, one.n)


def arm_rate(study: str, arm: Events) -> Effect:
    """Log of the rate of one arm; 0.5 is added to the events where there are none."""
    one = _timed(study, arm)
    events = one.events or HALF
    notes = () if one.events else ("0.5 events in place of none",)
    return Effect(study, "rate", math.log(events / one.years), 1 / events, one.n, notes=notes)


def printed_effect(
    study: str,
    measure: Measure,
    estimate: float,
    interval: tuple[float, float],
    n: int | None = None,
    confidence: float = 0.95,
) -> Effect:
    """Take an effect as it was printed, on the scale of analysis, its variance from its interval.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, on standard errors from intervals.
    """
    low, high = interval
    if not low < high:
        raise ValueError(f"{study}: the interval {low:g} to {high:g} has no width")
    error = (high - low) / (2 * float(ndtri(0.5 + confidence / 2)))
    notes = ("variance from the printed confidence interval (Cochrane Handbook)",)
    return Effect(study, measure, estimate, error**2, n, notes=notes)


def combine_means(arms: tuple[Means, ...]) -> Means:
    """Make one arm of several, as if their patients had been one group.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions 5.1, table 7.7.a, written for any
    number of groups.
    """
    n = sum(arm.n for arm in arms)
    mean = sum(arm.n * arm.mean for arm in arms) / n
    squares = sum((arm.n - 1) * arm.sd**2 + arm.n * (arm.mean - mean) ** 2 for arm in arms)
    return Means(n, mean, math.sqrt(squares / (n - 1)))


def combine_counts(arms: tuple[Counts, ...]) -> Counts:
    """Make one arm of several."""
    return Counts(sum(arm.events for arm in arms), sum(arm.n for arm in arms))


def _counted(study: str, arm: Counts) -> Counts:
    if arm.n < 1:
        raise ValueError(f"{study}: the number of patients is missing")
    if not 0 <= arm.events <= arm.n:
        raise ValueError(f"{study}: {arm.events} events of {arm.n} patients")
    return arm


def _measured(study: str, arm: Means) -> Means:
    if arm.n < 2:
        raise ValueError(f"{study}: a mean of {arm.n} patients has no variance")
    if not (math.isfinite(arm.mean) and math.isfinite(arm.sd)):
        raise ValueError(f"{study}: the mean or its standard deviation is missing")
    if not arm.sd > 0:
        raise ValueError(f"{study}: a standard deviation of {arm.sd:g} gives no variance")
    return arm


def _timed(study: str, arm: Events) -> Events:
    if not arm.years > 0:
        raise ValueError(f"{study}: the patient-years are missing")
    if not arm.events >= 0:
        raise ValueError(f"{study}: {arm.events:g} events")
    return arm


def _cells(
    study: str, arm: Counts, control: Counts
) -> tuple[float, float, float, float, tuple[str, ...]]:
    """Return the four cells of the table, corrected where one is zero."""
    first, second = _counted(study, arm), _counted(study, control)
    cells = (first.events, first.n - first.events, second.events, second.n - second.events)
    for one, two, word in ((0, 2, "no event"), (1, 3, "the event in every patient")):
        if cells[one] == 0 and cells[two] == 0:
            raise ValueError(f"{study}: {word} in both arms, so no ratio")
    if 0 not in cells:
        a, b, c, d = cells
        return a, b, c, d, ()
    w, x, y, z = (cell + HALF for cell in cells)
    return w, x, y, z, ("0.5 added to every cell: one is zero",)


def _corrected_variance(arm: Counts) -> float:
    share = (arm.events + HALF) / (arm.n + 2 * HALF)
    return share * (1 - share) / arm.n


def _exact_correction(freedom: int) -> float:
    logs = gammaln(freedom / 2) - gammaln((freedom - 1) / 2)
    return float(math.exp(logs) / math.sqrt(freedom / 2))
