"""One-line pictures for the rows of a table: dots with intervals, bars, calendars.

Their width is that of the table's cell: places are percentages, so nothing is distorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from funis.report.content import Interval
from funis.report.numerals import decimal, week
from funis.report.scales import Scale, linear_ticks, tick_digits, week_ticks
from funis.report.svg import Attribute, element

Box = dict[str, Attribute]
Shape = Literal["circle", "square", "diamond", "triangle", "cross", "ring", "bar"]

OUTLINES: dict[str, str] = {
    "square": "M-4.5,-4.5h9v9h-9z",
    "diamond": "M0,-6l6,6l-6,6l-6,-6z",
    "triangle": "M0,-5.5l5.5,10h-11z",
    "cross": "M-5,-1.7h3.3v-3.3h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3z",
}
SHAPES: tuple[Shape, ...] = ("circle", "square", "diamond", "triangle", "cross", "ring")


@dataclass(frozen=True, slots=True)
class Mark:
    """An interval on a strip; `style` is its class in the style sheet."""

    interval: Interval
    shape: Shape = "circle"
    style: str = "arm"


@dataclass(frozen=True, slots=True)
class Axis:
    """The values that a strip spans, with a line at `zero` and ticks in words' digits."""

    low: float
    high: float
    zero: float | None = None
    factor: float = 1.0
    signed: bool = False
    suffix: str = ""

    @property
    def scale(self) -> Scale:
        """Places in percent of the width, with room for the ends' labels."""
        return Scale(self.low, self.high, start=4.0, stop=96.0)


def axis_around(intervals: Sequence[Interval], *, zero: float | None = None) -> Axis:
    """Return an axis that holds all the intervals, and the zero where one is given."""
    values = [] if zero is None else [zero]
    for interval in intervals:
        parts = (interval.estimate, interval.low, interval.high)
        values += [part for part in parts if part is not None and part == part]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = 0.04 * (high - low) or 0.5
    return Axis(low if low == zero else low - room, high if high == zero else high + room, zero)


def interval_strip(marks: Sequence[Mark], axis: Axis, description: str) -> str:
    """Return dots with their intervals, one lane a mark, over a line at zero."""
    lane = 22.0 if len(marks) < 2 else 20.0
    height = lane * max(len(marks), 1)
    parts = [_zero(axis, height)]
    parts += [_mark(mark, axis, lane * (index + 0.5)) for index, mark in enumerate(marks)]
    return _strip(height, description, parts)


def bar_strip(mark: Mark, axis: Axis, description: str) -> str:
    """Return a bar from zero to the estimate with its interval, over a line at `axis.zero`."""
    place = axis.scale.at
    estimate = mark.interval.estimate
    parts = []
    if estimate is not None and estimate == estimate:
        left, right = sorted((place(0.0), place(estimate)))
        box: Box = {"x": _share(left), "y": 4.0, "width": _share(right - left), "height": 14.0}
        parts.append(element("rect", {"class": f"bar {mark.style}", **box}))
    parts += [_zero(axis, 22.0), _whisker(mark.interval, axis, 11.0, "ink")]
    return _strip(22.0, description, parts)


def axis_strip(axis: Axis, wanted: int = 5) -> str:
    """Return the axis below a column of strips."""
    parts = []
    ticks = linear_ticks(axis.low * axis.factor, axis.high * axis.factor, wanted)
    for value in ticks:
        where = _share(axis.scale.at(value / axis.factor))
        line: Box = {"class": "axis", "x1": where, "x2": where, "y1": 0, "y2": 4}
        text = decimal(value, tick_digits(ticks), sign=axis.signed) + axis.suffix
        name: Box = {"class": "tick", "x": where, "y": 16, "text-anchor": "middle"}
        parts += [element("line", line), element("text", name, escape(text))]
    return _strip(20.0, "", parts)


def calendar_strip(
    marks: Sequence[float],
    spans: Sequence[tuple[float, float]],
    weeks: tuple[float, float],
    description: str,
) -> str:
    """Return the administrations of an arm along its weeks."""
    scale = Scale(*weeks, start=2.0, stop=98.0)
    ends: Box = {"x1": "2%", "x2": "98%", "y1": 11, "y2": 11}
    parts = [element("line", {"class": "axis", **ends})]
    for start, stop in spans:
        left, right = scale.at(max(start, weeks[0])), scale.at(min(stop, weeks[1]))
        box: Box = {"x": _share(left), "y": 8, "width": _share(right - left), "height": 6}
        parts.append(element("rect", {"class": "drug", **box}))
    for mark in marks:
        if weeks[0] <= mark <= weeks[1]:
            parts.append(_outline("triangle", "dose", scale.at(mark), 10.0))
    return _strip(22.0, description, parts)


def calendar_axis(weeks: tuple[float, float]) -> str:
    """Return the axis of weeks below a column of calendars."""
    scale = Scale(*weeks, start=2.0, stop=98.0)
    parts = []
    for tick in week_ticks(*weeks, 7):
        name: Box = {"class": "tick", "x": _share(scale.at(tick)), "y": 12, "text-anchor": "middle"}
        parts.append(element("text", name, week(tick)))
    return _strip(16.0, "", parts)


def legend_mark(shape: Shape, style: str) -> str:
    """Return a single mark for a legend."""
    return _strip(14.0, "", [_outline(shape, style, 50.0, 7.0)], kind="strip key")


def _mark(mark: Mark, axis: Axis, y: float) -> str:
    interval = mark.interval
    whisker = _whisker(interval, axis, y, mark.style)
    if interval.estimate is None or interval.estimate != interval.estimate:
        return whisker
    return whisker + _outline(mark.shape, mark.style, axis.scale.at(interval.estimate), y)


def _whisker(interval: Interval, axis: Axis, y: float, style: str) -> str:
    if interval.low is None or interval.high is None or interval.low != interval.low:
        return ""
    left, right = _share(axis.scale.at(interval.low)), _share(axis.scale.at(interval.high))
    parts = [_rule(left, right, y, y, style)]
    parts += [_rule(end, end, y - 3.5, y + 3.5, style) for end in (left, right)]
    return "".join(parts)


def _rule(left: str, right: str, top: float, bottom: float, style: str) -> str:
    ends: Box = {"x1": left, "x2": right, "y1": top, "y2": bottom}
    return element("line", {"class": f"whisker {style}", **ends})


def _outline(shape: Shape, style: str, percent: float, y: float) -> str:
    if shape in ("circle", "ring"):
        size: Box = {"cx": _share(percent), "cy": y, "r": 4.8}
        return element("circle", {"class": f"mark {shape} {style}", **size})
    if shape == "bar":
        return _rule(_share(percent), _share(percent), y - 6.0, y + 6.0, style)
    path = element("path", {"class": f"mark {style}", "d": OUTLINES[shape]})
    return element("svg", {"x": _share(percent), "y": y, "overflow": "visible"}, path)


def _zero(axis: Axis, height: float) -> str:
    if axis.zero is None:
        return ""
    where = _share(axis.scale.at(axis.zero))
    ends: Box = {"x1": where, "x2": where, "y1": -99, "y2": height + 99}
    return element("line", {"class": "zero", **ends})


def _share(percent: float) -> str:
    return f"{percent:.2f}%"


def _strip(height: float, description: str, parts: Sequence[str], kind: str = "strip") -> str:
    attributes: Box = {
        "xmlns": "http://www.w3.org/2000/svg", "class": kind, "width": "100%", "height": height,
    }  # fmt: skip
    if not description:
        return element("svg", {**attributes, "aria-hidden": "true"}, *parts)
    label: Box = {"role": "img", "aria-label": description}
    title = element("desc", {}, escape(description))
    return element("svg", {**attributes, **label}, title, *parts)
