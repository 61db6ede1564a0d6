"""The run beside what is published: trials, drugs, the placebo population, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from funis.report.content import (
    Interval,
    ParameterRow,
    PublishedRow,
    TrialReport,
    Verdict,
)
from funis.report.numerals import count, percent, significant
from funis.report.results import difference_text, interval_text
from funis.report.strips import Axis, Mark, axis_around, axis_strip, interval_strip
from funis.report.styles import ArmStyle, arm_styles

VERDICTS: dict[Verdict, str] = {
    "passed": "✓ passed",
    "size": "◐ direction right, size not",
    "failed": "✗ not passed",
    "guide": "○ a guide, not a test",
    "": "not judged",
}

_GROUPS = {
    "randomised": "Randomised",
    "pooled": "Pooled results of several studies",
    "uncontrolled": "Not randomised: no effect can be read from these",
}


@dataclass(frozen=True, slots=True)
class BesideRow:
    """A simulated arm beside a published one, in words."""

    label: str
    style: ArmStyle
    text: str


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A published arm and its simulated counterparts."""

    row: PublishedRow
    strip: str
    observed: str
    simulated: tuple[BesideRow, ...]
    people: str
    verdict: str


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """Rows of one kind of evidence."""

    name: str
    kind: str
    rows: tuple[ForestRow, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """The published rows of one end point, randomised ones apart from the others."""

    endpoint: str
    unit: str
    groups: tuple[ForestGroup, ...]
    axis: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A simulated number beside a published one."""

    name: str
    detail: str
    simulated: str
    published: str
    strip: str
    verdict: Verdict
    words: str
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters of one status."""

    status: str
    words: str
    rows: tuple[tuple[ParameterRow, str], ...]
    open: bool


def forests(report: TrialReport) -> tuple[Forest, ...]:
    """Return a forest for each published end point."""
    rows: dict[tuple[str, bool], list[PublishedRow]] = {}
    for row in report.published:
        rows.setdefault((row.endpoint, row.contrast), []).append(row)
    return tuple(_forest(report, same) for same in rows.values())


def drug_checks(report: TrialReport) -> tuple[CheckRow, ...]:
    """Return the pharmacology gate, failures first."""
    rows = [
        _check(
            (row.drug, row.measure, row.source, row.note),
            (row.simulated, row.published),
            row.percent,
            row.verdict,
            row.null,
        )
        for row in report.drug_gate
    ]
    return _failures_first(rows)


def target_checks(report: TrialReport) -> tuple[CheckRow, ...]:
    """Return the targets of the placebo population, failures first."""
    rows = []
    for row in report.targets:
        detail = ", ".join(part for part in (row.unit, row.basis) if part)
        verdict: Verdict = "passed" if row.inside else "failed"
        texts = (row.name, detail, row.source, row.note)
        rows.append(_check(texts, (row.simulated, row.published), row.percent, verdict))
    return _failures_first(rows)


def parameter_groups(report: TrialReport) -> tuple[ParameterGroup, ...]:
    """Return the parameters by status, the assumed ones first."""
    words = {
        "assumed": "no source; chosen to be plausible",
        "calibrated by hand": "set by hand to meet the targets above",
        "calibrated": "fitted to data",
        "derived": "computed from measured values",
        "measured": "read in the source",
    }
    groups = []
    for status, text in words.items():
        rows = [row for row in report.parameters if parameter_status(row) == status]
        if rows:
            shown = tuple((row, significant(row.value)) for row in rows)
            groups.append(ParameterGroup(status, text, shown, open=status == "assumed"))
    return tuple(groups)


def parameter_status(row: ParameterRow) -> str:
    """Return the status in words: a calibrated value set by hand says so."""
    return "calibrated by hand" if row.status == "calibrated" and row.by_hand else row.status


def draw_rows(report: TrialReport) -> tuple[tuple[str, str, str], ...]:
    """Return what became of the raw draws: reason, number, share."""
    gate = report.draw_gate
    if gate is None or not gate.raw:
        return ()
    rows = [("accepted", gate.accepted), *gate.reasons.items()]
    return tuple((name, count(number), percent(number / gate.raw)) for name, number in rows)


def _forest(report: TrialReport, rows: Sequence[PublishedRow]) -> Forest:
    first = rows[0]
    intervals = [row.observed for row in rows]
    intervals += [beside.interval for row in rows for beside in row.simulated]
    axis = _forest_axis(first, intervals)
    unit = ("percentage points" if first.contrast else "share of patients") if first.percent else ""
    unit = "ratio" if first.ratio else unit
    groups = []
    for kind, name in _GROUPS.items():
        of_kind = sorted((row for row in rows if _kind(row) == kind), key=lambda row: row.week)
        if of_kind:
            shown = tuple(_forest_row(report, row, axis) for row in of_kind)
            groups.append(ForestGroup(name, kind, shown))
    return Forest(_heading(first), unit or first.unit, tuple(groups), axis_strip(axis, 6))


def _heading(row: PublishedRow) -> str:
    if not row.contrast:
        return row.endpoint
    return f"{row.endpoint}, {'ratio' if row.ratio else 'difference'} to the control arm"


def _forest_axis(row: PublishedRow, intervals: Sequence[Interval]) -> Axis:
    if row.percent and not row.contrast:
        return Axis(0.0, 1.0, factor=100.0, suffix="%")
    if row.ratio:
        return axis_around(intervals, zero=1.0)
    axis = axis_around(intervals, zero=0.0)
    return Axis(axis.low, axis.high, 0.0, factor=100.0 if row.percent else 1.0, signed=True)


def _kind(row: PublishedRow) -> str:
    return "pooled" if row.pooled else "randomised" if row.randomised else "uncontrolled"


def _forest_row(report: TrialReport, row: PublishedRow, axis: Axis) -> ForestRow:
    styles = arm_styles(report)
    observed = _text(row, row.observed)
    marks = [Mark(row.observed, "diamond", "ink")]
    beside = []
    for item in row.simulated:
        style = styles.get(item.arm, ArmStyle("a0", "ring"))
        marks.append(Mark(item.interval, style.shape, style.colour))
        beside.append(BesideRow(report.label(item.arm), style, _text(row, item.interval)))
    simulated = "; ".join(f"{item.label} {item.text}" for item in beside) or "not estimated"
    return ForestRow(
        row=row,
        strip=interval_strip(marks, axis, f"Published {observed}; simulated {simulated}"),
        observed=observed,
        simulated=tuple(beside),
        people=_people(row),
        verdict="" if not row.verdict else VERDICTS[row.verdict],
    )


def _text(row: PublishedRow, interval: Interval) -> str:
    if row.contrast and not row.ratio:
        return difference_text(interval, as_points=row.percent)
    return interval_text(interval, as_percent=row.percent)


def _people(row: PublishedRow) -> str:
    if not row.randomised:
        return f"{count(row.n)} patients, none randomised" if row.n else "none randomised"
    here = "number in this arm not known" if row.n is None else f"{count(row.n)} in this arm"
    if row.n_randomised is None:
        return f"randomised patients: {here}"
    return f"{count(row.n_randomised)} randomised patients, {here}"


def _check(
    texts: tuple[str, str, str, str],
    pair: tuple[Interval, Interval],
    as_percent: bool,
    verdict: Verdict,
    null: float | None = None,
) -> CheckRow:
    simulated, published = pair
    axis = axis_around(pair, zero=null)
    shown = interval_text(simulated, as_percent=as_percent)
    known = interval_text(published, as_percent=as_percent)
    marks = [Mark(published, "diamond", "ink"), Mark(simulated, "circle", "a1")]
    return CheckRow(
        name=texts[0],
        detail=texts[1],
        simulated=shown,
        published=known,
        strip=interval_strip(marks, axis, f"Published {known}; simulated {shown}"),
        verdict=verdict,
        words=VERDICTS[verdict],
        source=texts[2],
        note=texts[3],
    )


def _failures_first(rows: Iterable[CheckRow]) -> tuple[CheckRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.verdict != "failed", row.verdict != "size")))
