"""Conduct a trial: allocate, then block by block go visit to visit: simulate, see, decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial, reduce
from typing import Any
from typing import Protocol as Shape

import numpy as np
from numpy.typing import NDArray

from funis.population import blocks
from funis.protocol import DoseEvents
from funis.safety import Rates
from funis.solver import FAILED, STATUS
from funis.trial.absence import absent
from funis.trial.adverse import adverse_events
from funis.trial.allocation import (
    Allocated,
    NextLevel,
    allocate_patients,
    stratum_names,
)
from funis.trial.course import Course, Group, mixed_group, randomised, visit
from funis.trial.data import Block, TrialData, gather
from funis.trial.enrol import covariates, enrol
from funis.trial.environment import cells_given
from funis.trial.layers import Layer, stripped
from funis.trial.rules import decide
from funis.trial.sites import arrivals
from funis.trial.study import MINUTES_PER_DAY, MINUTES_PER_WEEK, Study, week_minute


class Map(Shape):
    """`map` of one function over independent tasks, in order: serial, processes or a cluster."""

    def __call__(
        self, function: Callable[[Study, range], Any], study: Study, tasks: Iterable[range]
    ) -> Iterable[Any]:
        """Return the results in the order of the tasks."""


def serial(
    function: Callable[[Study, range], Any], study: Study, tasks: Iterable[range]
) -> Iterable[Any]:
    """Map one task after the other in this process."""
    return (function(study, task) for task in tasks)


def conduct(
    study: Study,
    map_blocks: Map = serial,
    next_level: NextLevel | None = None,
    without: Collection[Layer] = (),
) -> TrialData:
    """Conduct the whole trial.

    Patients come in fixed blocks of 512 by index, so neither workers nor neighbours change a byte.

    Parameters
    ----------
    map_blocks
        Maps a function over blocks of patients, in order.
    next_level
        Decides on the levels of a dose escalation; needed there alone.
    without
        Layers that are taken away after enrolment, to see what they add.
    """
    allocated = allocate_patients(study, map_blocks, next_level)
    task = partial(conduct_block, allocated=allocated, without=without)
    return gather(map_blocks(task, study, blocks(len(allocated.arm_of))), study.model)


def conduct_block(
    study: Study,
    patients: range,
    allocated: Allocated | None = None,
    without: Collection[Layer] = (),
) -> Block:
    """Conduct the trial for one block of patients (a pure function)."""
    allocated = allocate_patients(study, serial) if allocated is None else allocated
    index = np.arange(patients.start, patients.stop, dtype=np.int64)
    who = enrol(study, index)
    group = stripped(mixed_group(study, allocated.arm_of[index], who), without)
    return _record(group, follow(group), allocated)


def follow(group: Group) -> Course:
    """Take patients through the visits of the protocol."""
    return reduce(
        lambda course, week: _pass(group, course, week),
        group.study.protocol.visits.weeks,
        randomised(group),
    )


def _pass(group: Group, course: Course, week: float) -> Course:
    """Go to a visit; the last one decides nothing."""
    there = absent(group, visit(group, course, week_minute(week)), week)
    return there if there.minute >= group.study.horizon_minute else decide(group, there, week)


def _record(group: Group, course: Course, allocated: Allocated) -> Block:
    """Write down what the trial leaves of a group."""
    components = tuple(course.seen[0])
    visits = [np.stack([seen[name] for name in components], axis=1) for seen in course.seen]
    values = np.stack(visits, axis=1)
    values[course.status == FAILED] = np.nan
    return record(group, course, components, values, allocated=allocated)


def record(
    group: Group,
    course: Course,
    components: tuple[str, ...],
    values: NDArray[np.float64],
    rates: Rates | None = None,
    allocated: Allocated | None = None,
) -> Block:
    """Write down a group with what was seen of it, (patient, visit, component).

    ``rates`` are the true rates of adverse events, by default those of the trial's seed.
    """
    study, who = group.study, group.who
    failed = course.status == FAILED
    gone = course.leave_minute <= study.horizon_minute
    return Block(
        arms=np.array([arm.id for arm in group.arms])[group.arm_of],
        patient=who.patient,
        site=who.site,
        attempt=who.attempt,
        covariates=covariates(study.model, who),
        status=np.where(failed, "failed", np.where(gone, "discontinued", "completed")),
        reason=np.where(failed, STATUS[FAILED], ""),
        ladder=course.status,
        deviation=course.deviation,
        discontinued_week=np.where(gone, course.leave_minute / MINUTES_PER_WEEK, np.nan),
        rescued_week=course.rescued_week,
        weeks=study.protocol.visits.weeks,
        components=components,
        values=values,
        doses=_dose_rows(group, course),
        further=_further(group, course, allocated),
        adverse_events=adverse_events(
            study, group.arms, group.arm_of, who.patient, who.attempt, course.doses,
            course.leave_minute, rates,
        ),
    )  # fmt: skip


def _further(
    group: Group, course: Course, allocated: Allocated | None
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of subjects that only some designs have."""
    study, patient = group.study, group.who.patient
    protocol, columns = study.protocol, dict[str, NDArray[np.generic]]()
    days = arrivals(study, int(patient.max(initial=-1)) + 1)
    if days is not None:
        columns["arrival_day"] = days[patient]
    if allocated is not None and allocated.stratum is not None:
        columns["stratum"] = np.array(stratum_names(study))[allocated.stratum[patient]]
    if allocated is not None and allocated.limited is not None:
        columns["dose_limiting"] = allocated.limited[patient]
    if protocol.missing or any(rule.action.withdraw for rule in protocol.rules):
        columns["discontinued_by"] = _reasons(study, course)
    if study.design is not None and study.design.sites is not None:
        columns["protocol_deviations"] = course.departures
    return columns


def _reasons(study: Study, course: Course) -> NDArray[np.str_]:
    """Return why each patient discontinued: a rule, a row of missing, or drop-out; else empty."""
    gone = course.leave_minute <= study.horizon_minute
    reason = np.where(course.leave_reason == "", "dropout", course.leave_reason)
    return np.where(gone, reason, "").astype(str)


def _dose_rows(group: Group, course: Course) -> dict[str, NDArray[np.generic]]:
    given = given_doses(group, course)
    return {"subject": group.who.patient[given.pop("row")], **given}


def given_doses(group: Group, course: Course) -> dict[str, NDArray[np.generic]]:
    """Return what was given: nothing after a patient left, running drugs cut there.

    Returns
    -------
    dict
        ``row`` of the patient in the group, ``day``, ``intervention``, ``route``, ``amount``
        [cells, or standard doses x day], ``duration_day`` and ``rule``, an entry a dose each.
    """
    doses = course.doses
    left = course.leave_minute[doses.patient] - doses.minute
    duration = np.minimum(doses.duration_minute, left)
    share = np.ones(len(doses))
    np.divide(duration, doses.duration_minute, out=share, where=doses.duration_minute > 0)
    amount = doses.amount * share
    columns: dict[str, NDArray[np.generic]] = {
        "row": doses.patient,
        "day": doses.minute / MINUTES_PER_DAY,
        "intervention": doses.intervention,
        "route": doses.input,
        "amount": np.where(cells_given(group, doses), amount * 1e6, amount),
        "duration_day": duration / MINUTES_PER_DAY,
        "rule": _rule_of(course),
    }
    return {name: column[left > 0] for name, column in columns.items()}


def _rule_of(course: Course) -> NDArray[np.str_]:
    """Return the rule that gave each dose, empty for the regimen, (dose,).

    Doses of one patient, minute and intervention stand in the order in which they were ordered:
    those of the regimen first, those of rules last.
    """
    rules: dict[tuple[object, ...], list[str]] = {}
    for firing in course.firings:
        for key in _keys(firing.given):
            rules.setdefault(key, []).append(firing.rule)
    keys = _keys(course.doses)
    to_come = Counter(keys)
    names = []
    for key in keys:
        by_rule = rules.get(key, [])
        names.append(by_rule[-to_come[key]] if to_come[key] <= len(by_rule) else "")
        to_come[key] -= 1
    return np.array(names, dtype=np.str_)


def _keys(doses: DoseEvents | None) -> list[tuple[object, ...]]:
    """Return patient, minute and intervention of each dose."""
    if doses is None:
        return []
    columns = (doses.patient.tolist(), doses.minute.tolist(), doses.intervention.tolist())
    return list(zip(*columns, strict=True))
