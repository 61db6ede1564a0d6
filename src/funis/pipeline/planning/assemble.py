"""From a consultation and the name of a protocol to the whole plan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from funis.pipeline.planning.predict import Prepared, predicted_course, prepared
from funis.pipeline.planning.setting import Chosen, chosen_protocol, with_hold
from funis.pipeline.planning.strength import pooled_effects
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence
from funis.pipeline.uncertainty import chosen_ensemble
from funis.plan import Comparison, Consultation, Plan
from funis.plan.calendar import calendar_of
from funis.plan.consultation import read_consultation
from funis.plan.eligibility import judge_eligibility
from funis.plan.fhir_in import read_bundle
from funis.plan.protocols import plan_evidence, protocols_of
from funis.plan.regulatory import library_regulatory, stale_warnings
from funis.plan.worksheet import joined, worksheets
from funis.report import RESEARCH_USE

THREADS = 2
"""Threads that share the draws; they change no number."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is asked for.

    Attributes
    ----------
    protocol : a trial or a regimen; the demo trial of the disease if None.
    arm : an arm of the trial or a variant of the regimen; the first with cells if None.
    compare : whether alternatives are set side by side.
    hold_minute : from thaw to vein, for worksheet and course; the product's usual one if None.
    today : the day that the regulatory table is held against.
    """

    protocol: str | None = None
    arm: str | None = None
    compare: bool = False
    hold_minute: float | None = None
    today: date | None = None


def plan_consultation(
    consultation: Consultation | str | Path, asked: Asked | None = None,
    progress: Progress = silent,
) -> Plan:  # fmt: skip
    """Return the plan of a virtual patient: eligibility, worksheet, calendar, predicted course.

    Parameters
    ----------
    consultation
        A consultation, a file of one, a FHIR bundle of test data (``.json``), or a name in the
        library.
    asked
        The protocol and what else is wanted.

    Raises
    ------
    InputError
        Anything wrong with the consultation, the protocol or its arm, a line each.
    """
    asked = asked or Asked()
    known = consultation if isinstance(consultation, Consultation) else _read(consultation)
    chosen = chosen_protocol(known.disease, asked.protocol, asked.arm)
    trial = chosen.trial
    evidence = find_evidence(trial.model)
    base = evidence_base(evidence)
    routes = {one.input for one in chosen.arm.interventions if one.product is not None}
    pool = trial_pool(trial.model, progress=progress)
    posterior = chosen_ensemble(trial.model, "borrowed")
    held = with_hold(chosen, asked.hold_minute)
    ready = prepared(known, held, pool, posterior, min(THREADS, os.cpu_count() or 1))
    return Plan(
        consultation=known,
        protocol=chosen.reference,
        evidence=plan_evidence(
            protocols_of(known.disease, evidence),
            "none" if base is None else base.grade,
            pooled_effects(trial.protocol),
        ),
        eligibility=judge_eligibility(known, trial.protocol, trial.model, routes),
        worksheet=joined(worksheets(chosen.arm, known.weight_kg, hold_minute=asked.hold_minute)),
        calendar=calendar_of(trial.protocol, chosen.arm, known),
        course=predicted_course(ready),
        regulatory=library_regulatory().rows,
        statement=RESEARCH_USE,
        grade=evidence_text(base),
        warnings=tuple(_warnings(chosen, asked.hold_minute, asked.today or date.today())),
        comparison=_compared(ready) if asked.compare else None,
    )


def _compared(ready: Prepared) -> Comparison:
    """Set alternatives side by side; what they need loads where they are asked for."""
    from funis.pipeline.planning.compare import compared

    return compared(ready)


def _read(place: str | Path) -> Consultation:
    """Return the consultation of a file, of the library, or of a FHIR bundle (``.json``)."""
    return read_bundle(place) if Path(place).suffix == ".json" else read_consultation(place)


def _warnings(chosen: Chosen, hold: float | None, today: date) -> Iterator[str]:
    """Return what the reader must know of the protocol and of the regulatory table."""
    if chosen.arm.altered:
        yield (
            f"The arm '{chosen.arm.id}' changes assumptions of the model: its course is that of a"
            " scenario."
        )
    if chosen.regimen is not None and chosen.regimen.kind == "advertised":
        yield "An advertised regimen is a claim under test, not a recommendation."
    if hold is not None:
        yield (
            f"Cells wait {hold:g} minutes from thaw to vein here, as was asked for; usual is what"
            " their product says."
        )
    yield from stale_warnings(library_regulatory(), today)
