"""What cannot be true of a published record: small checks, each on one record."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from funis.checks import nearest
from funis.evidence.records import EVIDENCE_TYPES, KINDS, AdverseEvent, Arm, Outcome
from funis.evidence.studies import NaturalRow, Study

UNION_ARMS = frozenset({"all", "both", "both_active", "msc_pooled"})
"""Names in ``arm`` that stand for several arms together."""

ROLES = ("target", "context")
"""What a study is for: to be fitted, or to be shown beside."""

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
    yield from _check_denominator("events", outcome.events, outcome.n, outcome.n_unknown)
    yield from _check_percent("pct", outcome.pct)
    for key in ("sd", "se", "pm"):
        yield from _check_positive(key, getattr(outcome, key))
    yield from _check_not_negative("week", outcome.week)
    yield from _check_kind(outcome.kind)
    yield from _check_share(outcome.pct, outcome.events, outcome.n)
    yield from _check_interval("ci95", outcome.ci95, _centre(outcome))
    yield from _check_interval("iqr", outcome.iqr, outcome.median)
    yield from _check_interval("range", outcome.range, outcome.median)


def check_adverse_event(event: AdverseEvent) -> Iterator[Finding]:
    """Check that patients with an event are at most n, and the same as of an outcome."""
    yield from _check_count("patients", event.patients, event.n)
    yield from _check_denominator("patients", event.patients, event.n, event.n_unknown)
    yield from _check_not_negative("events", event.events)
    yield from _check_percent("pct", event.pct)
    yield from _check_kind(event.kind)
    yield from _check_share(event.pct, event.patients, event.n)
    yield from _check_interval("ci95", event.ci95, event.estimate)


def check_arm(arm: Arm) -> Iterator[Finding]:
    """Check sizes and doses, and that no more patients are analysed than allocated."""
    yield from _check_not_negative("n", arm.n)
    yield from _check_not_negative("cells_per_infusion", arm.cells_per_infusion)
    yield from _check_not_negative("cells_per_kg", arm.cells_per_kg)
    yield from _check_count("n_analysed", arm.n_analysed, arm.n)
    yield from _check_count("n_completed", arm.n_completed, arm.n)
    for key in ("cells_per_infusion_range", "cells_per_kg_range", "infusions_range"):
        yield from _check_interval(key, getattr(arm, key), None)
    yield from _check_interval("days", arm.days, None, pair=False)


def check_study(study: Study) -> Iterator[Finding]:
    """Check the design, the sources, and that outcomes name an arm of the study."""
    if study.design.kind not in EVIDENCE_TYPES:
        expected = "one of " + ", ".join(EVIDENCE_TYPES)
        yield Finding(("design", "kind"), f"unknown design '{study.design.kind}'", expected)
    if not study.disease:
        yield Finding((), "disease is missing", "a value for disease")
    yield from check_role(study)
    if not study.sources:
        yield Finding(("sources",), "no source is given", "at least one source")
    ids = [arm.id for arm in study.arms]
    for index, arm_id in enumerate(ids):
        if arm_id in ids[:index]:
            yield Finding(("arms", index, "id"), f"the arm '{arm_id}' stands here twice")
    pooled = study.evidence_type == "meta-analysis" or study.gate is not None
    for index, outcome in enumerate(study.outcomes):
        for key, name in (("arm", outcome.arm), ("reference", outcome.reference)):
            if name is not None and name not in {*ids, *UNION_ARMS} and not pooled:
                message = f"no arm '{name}' in this study"
                expected = "one of " + ", ".join(ids) if ids else "an arm of the study"
                yield Finding(("outcomes", index, key), message, expected)
    yield from _nested(study)


def check_role(study: Study) -> Iterator[Finding]:
    """Check that meta-analyses and second reports are context, which nothing is fitted to."""
    if study.role not in (None, *ROLES):
        yield Finding(("role",), f"unknown role '{study.role}'", "one of " + ", ".join(ROLES))
    if study.role == "target" and study.evidence_type == "meta-analysis":
        message = "a meta-analysis is never fitted"
        yield Finding(("role",), message, "context")
    if study.duplicate_of is not None and study.role != "context":
        message = f"the patients are those of '{study.duplicate_of}'"
        yield Finding(("duplicate_of",), message, "role: context beside it")
    if study.family is not None and not study.family_basis:
        yield Finding(("family",), "nothing says why", "family_basis: what the records say")


def check_natural(row: NaturalRow) -> Iterator[Finding]:
    """Check percentages, intervals, the rows of tables, and that a target is complete."""
    yield from _check_percent("pct", row.pct)
    yield from _check_positive("sd", row.sd)
    yield from _check_positive("se", row.se)
    yield from _check_count("events", row.events, row.n)
    yield from _check_denominator("events", row.events, row.n, row.n_unknown)
    yield from _check_interval("ci95", row.ci95, row.pct if row.mean is None else row.mean)
    yield from _check_interval("iqr", row.iqr, row.median)
    for key in ("range", "range_across_trials_pct", "week_range"):
        yield from _check_interval(key, getattr(row, key), None)
    if row.derived is None:
        yield from _check_share(row.pct, row.events, row.n)
    for number in row.range_across_trials_pct or ():
        yield from _check_percent("range_across_trials_pct", number)
    for index, cells in enumerate(row.rows):
        for finding in _check_cells(dict(cells)):
            path = ("rows", index, *finding.path)
            yield Finding(path, finding.message, finding.expected, finding.severity)
    if row.target and (row.endpoint is None or row.week is None or not row.source):
        yield Finding(("target",), "a target needs more", "endpoint, week and source")


def _check_cells(cells: dict[str, object]) -> Iterator[Finding]:
    events, n, percent = (cells.get(key) for key in ("events", "n", "percent"))
    if isinstance(events, int) and isinstance(n, int):
        yield from _check_count("events", events, n)
    if isinstance(percent, int | float):
        yield from _check_percent("percent", percent)


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


def _check_denominator(
    key: str, count: int | None, n: int | None, unknown: bool | None
) -> Iterator[Finding]:
    if n is not None and n < 1:
        yield Finding(("n",), f"{n} patients", "at least 1")
    if count is not None and n is None and not unknown:
        message = f"{count} of an unknown number"
        yield Finding((key,), message, "n, or n_unknown: true where it was not printed")
    if n is not None and unknown:
        yield Finding(("n_unknown",), f"n is {n}", "no n_unknown where there is an n")


def _check_share(percent: float | None, count: int | None, n: int | None) -> Iterator[Finding]:
    if percent is None or count is None or not n:
        return
    rate = 100 * count / n
    if abs(rate - percent) > PERCENT_TOLERANCE:
        message = f"{count} of {n} is {rate:.1f} %, not {percent:g} %"
        yield Finding(("pct",), message)


def _check_kind(kind: str | None) -> Iterator[Finding]:
    if kind is not None and kind not in KINDS:
        near = nearest(kind, KINDS)
        expected = "one of " + ", ".join(KINDS) + (f"; did you mean '{near}'?" if near else "")
        yield Finding(("kind",), f"unknown kind '{kind}'", expected)


def _centre(outcome: Outcome) -> float | None:
    """Return the number that a printed interval belongs to."""
    numbers = (outcome.estimate, outcome.mean, outcome.pct, outcome.median)
    return next((number for number in numbers if number is not None), None)


def _check_not_negative(key: str, value: float | None) -> Iterator[Finding]:
    if value is not None and not value >= 0:
        yield Finding((key,), f"{value:g} is below 0", "0 or more")


def _check_positive(key: str, value: float | None) -> Iterator[Finding]:
    if value is not None and not value > 0:
        yield Finding((key,), f"a spread of {value:g}", "more than 0")


def _check_interval(
    key: str, interval: tuple[float, ...] | None, value: float | None, *, pair: bool = True
) -> Iterator[Finding]:
    if interval is None:
        return
    if list(interval) != sorted(interval) or (pair and len(interval) != 2):
        expected = "[low, high]" if pair else "rising numbers"
        yield Finding((key,), "the interval is not in order", expected)
    elif pair and value is not None and not interval[0] <= value <= interval[1]:
        message = f"{value:g} lies outside {interval[0]:g} to {interval[1]:g}"
        yield Finding((key,), message, "an interval that holds its value")
