"""Numbers of a meta-analysis in few words: intervals, ranges, weights."""

from __future__ import annotations

import math

from funis.analysis import wilson
from funis.evidence.meta import SCALES, Effect, Range
from funis.pipeline.meta.values import Stratum
from funis.report.content import Interval
from funis.report.numerals import decimal, percent, significant

Z95 = 1.959963984540054


def shown_interval(effect: Effect) -> Interval:
    """Return an effect with its 95 % interval as it is shown: normal, Wilson's of counts."""
    if effect.measure == "proportion" and effect.events is not None and effect.n:
        found = wilson(effect.events, effect.n)
        return Interval(found.estimate, found.low, found.high)
    half = Z95 * effect.error
    values = (effect.estimate, effect.estimate - half, effect.estimate + half)
    return Interval(*(SCALES[effect.measure].shown(value) for value in values))


def stratum_interval(stratum: Stratum) -> Interval | None:
    """Return what a stratum adds up to with its 95 % interval, as it is shown.

    The pooled effect, or that of its only study; None where several studies do not pool.
    """
    pooled, shown = stratum.pooled, SCALES[stratum.measure].shown
    if pooled is not None:
        return Interval(shown(pooled.estimate), shown(pooled.low), shown(pooled.high))
    only = len(stratum.members) == 1
    return shown_interval(stratum.members[0].effect) if only else None


def value_words(value: float, measure: str) -> str:
    """Return one value, a proportion or a difference of proportions in percent."""
    if measure in ("proportion", "rd"):
        return percent(value)
    ratio = measure in ("rr", "or", "rate_ratio", "rate")
    if ratio and not 0.01 <= value < 1000:
        return significant(value, 2)
    return decimal(value)


def interval_words(interval: Interval, measure: str) -> str:
    """Return an estimate with its limits."""
    values = (interval.estimate, interval.low, interval.high)
    parts = [value_words(value, measure) for value in values if value is not None]
    return f"{parts[0]} ({parts[1]} to {parts[2]})"


def range_words(limits: Range, digits: int) -> str:
    """Return two limits."""
    ends = ["infinite" if math.isinf(x) else f"{x:.{digits}f}" for x in (limits.low, limits.high)]
    return f"{ends[0]} to {ends[1]}"


def percent_range(limits: Range) -> str:
    """Return two limits in percent."""
    return f"{100 * limits.low:.0f} to {100 * limits.high:.0f} %"


def capital(text: str) -> str:
    """Return a text with a capital letter first."""
    return text[:1].upper() + text[1:]
