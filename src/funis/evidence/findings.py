"""What cannot be true of a published record: small checks, each on one record."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from funis.evidence.records import EVIDENCE_TYPES, AdverseEvent, Arm, Outcome
from funis.evidence.studies import NaturalRow, Study

UNION_ARMS = frozenset({"all", "both", "both_active", "msc_pooled"})
"""Names in ``arm`` that stand for several arms together."""

PERCENT_TOLERANCE = 1.0
"""Printed percentages may be rounded to whole numbers [percentage points]."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that cannot be true of a record, at a path inside it."""

    path: tuple[str | int, ...]
    message: str
    expected: str | None = None
    severity: Literal["error", "warning"] = "error"


def check_outcome(outcome: Outcome) -> Iterator[Finding]:
    """Check counts against n, percentages, spreads and the order of intervals."""
    yield from _check_count("events", outcome.events, outcome.n)
    yield from _check_percent("pct", outcome.pct)
    yield from _check_not_negative("sd", outcome.sd)
    yield from _check_not_negative("week", outcome.week)
    yield from _check_interval(outcome.ci95)
    if outcome.events is not None and outcome.n and outcome.pct is not None:
        rate = 100 * outcome.events / outcome.n
        if abs(rate - outcome.pct) > PERCENT_TOLERANCE:
            message = f"{outcome.events} of {outcome.n} is {rate:.1f} %, not {outcome.pct:g} %"
            yield Finding(("pct",), message)


def check_adverse_event(event: AdverseEvent) -> Iterator[Finding]:
    """Check that patients with an event are at most n."""
    yield from _check_count("patients", event.patients, event.n)
    yield from _check_not_negative("events", event.events)


def check_arm(arm: Arm) -> Iterator[Finding]:
    """Check sizes and doses, and that no more patients are analysed than allocated."""
    yield from _check_not_negative("n", arm.n)
    yield from _check_not_negative("cells_per_infusion", arm.cells_per_infusion)
    yield from _check_not_negative("cells_per_kg", arm.cells_per_kg)
    yield from _check_count("n_analysed", arm.n_analysed, arm.n)


def check_study(study: Study) -> Iterator[Finding]:
    """Check the design, the sources, and that outcomes name an arm of the study."""
    if study.design.kind not in EVIDENCE_TYPES:
        expected = "one of " + ", ".join(EVIDENCE_TYPES)
        yield Finding(("design", "kind"), f"unknown design '{study.design.kind}'", expected)
    if not study.sources:
        yield Finding(("sources",), "no source is given", "at least one source")
    ids = [arm.id for arm in study.arms]
    for index, arm_id in enumerate(ids):
        if arm_id in ids[:index]:
            yield Finding(("arms", index, "id"), f"the arm '{arm_id}' stands here twice")
    pooled = study.evidence_type == "meta-analysis" or study.gate is not None
    for index, outcome in enumerate(study.outcomes):
        if outcome.arm not in ids and outcome.arm not in UNION_ARMS and not pooled:
            message = f"no arm '{outcome.arm}' in this study"
            yield Finding(("outcomes", index, "arm"), message, "one of " + ", ".join(ids))
    yield from _nested(study)


def check_natural(row: NaturalRow) -> Iterator[Finding]:
    """Check percentages, intervals, the rows of tables, and that a target is complete."""
    yield from _check_percent("pct", row.pct)
    yield from _check_not_negative("sd", row.sd)
    yield from _check_interval(row.ci95)
    for number in row.range_across_trials_pct or ():
        yield from _check_percent("range_across_trials_pct", number)
    for index, cells in enumerate(row.rows):
        values = dict(cells)
        events, n = values.get("events"), values.get("n")
        if isinstance(events, int) and isinstance(n, int):
            for finding in _check_count("events", events, n):
                yield Finding(("rows", index, *finding.path), finding.message, finding.expected)
    if row.target and (row.endpoint is None or row.week is None or not row.source):
        yield Finding(("target",), "a target needs more", "endpoint, week and source")


def check_targets(rows: tuple[NaturalRow, ...]) -> Iterator[tuple[int, Finding]]:
    """Check for one target per endpoint and week at most; yields the row's index too."""
    seen: dict[tuple[str | None, float | None], str] = {}
    for index, row in enumerate(rows):
        if not row.target:
            continue
        place = (row.endpoint, row.week)
        if place in seen:
            message = f"{seen[place]} is a target for {row.endpoint} at week {row.week} already"
            yield index, Finding(("target",), message, "one target per endpoint and week")
        seen.setdefault(place, row.id)


def _nested(study: Study) -> Iterator[Finding]:
    parts: list[tuple[str, int, Iterator[Finding]]] = [
        *(("arms", index, check_arm(arm)) for index, arm in enumerate(study.arms)),
        *(("outcomes", index, check_outcome(row)) for index, row in enumerate(study.outcomes)),
        *(
            ("adverse_events", index, check_adverse_event(event))
            for index, event in enumerate(study.adverse_events)
        ),
    ]
    for name, index, findings in parts:
        for finding in findings:
            path = (name, index, *finding.path)
            yield Finding(path, finding.message, finding.expected, finding.severity)


def _check_count(key: str, count: int | None, n: int | None) -> Iterator[Finding]:
    yield from _check_not_negative(key, count)
    if count is not None and n is not None and count > n:
        yield Finding((key,), f"{count} of {n} patients", f"at most {n}")


def _check_percent(key: str, value: float | None) -> Iterator[Finding]:
    if value is not None and not 0 <= value <= 100:
        yield Finding((key,), f"{value:g} %", "0 to 100 %")


def _check_not_negative(key: str, value: float | None) -> Iterator[Finding]:
    if value is not None and not value >= 0:
        yield Finding((key,), f"{value:g} is below 0", "0 or more")


def _check_interval(interval: tuple[float, ...] | None) -> Iterator[Finding]:
    if interval is not None and (len(interval) != 2 or interval[0] > interval[1]):
        yield Finding(("ci95",), "the interval is not in order", "[low, high]")
