"""The axis of a forest plot: what it spans, its ticks, where a value lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from funis.report.content import Interval
from funis.report.numerals import decimal
from funis.report.scales import Scale, linear_ticks, tick_digits

if TYPE_CHECKING:
    from funis.report.forest import ForestPanel

_LOG_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def panel_scale(
    panel: ForestPanel, place: tuple[float, float], beside: Sequence[Interval] = ()
) -> Scale:
    """Return a scale that holds the intervals, cut where one is far wider than the rest.

    Parameters
    ----------
    place
        Where the plot begins and ends.
    beside
        Intervals that stand on the same axis without being pooled.
    """
    intervals = [row.interval for stratum in panel.strata for row in stratum.rows]
    intervals += beside
    for stratum in panel.strata:
        intervals += [one for one in (stratum.pooled, stratum.prediction) if one is not None]
    values = [value for one in intervals for value in _values(one) if _drawable(value, panel)]
    if panel.percent and panel.null is None:
        return Scale(0.0, min(1.0, math.ceil(10 * max(values, default=1.0)) / 10), *place)
    values += [] if panel.null is None else [panel.null]
    centres = [one.estimate for one in intervals if one.estimate is not None]
    low, high = _cut(values, [*centres, *([] if panel.null is None else [panel.null])], panel)
    return Scale(low, high, *place, log=panel.log)


def _cut(values: list[float], centres: list[float], panel: ForestPanel) -> tuple[float, float]:
    if panel.log:
        kept = [min(max(value, 0.01), 100.0) for value in values]
        low, high = min(kept) / 1.15, max(kept) * 1.15
        return low, high
    spread = (max(centres) - min(centres)) or 1.0
    low = max(min(values), min(centres) - 3 * spread)
    high = min(max(values), max(centres) + 3 * spread)
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def _drawable(value: float | None, panel: ForestPanel) -> bool:
    return value is not None and math.isfinite(value) and (value > 0 or not panel.log)


def _values(interval: Interval) -> tuple[float, ...]:
    parts = (interval.estimate, interval.low, interval.high)
    return tuple(part for part in parts if part is not None)


def panel_ticks(panel: ForestPanel, scale: Scale) -> tuple[float, ...]:
    """Return the values at which the axis has ticks."""
    if panel.log:
        inside = tuple(tick for tick in _LOG_TICKS if scale.low <= tick <= scale.high)
        if len(inside) <= 7:
            return inside
        return tuple(tick for tick in inside if f"{tick:g}".strip("0.") == "1")
    return linear_ticks(scale.low, scale.high, 6)


def tick_text(tick: float, panel: ForestPanel, scale: Scale) -> str:
    """Return a tick in words."""
    if panel.log:
        return f"{tick:g}"
    return decimal(tick, tick_digits(panel_ticks(panel, scale)))


def inside(value: float | None, scale: Scale) -> float:
    """Return the place of a value, at the end of the axis where it lies beyond."""
    if value is None or math.isnan(value):
        return scale.at(scale.low)
    return scale.at(min(max(value, scale.low), scale.high))
