"""Rules of the protocol at a visit: for whom they hold, and what they do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import VisitRows, depends_on_visits, evaluate_endpoints
from funis.protocol import (
    Action,
    DoseEvents,
    Rule,
    dose_events,
    end_doses,
    merge_doses,
)
from funis.trial.course import Course, Firing, Group, foreseen, weight_kg
from funis.trial.enrol import covariates
from funis.trial.observe import Array, Integers
from funis.trial.study import week_minute


def decide(group: Group, course: Course, week: float) -> Course:
    """Ask every rule of a visit, in the order of the protocol."""
    known = len(course.firings)
    for rule in group.study.protocol.rules:
        if rule.asked_at(week) and np.any(group.concerned(rule)):
            rows = _fires(rule, group, course, week)
            if len(rows):
                course = _apply(rule, group, course, rows, week)
    return foreseen(group, course, _changed(course.firings[known:]))


def _changed(firings: Sequence[Firing]) -> Integers:
    """Return the patients (rows) whose doses a rule changed."""
    rows = [firing.rows for firing in firings if firing.changes_doses]
    return np.unique(np.concatenate([np.empty(0, np.int64), *rows]))


def _fires(rule: Rule, group: Group, course: Course, week: float) -> Integers:
    """Return the patients (rows) for whom a rule holds now and may fire."""
    values = _environment(rule, group, course, week)
    holds = np.asarray(rule.when.evaluate(values), dtype=np.bool_) & course.present(group)
    holds &= group.concerned(rule)
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
    seen = course.seen
    values: dict[str, Any] = {"week": week, "doses_given": _doses_given(group, course)}
    values |= covariates(group.study.model, group.who)
    values |= seen[-1]
    values |= _scores(group, seen, _asked(rule, group))
    values |= _marked("baseline", seen[0])
    values |= _marked("baseline", _scores(group, seen[:1], _asked(rule, group, "baseline:")))
    if len(seen) > 1:
        values |= _marked("previous", seen[-2])
        values |= _marked("previous", _scores(group, seen[:-1], _asked(rule, group, "previous:")))
    return values


def _asked(rule: Rule, group: Group, prefix: str = "") -> list[str]:
    """Return the scores and conditions that a rule asks for, now or at an earlier visit."""
    names = [name.removeprefix(prefix) for name in rule.when.lookups if name.startswith(prefix)]
    return [name for name in names if name in group.study.model.endpoints.order]


def _scores(
    group: Group, seen: Sequence[Mapping[str, Array]], names: Collection[str]
) -> dict[str, NDArray[Any]]:
    """Return scores and conditions at the last of some visits, which are all since baseline."""
    if not names:
        return {}
    endpoints = group.study.model.endpoints
    start, size = seen[0], len(group.who.patient)
    weeks = group.study.protocol.visits.weeks[: len(seen)]
    first = 0 if depends_on_visits(endpoints, names) else len(seen) - 1
    kept = range(first, len(seen))
    missing = {name: np.full(size, np.nan) for name in start}
    found = evaluate_endpoints(
        endpoints,
        _stacked([seen[visit] for visit in kept]),
        _stacked([start for _ in kept]),
        _stacked([seen[visit - 1] if visit else missing for visit in kept]),
        names=names,
        visits=VisitRows(
            np.tile(np.arange(size), len(kept)), np.repeat([weeks[visit] for visit in kept], size)
        ),
    )
    return {name: column[-size:] for name, column in found.items()}


def _stacked(visits: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return the rows of some visits, one visit below the other."""
    return {name: np.concatenate([visit[name] for visit in visits]) for name in visits[0]}


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
    firing = Firing(rule.id, course.minute, rows, given, bool(action.stop) or given is not None)
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
