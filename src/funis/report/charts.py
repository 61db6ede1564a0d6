"""Panels of curves and of shares: pure functions from numbers to SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.report.numerals import decimal, percent, power_of_ten, week
from funis.report.scales import Array, Scale, linear_ticks, log_ticks, slim, tick_digits, week_ticks
from funis.report.svg import element, picture, polyline, words

Pair = tuple[Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A named line with up to two bands around it; `style` is its class in the style sheet."""

    name: str
    style: str
    y: Array
    inner: Pair | None = None
    outer: Pair | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """A named part of a whole over time."""

    name: str
    style: str
    y: Array


@dataclass(frozen=True, slots=True)
class Panel:
    """The frame of a small chart.

    `marks` are weeks of single doses, `spans` weeks of lasting drugs and `references` named
    horizontal lines.
    """

    id: str
    title: str
    description: str
    weeks: tuple[float, float]
    values: tuple[float, float]
    unit: str = ""
    percent: bool = False
    log: bool = False
    marks: tuple[float, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    references: tuple[tuple[str, float], ...] = ()
    size: tuple[float, float] = (360.0, 220.0)
    below: float = 24.0

    @property
    def across(self) -> Scale:
        """The scale of weeks."""
        return Scale(*self.weeks, start=46.0, stop=self.size[0] - 10.0)

    @property
    def upward(self) -> Scale:
        """The scale of values."""
        bottom = self.size[1] - self.below
        return Scale(*self.values, start=bottom, stop=8.0, log=self.log)


def curve_panel(weeks: Array, curves: Sequence[Curve], panel: Panel) -> str:
    """Return a chart of curves over weeks, the first curve at the back."""
    bands = [_bands(weeks, curve, panel) for curve in curves]
    lines = [_line(weeks, curve, panel) for curve in curves]
    return picture(
        panel.id, panel.size, panel.title, panel.description,
        _grid(panel), *bands, _references(panel), *lines, _doses(panel),
        data=_read_out(panel),
    )  # fmt: skip


def shares_panel(weeks: Array, shares: Sequence[Share], panel: Panel) -> str:
    """Return a stacked area of shares that fills 0..1, the first share at the bottom."""
    across, upward = panel.across, panel.upward
    total = np.sum(np.stack([share.y for share in shares]), axis=0)
    total = np.where(total > 0.0, total, 1.0)
    floor = np.zeros_like(weeks)
    areas: list[str] = []
    labels: list[str] = []
    for share in shares:
        top = floor + share.y / total
        low, high = upward.place(floor), upward.place(top)
        areas.append(_area(across.place(weeks), low, high, f"share {share.style}", share.name))
        labels.append(_share_label(share.name, weeks, floor, top, panel))
        floor = top
    return picture(
        panel.id, panel.size, panel.title, panel.description,
        *areas, _axes(panel, named=False), *labels, data={**_read_out(panel), "stacked": True},
    )  # fmt: skip


def _bands(weeks: Array, curve: Curve, panel: Panel) -> str:
    parts = []
    for pair, kind, name in ((curve.outer, "outer", "10–90%"), (curve.inner, "inner", "25–75%")):
        if pair is not None:
            low, high = panel.upward.place(pair[0]), panel.upward.place(pair[1])
            style = f"band {kind} {curve.style}"
            parts.append(_area(panel.across.place(weeks), low, high, style, f"{curve.name}|{name}"))
    return "".join(parts)


def _area(x: Array, low: Array, high: Array, style: str, name: str) -> str:
    finite = np.isfinite(low) & np.isfinite(high)
    x, low, high = x[finite], low[finite], high[finite]
    if not x.size:
        return ""
    above, below = slim(x, high), slim(x, low)
    back = polyline(x[below][::-1], low[below][::-1])
    path = f"{polyline(x[above], high[above])}L{back[1:]}Z"
    attributes = {"class": style, "d": path, "data-n": name, "data-k": str(int(above.sum()))}
    return element("path", attributes)


def _line(weeks: Array, curve: Curve, panel: Panel) -> str:
    x, y = panel.across.place(weeks), panel.upward.place(curve.y)
    path = "".join(_run(x[run], y[run]) for run in _finite_runs(y))
    if not path:
        return ""
    return element("path", {"class": f"curve {curve.style}", "d": path, "data-n": curve.name})


def _run(x: Array, y: Array) -> str:
    kept = slim(x, y)
    return polyline(x[kept], y[kept])


def _finite_runs(y: Array) -> list[NDArray[np.intp]]:
    """Return the places of the values without a gap between them, run by run."""
    places = np.flatnonzero(np.isfinite(y))
    if not places.size:
        return []
    return list(np.split(places, np.flatnonzero(np.diff(places) > 1) + 1))


def _grid(panel: Panel) -> str:
    left, right = panel.across.start - 6.0, panel.across.stop
    parts = [_axes(panel)]
    for value in _value_ticks(panel):
        y = panel.upward.at(value)
        parts.append(element("path", {"class": "grid", "d": _horizontal(left, right, y)}))
        text = tick_text(value, panel)
        parts.append(words(text, left - 5.0, y + 3.5, class_="tick", text_anchor="end"))
    return "".join(parts)


def _axes(panel: Panel, *, named: bool = True) -> str:
    left, right, bottom = panel.across.start - 6.0, panel.across.stop, panel.upward.start
    parts = [element("path", {"class": "axis", "d": _horizontal(left, right, bottom)})]
    ticks = week_ticks(*panel.weeks, 6)
    for index, tick in enumerate(ticks):
        x = panel.across.at(tick)
        parts.append(element("path", {"class": "axis", "d": f"M{x:.1f},{bottom:.1f}v4"}))
        name = week(tick) if index else f"week {week(tick)}"
        place = {"text_anchor": "middle"} if index else {"text_anchor": "start"}
        if named:
            start = x if index else x - 4.0
            parts.append(words(name, start, bottom + 17.0, class_="tick", **place))
    return "".join(parts)


def _horizontal(left: float, right: float, y: float) -> str:
    return f"M{left:.1f},{y:.1f}H{right:.1f}"


def _value_ticks(panel: Panel) -> tuple[float, ...]:
    low, high = panel.values
    return log_ticks(low, high) if panel.log else linear_ticks(low, high)


def tick_text(value: float, panel: Panel) -> str:
    """Return the text of a tick on the axis of values."""
    if panel.percent:
        return percent(value, 0)
    if panel.log:
        return power_of_ten(value)
    return decimal(value, tick_digits(_value_ticks(panel)))


def _references(panel: Panel) -> str:
    parts = []
    low, high = panel.values
    for name, value in panel.references:
        if low < value < high:
            y, right = panel.upward.at(value), panel.across.stop
            path = _horizontal(panel.across.start, right, y)
            parts.append(element("path", {"class": "reference", "d": path}))
            parts.append(words(name, right, y - 3.0, class_="note", text_anchor="end"))
    return "".join(parts)


def _doses(panel: Panel) -> str:
    bottom = panel.upward.start
    low, high = panel.weeks
    parts = []
    for start, stop in panel.spans:
        x, end = panel.across.at(max(start, low)), panel.across.at(min(stop, high))
        size = {"x": x, "y": bottom - 4.0, "width": max(end - x, 1.0), "height": 4.0}
        parts.append(element("rect", {"class": "drug", **size}))
    for mark in panel.marks:
        if low <= mark <= high:
            path = f"M{panel.across.at(mark):.1f},{bottom - 7.0:.1f}l4,7h-8z"
            parts.append(element("path", {"class": "dose", "d": path}))
    return "".join(parts)


def _share_label(name: str, weeks: Array, floor: Array, top: Array, panel: Panel) -> str:
    """Write a share's name where its area is thickest, if it fits there."""
    inside = (weeks > weeks[0] + 0.1 * np.ptp(weeks)) & (weeks < weeks[-1] - 0.15 * np.ptp(weeks))
    thickness = np.where(inside, top - floor, -1.0)
    widest = int(np.argmax(thickness))
    tall = abs(panel.upward.stop - panel.upward.start)
    if thickness[widest] * tall < 13.0:
        return ""
    x = panel.across.at(float(weeks[widest]))
    y = panel.upward.at(float(floor[widest] + top[widest]) / 2.0) + 3.5
    return words(name, x, y, class_="sharename", text_anchor="middle")


def _read_out(panel: Panel) -> dict[str, object]:
    across, upward = panel.across, panel.upward
    return {
        "x": [*panel.weeks, round(across.start, 1), round(across.stop, 1)],
        "y": [*(round(value, 6) for value in panel.values), upward.start, upward.stop],
        "log": panel.log,
        "percent": panel.percent,
        "unit": panel.unit,
    }
