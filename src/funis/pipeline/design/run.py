"""`funis design`: the operating characteristics of a trial at several sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.models.factors import NO_CELLS, Points
from funis.pipeline.design.bank import Bank, build_banks, settings_of
from funis.pipeline.design.plan import (
    GROUPS,
    PATIENTS,
    PRESENT,
    STRUCTURES,
    DesignPlan,
    Improvement,
    design_plan,
)
from funis.pipeline.design.replicates import Decided, decide, improved, outcomes, picked
from funis.pipeline.design.worlds import (
    believed_points,
    check_patients,
    check_size,
    sizes_of,
    worlds,
)
from funis.pipeline.inputs import load_trial, require_whole
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.uncertainty import chosen_ensemble
from funis.report.content import Interval

Array = NDArray[np.float64]

REPLICATES = 2000
T_95 = 2.364624
"""Half width of a 95 % interval from `GROUPS` means, in standard errors (t, 7 degrees)."""

ADVERTISED = (0.6, 0.9)
"""Share of patients that is said to improve."""

DOTS = 200
"""Replicates that are shown one by one."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One replicate: its number in its world, and what it reports of the first arm."""

    replicate: int
    estimate: float
    low: float
    high: float
    success: bool


@dataclass(frozen=True, slots=True)
class Power:
    """How often a rule is met: for each arm, and for at least one of them."""

    any_arm: Interval
    arms: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Series:
    """A series without a control, given cells that do nothing.

    Attributes
    ----------
    n : patients.
    share : of all patients who are improved.
    inside, above : chance that 60-90 %, and 60 % or more, of a series are improved.
    """

    improvement: Improvement
    n: int
    share: float
    inside: Interval
    above: Interval


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
    """What `funis design` gives."""

    plan: DesignPlan
    basis: str
    no_effect: float | None
    replicates: int
    structures: tuple[str, ...]
    points: tuple[DesignPoint, ...]
    failed: int


def design_trial(
    name_or_path: str | Path,
    *,
    sizes: Sequence[int],
    replicates: int = REPLICATES,
    patients: int = PATIENTS,
    structures: Sequence[str] = STRUCTURES,
    ensemble: str = "borrowed",
    null: bool = False,
    workers: int | None = None,
    progress: Progress = silent,
) -> DesignResult:
    """Return type I error, power and assurance of a trial at several sizes.

    Patients are simulated once, under every arm, draw and form of the model; replicates pick from
    them by key. The numbers do not depend on the number of processes.

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

    Raises
    ------
    InputError
        Anything wrong with the trial, a size or a name.
    """
    require_whole(replicates=replicates, workers=workers)
    check_patients(patients)
    trial = load_trial(name_or_path)
    plan = design_plan(trial, patients)
    for n in sizes:
        check_size(plan, n)
    posterior = chosen_ensemble(trial.model, ensemble)
    points = believed_points(posterior, ensemble)
    asked = worlds(points, () if posterior is None else (PRESENT, *structures), null_only=null)
    pool = trial_pool(trial.model, workers=worker_count(workers), progress=progress)
    forms = dict.fromkeys(world.structure for world in asked)
    settings = settings_of(plan, pool, tuple(forms))
    banks = build_banks(plan, settings, asked, worker_count(workers), progress)
    sized = [sizes_of(plan, n) for n in sizes]
    work = (_point(plan, banks, size, replicates) for size in sized)
    found = tuple(progress("Replicates", work, len(sized)))
    failed = int(sum(bank.failed.sum() for bank in banks))
    chance = None if posterior is None else _share_without_effect(points)
    return DesignResult(plan, ensemble, chance, replicates, tuple(forms), found, failed)


def _share_without_effect(points: Points) -> float:
    return float(np.mean(points.factors[:, points.names.index(NO_CELLS)] == 0))


def _point(
    plan: DesignPlan, banks: Sequence[Bank], sizes: Mapping[str, int], replicates: int
) -> DesignPoint:
    asked = tuple(sizes.values())
    found = {
        (bank.world.id, bank.world.structure): decide(plan, outcomes(plan, bank), asked, replicates)
        for bank in banks
    }
    null = next(bank for bank in banks if bank.world.id == "null")
    truth = found.get(("truth", PRESENT))
    believed = {form: made for (world, form), made in found.items() if world == "posterior"}
    acting = [_acting(bank) for bank in banks if bank.world.id == "posterior"]
    present = believed.get(PRESENT)
    return DesignPoint(
        sum(asked), dict(sizes), _power(plan, found["null", PRESENT]),
        None if truth is None else _power(plan, truth),
        {form: _power(plan, made) for form, made in believed.items()},
        None if present is None else _mean(present.any_arm[acting[0]], _groups(acting[0])),
        _series(plan, null, asked, replicates),
        () if present is None else _dots(present),
    )  # fmt: skip


def _acting(bank: Bank) -> NDArray[np.int64]:
    points = bank.world.points
    return np.flatnonzero(points.factors[:, points.names.index(NO_CELLS)] > 0)


def _power(plan: DesignPlan, made: Decided) -> Power:
    draws = np.arange(len(made.success))
    return Power(
        _mean(made.any_arm, _groups(draws)),
        {
            arm: _mean(made.success[..., place], _groups(draws))
            for place, arm in enumerate(plan.rule.arms)
        },
    )


def _groups(draws: NDArray[np.int64]) -> NDArray[np.int64]:
    return draws % GROUPS


def _mean(met: NDArray[np.bool_], group: NDArray[np.int64]) -> Interval:
    """Return a share with its interval: draws, bank and replicates, from the parts of the bank.

    The parts share no patient and no draw, so their means are independent.
    """
    if met.size == 0:
        return Interval(np.nan, np.nan, np.nan)
    by_draw = met.mean(axis=1)
    whole = float(by_draw.mean())
    means = np.array([by_draw[group == one].mean() for one in np.unique(group)])
    chance = whole * (1 - whole) / met.size
    error = np.sqrt(max(float(np.var(means, ddof=1)) / len(means), chance)) if len(means) > 1 else 1
    half = T_95 * float(error)
    least = 1 / met.size  # none of so many is not never
    return Interval(whole, max(whole - half, 0.0), min(max(whole + half, 3 * least), 1.0))


def _series(
    plan: DesignPlan, bank: Bank, sizes: Sequence[int], replicates: int
) -> tuple[Series, ...]:
    """Return how often a series without a control shows what is advertised, under no effect."""
    place = picked(plan, sizes, np.arange(replicates))[1]
    group = _groups(np.arange(len(bank.failed)))
    found = []
    for one in plan.series:
        better = improved(one, bank)
        share = np.stack([np.nanmean(better[d, 1][place], axis=1) for d in range(len(better))])
        inside = (share >= ADVERTISED[0]) & (share <= ADVERTISED[1])
        usual = float(np.nanmean(better[:, 1]))
        above = _mean(share >= ADVERTISED[0], group)
        found.append(Series(one, place.shape[1], usual, _mean(inside, group), above))
    return tuple(found)


def _dots(made: Decided) -> tuple[Dot, ...]:
    draws, count = len(made.success), min(DOTS, made.success[..., 0].size)
    dots = []
    for k in range(count):
        at = (k % draws, k // draws, 0)
        estimate, low, high = (float(x[at]) for x in (made.estimate, made.low, made.high))
        dots.append(Dot(k, estimate, low, high, bool(made.success[at])))
    return tuple(dots)
