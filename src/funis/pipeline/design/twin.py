"""`funis twin`: one replicate of a design again, its patients each beside his placebo twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, nearest
from funis.pipeline.design.bank import Bank, bank_of, design_study, follow_people, part
from funis.pipeline.design.plan import PATIENTS, PRESENT, DesignPlan, design_plan
from funis.pipeline.design.replicates import judged, outcomes, picked, succeeds
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
from funis.pipeline.uncertainty import chosen_ensemble
from funis.report.content import Interval
from funis.trial import enrol
from funis.trial.bank import EVENTS

Array = NDArray[np.float64]
WORLDS = ("posterior", "truth", "null")


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
    events : intercurrent event -> week under his own arm; None for never.
    """

    number: int
    arm: str
    patient: int
    site: int
    value: float
    twin_value: float
    courses: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    events: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Replicate:
    """One trial of a design, conducted again.

    ``estimates`` and ``success`` are those of the dot, arm by arm of the success rule.
    """

    plan: DesignPlan
    world: World
    number: int
    draw: int
    factors: Mapping[str, float]
    estimates: Mapping[str, Interval]
    success: Mapping[str, bool]
    patients: tuple[TwinPatient, ...]


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
        Anything wrong with the trial, a number or a name.
    """
    check_patients(patients)
    require_whole(0, replicate=replicate)
    require(world=(world in WORLDS, f"'{world}'", f"one of {', '.join(WORLDS)}"))
    trial = load_trial(name_or_path)
    plan = design_plan(trial, patients)
    check_size(plan, n)
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
    bank = bank_of(plan, chosen, follow_people(plan, study, who, chosen.points, [draw]))
    at = np.split(where, np.cumsum([len(one) for one in places])[:-1])
    return _replicate(plan, bank, replicate, draw, at, who.patient, who.site)


def _replicate(
    plan: DesignPlan, bank: Bank, number: int, draw: int, at: Sequence[NDArray[np.int64]],
    people: NDArray[np.int64], sites: NDArray[np.int64],
) -> Replicate:  # fmt: skip
    found = outcomes(plan, bank)
    samples = [found.sample(0, arm, place[None, :]) for arm, place in enumerate(at)]
    estimate, low, high = judged(plan, samples)
    success = succeeds(plan, low, high)
    points = bank.world.points
    patients: list[TwinPatient] = []
    for arm, places in enumerate(at):
        for place in places.tolist():
            patients.append(
                TwinPatient(
                    len(patients) + 1,
                    plan.arms[arm],
                    int(people[place]),
                    int(sites[place]),
                    float(found.values[0, arm, place]),
                    float(found.values[0, 0, place]),
                    _courses(bank, arm, place),
                    {name: _week(bank.events[name][0, arm, place]) for name in EVENTS},
                )
            )
    return Replicate(
        plan, bank.world, number, draw,
        dict(zip(points.names, points.factors[draw].tolist(), strict=True)),
        {
            arm: Interval(float(estimate[0, k]), float(low[0, k]), float(high[0, k]))
            for k, arm in enumerate(plan.rule.arms)
        },
        {arm: bool(success[0, k]) for k, arm in enumerate(plan.rule.arms)},
        tuple(patients),
    )  # fmt: skip


def _courses(
    bank: Bank, arm: int, place: int
) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    return {
        name: (tuple(table[0, arm, place].tolist()), tuple(table[0, 0, place].tolist()))
        for name, table in bank.tables.items()
    }


def _week(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
