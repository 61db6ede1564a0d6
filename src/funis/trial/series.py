"""Why a series without a control improves: the same patients, with one layer less at a time.

Patients, their luck and the fluctuation of their disease stay the same, so that the change that
remains under each layer differs from the one above it by that layer alone. The order is part of
what is said: layers act together (scales end, scores are not sums), so another order would share
the same total out a little differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.models.factors import NO_CELLS
from funis.population.scores import ScoreReader
from funis.protocol import Action, Arm, Protocol, no_doses
from funis.solver import FAILED, simulate
from funis.trial.bank import by_visit
from funis.trial.conduct import follow
from funis.trial.course import Course, Group, group_of
from funis.trial.enrol import Enrolled, forcing_of, run_in_day
from funis.trial.observe import Array, Integers, observables
from funis.trial.study import MINUTES_PER_DAY, MINUTES_PER_WEEK, Study

Layer = Literal[
    "not_seen", "cells", "knowledge", "drugs", "expectation", "inflation", "measurement",
    "regression", "season", "rest",
]  # fmt: skip

LAYERS: tuple[Layer, ...] = (
    "not_seen", "cells", "knowledge", "drugs", "expectation", "inflation", "measurement",
    "regression", "season", "rest",
)  # fmt: skip
"""In the order in which they are taken away.

Who is not seen in the end; what cells do; what knowing the arm adds; drugs that the trial gives;
expectation; scores raised at entry; luck of measuring; disease that stood above its mean before
screening when the patient was let in; that mean above his mean of a year that nobody was chosen by;
the end beside the latter.
"""

OTHER_LUCK = 1_000_000
"""Added to the number of the candidate: keys of a year that nobody was chosen by."""

YEAR_WEEKS, SETTLED_WEEKS = 64, 12
"""Length of that year, and how long fluctuation needs to forget its start [week]."""


@dataclass(frozen=True, slots=True, eq=False)
class Layered:
    """The change of a score from baseline on as layers are taken away, in some patients.

    Attributes
    ----------
    patient : (patient,) index in the trial.
    seen : (patient,) whether the score was seen at both visits.
    left : (layer, patient) the change once the layers up to this one are away. The first row has
        everything and everybody, as if those not seen had been; the last is 0.
    """

    patient: Integers
    seen: NDArray[np.bool_]
    left: Array


def layered_changes(study: Study, arm: Arm, who: Enrolled, score: str, week: float) -> Layered:
    """Take the layers away one after the other.

    Parameters
    ----------
    who : enrolled patients, all followed under the arm.
    score : a score or component.
    week : of a visit; changes are from baseline to it.
    """
    present = group_of(study, arm, who)
    seen = ~np.isnan(_change(present, follow(present), score, week))
    whole = group_of(_without_leaving(study), arm, who)
    calm = replace(whole, leave_minute=np.full(len(who.patient), np.inf))
    idle = _without_cells(calm)
    masked = replace(idle, told=None)
    plain = _without_drugs(masked)
    honest = _without_expectation(plain)
    fair = _without_inflation(honest)
    groups = (calm, idle, masked, plain, honest, fair)
    rows = [_change(group, follow(group), score, week) for group in groups]
    true = _true(fair, follow(fair), score, week)
    before, level = run_in_mean(study, who, score), own_mean(fair, score)
    rows += [true[1] - true[0], true[1] - before, true[1] - level, np.zeros(len(level))]
    return Layered(who.patient, seen, np.stack(rows))


def run_in_mean(study: Study, who: Enrolled, score: str) -> Array:
    """Return the mean of the true score in the weeks before screening, (patient,)."""
    names = ScoreReader.of(study.model, [score]).outputs
    first, last = run_in_day(study.protocol), study.protocol.population.screening_day
    minutes = np.arange(first * MINUTES_PER_DAY, round(last * MINUTES_PER_DAY), MINUTES_PER_WEEK)
    found = simulate(
        study.model, who.parameters, no_doses(), minutes.astype(np.int64),
        forcing=forcing_of(study, who, 0), outputs=names, rtol=study.rtol, checked=0.0,
    )  # fmt: skip
    return np.asarray(_scores(study, found.values, names, score).mean(axis=1))


def own_mean(group: Group, score: str) -> Array:
    """Return the mean of the true score over a year of other luck, untreated, (patient,).

    Nobody was chosen by that year, so it is what the patient has usually.
    """
    study, who = group.study, group.who
    names = ScoreReader.of(study.model, [score]).outputs
    other = replace(who, attempt=who.attempt + OTHER_LUCK)
    first = run_in_day(study.protocol) * MINUTES_PER_DAY
    weeks = np.arange(YEAR_WEEKS + 1, dtype=np.int64) * MINUTES_PER_WEEK
    found = simulate(
        study.model, group.parameters, no_doses(), first + weeks,
        forcing=forcing_of(study, other, int(first + weeks[-1])), outputs=names, rtol=study.rtol,
        checked=0.0,
    )  # fmt: skip
    return np.asarray(_scores(study, found.values, names, score)[:, SETTLED_WEEKS:].mean(axis=1))


def _change(group: Group, course: Course, score: str, week: float) -> Array:
    """Return the observed change from baseline to a week, (patient,)."""
    weeks = group.study.protocol.visits.weeks
    table = by_visit(course, group.study.model.endpoints, weeks, [score])[score]
    change = table[:, weeks.index(week)] - table[:, 0]
    return np.where(course.status == FAILED, np.nan, change)


def _true(group: Group, course: Course, score: str, week: float) -> tuple[Array, Array]:
    """Return the true score at baseline and at a week, (patient,) each."""
    study, weeks = group.study, group.study.protocol.visits.weeks
    names = observables(study.model)
    truth = course.truth[:, [0, weeks.index(week)], : len(names)]
    found = _scores(study, truth, names, score)
    return found[:, 0], found[:, 1]


def _scores(study: Study, values: Array, names: Sequence[str], score: str) -> Array:
    reader = ScoreReader.of(study.model, [score])
    chosen = values[:, :, [names.index(name) for name in reader.outputs]]
    return reader.read(chosen)[:, :, 0]


def _without_leaving(study: Study) -> Study:
    """Return the study with nobody withdrawn and no visit missed."""
    protocol = study.protocol
    rules = (replace(one, action=replace(one.action, withdraw=False)) for one in protocol.rules)
    kept = tuple(one for one in rules if one.action.give or one.action.stop)
    return replace(study, protocol=replace(protocol, missing=(), rules=kept))


def _without_cells(group: Group) -> Group:
    return replace(group, parameters=group.parameters.replaced({NO_CELLS: 0.0}))


def _without_drugs(group: Group) -> Group:
    """Return patients whom the trial gives no drug, neither by the arm nor by a rule."""
    study = replace(group.study, protocol=_drug_free(group.study.protocol))
    return replace(group, study=study, arms=tuple(_drug_free_arm(arm) for arm in group.arms))


def _drug_free(protocol: Protocol) -> Protocol:
    rules = (replace(one, action=_drug_free_action(one.action)) for one in protocol.rules)
    return replace(protocol, rules=tuple(one for one in rules if one.action.give))


def _drug_free_arm(arm: Arm) -> Arm:
    return replace(arm, interventions=tuple(one for one in arm.interventions if one.drug is None))


def _drug_free_action(action: Action) -> Action:
    """Return an action that gives no drug; it stops none either, for none is given."""
    return replace(action, give=tuple(one for one in action.give if one.drug is None), stop=())


def _without_expectation(group: Group) -> Group:
    watched = group.observers
    watched = replace(watched, expectation=np.zeros_like(watched.expectation))
    return replace(group, observers=watched)


def _without_inflation(group: Group) -> Group:
    watched = group.observers
    return replace(group, observers=replace(watched, inflation=np.zeros_like(watched.inflation)))
