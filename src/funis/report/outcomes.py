"""From the values of `funis.analysis` to the rows of a report, word for word."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from funis.report.content import (
    Interval,
    PublishedRow,
    SimulatedArm,
    SkippedRow,
    SuccessOutcome,
)
from funis.report.numerals import p_value

if TYPE_CHECKING:
    from funis.analysis.comparison import Comparison, ComparisonRow
    from funis.analysis.published import Published
    from funis.analysis.results import Decision

_STATEMENTS = {
    "success": "The whole interval lies beyond the required difference.",
    "no effect found": "The interval holds {null}.",
    "smaller than required": "The interval does not clear the required difference.",
    "not after adjustment": "The interval clears the required difference, the adjusted test not.",
    "worse than the reference": "The whole interval lies on the wrong side of {null}.",
    "no data": "There was no patient to judge.",
}


def success_outcomes(decisions: Iterable[Decision]) -> tuple[SuccessOutcome, ...]:
    """Return the outcome of the success rule in each arm; "no effect found" is one of them."""
    return tuple(_outcome(decision) for decision in decisions)


def published_rows(
    rows: Iterable[ComparisonRow], arms: Collection[str], units: dict[str, str] | None = None
) -> tuple[PublishedRow, ...]:
    """Return published numbers beside the same end point in some simulated arms.

    Parameters
    ----------
    rows
        Of `funis.analysis.comparison`.
    arms
        Simulated arms to show; an arm without the end point is left out.
    units
        Unit by end point, for scores.
    """
    return tuple(_published(row, arms, units or {}) for row in rows)


def skipped_rows(comparison: Comparison) -> tuple[SkippedRow, ...]:
    """Return the published rows that could not be compared, with the reason."""
    return tuple(
        SkippedRow(item.study, item.arm, item.endpoint, item.reason) for item in comparison.skipped
    )


def _outcome(decision: Decision) -> SuccessOutcome:
    null = "zero" if decision.null == 0 else f"{decision.null:g}"
    plain = decision.verdict in ("success", "no effect found", "no data")
    return SuccessOutcome(
        arm=decision.arm,
        found=None if decision.verdict == "no data" else decision.success,
        statement=_STATEMENTS[decision.verdict].format(null=null) + _adjusted(decision),
        words="" if plain else decision.verdict.capitalize(),
    )


def _adjusted(decision: Decision) -> str:
    """Return the p values of a decision, where the rule adjusts or names a method."""
    if decision.p_value is None or decision.adjusted is None:
        return ""
    text = f" {decision.endpoint}: {p_value(decision.p_value)}"
    if decision.adjustment is None:
        return text + "."
    return f"{text}, adjusted ({decision.adjustment}) {p_value(decision.adjusted)}."


def _published(row: ComparisonRow, arms: Collection[str], units: dict[str, str]) -> PublishedRow:
    item = row.published
    suffix = {"change": " change", "rate": " rate"}.get(item.measure, "")
    unit = units.get(item.endpoint, "")
    beside = tuple(
        SimulatedArm(one.arm, Interval(one.estimate, one.low, one.high))
        for one in row.simulated
        if one.arm in arms
    )
    return PublishedRow(
        study=item.study,
        arm=item.arm if item.subgroup is None else f"{item.arm} ({item.subgroup})",
        design=item.evidence_type,
        blinding=item.blinding if item.blinding != "unknown" else "blinding unknown",
        randomised=item.randomised,
        n=item.n,
        product=item.product,
        dose=_dose(item),
        week=item.week,
        endpoint=item.endpoint.replace("_", "-") + suffix,
        observed=Interval(_known(item.estimate), _known(item.low), _known(item.high)),
        simulated=beside,
        percent=item.measure == "responder",
        unit=f"{unit} per patient-year".strip() if item.measure == "rate" else unit,
        pooled=item.evidence_type == "meta-analysis",
        contrast=item.contrast,
        ratio=item.contrast and item.measure == "rate",
        target=item.target,
        simulated_week=None if row.same_week else row.week,
        note="; ".join(item.notes),
    )


def _dose(item: Published) -> str:
    infusions = ""
    if item.infusions is not None:
        infusions = f"{item.infusions} infusion{'' if item.infusions == 1 else 's'}"
    parts = (item.dose, item.route, infusions, item.schedule)
    return ", ".join(part for part in parts if part and part != "unknown") or "dose unknown"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
