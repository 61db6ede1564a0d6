"""The same virtual patients under many values of the parameters: what calibration learns from.

Patients are enrolled once, with the parameters of the library; then they are followed under every
arm and every point (one factor for each calibrated parameter), with the same luck. So points
differ by their parameters alone, and few patients suffice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import evaluate_endpoints
from funis.models.factors import NO_CELLS, Points
from funis.protocol import Arm, EndpointRequest
from funis.solver import FAILED
from funis.trial import Study
from funis.trial.bank import by_visit, with_factors
from funis.trial.conduct import follow
from funis.trial.course import Course, Group, at_randomisation, group_of
from funis.trial.enrol import Enrolled, enrol

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
    table = by_visit(course, endpoints, weeks, [one.endpoint for one in requests])
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
    columns = zip(points.names, points.factors.T, strict=True)
    return with_factors(group, {name: np.repeat(column, size) for name, column in columns})
