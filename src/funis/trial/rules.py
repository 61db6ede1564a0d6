"""Rules of the protocol at a visit: for whom they hold, and what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from funis.population import uniform
from funis.protocol import (
    Action,
    DoseEvents,
    Rule,
    dose_events,
    end_doses,
    merge_doses,
)
from funis.trial.course import Course, Firing, Group, foreseen, weight_kg, without
from funis.trial.environment import environment
from funis.trial.observe import Integers
from funis.trial.sites import with_deviations
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
    values = environment(rule.when, group, course, week)
    holds = np.asarray(rule.when.evaluate(values), dtype=np.bool_) & course.present(group)
    holds &= group.concerned(rule)
    if group.study.protocol.missing:
        holds &= course.attended
    if rule.chance < 1:
        key = (group.who.patient, course.minute, rule.id)
        holds &= uniform(group.study.seed, "chance of a rule", *key) < rule.chance
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


def _apply(rule: Rule, group: Group, course: Course, rows: Integers, week: float) -> Course:
    action, doses = rule.action, course.doses
    if action.stop:
        ids = None if action.stop == ("all",) else action.stop
        doses = end_doses(doses, course.minute, patients=rows, interventions=ids)
    given = _given(action, group, course, rows)
    if given is not None:
        given, wrong = with_deviations(group.study, given, group.who.patient)
        course = replace(course, departures=course.departures + wrong)
        doses = merge_doses(doses, given)
    if action.withdraw:
        course = without(course, rows, course.minute, rule.id)
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
