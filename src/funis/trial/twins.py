"""Twins: the same virtual patients under every arm, without noise, drop-out and rules.

A treated course beside the course of the same patient under the reference arm shows what the
treatment changed, as far as the model goes; no trial in people can see that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.solver import FAILED, Start, simulate
from funis.trial.course import arm_parameters, regimen_doses
from funis.trial.enrol import enrol, forcing_of
from funis.trial.observe import Array, Integers
from funis.trial.study import MINUTES_PER_DAY, MINUTES_PER_WEEK, Study

HOURS_AFTER_DOSE = (1.0, 4.0, 12.0, 24.0, 36.0, 48.0, 72.0, 96.0, 120.0, 168.0, 240.0, 336.0, 504.0)
"""Times after a dose at which cells are looked at: they live for days, not weeks [h]."""


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """Courses of the same patients under one arm.

    Attributes
    ----------
    arm
        Id of the arm.
    patient
        (patient,) index in the trial.
    minutes
        (time,) since randomisation.
    outputs, values
        Outputs of the model, (patient, time, output); not-a-number where no solver solved.
    status
        (patient,) of the solver.
    """

    arm: str
    patient: Integers
    minutes: Integers
    outputs: tuple[str, ...]
    values: Array
    status: NDArray[np.int8]

    @property
    def days(self) -> Array:
        """Times [day]."""
        return np.asarray(self.minutes / MINUTES_PER_DAY, dtype=np.float64)

    def output(self, name: str) -> Array:
        """Return one output, (patient, time)."""
        column: Array = self.values[:, :, self.outputs.index(name)]
        return column


def course_minutes(dose_days: Sequence[float], fine_until_day: float, last_week: int) -> Integers:
    """Return the times of a course: every week, and closer after each dose.

    Parameters
    ----------
    dose_days
        Days of the doses.
    fine_until_day
        Doses after this day are seen at the weeks only.
    last_week
        Week of the last time.
    """
    weekly = np.arange(last_week + 1, dtype=np.int64) * MINUTES_PER_WEEK
    starts = [round(day * MINUTES_PER_DAY) for day in dose_days if day <= fine_until_day]
    after = [round(hours * 60) for hours in HOURS_AFTER_DOSE]
    fine = np.array([s + more for s in starts for more in (0, *after)], dtype=np.int64)
    times = np.union1d(weekly, fine)
    return np.asarray(times[times <= weekly[-1]], dtype=np.int64)


def twin_courses(
    study: Study, patients: range, minutes: Integers, outputs: Sequence[str]
) -> tuple[Courses, ...]:
    """Solve the same patients under every arm, from their state at randomisation on.

    The disease of a patient fluctuates alike under every arm. Rules are not asked: an arm is its
    interventions alone.

    Parameters
    ----------
    patients
        Indices in the trial, whatever arm they were allocated to.
    minutes
        Increasing times from 0 on.
    outputs
        Outputs of the model.

    Returns
    -------
    tuple of Courses
        One an arm, in the order of the protocol.
    """
    who = enrol(study, np.arange(patients.start, patients.stop, dtype=np.int64))
    arms, last = study.protocol.arms, int(minutes[-1])
    arm_of = np.repeat(np.arange(len(arms)), len(patients))
    twins = who.rows(np.tile(np.arange(len(patients)), len(arms)))
    solved = simulate(
        study.model, arm_parameters(study, arms, arm_of, twins),
        regimen_doses(study, arms, arm_of, twins, last), minutes, start=Start(0, twins.states),
        forcing=forcing_of(study, twins, last), outputs=tuple(outputs), rtol=study.rtol,
        checked=study.checked(twins.patient),
    )  # fmt: skip
    status = np.where(twins.status == FAILED, twins.status, solved.status)
    values = np.where((status == FAILED)[:, None, None], np.nan, solved.values)
    return tuple(
        Courses(arm.id, who.patient, minutes, tuple(outputs), values[mine], status[mine])
        for arm, mine in ((arm, arm_of == number) for number, arm in enumerate(arms))
    )


def effects_by_draw(
    study: Study, patients: range, minutes: Integers, outputs: Sequence[str], rows: Integers
) -> Array:
    """Solve the same patients under every arm and under some rows of the ensemble.

    What differs between the rows is what is not known of the model: patients, their luck and the
    fluctuation of their disease are the same.

    Returns
    -------
    array
        (row, arm, patient, time, output).
    """
    assert study.ensemble is not None
    plain = replace(study, ensemble=None)
    who = enrol(plain, np.arange(patients.start, patients.stop, dtype=np.int64))
    arms, last = study.protocol.arms, int(minutes[-1])
    arm_of = np.tile(np.repeat(np.arange(len(arms)), len(patients)), len(rows))
    twins = who.rows(np.tile(np.arange(len(patients)), len(arms) * len(rows)))
    row = np.repeat(rows, len(arms) * len(patients))
    table = arm_parameters(plain, arms, arm_of, twins)
    points = study.ensemble
    factors = {
        name: points.factors[row, place]
        for place, name in enumerate(points.names)
        if name in table.names
    }
    solved = simulate(
        study.model, table.scaled(factors), regimen_doses(study, arms, arm_of, twins, last),
        minutes, start=Start(0, twins.states), forcing=forcing_of(study, twins, last),
        outputs=tuple(outputs), rtol=study.rtol, checked=study.checked(twins.patient),
    )  # fmt: skip
    values = np.where((solved.status == FAILED)[:, None, None], np.nan, solved.values)
    shape = (len(rows), len(arms), len(patients), len(minutes), len(outputs))
    return np.asarray(values.reshape(shape))


def join_courses(parts: Sequence[tuple[Courses, ...]]) -> tuple[Courses, ...]:
    """Put ranges of patients together, arm by arm; whoever failed in one arm is left out of all."""
    whole = [_joined(courses) for courses in zip(*parts, strict=True)]
    failed = np.any([courses.status == FAILED for courses in whole], axis=0)
    if not failed.any():
        return tuple(whole)
    return tuple(
        Courses(
            c.arm, c.patient[~failed], c.minutes, c.outputs, c.values[~failed], c.status[~failed]
        )
        for c in whole
    )


def _joined(parts: Sequence[Courses]) -> Courses:
    return Courses(
        parts[0].arm,
        np.concatenate([part.patient for part in parts]),
        parts[0].minutes,
        parts[0].outputs,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.status for part in parts]),
    )
