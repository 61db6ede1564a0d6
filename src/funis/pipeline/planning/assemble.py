"""From a consultation and the name of a protocol to the whole plan."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path

from funis.pipeline.planning.holds import followed_holds, holds_of
from funis.pipeline.planning.predict import Prepared, predicted_course, prepared
from funis.pipeline.planning.setting import (
    Chosen,
    chosen_protocol,
    protocol_names,
    with_hold,
)
from funis.pipeline.planning.strength import pooled_effects
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence
from funis.pipeline.studies.reach import user_hash
from funis.pipeline.uncertainty import chosen_ensemble
from funis.plan import Comparison, Consultation, Evidence, Plan
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


STAGES = (
    "matching virtual patients",
    "following them to the primary endpoint",
    "three years",
    "what would change the prediction",
    "adverse events",
)
"""Parts of a predicted course, in this order."""

ALTERNATIVES = "other doses, routes and schedules"


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
    course : whether a course is predicted; all else is there at once.
    holds : whether every time from thaw to vein is listed.
    """

    protocol: str | None = None
    arm: str | None = None
    compare: bool = False
    hold_minute: float | None = None
    today: date | None = None
    course: bool = True
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan says whoever it is for: the protocol, its evidence, the grade in words."""

    chosen: Chosen
    evidence: Evidence
    grade: str


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
    progress
        Shows which of `STAGES` has been reached.

    Raises
    ------
    InputError
        Anything wrong with the consultation, the protocol or its arm, a line each.
    """
    asked = asked or Asked()
    known = consultation if isinstance(consultation, Consultation) else read_any(consultation)
    ground = ground_of(known.disease, asked.protocol, asked.arm)
    plan = _at_once(known, ground, asked)
    if not (asked.course or asked.compare):
        return plan
    return _predicted(plan, ground, asked, progress)


def ground_of(disease: str, protocol: str | None, arm: str | None) -> Ground:
    """Return what a plan says whoever it is for; a protocol of the library is kept in memory.

    Raises
    ------
    InputError
        An unknown protocol or arm, a protocol of another disease.
    """
    own = protocol is None or protocol in protocol_names(disease)
    if not own:
        return _ground(disease, protocol, arm)
    return _kept_ground(disease, protocol, arm, user_hash())


def _ground(disease: str, protocol: str | None, arm: str | None) -> Ground:
    chosen = chosen_protocol(disease, protocol, arm)
    evidence = find_evidence(chosen.trial.model)
    base = evidence_base(evidence)
    told = plan_evidence(
        protocols_of(disease, evidence),
        "none" if base is None else base.grade,
        pooled_effects(chosen.trial.protocol),
    )
    return Ground(chosen, told, evidence_text(base))


@lru_cache(maxsize=32)
def _kept_ground(disease: str, protocol: str | None, arm: str | None, state: str) -> Ground:
    """Return the same, kept while the user's own studies (``state``) stay as they are."""
    return _ground(disease, protocol, arm)


def _at_once(known: Consultation, ground: Ground, asked: Asked) -> Plan:
    """Return a plan without what has to be simulated."""
    chosen, hold = ground.chosen, asked.hold_minute
    trial = chosen.trial
    routes = {one.input for one in chosen.arm.interventions if one.product is not None}
    sheets = worksheets(chosen.arm, known.weight_kg, hold_minute=hold)
    return Plan(
        consultation=known,
        protocol=chosen.reference,
        evidence=ground.evidence,
        eligibility=judge_eligibility(known, trial.protocol, trial.model, routes),
        worksheet=joined(sheets),
        calendar=calendar_of(trial.protocol, chosen.arm, known),
        course=None,
        regulatory=library_regulatory().rows,
        statement=RESEARCH_USE,
        grade=ground.grade,
        warnings=tuple(_warnings(chosen, hold, asked.today or date.today())),
        holds=holds_of(chosen, known.weight_kg, hold) if asked.holds else None,
    )


def _predicted(plan: Plan, ground: Ground, asked: Asked, progress: Progress) -> Plan:
    """Return a plan with what is simulated."""
    stages = STAGES if asked.course else STAGES[:1]
    stages = (*stages, ALTERNATIVES) if asked.compare else stages
    reached = iter(progress("Predicted course", stages, len(stages)))
    step = partial(next, reached, None)
    step()
    trial, hold = ground.chosen.trial, asked.hold_minute
    pool = trial_pool(trial.model)
    posterior = chosen_ensemble(trial.model, "borrowed")
    held = with_hold(ground.chosen, hold)
    ready = prepared(plan.consultation, held, pool, posterior, min(THREADS, os.cpu_count() or 1))
    if asked.course:
        step()
        seen, holds = followed_holds(ready, hold) if asked.holds else (None, None)
        plan = replace(plan, course=predicted_course(ready, seen, step), holds=holds)
    if asked.compare:
        step()
        plan = replace(plan, comparison=_compared(ready))
    for _ in reached:
        pass
    return plan


def _compared(ready: Prepared) -> Comparison:
    """Set alternatives side by side; what they need loads where they are asked for."""
    from funis.pipeline.planning.compare import compared

    return compared(ready)


def read_any(place: str | Path) -> Consultation:
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
