"""The run beside what is published: trials, drugs, the placebo population, parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from funis.report.content import (
    Interval,
    ParameterRow,
    PublishedRow,
    TrialReport,
    Verdict,
)
from funis.report.numerals import count, percent, significant
from funis.report.results import interval_text
from funis.report.strips import Axis, Mark, axis_around, axis_strip, interval_strip
from funis.report.styles import ArmStyle, arm_styles

VERDICTS: dict[Verdict, str] = {
    "passed": "✓ passed",
    "failed": "✗ not passed",
    "guide": "○ a guide, not a test",
    "": "not judged",
}


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A published arm and its simulated counterpart."""

    row: PublishedRow
    style: ArmStyle
    strip: str
    observed: str
    simulated: str
    simulated_label: str
    people: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Forest:
    """The published rows of one end point, randomised ones apart from the others."""

    endpoint: str
    unit: str
    randomised: tuple[ForestRow, ...]
    others: tuple[ForestRow, ...]
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
    names = dict.fromkeys(row.endpoint for row in report.published)
    return tuple(_forest(report, name) for name in names)


def drug_checks(report: TrialReport) -> tuple[CheckRow, ...]:
    """Return the pharmacology gate, failures first."""
    rows = [
        _check(
            (row.drug, row.measure, row.source, row.note),
            (row.simulated, row.published),
            row.percent,
            row.verdict,
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


def _forest(report: TrialReport, endpoint: str) -> Forest:
    rows = [row for row in report.published if row.endpoint == endpoint]
    as_percent, unit = rows[0].percent, rows[0].unit
    intervals = [part for row in rows for part in (row.observed, row.simulated)]
    axis = Axis(0.0, 1.0, factor=100.0, suffix="%") if as_percent else axis_around(intervals, zero=0.0)
    shown = [_forest_row(report, row, axis) for row in sorted(rows, key=lambda row: row.week)]
    return Forest(
        endpoint=endpoint,
        unit="share of patients" if as_percent else unit,
        randomised=tuple(item for item in shown if item.row.randomised),
        others=tuple(item for item in shown if not item.row.randomised),
        axis=axis_strip(axis, 6),
    )


def _forest_row(report: TrialReport, row: PublishedRow, axis: Axis) -> ForestRow:
    style = arm_styles(report).get(row.simulated_arm, ArmStyle("a0", "ring"))
    observed = interval_text(row.observed, as_percent=row.percent)
    simulated = interval_text(row.simulated, as_percent=row.percent)
    marks = [
        Mark(row.observed, "diamond", "ink"),
        Mark(row.simulated, style.shape, style.colour),
    ]
    return ForestRow(
        row=row,
        style=style,
        strip=interval_strip(marks, axis, f"Published {observed}; simulated {simulated}"),
        observed=observed,
        simulated=simulated,
        simulated_label=report.label(row.simulated_arm),
        people=_people(row),
        verdict="" if not row.verdict else VERDICTS[row.verdict],
    )


def _people(row: PublishedRow) -> str:
    number = "n not known" if row.n is None else f"n = {count(row.n)}"
    if not row.randomised:
        return f"{number}, none randomised"
    if row.n_randomised is None:
        return f"{number}, number randomised not known"
    return f"{number}, {count(row.n_randomised)} randomised"


def _check(
    texts: tuple[str, str, str, str],
    pair: tuple[Interval, Interval],
    as_percent: bool,
    verdict: Verdict,
) -> CheckRow:
    simulated, published = pair
    axis = axis_around(pair)
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
    return tuple(sorted(rows, key=lambda row: row.verdict != "failed"))

