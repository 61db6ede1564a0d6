"""The figures of a design: curves against size, dots of replicates, the trap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from funis.report.content import Interval
from funis.report.numerals import count, decimal, percent
from funis.report.scales import Array, Scale, linear_ticks, tick_digits
from funis.report.svg import element, picture, polyline, words

if TYPE_CHECKING:
    from funis.report.design import (
        BinsView,
        DesignReport,
        DotView,
        SizeView,
        StripView,
        TrapView,
    )

WIDE, NARROW = 780.0, 370.0
GAP = 14.0
"""Least distance between two labels at the ends of curves."""


@dataclass(frozen=True, slots=True)
class Curve:
    """How often something happens, against size."""

    name: str
    style: str
    shares: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A chart: its axes and its size."""

    id: str
    across: Scale
    upward: Scale
    size: tuple[float, float]


def form_words(name: str) -> str:
    """Return the id of a form of the model as words."""
    return name.replace("_", " ")


def curves(report: DesignReport) -> tuple[str, str]:
    """Return assurance and power against size, wide and narrow; nothing of a single size."""
    shown = _curves_of(report)
    if len(report.sizes) < 2 or not shown:
        return "", ""
    title = "Assurance and power against the number of patients"
    return _both(lambda width: _against_size(report, shown, width, 330.0, 1.0, title, None))


def errors(report: DesignReport) -> tuple[str, str]:
    """Return the type I error against size, wide and narrow; nothing of a single size."""
    if len(report.sizes) < 2:
        return "", ""
    line = Curve("Type I error", "a2", tuple(size.type1 for size in report.sizes))
    allowed = report.nominal * len(report.sizes[0].arms)
    top = max(0.05, 1.25 * allowed, *(1.1 * (one.high or 0.0) for one in line.shares))
    title = "Type I error against the number of patients"
    several = len(report.sizes[0].arms) > 1
    name = f"nominal, all arms: {percent(allowed)}" if several else f"nominal: {percent(allowed)}"
    return _both(
        lambda width: _against_size(report, [line], width, 180.0, top, title, (name, allowed))
    )


def _curves_of(report: DesignReport) -> list[Curve]:
    found = []
    if all(size.power is not None for size in report.sizes):
        found.append(Curve("Power*", "a0 dashed", _all(report, lambda size: size.power)))
    for place, name in enumerate(report.largest.forms):
        style = f"a{(3, 4, 5, 6, 7)[place % 5]} thin"
        found.append(Curve(form_words(name), style, _all(report, lambda s, n=name: s.forms[n])))  # type: ignore[misc]
    if all(size.assurance is not None for size in report.sizes):
        found.append(Curve("Assurance", "a1 main", _all(report, lambda size: size.assurance)))
    return found


def _all(report: DesignReport, of: Callable[[SizeView], Interval | None]) -> tuple[Interval, ...]:
    return tuple(one for one in (of(size) for size in report.sizes) if one is not None)


def _both(draw: Callable[[float], str]) -> tuple[str, str]:
    return draw(WIDE), draw(NARROW)


def _against_size(
    report: DesignReport, shown: Sequence[Curve], width: float, height: float, top: float,
    title: str, line: tuple[str, float] | None,
) -> str:  # fmt: skip
    n = np.array([size.n for size in report.sizes], dtype=np.float64)
    across = Scale(float(n.min()), float(n.max()), 44.0, width - 118.0)
    frame = Frame(
        f"{'error' if line else 'curves'}-{width:.0f}", across, Scale(0.0, top, height - 38.0, 8.0),
        (width, height),
    )  # fmt: skip
    said = "; ".join(f"{one.name} {percent(one.shares[-1].estimate, 0)}" for one in shown)
    parts = [_grid(frame, _percent_ticks(top)), _sizes(frame, n)]
    if line is not None:
        parts.append(_nominal(frame, *line))
    parts += [_band(frame, n, one) for one in shown]
    parts += [_line(frame, n, one) for one in shown]
    parts.append(_end_labels(frame, shown))
    return picture(frame.id, frame.size, title, f"At {n.max():.0f} patients: {said}.", *parts)


def _percent_ticks(top: float) -> list[tuple[float, str]]:
    ticks = linear_ticks(0.0, 100.0 * top, 5)
    return [(tick / 100.0, decimal(tick, tick_digits(ticks)) + "%") for tick in ticks]


def _grid(frame: Frame, ticks: Sequence[tuple[float, str]]) -> str:
    left, right = frame.across.start, frame.across.stop
    parts = []
    for value, text in ticks:
        y = frame.upward.at(value)
        parts.append(element("path", {"class": "grid", "d": f"M{left:.1f},{y:.1f}H{right:.1f}"}))
        parts.append(words(text, left - 6.0, y + 3.5, class_="tick", text_anchor="end"))
    return "".join(parts)


def _sizes(frame: Frame, n: Array) -> str:
    bottom, last = frame.upward.start, -99.0
    parts = []
    for value in n.tolist():
        x = frame.across.at(value)
        parts.append(element("path", {"class": "axis", "d": f"M{x:.1f},{bottom:.1f}v4"}))
        if x - last > 28.0:
            parts.append(
                words(count(int(value)), x, bottom + 16.0, class_="tick", text_anchor="middle")
            )
            last = x
    middle = (frame.across.start + frame.across.stop) / 2
    name = words("patients in all arms", middle, bottom + 31.0, class_="tick", text_anchor="middle")
    return "".join([*parts, name])


def _nominal(frame: Frame, name: str, value: float) -> str:
    y, left, right = frame.upward.at(value), frame.across.start, frame.across.stop
    line = element("path", {"class": "reference", "d": f"M{left:.1f},{y:.1f}H{right:.1f}"})
    return line + words(name, left + 4.0, y - 4.0, class_="note")


def _band(frame: Frame, n: Array, curve: Curve) -> str:
    x = frame.across.place(n)
    low, high = (
        frame.upward.place(np.array([getattr(one, end) for one in curve.shares], dtype=np.float64))
        for end in ("low", "high")
    )
    path = f"{polyline(x, high)}L{polyline(x[::-1], low[::-1])[1:]}Z"
    return element("path", {"class": f"band design {curve.style}", "d": path})


def _line(frame: Frame, n: Array, curve: Curve) -> str:
    x = frame.across.place(n)
    y = frame.upward.place(np.array([one.estimate for one in curve.shares], dtype=np.float64))
    points = [
        element("circle", {"class": f"point {curve.style}", "cx": a, "cy": b, "r": 2.6})
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    path = element("path", {"class": f"curve design {curve.style}", "d": polyline(x, y)})
    return path + "".join(points)


def _end_labels(frame: Frame, shown: Sequence[Curve]) -> str:
    """Write each curve's name at its end, moved apart where they would lie on each other."""
    at = [frame.upward.at(one.shares[-1].estimate or 0.0) for one in shown]
    order = sorted(range(len(shown)), key=lambda place: at[place])
    room, moved = -np.inf, dict[int, float]()
    for place in order:
        moved[place] = max(at[place], room + GAP)
        room = moved[place]
    over = max(room - frame.upward.start, 0.0)
    x = frame.across.stop + 8.0
    return "".join(
        words(one.name, x, moved[place] - over + 4.0, class_=f"end {one.style}")
        for place, one in enumerate(shown)
    )


def in_order(strip: StripView) -> list[DotView]:
    """Return the dots by what they report."""
    return sorted(strip.dots, key=lambda dot: _known(dot.interval.estimate))


def dots(report: DesignReport, strip: StripView, place: int) -> tuple[str, str]:
    """Return the replicates of an arm side by side, sorted, wide and narrow."""
    return _both(lambda width: _dots(report, strip, place, width))


def _dots(report: DesignReport, strip: StripView, place: int, width: float) -> str:
    order, height = in_order(strip), 280.0
    low, high = _range(report)
    frame = Frame(
        f"dots-{place}-{width:.0f}", Scale(0.0, len(order) - 1.0 or 1.0, 52.0, width - 12.0),
        Scale(low, high, height - 24.0, 10.0, log=report.ratio), (width, height),
    )  # fmt: skip
    parts = [_grid(frame, _value_ticks(report, low, high)), _limit(report, frame)]
    parts += [_dot(report, frame, rank, dot) for rank, dot in enumerate(order)]
    name = f"{count(len(order))} trials of {count(report.largest.n)} patients, sorted"
    parts.append(words(name, frame.across.start, height - 6.0, class_="tick"))
    won = sum(dot.success for dot in order)
    said = f"{won} of {len(order)} trials meet the success rule in this arm."
    return picture(frame.id, frame.size, f"Single trials: {strip.arm}", said, *parts)


def _range(report: DesignReport) -> tuple[float, float]:
    """Return a range that holds the intervals of all arms."""
    shown = [dot.interval for strip in report.strips for dot in strip.dots]
    ends = [_known(end) for one in shown for end in (one.low, one.high)]
    ends += [report.null, report.limit]
    known = [end for end in ends if np.isfinite(end) and (end > 0 or not report.ratio)]
    if report.ratio:
        return max(min(known) / 1.1, 0.05), min(max(known) * 1.1, 20.0)
    room = 0.03 * (max(known) - min(known)) or 0.1
    return min(known) - room, max(known) + room


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


def _value_ticks(report: DesignReport, low: float, high: float) -> list[tuple[float, str]]:
    if report.ratio:
        return [(x, f"{x:g}") for x in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if low <= x <= high]
    factor = 100.0 if report.measure == "percentage points" else 1.0
    ticks = linear_ticks(factor * low, factor * high, 6)
    return [(x / factor, decimal(x, tick_digits(ticks), sign=True)) for x in ticks]


def _limit(report: DesignReport, frame: Frame) -> str:
    y, left, right = frame.upward.at(report.limit), frame.across.start, frame.across.stop
    line = element("path", {"class": "zero", "d": f"M{left:.1f},{y:.1f}H{right:.1f}"})
    text = "success: the whole interval {} this line".format("above" if report.greater else "below")
    if report.greater:
        return line + words(text, right, y + 13.0, class_="note", text_anchor="end")
    return line + words(text, left + 4.0, y - 5.0, class_="note")


def _dot(report: DesignReport, frame: Frame, place: int, dot: DotView) -> str:
    x, interval = frame.across.at(float(place)), dot.interval
    y, low, high = (
        frame.upward.at(_known(end)) for end in (interval.estimate, interval.low, interval.high)
    )
    if not np.isfinite([y, low, high]).all():
        return ""
    style = ("won" if dot.success else "lost") + ("" if dot.acting else " idle")
    said = "success" if dot.success else "no success"
    idle = "" if dot.acting else "; in this draw cells do nothing"
    text = f"Replicate {dot.replicate}: {interval_words(report, interval)}; {said}{idle}"
    whisker = element("path", {"class": "whisker", "d": f"M{x:.1f},{low:.1f}V{high:.1f}"})
    mark = element("circle", {"class": "dot", "cx": x, "cy": y, "r": 2.4})
    return element(
        "g",
        {"class": f"trial {style}"},
        element("title", {}, escape(f"{text}\n{dot.command}")),
        whisker,
        mark,
    )


def interval_words(report: DesignReport, one: Interval) -> str:
    """Return what a replicate reports, in the unit of the figure."""
    factor, digits = (100.0, 1) if report.measure == "percentage points" else (1.0, 2)
    values = [factor * _known(end) for end in (one.estimate, one.low, one.high)]
    first, low, high = (decimal(x, digits, sign=not report.ratio) for x in values)
    return f"{first} ({low} to {high})"


def trap(view: TrapView, place: int) -> tuple[str, str]:
    """Return what series show beside what trials of as many patients show."""
    series = _bars(
        f"series-{place}", view.shares, "Share improved in a series without control",
        "improved in a series", band=(0.6, 0.9), span=(0.0, 1.0),
    )  # fmt: skip
    trials = _bars(
        f"trials-{place}", view.differences, "Difference to the control in a trial of as many",
        "difference to the control, points", band=None, span=_span(view.differences),
    )  # fmt: skip
    return series, trials


def _span(bins: BinsView) -> tuple[float, float]:
    filled = [place for place, share in enumerate(bins.shares) if share > 0]
    ends = [abs(bins.edges[place + side]) for place in filled for side in (0, 1)]
    most = max([0.3, *ends])
    return -most, most


def _bars(
    key: str, bins: BinsView, title: str, name: str, *, band: tuple[float, float] | None,
    span: tuple[float, float],
) -> str:  # fmt: skip
    size = (360.0, 190.0)
    top = max(bins.shares, default=1.0) or 1.0
    frame = Frame(key, Scale(*span, 14.0, 346.0), Scale(0.0, top, 150.0, 16.0), size)
    parts = [] if band is None else [_shade(frame, band)]
    for place, share in enumerate(bins.shares):
        left, right = (frame.across.at(edge) for edge in bins.edges[place : place + 2])
        y = frame.upward.at(share)
        if share > 0 and left >= frame.across.start - 1 and right <= frame.across.stop + 1:
            box = {"x": left + 0.6, "y": y, "width": right - left - 1.2, "height": 150.0 - y}
            parts.append(element("rect", {"class": "bar a1" if band else "bar a0", **box}))
    parts += [element("path", {"class": "axis", "d": "M14,150H346"})]
    parts += _bar_axis(frame, signed=band is None)
    parts.append(words(name, 180.0, 184.0, class_="tick", text_anchor="middle"))
    if band is None:
        x = frame.across.at(0.0)
        parts.append(element("path", {"class": "zero", "d": f"M{x:.1f},12V150"}))
    return picture(key, size, title, f"{title}: the distribution.", *parts)


def _shade(frame: Frame, band: tuple[float, float]) -> str:
    left, right = (frame.across.at(end) for end in band)
    box = {"x": left, "y": 12.0, "width": right - left, "height": 138.0}
    name = words("60\u201390%", (left + right) / 2, 10.0, class_="note", text_anchor="middle")
    return element("rect", {"class": "advertised", **box}) + name


def _bar_axis(frame: Frame, *, signed: bool) -> list[str]:
    low, high = frame.across.ends
    ticks = linear_ticks(100 * low, 100 * high, 6)
    return [
        words(
            decimal(tick, 0, sign=signed) + ("" if signed else "%"), frame.across.at(tick / 100),
            166.0, class_="tick", text_anchor="middle",
        )
        for tick in ticks
    ]  # fmt: skip
