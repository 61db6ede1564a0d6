"""`funis design`: the operating characteristics of a trial at several sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.models.factors import NO_CELLS, Points
from funis.pipeline.design.bank import check_structure, settings_of
from funis.pipeline.design.grow import Ask, Grown, Watch, grow
from funis.pipeline.design.plan import (
    GROUPS,
    PATIENTS,
    PRESENT,
    STRUCTURES,
    DesignPlan,
    design_plan,
)
from funis.pipeline.design.replicates import Decided
from funis.pipeline.design.shares import groups_of, mean_share
from funis.pipeline.design.trap import Series, series_of
from funis.pipeline.design.worlds import (
    World,
    believed_points,
    check_patients,
    check_size,
    sizes_of,
    worlds,
)
from funis.pipeline.inputs import Trial, load_trial, require_whole
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence
from funis.pipeline.uncertainty import chosen_ensemble
from funis.population import expected_days
from funis.report.content import Interval
from funis.store import hash_bytes
from funis.units import DAYS_PER_WEEK

Array = NDArray[np.float64]

REPLICATES = 2000

DOTS = 200
"""Replicates that are shown one by one."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One replicate: its number in its world, and what it reports of one arm.

    ``acting`` is whether cells do anything in its draw, ``truth`` what its estimate is of: the same
    analysis of everybody in the draw's part of the bank, each under both arms.
    """

    replicate: int
    arm: str
    estimate: float
    low: float
    high: float
    success: bool
    acting: bool
    truth: float


@dataclass(frozen=True, slots=True)
class Power:
    """How often a rule is met: for each arm, and for at least one of them.

    ``patients`` and ``weeks`` to the last outcome are those expected; no weeks where the trial
    does not say how patients arrive.
    """

    any_arm: Interval
    arms: Mapping[str, Interval]
    patients: float
    weeks: float | None


@dataclass(frozen=True, slots=True, eq=False)
class DesignPoint:
    """A trial of one size.

    Attributes
    ----------
    n, sizes : patients in all arms, and in each.
    type1 : how often the rule is met although cells do nothing.
    power : under the values of the library; None where only the null was asked for.
    assurance : structure -> over the posterior.
    if_any_effect : over those draws of the posterior in which cells act, present form.
    series : what as many patients as the first arm has would show without a control.
    dots : some replicates of the posterior, present form.
    """

    n: int
    sizes: Mapping[str, int]
    type1: Power
    power: Power | None
    assurance: Mapping[str, Power]
    if_any_effect: Interval | None
    series: tuple[Series, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DesignResult:
    """What `funis design` gives.

    Attributes
    ----------
    no_effect : share of the posterior in which cells do nothing.
    structures : forms of the model, the present one first.
    draws : of the posterior.
    failed : courses that no solver solved.
    evidence : the grade of what is published.
    """

    plan: DesignPlan
    basis: str
    no_effect: float | None
    replicates: int
    structures: tuple[str, ...]
    points: tuple[DesignPoint, ...]
    failed: int
    draws: int = 0
    pool_hash: str = ""
    ensemble_hash: str = ""
    evidence: str = ""


def design_trial(
    name_or_path: str | Path | Trial,
    *,
    sizes: Sequence[int],
    replicates: int = REPLICATES,
    patients: int = PATIENTS,
    structures: Sequence[str] = STRUCTURES,
    ensemble: str = "borrowed",
    null: bool = False,
    workers: int | None = None,
    progress: Progress = silent,
    watch: Watch | None = None,
) -> DesignResult:
    """Return type I error, power and assurance of a trial at several sizes.

    Patients are simulated once, under every arm, draw and form of the model; replicates pick from
    them by key. The numbers do not depend on the number of processes, nor on being watched.

    Parameters
    ----------
    name_or_path
        A trial file, or the name of a trial of the library; it declares a success rule.
    sizes
        Patients in all arms together.
    replicates
        Trials under each draw.
    patients
        In each of the eight parts of the bank.
    structures
        Competing forms of the model, beside the present one.
    ensemble
        Posterior that assurance is taken over: borrowed | own | prior.
    null
        Only the type I error.
    watch
        Is told what is known after each piece of the bank; an error that it raises ends the work,
        and what was followed is kept for the next call.

    Raises
    ------
    InputError
        Anything wrong with the trial, a size or a name.
    """
    require_whole(replicates=replicates, workers=workers)
    trial = load_trial(name_or_path)
    plan = checked_design(trial, sizes=sizes, patients=patients, structures=structures)
    posterior = chosen_ensemble(trial.model, ensemble)
    points = believed_points(posterior, ensemble)
    asked = worlds(points, () if posterior is None else (PRESENT, *structures), null_only=null)
    pool = trial_pool(trial.model, workers=worker_count(workers), progress=progress)
    forms = dict.fromkeys(world.structure for world in asked)
    settings = settings_of(plan, pool, tuple(forms))
    sized = [sizes_of(plan, n) for n in sizes]
    evidence = evidence_text(evidence_base(find_evidence(trial.model)))
    ask = Ask(plan, settings, asked, tuple(tuple(s.values()) for s in sized), replicates, evidence)
    grown = grow(ask, worker_count(workers), progress, watch)
    work = (_point(plan, grown, size, replicates) for size in sized)
    found = tuple(progress("Replicates", work, len(sized)))
    failed = int(sum(one.bank.failed.sum() for one in grown))
    chance = None if posterior is None else _share_without_effect(points)
    believed = asked[-1].id == "posterior"
    return DesignResult(
        plan, ensemble, chance, replicates, tuple(forms), found, failed,
        len(points) if believed else 0, pool.hash, _points_hash(points) if believed else "",
        evidence,
    )  # fmt: skip


def checked_design(
    trial: Trial, *, sizes: Sequence[int], patients: int, structures: Sequence[str]
) -> DesignPlan:
    """Return what a design needs of a trial, with sizes and names that it can be asked for.

    Raises
    ------
    InputError
        As ``design_trial``, before anything is simulated.
    """
    check_patients(patients)
    plan = design_plan(trial, patients)
    for n in sizes:
        check_size(plan, n)
    for name in structures:
        check_structure(name)
    return plan


def _points_hash(points: Points) -> str:
    return hash_bytes(repr(points.names).encode() + points.factors.tobytes())[:16]


def _share_without_effect(points: Points) -> float:
    return float(np.mean(points.factors[:, points.names.index(NO_CELLS)] == 0))


def _point(
    plan: DesignPlan, grown: Sequence[Grown], sizes: Mapping[str, int], replicates: int
) -> DesignPoint:
    asked = tuple(sizes.values())
    found = {(one.world.id, one.world.structure): one.decided[asked] for one in grown}
    null = next(one.bank for one in grown if one.world.id == "null")
    truth = found.get(("truth", PRESENT))
    believed = {form: made for (world, form), made in found.items() if world == "posterior"}
    present = next((one for one in grown if one.world.id == "posterior"), None)
    acts = np.array([]) if present is None else acting(present.world)
    return DesignPoint(
        sum(asked), dict(sizes), power_of(plan, found["null", PRESENT]),
        None if truth is None else power_of(plan, truth),
        {form: power_of(plan, made) for form, made in believed.items()},
        None if present is None else if_acting(present.decided[asked], acts),
        series_of(plan, null, asked, replicates),
        () if present is None else _dots(plan, present, asked),
    )  # fmt: skip


def if_acting(
    made: Decided, rows: NDArray[np.int64], draws: NDArray[np.int64] | None = None
) -> Interval:
    """Return how often the rule is met under those draws in which cells act.

    Parameters
    ----------
    rows : of those draws among what was decided.
    draws : (row,) their numbers; the rows themselves where all draws are known.
    """
    return mean_share(made.any_arm[rows], groups_of(rows if draws is None else draws))


def acting(world: World) -> NDArray[np.int64]:
    """Return the draws of a world in which cells act."""
    points = world.points
    return np.flatnonzero(points.factors[:, points.names.index(NO_CELLS)] > 0)


def power_of(plan: DesignPlan, made: Decided, draws: NDArray[np.int64] | None = None) -> Power:
    """Return how often the rule is met under some draws; under all of a world when None."""
    draws = np.arange(len(made.success)) if draws is None else draws
    return Power(
        mean_share(made.any_arm, groups_of(draws)),
        {
            arm: mean_share(made.success[..., place], groups_of(draws))
            for place, arm in enumerate(plan.rule.arms)
        },
        float(made.patients.mean()),
        _weeks(plan, made.patients),
    )


def _weeks(plan: DesignPlan, patients: Array) -> float | None:
    """Return the mean time from the first site to the last outcome [week]."""
    design = plan.declared.design
    if design is None or design.enrolment is None:
        return None
    how = design.enrolment
    start_up = how.start_up_week * DAYS_PER_WEEK
    days = expected_days(patients, how.patients_per_month, how.sites, start_up)
    return float(days.mean() / DAYS_PER_WEEK + plan.request.week)


def _dots(plan: DesignPlan, one: Grown, sizes: tuple[int, ...]) -> tuple[Dot, ...]:
    draws = np.arange(len(one.world.points))
    return dots_of(plan, one.world, one.decided[sizes], one.truth, draws)


def dots_of(
    plan: DesignPlan, world: World, made: Decided, truth: Array, draws: NDArray[np.int64]
) -> tuple[Dot, ...]:
    """Return some replicates, every draw as often as another, arm by arm of the success rule.

    Parameters
    ----------
    made, truth : of the draws alone.
    draws : (draw,) numbers of those that are known.
    """
    count, acts = len(world.points), set(acting(world).tolist())
    row = {draw: place for place, draw in enumerate(draws.tolist())}
    chosen = [k for k in shown_replicates(count, made.success.shape[1]) if k % count in row]
    return tuple(
        Dot(
            k, arm, float(made.estimate[at]), float(made.low[at]), float(made.high[at]),
            bool(made.success[at]), k % count in acts, float(truth[row[k % count], place]),
        )
        for place, arm in enumerate(plan.rule.arms)
        for k in chosen
        for at in [(row[k % count], k // count, place)]
    )  # fmt: skip


def shown_replicates(draws: int, replicates: int) -> list[int]:
    """Return the numbers of about `DOTS` replicates: every draw as often as another.

    Draws of a posterior are kept in order, so the first of them would not stand for all. Replicates
    of one row share their patients where they share a part of the bank, so each is of another row.
    """
    chosen = range(draws) if draws <= DOTS else [k * draws // DOTS for k in range(DOTS)]
    rounds = min(max(DOTS // draws, 1), replicates)
    return [
        draw + draws * ((turn + rounds * (draw // GROUPS)) % replicates)
        for turn in range(rounds)
        for draw in chosen
    ]
