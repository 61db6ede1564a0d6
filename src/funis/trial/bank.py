"""The same virtual patients under several arms and several draws of the model.

Patients are enrolled once, with the parameters of the library; a bank follows them under every
arm, each time with the factors of one draw. Their biology and luck stay the same, so that what
differs between arms and draws is what arms and draws do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import Endpoints, VisitRows, evaluate_endpoints
from funis.population.scores import ScoreReader
from funis.solver import FAILED
from funis.trial.conduct import follow
from funis.trial.course import Course, Group, mixed_group
from funis.trial.enrol import Enrolled, observers_of
from funis.trial.observe import Array, Integers, observables
from funis.trial.study import MINUTES_PER_WEEK, Study

EVENTS = ("discontinuation", "rescue")
"""Intercurrent events whose week a bank keeps."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What became of some patients, a row each.

    Attributes
    ----------
    patient : (row,) index in the bank.
    tables : endpoint -> (row, visit); not-a-number where nobody looked.
    events : intercurrent event -> (row,) its week, infinite for never.
    failed : (row,) whether no solver solved the patient.
    """

    patient: Integers
    tables: Mapping[str, Array]
    events: Mapping[str, Array]
    failed: NDArray[np.bool_]


def follow_rows(
    study: Study, who: Enrolled, arm_of: Integers, factors: Mapping[str, Array],
    endpoints: Sequence[str],
) -> Followed:  # fmt: skip
    """Take patients through the trial, each row under its arm and its factors.

    Parameters
    ----------
    who : a row for each course; the same patient may stand in several.
    arm_of : (row,) place of the arm in the protocol.
    factors : parameter -> (row,) what it is multiplied by.
    endpoints : components, scores and responses to keep at every visit.
    """
    return followed(*course_of(study, who, arm_of, factors), endpoints)


def course_of(
    study: Study, who: Enrolled, arm_of: Integers, factors: Mapping[str, Array]
) -> tuple[Group, Course]:
    """Take patients through the trial, as `follow_rows`, and return them with their course."""
    plain = replace(study, ensemble=None)
    group = with_factors(mixed_group(plain, arm_of, who), factors)
    return group, follow(group)


def followed(group: Group, course: Course, endpoints: Sequence[str]) -> Followed:
    """Return what was seen of a course."""
    study = group.study
    leave = course.leave_minute / MINUTES_PER_WEEK
    gone = course.leave_minute <= study.horizon_minute
    rescued = np.where(np.isnan(course.rescued_week), np.inf, course.rescued_week)
    tables = by_visit(course, study.model.endpoints, study.protocol.visits.weeks, endpoints)
    unseen = np.stack(
        [np.all(np.isnan(list(seen.values())), axis=0) for seen in course.seen], axis=1
    )
    return Followed(
        group.who.patient,
        {name: np.where(unseen, np.nan, table) for name, table in tables.items()},
        {"discontinuation": np.where(gone, leave, np.inf), "rescue": rescued},
        course.status == FAILED,
    )


def true_tables(group: Group, course: Course, names: Sequence[str]) -> dict[str, Array]:
    """Return components and scores without noise, expectation and rounding, (row, visit) each.

    They go on after a patient has left; conditions are left out, they are of what was seen.
    """
    numbers = [name for name in names if name in group.study.model.endpoints.numbers]
    model, structural = group.study.model, group.study.model.endpoints.structural
    outputs = observables(model)
    plain = [name for name in numbers if name not in {item.id for item in structural}]
    found: dict[str, Array] = {
        item.id: course.truth[:, :, outputs.index(item.observable)]
        for item in structural
        if item.id in numbers
    }
    if plain:
        reader = ScoreReader.of(model, plain)
        values = course.truth[:, :, [outputs.index(one) for one in reader.outputs]]
        scores = reader.read(values)
        found |= {name: scores[:, :, place] for place, name in enumerate(plain)}
    return found


def with_factors(group: Group, factors: Mapping[str, Array]) -> Group:
    """Return the same patients with parameters times a factor of each row, how they report too."""
    known = {name: rows for name, rows in factors.items() if name in group.parameters.names}
    parameters = group.parameters.scaled(known)
    who = replace(group.who, parameters=parameters)
    return replace(group, parameters=parameters, observers=observers_of(group.study, who))


def by_visit(
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
