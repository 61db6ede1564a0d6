"""Visits that are not seen: by chance, by what was seen before, or by what would have been seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from funis.population import uniform
from funis.protocol import Missing
from funis.trial.course import Course, Group, without
from funis.trial.environment import environment
from funis.trial.observe import Array


def absent(group: Group, course: Course, week: float) -> Course:
    """Take away what is not seen at a visit; everybody is seen at baseline."""
    if week <= 0:
        return course
    there = course
    for one in group.study.protocol.missing:
        rows = _stays_away(one, group, course, week)
        there = _away(one, group, there, rows)
    return there


def _stays_away(one: Missing, group: Group, course: Course, week: float) -> NDArray[np.bool_]:
    """Return who does not come, (patient,)."""
    patient = group.who.patient
    luck = uniform(group.study.seed, "missing visit", patient, course.minute, one.id)
    away = (luck < one.probability) & course.present(group)
    if one.when is None:
        return np.asarray(away)
    judged = last_seen(course) if one.mechanism == "at_random" else course
    values = environment(one.when, group, judged, week)
    return np.asarray(away & np.asarray(one.when.evaluate(values), dtype=np.bool_))


def last_seen(course: Course) -> Course:
    """Return the course up to the visit before, missed visits as the last one that was seen."""
    carried: list[dict[str, Array]] = []
    for visit in course.seen[:-1]:
        before = carried[-1] if carried else visit
        carried.append(
            {name: np.where(np.isnan(now), before[name], now) for name, now in visit.items()}
        )
    return replace(course, seen=tuple(carried))


def _away(one: Missing, group: Group, course: Course, rows: NDArray[np.bool_]) -> Course:
    seen = {name: np.where(rows, np.nan, values) for name, values in course.seen[-1].items()}
    course = replace(course, seen=(*course.seen[:-1], seen))
    if one.lost == "visit":
        return course
    before = group.study.visit_minutes[len(course.seen) - 2]
    return without(course, np.flatnonzero(rows), (before + course.minute) / 2, one.id)
