"""Rules of the protocol at a visit: for whom they hold, and what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import evaluate_endpoints
from funis.protocol import (
    Action,
    DoseEvents,
    Rule,
    dose_events,
    end_doses,
    merge_doses,
)
from funis.trial.course import Course, Firing, Group, weight_kg
from funis.trial.enrol import covariates
from funis.trial.observe import Array, Integers
from funis.trial.study import week_minute


def decide(group: Group, course: Course, week: float) -> Course:
    """Ask every rule of the arm at a visit, in the order of the protocol."""
    for rule in group.study.protocol.rules:
        if rule.asked_at(week) and rule.applies_to(group.arm.id):
            rows = _fires(rule, group, course, week)
            if len(rows):
                course = _apply(rule, group, course, rows, week)
    return course


def _fires(rule: Rule, group: Group, course: Course, week: float) -> Integers:
    """Return the patients (rows) for whom a rule holds now and may fire."""
    values = _environment(rule, group, course, week)
    holds = np.asarray(rule.when.evaluate(values), dtype=np.bool_) & course.present(group)
    earlier = [firing for firing in course.firings if firing.rule == rule.id]
    if rule.at_most is not None:
        holds &= _times(earlier, len(holds)) < rule.at_most
    gap = week_minute(rule.min_gap_week)
    recent = [firing for firing in earlier if course.minute - firing.minute < gap]
    holds &= _times(recent, len(holds)) == 0
    return np.flatnonzero(holds)


def _times(firings: list[Firing], size: int) -> Integers:
    rows = [firing.rows for firing in firings]
    return np.bincount(np.concatenate([np.empty(0, np.int64), *rows]), minlength=size)


def _environment(rule: Rule, group: Group, course: Course, week: float) -> Mapping[str, Any]:
    """Return everything that the rule may name: each an array (patient,) or a number."""
    endpoints = group.study.model.endpoints
    used = {name.split(":")[-1] for name in rule.when.lookups}
    names = [name for name in used if name in endpoints.order]
    now, start = course.seen[-1], course.seen[0]
    before = course.seen[-2] if len(course.seen) > 1 else None
    values: dict[str, Any] = {"week": week, "doses_given": _doses_given(group, course)}
    values |= covariates(group.study.model, group.who)
    values |= now
    values |= evaluate_endpoints(endpoints, now, start, before, names=names)
    values |= _marked("baseline", start)
    values |= _marked("baseline", evaluate_endpoints(endpoints, start, start, names=names))
    if before is not None:
        values |= _marked("previous", before)
        values |= _marked("previous", evaluate_endpoints(endpoints, before, start, names=names))
    return values


def _marked(prefix: str, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{prefix}:{name}": column for name, column in values.items()}


def _doses_given(group: Group, course: Course) -> Array:
    """Count the administrations of cells before the visit, by regimen or rule, (patient,)."""
    past = cells_given(group, course.doses) & (course.doses.minute < course.minute)
    count = np.bincount(course.doses.patient[past], minlength=len(course.status))
    return count.astype(np.float64)


def cells_given(group: Group, doses: DoseEvents) -> NDArray[np.bool_]:
    """Tell administrations of cells from those of drugs, (dose,)."""
    routes = [given.id for given in group.study.model.inputs if given.kind == "cells"]
    return np.isin(doses.input, routes)


def _apply(rule: Rule, group: Group, course: Course, rows: Integers, week: float) -> Course:
    action, doses = rule.action, course.doses
    if action.stop:
        ids = None if action.stop == ("all",) else action.stop
        doses = end_doses(doses, course.minute, patients=rows, interventions=ids)
    given = _given(action, group, course, rows)
    if given is not None:
        doses = merge_doses(doses, given)
    rescued = course.rescued_week.copy()
    if action.rescue:
        rescued[rows[np.isnan(rescued[rows])]] = week
    firing = Firing(rule.id, course.minute, rows, given)
    return replace(course, doses=doses, rescued_week=rescued, firings=(*course.firings, firing))


def _given(action: Action, group: Group, course: Course, rows: Integers) -> DoseEvents | None:
    if not action.give:
        return None
    weight = weight_kg(group.who)
    return dose_events(
        action.give,
        None if weight is None else weight[rows],
        rows,
        start_minute=course.minute,
        end_minute=group.study.horizon_minute,
        recovered_fraction=group.study.recovered,
    )
