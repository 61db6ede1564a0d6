"""A series without a control, taken apart: what a reader sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from funis.report.content import Interval
from funis.report.numerals import count, decimal, percent, points
from funis.report.strips import Axis, Mark, axis_around, axis_strip, interval_strip

WORDS: Mapping[str, tuple[str, str]] = {
    "not_seen": (
        "Those not seen in the end",
        "reported are those who came; this is what leaving the others out adds",
    ),
    "cells": ("The cells", "potency set to 0"),
    "knowledge": (
        "Knowing that it is the treatment",
        "open label, beyond what placebo patients expect",
    ),
    "drugs": (
        "Drugs given on the way",
        "by the arm or as rescue; what was taken steadily before stays",
    ),
    "expectation": ("Expectation", "as much as placebo patients have"),
    "inflation": ("Scores raised at entry", "assessors who want a patient to qualify"),
    "measurement": (
        "Luck of measuring at entry",
        "who measures badly by chance gets in; the next measurement is ordinary",
    ),
    "regression": (
        "Entry at a bad time",
        "true disease at baseline above the patient's own mean in the weeks before screening",
    ),
    "season": (
        "The weeks before were bad too",
        "their mean above the patient's mean in a year that nobody chose him by",
    ),
    "rest": (
        "What is left",
        "the end beside that usual level: the disease's own course, and chance",
    ),
}
"""Layer -> what it is called, and what taking it away means."""


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """What one layer adds to the mean change and to the share of the improved.

    Attributes
    ----------
    change, share : in the patients of the series.
    usual_change, usual_share : in many patients of the same kind, with the interval of that mean.
    """

    layer: str
    change: float
    share: float
    usual_change: Interval
    usual_share: Interval


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series without a control, taken apart.

    Attributes
    ----------
    n, seen : patients, and those whose score was seen at baseline and in the end.
    many : patients of the same kind who stand behind what is usual.
    least : change that counts as improved.
    better, usually_better : share of those seen who are better at all; of many such patients.
    reported : with everything, of those seen: ``layer`` is "reported".
    placebo : the same patients, given placebo and masked: ``layer`` is "placebo".
    parts : in the order in which layers are taken away; they add up to ``reported``.
    """

    arm: str
    label: str
    n: int
    seen: int
    many: int
    score: str
    name: str
    unit: str
    week: float
    least: float
    lower: bool
    better: float
    usually_better: Interval
    reported: SeriesPart
    placebo: SeriesPart
    parts: tuple[SeriesPart, ...]

    @property
    def cells(self) -> SeriesPart:
        """The part of the cells."""
        return next(part for part in self.parts if part.layer == "cells")


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One row of the table of a series."""

    words: str
    note: str
    change: str
    strip: str
    share: str
    usual_change: str
    usual_share: str
    total: bool = False


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """The section of one series."""

    view: SeriesView
    first: str
    lead: str
    rows: tuple[SeriesRow, ...]
    axis: str


def series_tables(views: tuple[SeriesView, ...]) -> tuple[SeriesTable, ...]:
    """Return the tables of all series."""
    return tuple(_table(view) for view in views)


def _table(view: SeriesView) -> SeriesTable:
    axis = _axis(view)
    rows = [_row(part, WORDS[part.layer], axis) for part in view.parts]
    total = ("As reported", f"of the {count(view.seen)} of {count(view.n)} who were seen")
    beside = ("On placebo, masked", "the same patients and days, without cells")
    rows.append(_row(view.reported, total, axis, total=True))
    rows.append(_row(view.placebo, beside, axis, total=True))
    return SeriesTable(view, first_line(view), _lead(view), tuple(rows), axis_strip(axis))


def first_line(view: SeriesView) -> str:
    """Return what the cells have to do with it."""
    part = view.cells
    if part.change == 0.0 and part.usual_change.estimate == 0.0:
        return (
            "The cells' part of this improvement is exactly 0: they do nothing in this trial, and "
            "the series improves all the same."
        )
    of = f"{_signed(part.change)} of {_signed(view.reported.change)}{_unit(view)}"
    return f"The cells' part of the mean change is {of}; the rest would be there without them."


def _lead(view: SeriesView) -> str:
    way = "lower" if view.lower else "higher"
    way = way if _better(view, view.reported.change) else _other(way)
    size = f"{decimal(abs(view.reported.change), 2)}{_unit(view)}"
    return (
        f"{view.name} at week {view.week:g} is {size} {way} than at baseline on average, and "
        f"{percent(view.better, 0)} of the patients are better at all, "
        f"{percent(view.reported.share, 0)} by {view.least:g} or more (usually, of such patients: "
        f"{percent(view.usually_better.estimate, 0)} and "
        f"{percent(view.reported.usual_share.estimate, 0)}). "
        "Below, the same virtual patients with one layer less at a time, in this order, so that "
        "the parts add up. Layers act together: in another order the same total would be shared "
        "out a little differently."
    )


def _better(view: SeriesView, change: float) -> bool:
    return change < 0 if view.lower else change > 0


def _other(way: str) -> str:
    return "higher" if way == "lower" else "lower"


def _unit(view: SeriesView) -> str:
    return f" {view.unit}" if view.unit else ""


def _axis(view: SeriesView) -> Axis:
    shown = [*view.parts, view.reported, view.placebo]
    ends = [Interval(part.change, None, None) for part in shown]
    axis = axis_around([*ends, *(part.usual_change for part in shown)], zero=0.0)
    return Axis(axis.low, axis.high, 0.0, signed=True)


def _row(part: SeriesPart, words: tuple[str, str], axis: Axis, *, total: bool = False) -> SeriesRow:
    change = Interval(part.change, None, None)
    text = f"{words[0]}: these {_signed(part.change)}, usually {_usual(part.usual_change)}"
    marks = (Mark(change, "circle", "a1"), Mark(part.usual_change, "ring", "a0"))
    exact = part.change == 0.0
    return SeriesRow(
        words[0], words[1], "0" if exact else _signed(part.change),
        interval_strip(marks, axis, text),
        _share(part.share, total=total), _usual(part.usual_change),
        _usual_share(part.usual_share, total=total), total,
    )  # fmt: skip


def _signed(value: float) -> str:
    return decimal(value, 2, sign=True)


def _share(value: float, *, total: bool) -> str:
    return percent(value, 0) if total else f"{points(value, 0)}"


def _usual(one: Interval) -> str:
    if one.estimate == 0.0 and one.low == one.high:
        return "0"
    return f"{_signed(one.estimate or 0.0)} ({decimal(one.low, 2)} to {decimal(one.high, 2)})"


def _usual_share(one: Interval, *, total: bool) -> str:
    if one.estimate is None or one.low is None or one.high is None:
        return ""
    if one.estimate == 0.0 and one.low == one.high:
        return "0"
    text = _share(one.estimate, total=total)
    ends = (decimal(100 * end, 0) for end in (one.low, one.high))
    return f"{text} ({' to '.join(ends)})"
