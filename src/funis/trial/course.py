"""The patients of one block, all arms together, on their way from visit to visit, as values.

Arms go together because every call of the solver and every draw has a fixed cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.population import exponential
from funis.protocol import Arm, DoseEvents, Rule, dose_events, merge_doses
from funis.solver import FAILED, Forcing, ParameterTable, Start, simulate
from funis.trial.enrol import Enrolled, forcing_of, observers_of
from funis.trial.observe import Array, Integers, Observers, observables, observe
from funis.trial.study import MINUTES_PER_DAY, Study

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Group:
    """The patients of one block, and what stays the same through their visits.

    Attributes
    ----------
    arms : which they may be under.
    arm_of : (patient,) place of each one's arm among them.
    parameters : of each patient, with those that the arm sets.
    forcing : fluctuation of each patient up to the last visit.
    leave_minute : (patient,) when each would discontinue, infinite for never.
    """

    study: Study
    arms: tuple[Arm, ...]
    arm_of: Integers
    who: Enrolled
    parameters: ParameterTable
    observers: Observers
    forcing: Forcing
    leave_minute: Array

    def concerned(self, rule: Rule) -> NDArray[np.bool_]:
        """Return whose arm a rule applies to, (patient,)."""
        asked = [rule.applies_to(arm.id) for arm in self.arms]
        return np.asarray(asked, dtype=np.bool_)[self.arm_of]


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fired at a visit: for which patients (rows), and what it gave them."""

    rule: str
    minute: int
    rows: Integers
    given: DoseEvents | None


@dataclass(frozen=True, slots=True)
class Course:
    """Where the patients of a group are after a visit.

    Attributes
    ----------
    minute : of the visit.
    states : (patient, state) before any dose of that minute.
    status : (patient,) the worst so far, see `funis.solver.STATUS`.
    deviation : (patient,) the largest so far, see `funis.solver.Trajectories`.
    doses : given and planned; patients by their row.
    rescued_week : (patient,) NaN for never.
    seen : what was written down at each visit so far.
    firings : rules that fired so far.
    """

    minute: int
    states: Array
    status: NDArray[np.int8]
    deviation: Array
    doses: DoseEvents
    rescued_week: Array
    seen: tuple[Mapping[str, Array], ...] = ()
    firings: tuple[Firing, ...] = ()

    def present(self, group: Group) -> NDArray[np.bool_]:
        """Return who is still in the trial and solved, (patient,)."""
        return np.asarray((group.leave_minute > self.minute) & (self.status != FAILED))


def group_of(study: Study, arm: Arm, who: Enrolled) -> Group:
    """Return patients, all under one arm, with all that their course depends on."""
    return _group(study, (arm,), np.zeros(len(who.patient), dtype=np.int64), who)


def mixed_group(study: Study, arm_of: Integers, who: Enrolled) -> Group:
    """Return patients, each under an arm of the protocol (its place), (patient,)."""
    return _group(study, study.protocol.arms, arm_of, who)


def _group(study: Study, arms: tuple[Arm, ...], arm_of: Integers, who: Enrolled) -> Group:
    return Group(
        study,
        arms,
        arm_of,
        who,
        arm_parameters(study, arms, arm_of, who),
        observers_of(study, replace(who, parameters=study.uncertain(who.parameters, who.patient))),
        forcing_of(study, who, study.horizon_minute),
        _leave_minute(study, arms, arm_of, who),
    )


def arm_parameters(
    study: Study, arms: Sequence[Arm], arm_of: Integers, who: Enrolled
) -> ParameterTable:
    """Return the parameters of each patient, with those that the arm sets."""
    given = [study.parameters_of(arm) for arm in arms]
    form = study.model.form
    usual = dict(zip(form.parameters, form.defaults, strict=True))
    new = {name for values in given for name in values} - set(who.parameters.names)
    table = who.parameters.replaced({name: usual[name] for name in sorted(new)})
    for number, values in enumerate(given):
        rows = np.flatnonzero(arm_of == number)
        for name, value in values.items():
            table.values[rows, table.names.index(name)] = value
    return study.uncertain(table, who.patient)


def randomised(group: Group) -> Course:
    """Return the course at randomisation: nothing given, nothing seen."""
    who, study = group.who, group.study
    doses = regimen_doses(study, group.arms, group.arm_of, who, study.horizon_minute)
    never = np.full(len(who.patient), np.nan)
    return Course(0, who.states, who.status, who.deviation, doses, never)


def visit(group: Group, course: Course, minute: int) -> Course:
    """Simulate up to a visit and write down what is seen of those who are still there."""
    study, names = group.study, observables(group.study.model)
    found = simulate(
        study.model,
        group.parameters,
        course.doses,
        np.array([minute], dtype=np.int64),
        start=Start(course.minute, course.states),
        forcing=group.forcing,
        outputs=names,
        rtol=study.rtol,
        checked=study.checked(group.who.patient),
    )
    arrived = replace(
        course,
        minute=minute,
        states=found.end,
        status=np.maximum(course.status, found.status),
        deviation=np.fmax(course.deviation, found.deviation),
    )
    truth = {name: found.values[:, 0, place] for place, name in enumerate(names)}
    seen = observe(study.model, group.observers, truth, minute, entry=minute <= 0)
    present = arrived.present(group)
    seen = {name: np.where(present, values, np.nan) for name, values in seen.items()}
    return replace(arrived, seen=(*course.seen, seen))


def regimen_doses(
    study: Study, arms: Sequence[Arm], arm_of: Integers, who: Enrolled, end_minute: int
) -> DoseEvents:
    """Return the dose events of each one's arm; patients are numbered by their row."""
    weight = weight_kg(who)
    return merge_doses(
        *(
            dose_events(
                arms[number],
                None if weight is None else weight[arm_of == number],
                np.flatnonzero(arm_of == number),
                end_minute=end_minute,
                recovered_fraction=study.recovered,
            )
            for number in np.unique(arm_of).tolist()
        )
    )


def weight_kg(who: Enrolled) -> Array | None:
    """Return the body weight of each patient, None where the disease has no such covariate."""
    return who.covariate("weight") if "weight" in who.parameters.names else None


def _leave_minute(study: Study, arms: Sequence[Arm], arm_of: Integers, who: Enrolled) -> Array:
    rates = [study.protocol.dropout.rate(arm.id) for arm in arms]
    luck = exponential(study.seed, "discontinuation", who.patient)
    rate = np.maximum(rates, 0.0)[arm_of]
    with np.errstate(divide="ignore"):
        return luck / rate * DAYS_PER_YEAR * MINUTES_PER_DAY
