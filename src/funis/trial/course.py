"""The patients of one block, all arms together, on their way from visit to visit, as values.

Arms go together because every call of the solver and every draw has a fixed cost. For the same
reason, and so that a further visit changes nobody's course, patients are solved up to the last
visit at once, and again from a visit on only where a rule changes what they are given there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.population import exponential
from funis.protocol import Arm, DoseEvents, Rule, dose_events, merge_doses, no_doses
from funis.solver import FAILED, Forcing, ParameterTable, Start, doses_of, simulate
from funis.trial.enrol import Enrolled, forcing_of, observers_of
from funis.trial.masking import Told, telling
from funis.trial.observe import Array, Integers, Observers, observables, observe
from funis.trial.sites import viability_of, with_deviations
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
    told : what knowing the arm does to reports; None where nobody knows more than another.
    """

    study: Study
    arms: tuple[Arm, ...]
    arm_of: Integers
    who: Enrolled
    parameters: ParameterTable
    observers: Observers
    forcing: Forcing
    leave_minute: Array
    told: Told | None = None

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
    changes_doses: bool


@dataclass(frozen=True, slots=True)
class Course:
    """Where the patients of a group are after a visit.

    Attributes
    ----------
    minute : of the visit.
    truth : (patient, visit, output) at every visit, as long as nothing is decided otherwise; an
        output is an observable or a state, before any dose of that minute.
    status : (patient,) the worst so far, see `funis.solver.STATUS`.
    deviation : (patient,) the largest so far, see `funis.solver.Trajectories`.
    doses : given and planned; patients by their row.
    rescued_week : (patient,) NaN for never.
    leave_minute : (patient,) when each discontinues, as far as is known; infinite for never.
    leave_reason : (patient,) the rule or the row of ``missing`` that it is by, else empty.
    departures : (patient,) administrations planned so far that are missed or halved.
    seen : what was written down at each visit so far.
    firings : rules that fired so far.
    """

    minute: int
    truth: Array
    status: NDArray[np.int8]
    deviation: Array
    doses: DoseEvents
    rescued_week: Array
    leave_minute: Array
    leave_reason: NDArray[np.object_]
    departures: Integers
    seen: tuple[Mapping[str, Array], ...] = ()
    firings: tuple[Firing, ...] = ()

    def present(self, group: Group) -> NDArray[np.bool_]:
        """Return who is still in the trial and solved, (patient,)."""
        return np.asarray((self.leave_minute > self.minute) & (self.status != FAILED))

    @property
    def attended(self) -> NDArray[np.bool_]:
        """Whether anything was seen of each one at the last visit, (patient,)."""
        known = [~np.isnan(values) for values in self.seen[-1].values()]
        return np.asarray(np.any(known, axis=0))


def without(course: Course, rows: Integers, minute: float, reason: str) -> Course:
    """Return the course without some patients (rows) from a minute on, unless they left before."""
    rows = rows[course.leave_minute[rows] > minute]
    leave, why = course.leave_minute.copy(), course.leave_reason.copy()
    leave[rows], why[rows] = minute, reason
    return replace(course, leave_minute=leave, leave_reason=why)


def group_of(study: Study, arm: Arm, who: Enrolled) -> Group:
    """Return patients, all under one arm, with all that their course depends on."""
    return _group(study, (arm,), np.zeros(len(who.patient), dtype=np.int64), who)


def mixed_group(study: Study, arm_of: Integers, who: Enrolled) -> Group:
    """Return patients, each under an arm of the study (its place), (patient,)."""
    return _group(study, study.arms, arm_of, who)


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
        telling(study, arms, arm_of, who, untreated_spread),
    )


def untreated_spread(study: Study, who: Enrolled, minute: int) -> Mapping[str, Array]:
    """Return what is seen of untreated patients from baseline to a minute, (2, patient) each."""
    group = group_of(study, Arm("untreated", "Untreated", "standard_of_care"), who)
    truth = _truth(group, np.array([0, minute], dtype=np.int64))
    return {
        name: np.stack([first[name], last[name]])
        for first, last in [
            tuple(
                observe(study.model, group.observers, seen, when, entry=when == 0)
                for seen, when in zip(truth, (0, minute), strict=True)
            )
        ]
        for name in first
    }


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
        held = viability_of(study, arms[number], who.site[rows])
        if held is not None and len(rows) and "viability" not in arms[number].scenario:
            table.values[rows, table.names.index("viability")] = held
    return study.uncertain(table, who.patient)


def randomised(group: Group) -> Course:
    """Return the course at randomisation: nothing given, nothing seen."""
    blank = planned(group)
    rows, visits = np.arange(len(blank.status)), range(blank.truth.shape[1])
    return _solved(group, blank, rows, Start(0, group.who.states), visits)


def planned(group: Group) -> Course:
    """Return the course at randomisation, before anything is solved: what shall be given."""
    who, study = group.who, group.study
    doses = regimen_doses(study, group.arms, group.arm_of, who, study.horizon_minute)
    doses, wrong = with_deviations(study, doses, who.patient)
    count, visits = len(who.patient), len(study.protocol.visits.weeks)
    never = np.full(count, np.nan)
    truth = np.full((count, visits, len(_outputs(group))), np.nan)
    stays = np.full(count, "", dtype=np.object_)
    return Course(
        0, truth, who.status, who.deviation, doses, never, group.leave_minute, stays, wrong
    )


def foreseen(group: Group, course: Course, rows: Integers) -> Course:
    """Solve some patients again from the visit of the course on, under the doses that it has."""
    minutes = group.study.visit_minutes
    place = minutes.index(course.minute)
    if len(rows) == 0 or place + 1 == len(minutes):
        return course
    outputs = _outputs(group)
    columns = [outputs.index(name) for name in group.study.model.form.states]
    states = course.truth[rows, place][:, columns]
    later = range(place + 1, len(minutes))
    return _solved(group, course, rows, Start(course.minute, states), later)


def _solved(group: Group, course: Course, rows: Integers, start: Start, visits: range) -> Course:
    study, count = group.study, len(course.status)
    path = group.forcing
    found = simulate(
        study.model,
        group.parameters.rows(rows),
        doses_of(course.doses, rows, count),
        np.array(study.visit_minutes[visits.start :], dtype=np.int64),
        start=start,
        forcing=replace(path, values=path.values[rows], slopes=path.slopes[rows]),
        outputs=_outputs(group),
        rtol=study.rtol,
        checked=study.checked(group.who.patient[rows]),
    )
    truth, status = course.truth.copy(), course.status.copy()
    deviation = course.deviation.copy()
    truth[rows, visits.start :] = found.values
    status[rows] = np.maximum(status[rows], found.status)
    deviation[rows] = np.fmax(deviation[rows], found.deviation)
    return replace(course, truth=truth, status=status, deviation=deviation)


def visit(group: Group, course: Course, minute: int) -> Course:
    """Go to a visit and write down what is seen of those who are still there."""
    study, place = group.study, group.study.visit_minutes.index(minute)
    truth = {
        name: course.truth[:, place, column] for column, name in enumerate(observables(study.model))
    }
    arrived = replace(course, minute=minute)
    told = None if group.told is None else group.told.at(study, group.who, course.doses, minute)
    seen = observe(study.model, group.observers, truth, minute, entry=minute <= 0, told=told)
    present = arrived.present(group)
    seen = {name: np.where(present, values, np.nan) for name, values in seen.items()}
    return replace(arrived, seen=(*course.seen, seen))


def at_randomisation(group: Group) -> Mapping[str, Array]:
    """Return what is seen at the baseline visit, which nothing that is given can move."""
    (truth,) = _truth(group, np.array([0], dtype=np.int64))
    return observe(group.study.model, group.observers, truth, 0, entry=True)


def _truth(group: Group, minutes: Integers) -> list[dict[str, Array]]:
    """Return what could be observed of patients who are given nothing, a mapping a minute."""
    study, who = group.study, group.who
    names = observables(study.model)
    found = simulate(
        study.model, group.parameters, no_doses(), minutes, start=Start(0, who.states),
        forcing=group.forcing, outputs=names, rtol=study.rtol, checked=0.0,
    )  # fmt: skip
    return [
        {name: found.values[:, visit, place] for place, name in enumerate(names)}
        for visit in range(len(minutes))
    ]


def _outputs(group: Group) -> tuple[str, ...]:
    """Return what is kept of every visit: what is observed, then the states to go on from."""
    model = group.study.model
    return tuple(dict.fromkeys((*observables(model), *model.form.states)))


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
