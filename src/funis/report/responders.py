"""Responders: bars at the primary week, and curves with the control's in every panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funis.report.charts import Curve, Panel, curve_panel
from funis.report.content import Interval, ResponderCurve, TrialReport
from funis.report.courses import (
    Figure,
    FigureGroup,
    NumbersTable,
    chosen_weeks,
    grade_text,
    panel_id,
    span,
    week_columns,
)
from funis.report.numerals import percent, week
from funis.report.results import interval_text
from funis.report.strips import Axis, Mark, axis_strip, bar_strip
from funis.report.styles import ArmStyle, arm_styles

_NO_STYLE = ArmStyle("a0", "ring")


@dataclass(frozen=True, slots=True)
class BarRow:
    """One arm: a text and a bar for each response rule."""

    label: str
    style: ArmStyle
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ResponderBars:
    """All response rules at one week, arm by arm."""

    week: float
    names: tuple[str, ...]
    rows: tuple[BarRow, ...]
    axes: tuple[str, ...]


def responder_bars(report: TrialReport) -> ResponderBars:
    """Return the responders at the primary week, or at the last where there is none."""
    curves = {(item.arm, item.endpoint): item for item in report.responder_curves}
    names = tuple(dict.fromkeys(endpoint for _, endpoint in curves))
    arms = [arm for arm in report.arms if any((arm.id, name) in curves for name in names)]
    last = span(item.weeks for item in report.responder_curves)[1]
    primary = [view.week for view in report.endpoints if view.role == "primary"]
    moment = min([last, *primary])
    axes = {name: _bar_axis(report, name, moment) for name in names}
    rows = []
    for arm in arms:
        found = {name: curves.get((arm.id, name)) for name in names}
        cells = tuple(_bar(report, item, axes[name], moment) for name, item in found.items())
        rows.append(BarRow(arm.label, arm_styles(report)[arm.id], cells))
    strips = tuple(axis_strip(axis, 4) for axis in axes.values())
    return ResponderBars(moment, names, tuple(rows), strips)


def responder_groups(report: TrialReport) -> tuple[FigureGroup, ...]:
    """Return, for each response rule, the curve of every arm with the control's in it."""
    names = dict.fromkeys(curve.endpoint for curve in report.responder_curves)
    return tuple(_group(report, name) for name in names)


def shown_curves(report: TrialReport, name: str) -> list[ResponderCurve]:
    """Return the curves of a rule that have a panel of their own: the control is in each."""
    curves = [item for item in report.responder_curves if item.endpoint == name]
    return [item for item in curves if item.arm != report.reference] or curves


def _bar(
    report: TrialReport, item: ResponderCurve | None, axis: Axis, moment: float
) -> tuple[str, str]:
    if item is None:
        return "not estimated", ""
    interval = _at(item, moment)
    text = interval_text(interval, as_percent=True)
    style = arm_styles(report).get(item.arm, _NO_STYLE)
    return text, bar_strip(Mark(interval, "bar", style.colour), axis, text)


def _bar_axis(report: TrialReport, name: str, moment: float) -> Axis:
    curves = [item for item in report.responder_curves if item.endpoint == name]
    highs = [_at(item, moment).high or 0.0 for item in curves]
    control = next((item for item in curves if item.arm == report.reference), None)
    line = None if control is None else _at(control, moment).estimate
    return Axis(0.0, min(1.0, 1.05 * max([*highs, 0.05])), line, factor=100.0, suffix="%")


def _at(item: ResponderCurve, moment: float) -> Interval:
    """Return the estimate at the visit next to a week: nothing is interpolated."""
    visit = int(np.argmin(np.abs(item.weeks - moment)))
    return Interval(float(item.estimate[visit]), float(item.low[visit]), float(item.high[visit]))


def _group(report: TrialReport, name: str) -> FigureGroup:
    curves = [item for item in report.responder_curves if item.endpoint == name]
    control = next((item for item in curves if item.arm == report.reference), None)
    top = max(float(np.nanmax(item.high, initial=0.05)) for item in curves)
    weeks = span(item.weeks for item in curves)
    shown = shown_curves(report, name)
    ranges = (weeks, (0.0, min(1.0, 1.06 * top)))
    figures = tuple(_figure(report, item, control, ranges) for item in shown)
    return FigureGroup(name, name, "share", figures, _numbers(report, name, curves))


def _figure(
    report: TrialReport,
    item: ResponderCurve,
    control: ResponderCurve | None,
    ranges: tuple[tuple[float, float], tuple[float, float]],
) -> Figure:
    label = report.label(item.arm)
    arm = report.arm(item.arm)
    last = float(item.weeks[-1])
    summary = interval_text(_at(item, last), as_percent=True)
    panel = Panel(
        id=panel_id(f"responders-{item.endpoint}-{item.arm}"),
        title=f"{item.endpoint} responders, {label}",
        description=f"{label}: {summary} at week {week(last)}. {grade_text(report)}",
        weeks=ranges[0],
        values=ranges[1],
        percent=True,
        marks=() if arm is None else arm.dose_weeks,
        spans=() if arm is None else arm.drug_weeks,
    )
    curves = [Curve(label, "arm", item.estimate, inner=(item.low, item.high))]
    if control is not None and control is not item:
        parts = (control.estimate, control.low, control.high)
        estimate, low, high = (np.interp(item.weeks, control.weeks, part) for part in parts)
        curves.insert(0, Curve(report.label(control.arm), "twin", estimate, inner=(low, high)))
    style = arm_styles(report).get(item.arm, _NO_STYLE)
    return Figure(label, style.colour, curve_panel(item.weeks, curves, panel), id=panel.id)


def _numbers(report: TrialReport, name: str, curves: Sequence[ResponderCurve]) -> NumbersTable:
    weeks = chosen_weeks(curves[0].weeks, 6)
    rows = []
    for item in curves:
        cells = (interval_text(_at(item, moment), as_percent=True) for moment in weeks)
        rows.append((report.label(item.arm), *cells))
    caption = f"{name} responders: share with {percent(report.interval_level, 0)} interval"
    return NumbersTable(caption, week_columns("Arm", weeks), tuple(rows))
