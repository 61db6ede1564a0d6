"""The same virtual patients under many values of the parameters: what calibration learns from.

Patients are enrolled once, with the parameters of the library; then they are followed under every
arm and every point (one factor for each calibrated parameter), with the same luck. So points
differ by their parameters alone, and few patients suffice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import Endpoints, VisitRows, evaluate_endpoints
from funis.models.factors import NO_CELLS, Points
from funis.protocol import Arm, EndpointRequest
from funis.solver import FAILED
from funis.trial import Study
from funis.trial.conduct import follow
from funis.trial.course import Course, Group, at_randomisation, group_of
from funis.trial.enrol import Enrolled, enrol, observers_of

Array = NDArray[np.float64]

__all__ = [
    "NO_CELLS",
    "Points",
    "baseline_values",
    "enrolled",
    "follow_points",
    "patient_values",
]


def follow_points(
    study: Study, arm: Arm, who: Enrolled, points: Points, requests: Sequence[EndpointRequest]
) -> Array:
    """Return a number of each patient for each request under each point.

    Returns
    -------
    array
        (point, patient, request); responses are 0 or 1, rates events per year;
        not-a-number where no solver solved.
    """
    group, course = course_of(study, arm, who, points)
    values = patient_values(course, group, requests)
    return values.reshape(len(points), len(who.patient), len(requests))


def course_of(study: Study, arm: Arm, who: Enrolled, points: Points) -> tuple[Group, Course]:
    """Return the patients under each point, all of the first one first, and their course."""
    tiled = who.rows(np.tile(np.arange(len(who.patient)), len(points)))
    group = _scaled(group_of(study, arm, tiled), points, len(who.patient))
    return group, follow(group)


def enrolled(study: Study, patients: range) -> Enrolled:
    """Return the patients of a range, at randomisation."""
    return enrol(study, np.arange(patients.start, patients.stop, dtype=np.int64))


def baseline_values(study: Study, who: Enrolled, names: Sequence[str]) -> Array:
    """Return components and scores at randomisation, without any treatment, (patient, name)."""
    group = group_of(study, study.protocol.arms[0], who)
    seen = at_randomisation(group)
    scores = evaluate_endpoints(study.model.endpoints, seen, seen)
    known = {**seen, **scores}
    return np.stack([np.asarray(known[name], dtype=np.float64) for name in names], axis=1)


def patient_values(course: Course, group: Group, requests: Sequence[EndpointRequest]) -> Array:
    """Return a number of each patient for each request, (patient, request)."""
    endpoints = group.study.model.endpoints
    weeks = group.study.protocol.visits.weeks
    table = _by_visit(course, endpoints, weeks, [one.endpoint for one in requests])
    failed = course.status == FAILED
    columns = []
    for one in requests:
        values = table[one.endpoint]
        at = int(np.argmin([abs(week - one.week) for week in weeks]))
        column = values[:, at]
        if one.measure == "change":
            column = column - values[:, 0]
        elif one.measure == "rate":
            column = (column - values[:, 0]) / max(one.week, 1e-9) * WEEKS_PER_YEAR
        columns.append(np.where(failed, np.nan, column))
    return np.stack(columns, axis=1)


WEEKS_PER_YEAR = 365.25 / 7


def _scaled(group: Group, points: Points, size: int) -> Group:
    """Return a group whose patients stand once for each point, with the factors of the point."""
    factors: Mapping[str, float | Array] = {
        name: np.repeat(points.factors[:, place], size)
        for place, name in enumerate(points.names)
        if name in group.parameters.names
    }
    parameters = group.parameters.scaled(factors)
    who = replace(group.who, parameters=parameters)
    return replace(group, parameters=parameters, observers=observers_of(group.study, who))


def _by_visit(
    course: Course, endpoints: Endpoints, weeks: Sequence[float], names: Sequence[str]
) -> dict[str, Array]:
    """Return endpoints of each patient and visit, (patient, visit)."""
    count, size = len(weeks), len(course.status)
    components = list(course.seen[0])
    stacked = {name: np.stack([seen[name] for seen in course.seen], axis=1) for name in components}
    rows = VisitRows(np.repeat(np.arange(size), count), np.tile(np.asarray(weeks), size))
    now = {name: values.ravel() for name, values in stacked.items()}
    start = {name: np.repeat(values[:, 0], count) for name, values in stacked.items()}
    before = {name: _shifted(values).ravel() for name, values in stacked.items()}
    wanted = [name for name in dict.fromkeys(names) if name not in stacked]
    scores = evaluate_endpoints(endpoints, now, start, before, names=wanted, visits=rows)
    known = {**now, **scores}
    return {
        name: np.asarray(known[name], dtype=np.float64).reshape(size, count)
        for name in dict.fromkeys(names)
    }


def _shifted(values: Array) -> Array:
    """Return the values of the visit before, not-a-number at the first."""
    before = np.full_like(values, np.nan)
    before[:, 1:] = values[:, :-1]
    return before
