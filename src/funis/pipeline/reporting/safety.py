"""Adverse events of a trial for its report and for its document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funis.analysis import (
    SUMMARIES,
    AdverseEstimate,
    DoseLimit,
    adverse_estimates,
)
from funis.analysis import Interval as Estimated
from funis.pipeline.safety.believed import Believed, believed
from funis.protocol import Protocol
from funis.report.content import BelievedLine, Interval, SafetyCell, SafetyRow, SafetyView
from funis.report.numerals import decimal, percent
from funis.safety import Safety, library_safety
from funis.trial import Study, TrialData

HUNDRED = 100.0

NAMES = {
    "any": "Any adverse event",
    "serious": "Any serious adverse event",
    "related_serious": "Serious, and following a dose",
    "dose_limiting": "Dose-limiting toxicity",
}

NOTES = (
    "Whether cells cause cancer or death, or prevent them: both come at background rates here, in"
    " every arm alike. A published ratio of deaths of 0.78 is not used.",
    "Whether one event is due to the cells or to the needle. The table of events says what the"
    " simulation ascribed it to; in people nobody can see that.",
    "What drugs do. Adverse events of drugs, background drugs among them, are not simulated: an arm"
    " with a drug alone shows fewer events than it would.",
    "Rare harms. Where nobody of n patients had an event, up to 3 in n may have it (rule of three)."
    " Thromboembolism was seen after these cells, without a denominator.",
    "How grave events are: most shares of grades are assumed, as few reports print them.",
    "What dose, tissue factor, viability, DMSO, heparin, renal disease or earlier doses change:"
    " each is named in the library and switched off, for want of a number.",
    "Deaths and serious events stop nothing else: who dies here keeps the visits that the course of"
    " the disease would have had.",
)


def protocol_routes(protocol: Protocol) -> tuple[str, ...]:
    """Return the routes by which a trial gives cells, by its arms or by rules."""
    given = [one for arm in protocol.arms for one in arm.interventions]
    given += [one for rule in protocol.rules for one in rule.action.give]
    return tuple(dict.fromkeys(one.input for one in given if one.product is not None))


def safety_estimates(protocol: Protocol, data: TrialData) -> tuple[AdverseEstimate, ...]:
    """Return adverse events by term and arm."""
    safety = library_safety()
    rule = safety.dose_limiting
    reference = protocol.reference
    return adverse_estimates(
        data,
        [arm.id for arm in protocol.arms],
        _terms(safety, protocol_routes(protocol)),
        protocol.visits.last_week,
        None if reference is None or len(protocol.arms) < 2 else reference.id,
        DoseLimit(rule.grade, rule.days),
    )


def safety_view(study: Study, data: TrialData) -> SafetyView:
    """Return the adverse events of a trial beside what was believed beforehand."""
    safety, protocol = library_safety(), study.protocol
    estimates = safety_estimates(protocol, data)
    known: dict[str, list[Believed]] = {}
    for one in believed(safety, protocol_routes(protocol), study.model.id):
        known.setdefault(one.term, []).append(one)
    rows = [
        _row(safety, term, [one for one in estimates if one.term == term], known.get(term, []))
        for term in dict.fromkeys(one.term for one in estimates)
    ]
    rule = safety.dose_limiting
    limit = f"grade {rule.grade} or worse, following a dose within {rule.days:g} days"
    return SafetyView(tuple(rows), NOTES, safety.grading, limit)


def safety_document(protocol: Protocol, data: TrialData) -> dict[str, list[dict[str, Any]]]:
    """Return adverse events by arm as plain data."""
    estimates = safety_estimates(protocol, data)
    return {
        arm.id: [_plain(one) for one in estimates if one.arm == arm.id] for arm in protocol.arms
    }


def _terms(safety: Safety, routes: Sequence[str]) -> list[str]:
    """Return the terms that can occur in a trial: after its routes, and with time."""
    return [
        term.id
        for term in safety.terms.values()
        if term.over_time or any(term.hazard(route) is not None for route in routes)
    ]


def _row(
    safety: Safety, term: str, estimates: Sequence[AdverseEstimate], known: Sequence[Believed]
) -> SafetyRow:
    cells = tuple(_cell(one) for one in estimates)
    if term in SUMMARIES:
        return SafetyRow(term, NAMES[term], "summary", cells)
    return SafetyRow(
        term=term,
        name=safety.terms[term].title,
        group="time" if safety.terms[term].over_time else "dose",
        cells=cells,
        believed=tuple(BelievedLine(*believed_words(one), one.words, one.basis) for one in known),
    )


def believed_words(one: Believed) -> tuple[str, str, str, str]:
    """Return what a hazard follows, both risks and the ratio, in words."""
    ratio = "all due to cells"
    if one.ratio is not None:
        found = one.ratio
        kind = "odds" if found.scale == "odds_ratio" else "risk"
        interval = f" ({decimal(found.low)} to {decimal(found.high)})" if found.rows else ""
        ratio = f"{kind} × {decimal(found.estimate)}{interval}"
        ratio = ratio if found.rows else f"× {found.estimate:g}, {found.note}"
    return (one.follows, _amount(one, "control"), _amount(one, "cells"), ratio)


def _amount(one: Believed, which: str) -> str:
    found = one.control if which == "control" else one.cells
    scale = HUNDRED if one.per == "year" else 1.0
    if one.per == "year":
        low, high = (_short(scale * x) for x in (found.low, found.high))
        return f"{_short(scale * found.middle)} ({low} to {high}) in 100 years"
    if found.high == 0:
        return "0"
    return f"{_percent(found.middle)} ({_percent(found.low)} to {_percent(found.high)})"


def _percent(value: float) -> str:
    return percent(value, 0 if value >= 0.1 else 1 if value >= 0.01 else 2)


def _short(value: float) -> str:
    return decimal(value, 0 if value >= 10 else 1 if value >= 1 else 2)


def _cell(one: AdverseEstimate) -> SafetyCell:
    rate = one.rate
    return SafetyCell(
        arm=one.arm, patients=one.patients, n=one.n, events=one.events, risk=_interval(one.risk),
        rate=Interval(*(_times(x) for x in (rate.estimate, rate.low, rate.high))),
        ratio=_interval(one.risk_ratio), difference=_interval(one.risk_difference),
        serious=one.serious, grade3plus=one.grade3plus, by_dose=one.by_dose,
    )  # fmt: skip


def _times(value: float) -> float:
    return HUNDRED * value


def _interval(one: Estimated) -> Interval:
    return Interval(one.estimate, one.low, one.high)


def _plain(one: AdverseEstimate) -> dict[str, Any]:
    return {
        "term": one.term, "n": one.n, "patients": one.patients, "events": one.events,
        "risk": one.risk.estimate, "low": one.risk.low, "high": one.risk.high,
        "patient_years": one.years, "per_patient_year": one.rate.estimate,
        "per_patient_year_low": one.rate.low, "per_patient_year_high": one.rate.high,
        "serious": one.serious, "grade3plus": one.grade3plus, "related": one.related,
        "by_dose": list(one.by_dose),
        "risk_ratio": _ends(one.risk_ratio), "risk_difference": _ends(one.risk_difference),
        "rate_ratio": _ends(one.rate_ratio),
    }  # fmt: skip


def _ends(one: Estimated) -> Mapping[str, float]:
    return {"estimate": one.estimate, "low": one.low, "high": one.high}
