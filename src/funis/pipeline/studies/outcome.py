"""The outcome that stands for a study: that of the disease's own trial, else what was printed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from funis.analysis import wilson
from funis.evidence import EFFECTS, AdverseEvent, Evidence, Outcome, Study
from funis.evidence.meta import SCALES, Measure
from funis.models import Endpoints, library_folder
from funis.models.endpoint_file import load_endpoints
from funis.pipeline.meta.gather import Gathered, Wish, endpoint_key, gather, members
from funis.pipeline.meta.numbers import interval_words, shown_interval
from funis.pipeline.meta.printed import is_control
from funis.pipeline.meta.run import MEASURES
from funis.pipeline.meta.values import Group, Member
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.pipeline.studies.values import MainOutcome
from funis.protocol import load_protocol
from funis.report.content import Interval
from funis.report.forest import shortened
from funis.report.numerals import decimal, percent

ALONE: Mapping[str, Measure] = {"responder": "proportion", "rate": "rate"}
"""Measure of one arm by the kind of its endpoint; a mean for all others."""

MOST_WORDS = 90
"""Characters of a result in words that a table shows."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The results of a disease by group, and in which order its endpoints stand for a study."""

    endpoints: Endpoints
    groups: Mapping[Group, Gathered]
    order: tuple[str, ...]
    week: float


@cache
def endpoints_of(disease: str) -> Endpoints:
    """Return the endpoints of a disease of the library."""
    return load_endpoints(library_folder() / "diseases" / disease / "endpoints.yaml")


def shelf_of(evidence: Evidence) -> Shelf:
    """Return the results of a disease, sorted; the endpoints of its demo trial come first."""
    endpoints = endpoints_of(evidence.disease)
    trial = library_folder() / "trials" / f"{evidence.disease}_demo.yaml"
    protocol = load_protocol(trial)
    asked = sorted(protocol.endpoints, key=lambda one: one.role != "primary")
    order = tuple(dict.fromkeys(endpoint_key(one.endpoint, one.measure) for one in asked))
    groups: dict[Group, Gathered] = {
        "cells": gather(evidence, endpoints, "cells"),
        "drugs": gather(evidence, endpoints, "drugs"),
    }
    return Shelf(endpoints, groups, order, protocol.primary[0].week)


def main_outcome(study: Study, shelf: Shelf | None) -> tuple[MainOutcome | None, str]:
    """Return the outcome that stands for a study, or None and why there is none."""
    in_our_units = shelf is not None and study.evidence_type != "meta-analysis"
    found = next(_read(study, shelf), None) if shelf is not None and in_our_units else None
    found = found or _of_gate(study) or next(_printed(study), None)
    found = found or next(_counted(study), None)
    if found is None and shelf is not None and in_our_units:
        found = next(_without_interval(study, shelf), None)
    return found, "" if found is not None else _why_none(study)


def _why_none(study: Study) -> str:
    if not study.outcomes:
        return "no result published"
    said = [text for row in study.outcomes if (text := row.qualitative or row.direction)]
    if said:
        return f"in words only: {shortened(said[0], MOST_WORDS)}"
    return "no number with an interval could be read"


def _read(study: Study, shelf: Shelf) -> Iterator[MainOutcome]:
    """Yield the outcomes of a study in our units, comparisons of the first endpoint first."""
    group = shelf.groups["cells" if study.gate is None else "drugs"]
    own = {
        key: tuple(row for row in rows if row.study == study.id) for key, rows in group.rows.items()
    }
    keys = sorted(
        (key for key, rows in own.items() if rows),
        key=lambda key: (shelf.order.index(key) if key in shelf.order else len(shelf.order), key),
    )
    alone = replace(group, studies=(study,), rows=own, skipped={})
    for compared in (True, False):
        for key in keys:
            member = _member(alone, key, shelf.week, compared)
            if member is not None:
                yield _shown(member, key, own[key][0].endpoint, shelf.endpoints)


def _member(group: Gathered, key: str, week: float, compared: bool) -> Member | None:
    """Return the study's effect nearest to the week, of a comparison or of its arms alone."""
    kind = group.rows[key][0].measure
    measure = MEASURES[kind][0] if compared else ALONE.get(kind, "mean")
    weeks = sorted({row.week for row in group.rows[key]}, key=lambda one: (abs(one - week), one))
    for near in weeks:
        wish = Wish(near, 0.0, measure, not compared, True, group.of)
        found, _ = members(group, key, wish)
        for one in (member for members_ in found.values() for member in members_):
            if SCALES[one.effect.measure].contrast == compared:
                return one
    return None


def _shown(member: Member, key: str, endpoint: str, endpoints: Endpoints) -> MainOutcome:
    effect = member.effect
    scale, interval = SCALES[effect.measure], shown_interval(effect)
    name = endpoint_name(endpoint, endpoints).split(" (")[0]
    words = scale.name if effect.measure != "mean" or "_change" not in key else "mean change"
    text = interval_words(interval, effect.measure)
    return MainOutcome(key, name, member.week, words, scale.contrast, interval, text)


def _printed(study: Study) -> Iterator[MainOutcome]:
    """Yield effects as they were printed with their interval."""
    rows: Sequence[Outcome | AdverseEvent] = (*study.outcomes, *study.adverse_events)
    for row in rows:
        if row.kind in EFFECTS and row.estimate is not None and row.ci95 is not None:
            name = row.endpoint if isinstance(row, Outcome) else row.term
            low, high = row.ci95
            text = f"{decimal(row.estimate)} ({decimal(low)} to {decimal(high)})"
            week = row.week if isinstance(row, Outcome) else None
            yield MainOutcome(
                name, name.replace("_", " "), week, row.kind.replace("_", " "), True,
                Interval(row.estimate, low, high), text, True,
            )  # fmt: skip


def _of_gate(study: Study) -> MainOutcome | None:
    """Return the effect that the immune core has to reproduce, as it was printed or derived."""
    gate = study.gate
    if gate is None or gate.effect is None or gate.ci95 is None or gate.endpoint is None:
        return None
    low, high = gate.ci95
    text = f"{decimal(gate.effect)} ({decimal(low)} to {decimal(high)})"
    scale = gate.scale.replace("_pp", " [percentage points]").replace("_", " ")
    return MainOutcome(
        gate.endpoint, gate.endpoint.replace("_", " "), gate.week, scale, True,
        Interval(gate.effect, low, high), text, True,
    )  # fmt: skip


def _without_interval(study: Study, shelf: Shelf) -> Iterator[MainOutcome]:
    """Yield numbers of one arm of which no spread was printed, which is said in their text."""
    group = shelf.groups["cells" if study.gate is None else "drugs"]
    rows = [
        row
        for of_key in group.rows.values()
        for row in of_key
        if row.study == study.id and row.subgroup is None and _treated(study, row.arm)
    ]
    for row in sorted(rows, key=lambda one: abs(one.week - shelf.week)):
        key = endpoint_key(row.endpoint, row.measure)
        share = row.measure == "responder"
        number = percent(row.estimate) if share else decimal(row.estimate)
        ends = (row.low, row.high)
        if any(math.isnan(end) for end in ends):
            text = f"{number} (interval not printed)"
        else:
            low, high = (percent(end) if share else decimal(end) for end in ends)
            text = f"{number} ({low} to {high})"
        name = endpoint_name(row.endpoint, shelf.endpoints).split(" (")[0]
        words = {"responder": "proportion of patients", "change": "mean change"}
        yield MainOutcome(
            key, name, row.week, words.get(row.measure, "mean"), row.contrast,
            Interval(row.estimate, *(None if math.isnan(end) else end for end in ends)), text,
        )  # fmt: skip


def _counted(study: Study) -> Iterator[MainOutcome]:
    """Yield counts of treated patients under their published names, with Wilson's interval."""
    for row in study.outcomes:
        whole = row.subgroup is None and row.kind is None
        if row.events is None or not row.n or not whole or not _treated(study, row.arm):
            continue
        found = wilson(row.events, row.n)
        shown = Interval(found.estimate, found.low, found.high)
        yield MainOutcome(
            row.endpoint, row.endpoint.replace("_", " "), row.week, "proportion of patients",
            False, shown, interval_words(shown, "proportion"), True,
        )  # fmt: skip


def _treated(study: Study, arm_id: str) -> bool:
    """Whether an arm got cells, or the drug in question; a union of arms counts as treated."""
    if study.gate is not None:
        return arm_id == study.gate.arm
    arm = study.arm(arm_id)
    return arm is None or not is_control(arm)
