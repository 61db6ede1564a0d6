"""Adverse events as the report shows them."""

from __future__ import annotations

from dataclasses import dataclass

from funis.report.content import BelievedLine, Interval, SafetyCell, SafetyRow, TrialReport
from funis.report.courses import NumbersTable
from funis.report.numerals import MISSING, decimal, percent
from funis.report.styles import ArmStyle, arm_styles

GROUPS = (
    ("summary", "Together"),
    ("dose", "After an administration"),
    ("time", "With time, in every arm alike"),
)


@dataclass(frozen=True, slots=True)
class CellText:
    """One arm's part of a row."""

    share: str
    detail: str
    against: str
    serious: str
    told_apart: bool


@dataclass(frozen=True, slots=True)
class RowText:
    """One adverse event."""

    name: str
    cells: tuple[CellText, ...]


@dataclass(frozen=True, slots=True)
class GroupText:
    """Rows under one heading; ``nobody`` names the events that no patient of any arm had."""

    name: str
    rows: tuple[RowText, ...]
    nobody: str


@dataclass(frozen=True, slots=True)
class ArmHead:
    """An arm above its column."""

    label: str
    n: int
    style: ArmStyle


def safety_heads(report: TrialReport) -> tuple[ArmHead, ...]:
    """Return the arms above the columns."""
    if report.safety is None or not report.safety.rows:
        return ()
    styles = arm_styles(report)
    first = {cell.arm: cell.n for cell in report.safety.rows[0].cells}
    return tuple(
        ArmHead(arm.label, first[arm.id], styles[arm.id]) for arm in report.arms if arm.id in first
    )


def safety_groups(report: TrialReport) -> tuple[GroupText, ...]:
    """Return the rows by group; events that nobody had are named in one line."""
    if report.safety is None:
        return ()
    return tuple(_group(report, name, key) for key, name in GROUPS if _rows(report, key))


def safety_believed(report: TrialReport) -> tuple[tuple[str, BelievedLine], ...]:
    """Return what was believed of each event beforehand, a line a route; the first names it."""
    if report.safety is None:
        return ()
    return tuple(
        (row.name if place == 0 else "", line)
        for row in report.safety.rows
        for place, line in enumerate(row.believed)
    )


def safety_numbers(report: TrialReport) -> NumbersTable | None:
    """Return every number of the section as a plain table."""
    if report.safety is None:
        return None
    columns = (
        "Adverse event", "Arm", "Patients", "Risk", "Events", "In 100 patient-years",
        "Risk ratio", "Difference in points", "Serious", "Grade 3 or more", "After dose 1, 2, ...",
    )  # fmt: skip
    rows = tuple(
        _line(report, row, cell) for row in report.safety.rows for cell in row.cells if cell.events
    )
    return NumbersTable("Adverse events by arm, with 95% intervals", columns, rows)


def _rows(report: TrialReport, key: str) -> tuple[SafetyRow, ...]:
    assert report.safety is not None
    return tuple(row for row in report.safety.rows if row.group == key)


def _group(report: TrialReport, name: str, key: str) -> GroupText:
    rows = _rows(report, key)
    seen = tuple(row for row in rows if key == "summary" or any(cell.events for cell in row.cells))
    missed = [row for row in rows if row not in seen]
    n = sum(cell.n for cell in rows[0].cells)
    names = "; ".join(row.name[:1].lower() + row.name[1:] for row in missed)
    limit = f"3 in {n:,}, or {percent(3 / n, 2)}, may" if n else ""
    nobody = f"Nobody of {n:,} had: {names}. Up to {limit}." if missed and n else ""
    shown = tuple(_row(report, row) for row in seen)
    return GroupText(name, shown, nobody)


def _row(report: TrialReport, row: SafetyRow) -> RowText:
    control = next((cell for cell in row.cells if cell.arm == report.reference), None)
    known = control is not None and control.patients > 0
    return RowText(row.name, tuple(_cell(cell, known) for cell in row.cells))


def _cell(cell: SafetyCell, control_known: bool) -> CellText:
    """Return one cell; a ratio with a zero in it stands among the numbers only."""
    if not cell.patients:
        return CellText("0", "", "", "", False)
    low, high = cell.ratio.low, cell.ratio.high
    apart = low is not None and high is not None and (low > 1 or high < 1)
    return CellText(
        share=percent(cell.risk.estimate, 1 if cell.n >= 100 else 0),
        detail=f"{cell.patients:,} of {cell.n:,}; {_ends(cell.risk, 0)}",
        against=_ratio(cell.ratio) if control_known else "",
        serious=f"{cell.serious:,} serious" if cell.serious else "",
        told_apart=apart and control_known,
    )


def _ends(risk: Interval, digits: int = 1) -> str:
    return f"{percent(risk.low, digits).removesuffix('%')} to {percent(risk.high, digits)}"


def _ratio(ratio: Interval) -> str:
    if ratio.estimate is None or decimal(ratio.estimate) == MISSING:
        return ""
    return f"× {decimal(ratio.estimate)} ({decimal(ratio.low)} to {decimal(ratio.high)})"


def _line(report: TrialReport, row: SafetyRow, cell: SafetyCell) -> tuple[str, ...]:
    points = [None if x is None else 100 * x for x in _parts(cell.difference)]
    return (
        row.name, report.label(cell.arm), f"{cell.patients:,} of {cell.n:,}",
        f"{percent(cell.risk.estimate)} ({_ends(cell.risk)})", f"{cell.events:,}",
        _three(_parts(cell.rate), 1), _three(_parts(cell.ratio), 2), _three(points, 1),
        str(cell.serious), str(cell.grade3plus),
        ", ".join(str(number) for number in cell.by_dose) or MISSING,
    )  # fmt: skip


def _parts(interval: Interval) -> list[float | None]:
    return [interval.estimate, interval.low, interval.high]


def _three(parts: list[float | None], digits: int) -> str:
    middle, low, high = (decimal(part, digits) for part in parts)
    return MISSING if middle == MISSING else f"{middle} ({low} to {high})"
