"""`funis twin`: one replicate of a design again, its patients each beside his placebo twin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, nearest
from funis.pipeline.design.bank import (
    Bank,
    bank_of_pieces,
    design_study,
    part,
    people_course,
    piece_with,
)
from funis.pipeline.design.decisions import judged
from funis.pipeline.design.plan import PATIENTS, PRESENT, DesignPlan, design_plan
from funis.pipeline.design.replicates import outcomes, picked, true_effects
from funis.pipeline.design.worlds import (
    World,
    believed_points,
    check_patients,
    check_size,
    sizes_of,
    worlds,
)
from funis.pipeline.inputs import load_trial, require, require_whole
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence
from funis.pipeline.uncertainty import chosen_ensemble
from funis.report.content import Interval
from funis.trial import Study, enrol
from funis.trial.bank import EVENTS, followed, true_tables
from funis.trial.conduct import given_doses
from funis.trial.course import Course, Group

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Course_ = tuple[float, ...]
Pair = tuple[Course_, Course_]

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
WORLDS = ("posterior", "truth", "null")


@dataclass(frozen=True, slots=True)
class VisitBand:
    """What was seen of some patients, a value a visit: how many, mean, quantiles."""

    n: tuple[int, ...]
    mean: Course_
    q10: Course_
    q25: Course_
    median: Course_
    q75: Course_
    q90: Course_


@dataclass(frozen=True, slots=True)
class TwinDose:
    """What a patient was given on a day: cells, or standard doses x day of a drug."""

    day: float
    intervention: str
    route: str
    amount: float
    duration_day: float
    rule: str


@dataclass(frozen=True, slots=True, eq=False)
class TwinPatient:
    """One patient of a replicate.

    Attributes
    ----------
    number : from 1 on, through the arms.
    patient, site : of the bank.
    value, twin_value : endpoint of the success rule, after intercurrent events, under his own arm
        and under the reference; the same person, the same luck.
    courses : endpoint -> (own, twin), a value a visit.
    truth : the same of numbers, without noise, expectation and rounding.
    events : intercurrent event -> week under his own arm; None for never.
    doses : under his own arm.
    """

    number: int
    arm: str
    patient: int
    site: int
    value: float
    twin_value: float
    courses: Mapping[str, Pair]
    events: Mapping[str, float | None]
    truth: Mapping[str, Pair] = field(default_factory=dict)
    doses: tuple[TwinDose, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Replicate:
    """One trial of a design, conducted again.

    Attributes
    ----------
    estimates, success : those of the dot, arm by arm of the success rule.
    truth : what each estimate is of, see `funis.pipeline.design.replicates.true_effects`.
    bands : arm -> endpoint -> (own, twin) of the replicate's patients: no patient is shown alone.
    evidence : the grade of what is published.
    """

    plan: DesignPlan
    world: World
    number: int
    draw: int
    factors: Mapping[str, float]
    estimates: Mapping[str, Interval]
    success: Mapping[str, bool]
    patients: tuple[TwinPatient, ...]
    truth: Mapping[str, float] = field(default_factory=dict)
    bands: Mapping[str, Mapping[str, tuple[VisitBand, VisitBand]]] = field(default_factory=dict)
    evidence: str = ""

    @property
    def sizes(self) -> dict[str, int]:
        """Patients of each arm."""
        return {arm: sum(one.arm == arm for one in self.patients) for arm in self.plan.arms}


def replicate_trial(
    name_or_path: str | Path,
    *,
    n: int,
    replicate: int,
    world: str = "posterior",
    structure: str = PRESENT,
    ensemble: str = "borrowed",
    patients: int = PATIENTS,
    workers: int | None = None,
    progress: Progress = silent,
) -> Replicate:
    """Conduct one replicate of `funis design` again, from its number alone.

    Parameters
    ----------
    n
        Patients in all arms.
    replicate
        Its number in its world, from 0 on.
    world
        ``posterior``, ``truth`` or ``null``.
    structure, ensemble, patients
        As they were given to `funis design`.

    Raises
    ------
    InputError
        Anything wrong with the trial, a number or a name; a design whose dots no trial shows alone.
    """
    check_patients(patients)
    require_whole(0, replicate=replicate)
    require(world=(world in WORLDS, f"'{world}'", f"one of {', '.join(WORLDS)}"))
    trial = load_trial(name_or_path)
    plan = design_plan(trial, patients)
    check_size(plan, n)
    _check_shown(plan)
    posterior = chosen_ensemble(trial.model, ensemble)
    forms = () if posterior is None else (structure,)
    asked = worlds(believed_points(posterior, ensemble), forms)
    chosen = next((one for one in asked if one.id == world), None)
    if chosen is None:
        near = nearest(world, ("truth", "null"))
        message = f"no posterior of '{trial.model.id}'"
        raise InputError(Issue(None, None, "world", message, "truth or null", near))
    pool = trial_pool(trial.model, workers=worker_count(workers), progress=progress)
    study = design_study(plan, pool, chosen.structure)
    draw, row = replicate % len(chosen.points), replicate // len(chosen.points)
    sizes = sizes_of(plan, n)
    places = [one[0] for one in picked(plan, tuple(sizes.values()), np.array([row]))]
    people, where = np.unique(np.concatenate(places), return_inverse=True)
    who = enrol(study, part(plan, draw)[people])
    at = np.split(where, np.cumsum([len(one) for one in places])[:-1])
    group, course = people_course(plan, study, who, chosen.points, [draw])
    made = _replicate(plan, chosen, (group, course), (replicate, draw), at)
    truth = _draw_truth(plan, study, chosen, draw)
    evidence = evidence_text(evidence_base(find_evidence(trial.model)))
    return replace(made, truth=truth, bands=visit_bands(made.patients), evidence=evidence)


def _check_shown(plan: DesignPlan) -> None:
    """Refuse a design whose decisions a single replicate conducted again does not show.

    What is adapted hangs on all patients in the order of their arrival, and a number is cut into
    strata at its median over the whole bank.
    """
    reason, expected = "", ""
    if plan.adaptive:
        reason, expected = "adapts while it runs", "a design without resize, selection, allocation"
    elif plan.needs_whole_bank:
        reason = "has strata by a number, cut at its median over all replicates"
        expected = "strata that are no numbers"
    if reason:
        message = f"the trial {reason}: single replicates are not shown"
        raise InputError(Issue(None, None, "replicate", message, expected))


def _draw_truth(plan: DesignPlan, study: Study, world: World, draw: int) -> dict[str, float]:
    """Return what the estimates of a draw are of, arm by arm of the success rule."""
    piece, content = piece_with(plan, study, world, draw)
    bank = bank_of_pieces(plan, world, [content])
    row = true_effects(plan, outcomes(plan, bank))[draw - piece.draws.start]
    return dict(zip(plan.rule.arms, row.tolist(), strict=True))


def _replicate(
    plan: DesignPlan, world: World, followed_: tuple[Group, Course], numbers: tuple[int, int],
    at: Sequence[Integers],
) -> Replicate:  # fmt: skip
    group, course = followed_
    size = len(group.who.patient) // len(plan.arms)
    bank = _bank(plan, world, group, course, size)
    found = outcomes(plan, bank)
    samples = [found.sample(0, arm, place[None, :]) for arm, place in enumerate(at)]
    made = judged(plan, samples)
    true = true_tables(group, course, plan.endpoints)
    truth = {name: table.reshape(1, len(plan.arms), size, -1) for name, table in true.items()}
    doses = _doses(group, course)
    everybody = [(arm, place) for arm, places in enumerate(at) for place in places.tolist()]
    patients = tuple(
        TwinPatient(
            number,
            plan.arms[arm],
            int(group.who.patient[place]),
            int(group.who.site[place]),
            float(found.values[0, arm, place]),
            float(found.values[0, 0, place]),
            _pairs(bank.tables, arm, place),
            {name: _week(bank.events[name][0, arm, place]) for name in EVENTS},
            _pairs(truth, arm, place),
            doses.get(arm * size + place, ()),
        )
        for number, (arm, place) in enumerate(everybody, 1)
    )
    points, (number, draw) = world.points, numbers
    return Replicate(
        plan, world, number, draw,
        dict(zip(points.names, points.factors[draw].tolist(), strict=True)),
        {
            arm: Interval(float(made.estimate[0, k]), float(made.low[0, k]), float(made.high[0, k]))
            for k, arm in enumerate(plan.rule.arms)
        },
        {arm: bool(made.success[0, k]) for k, arm in enumerate(plan.rule.arms)},
        patients,
    )  # fmt: skip


def _bank(plan: DesignPlan, world: World, group: Group, course: Course, size: int) -> Bank:
    """Return what was seen of the patients of a replicate, under every arm, as a bank."""
    seen, shape = followed(group, course, plan.endpoints), (1, len(plan.arms), size)
    return Bank(
        world, plan.arms, plan.weeks,
        {name: table.reshape(*shape, -1) for name, table in seen.tables.items()},
        {name: weeks.reshape(shape) for name, weeks in seen.events.items()},
        seen.failed.reshape(shape),
    )  # fmt: skip


def _doses(group: Group, course: Course) -> dict[int, tuple[TwinDose, ...]]:
    """Return what was given, by the row of the patient."""
    given = {name: column.tolist() for name, column in given_doses(group, course).items()}
    rows: dict[int, list[TwinDose]] = {}
    for row, *one in zip(*(given[name] for name in _DOSE), strict=True):
        rows.setdefault(row, []).append(TwinDose(*one))
    return {row: tuple(doses) for row, doses in rows.items()}


_DOSE = ("row", "day", "intervention", "route", "amount", "duration_day", "rule")


def _pairs(tables: Mapping[str, Array], arm: int, place: int) -> dict[str, Pair]:
    return {
        name: (tuple(table[0, arm, place].tolist()), tuple(table[0, 0, place].tolist()))
        for name, table in tables.items()
    }


def visit_bands(
    patients: Sequence[TwinPatient],
) -> dict[str, dict[str, tuple[VisitBand, VisitBand]]]:
    """Return the bands of each arm's patients, under their own arm and under the reference."""
    made: dict[str, dict[str, tuple[VisitBand, VisitBand]]] = {}
    for arm in dict.fromkeys(one.arm for one in patients):
        mine = [one for one in patients if one.arm == arm]
        made[arm] = {
            name: (
                visit_band([one.courses[name][0] for one in mine]),
                visit_band([one.courses[name][1] for one in mine]),
            )
            for name in mine[0].courses
        }
    return made


def visit_band(rows: Sequence[Sequence[float]]) -> VisitBand:
    """Return quantiles and the mean over patients of what was seen, visit by visit.

    Parameters
    ----------
    rows : (patient, visit); not-a-number where nobody looked.
    """
    columns = [column[~np.isnan(column)] for column in np.asarray(rows, dtype=np.float64).T]
    cut = [np.quantile(one, QUANTILES) if len(one) else np.full(5, np.nan) for one in columns]
    means = [float(one.mean()) if len(one) else math.nan for one in columns]
    return VisitBand(tuple(map(len, columns)), tuple(means), *map(tuple, np.array(cut).T.tolist()))


def _week(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
