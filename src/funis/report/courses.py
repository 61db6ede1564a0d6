"""Scores over time: one panel an arm, each beside its placebo twins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from funis.report.charts import Curve, Panel, curve_panel
from funis.report.content import Band, ScoreView, Trajectory, TrialReport
from funis.report.numerals import decimal, week
from funis.report.scales import Array, padded_range
from funis.report.statement import SIMULATED
from funis.report.styles import arm_styles


@dataclass(frozen=True, slots=True)
class Figure:
    """One panel with its heading; ``id`` is its name in the page."""

    heading: str
    colour: str
    picture: str
    note: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class NumbersTable:
    """The numbers behind a group of panels."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """Panels on one common scale, as one tab or one block."""

    id: str
    name: str
    unit: str
    figures: tuple[Figure, ...]
    numbers: NumbersTable


def course_groups(report: TrialReport, *, structural: bool = False) -> tuple[FigureGroup, ...]:
    """Return, for each score, the course of every arm beside its placebo twins."""
    views = {view.id: view for view in report.scores}
    names = dict.fromkeys(item.score for item in report.trajectories)
    chosen = [views.get(name, ScoreView(name, name.replace("_", " "))) for name in names]
    return tuple(_course(report, view) for view in chosen if view.structural == structural)


def panel_id(identifier: str) -> str:
    """Return a name of a panel that a page can hold."""
    return "".join(c if c.isalnum() else "-" for c in identifier)


def span(weeks: Iterable[Array]) -> tuple[float, float]:
    """Return the first and last week of all the arrays."""
    arrays = [array for array in weeks if array.size]
    if not arrays:
        return 0.0, 1.0
    low, high = min(float(a.min()) for a in arrays), max(float(a.max()) for a in arrays)
    return low, high if high > low else low + 1.0


def band_values(bands: Iterable[Band]) -> Array:
    """Return all the numbers of some bands in one array."""
    parts = [
        array
        for band in bands
        for array in (band.median, band.q10, band.q25, band.q75, band.q90)
        if array is not None
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def band_curve(name: str, style: str, band: Band) -> Curve:
    """Return the median with its bands as a curve."""
    inner = None if band.q25 is None or band.q75 is None else (band.q25, band.q75)
    outer = None if band.q10 is None or band.q90 is None else (band.q10, band.q90)
    return Curve(name, style, band.median, inner, outer)


def grade_text(report: TrialReport) -> str:
    """Return the banner and the grade of evidence that every picture carries."""
    grade = "" if report.evidence is None else f" Evidence: {report.evidence.grade}."
    return f"{SIMULATED}{grade}"


def _course(report: TrialReport, view: ScoreView) -> FigureGroup:
    courses = [item for item in report.trajectories if item.score == view.id]
    bands = [band for item in courses for band in (item.treated, item.twin)]
    low, high = padded_range(band_values(bands))
    weeks = span(item.weeks for item in courses)
    figures = tuple(_course_figure(report, view, item, (weeks, (low, high))) for item in courses)
    return FigureGroup(
        view.id, view.name, view.unit, figures, _course_numbers(report, view, courses)
    )


def _course_figure(
    report: TrialReport,
    view: ScoreView,
    item: Trajectory,
    ranges: tuple[tuple[float, float], tuple[float, float]],
) -> Figure:
    label = report.label(item.arm)
    arm = report.arm(item.arm)
    panel = Panel(
        id=panel_id(f"course-{view.id}-{item.arm}"),
        title=f"{view.name}, {label}",
        description=f"{_summary(item)} {grade_text(report)}",
        weeks=ranges[0],
        values=ranges[1],
        unit=view.unit,
        marks=() if arm is None else arm.dose_weeks,
        spans=() if arm is None else arm.drug_weeks,
        references=view.thresholds,
    )
    curves = [
        band_curve("placebo twin", "twin", item.twin),
        band_curve("treated", "arm", item.treated),
    ]
    picture = curve_panel(item.weeks, curves, panel)
    return Figure(label, _colour(report, item.arm), picture, id=panel.id)


def _summary(item: Trajectory) -> str:
    first, last = week(float(item.weeks[0])), week(float(item.weeks[-1]))
    parts = [
        f"{name} median {decimal(float(band.median[0]))} at week {first} and "
        f"{decimal(float(band.median[-1]))} at week {last}"
        for name, band in (("Treated", item.treated), ("placebo twin", item.twin))
    ]
    return "; ".join(parts) + "."


def _course_numbers(
    report: TrialReport, view: ScoreView, courses: Sequence[Trajectory]
) -> NumbersTable:
    weeks = chosen_weeks(courses[0].weeks)
    rows = []
    for item in courses:
        for name, band in (("treated", item.treated), ("placebo twin", item.twin)):
            cells = (_cell(band, item.weeks, moment) for moment in weeks)
            rows.append((f"{report.label(item.arm)}, {name}", *cells))
    caption = f"{view.name}: median (25% to 75% of patients)"
    return NumbersTable(caption, week_columns("Arm", weeks), tuple(rows))


def _cell(band: Band, weeks: Array, moment: float) -> str:
    text = decimal(float(np.interp(moment, weeks, band.median)))
    if band.q25 is None or band.q75 is None:
        return text
    low, high = (float(np.interp(moment, weeks, part)) for part in (band.q25, band.q75))
    return f"{text} ({decimal(low)} to {decimal(high)})"


def chosen_weeks(weeks: Array, wanted: int = 5) -> tuple[float, ...]:
    """Return about `wanted` of the weeks, the first and the last among them."""
    places = np.linspace(0, weeks.size - 1, min(wanted, weeks.size)).round().astype(int)
    return tuple(float(weeks[place]) for place in dict.fromkeys(places.tolist()))


def week_columns(first: str, weeks: Sequence[float]) -> tuple[str, ...]:
    """Return the headings of a table by week."""
    return (first, *(f"week {week(moment)}" for moment in weeks))


def _colour(report: TrialReport, arm: str) -> str:
    style = arm_styles(report).get(arm)
    return "a0" if style is None else style.colour
