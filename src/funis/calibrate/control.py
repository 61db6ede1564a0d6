"""What a control arm would report: by the model, by the other trials, and by both.

Three predictors on one scale, units of the spread between patients (`rows.to_unit`):

- ``model``: the simulated arm, and how far other trials' arms lay from their simulated ones;
- ``map``: the other trials with the same endpoint near the same week, without any model: the robust
  meta-analytic-predictive prior (random effects of trials and a share without information);
- ``adjusted``: the simulated arm, moved by what the model misses in the trials of ``map``.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.control_arms import ControlArm
from funis.calibrate.control_file import ControlFile
from funis.calibrate.likelihood import OVERDISPERSION
from funis.calibrate.random_effects import Belief, Seen, believe
from funis.calibrate.rows import LOGISTIC_SD, to_unit
from funis.calibrate.settings import Settings

Array = NDArray[np.float64]

DRAWS = 4000
"""Draws of a predictive distribution."""

LEAST_ALIKE = 3
"""Trials with numbers of one nature from which their own spread is learned."""

METHODS = ("model", "map", "adjusted")

WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True)
class Case:
    """A control arm and its simulated counterpart.

    Attributes
    ----------
    arm : ControlArm
    simulated : float
        The same statistic of the virtual patients.
    spread : float
        Standard deviation between virtual patients, in the unit of the endpoint.
    patients : float
        Effective number of virtual patients.
    low, high : float
        What can be recorded of the statistic.
    """

    arm: ControlArm
    simulated: float
    spread: float
    patients: float
    low: float
    high: float

    @property
    def unit(self) -> float:
        """Simulated statistic in units of the spread between patients."""
        return to_unit(self.arm.row, self.simulated, self.spread, self.patients)

    @property
    def scale(self) -> float:
        """What scores are divided by: the spread between patients, 1 for shares."""
        return 1.0 if self.arm.measure == "responder" else self.spread


@dataclass(frozen=True, slots=True)
class Rules:
    """Numbers that the predictors are made with; see `control_arms.yaml`, `calibration.yaml`."""

    mean_sd: float
    between: float
    vague: float
    weeks: float
    miss: float

    @classmethod
    def of(cls, file: ControlFile, settings: Settings) -> Rules:
        """Return the numbers of the files; studies and their rows differ as in calibration."""
        return cls(
            file.map.mean.scale, file.map.between.scale, file.map.vague.weight, file.weeks.ratio,
            math.hypot(settings.study_scale, settings.row_scale),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Predictive draws of the reported statistic by each method, and what they rest on.

    Attributes
    ----------
    draws : method -> (draw,) in the unit of the endpoint.
    comparable : trials with the same endpoint near the same week.
    others : trials whose distance from the model says how far this one may lie.
    between : mean of the spread between trials around the model.
    """

    draws: dict[str, Array]
    comparable: tuple[Case, ...]
    others: tuple[Case, ...]
    between: float


def seen(case: Case, offset: float = 0.0, weight: float = 1.0) -> Seen:
    """Return what an arm reported, on the common scale."""
    arm = case.arm
    if arm.measure == "responder":
        return Seen(offset, arm.events, float(arm.n), weight=weight)
    value = to_unit(arm.row, arm.observed, case.spread, float(arm.n))
    return Seen(offset, value=value, error=_unit_error(case), weight=weight)


def _unit_error(case: Case) -> float:
    """Return the standard error of a mean or a rate on the common scale."""
    arm = case.arm
    if arm.measure == "rate":
        if not math.isnan(arm.error):
            return arm.error / max(arm.observed, 1e-3)
        years = arm.n * max(arm.request.week, 1.0) / WEEKS_PER_YEAR
        return math.sqrt(OVERDISPERSION / max(arm.observed * years, 0.5))
    error = case.spread / math.sqrt(arm.n) if math.isnan(arm.error) else arm.error
    return error / case.spread


def comparable(case: Case, cases: Sequence[Case], ratio: float) -> tuple[Case, ...]:
    """Return the other trials with the same kind of number near the same week, one row each."""
    week = case.arm.request.week
    best: dict[str, Case] = {}
    for other in cases:
        arm = other.arm
        if arm.trial == case.arm.trial or arm.family != case.arm.family:
            continue
        if _distance(arm.request.week, week) > math.log(ratio) + 1e-9:
            continue
        kept = best.get(arm.trial)
        if kept is None or _nearer(other, kept, case):
            best[arm.trial] = other
    return tuple(best.values())


def _distance(week: float, other: float) -> float:
    return abs(math.log(max(week, 0.5) / max(other, 0.5)))


def _nearer(one: Case, kept: Case, case: Case) -> bool:
    """Return whether a number of a trial is nearer to the asked one: by patients, then week."""
    ranks = [
        (
            other.arm.template != case.arm.template,
            _distance(other.arm.request.week, case.arm.request.week),
        )
        for other in (one, kept)
    ]
    return ranks[0] < ranks[1]


Shift = Callable[[Sequence[Case]], Array]
"""(draw,) of what a year adds on the common scale beside that of the trials learned from."""


def no_shift(_: Sequence[Case]) -> Array:
    """Return what the year adds where it changes nothing."""
    return np.zeros(DRAWS)


def forecast(
    case: Case, cases: Sequence[Case], rules: Rules, n: int, shift: Shift = no_shift
) -> Forecast:
    """Return what an arm of n patients would report, by each method.

    Parameters
    ----------
    cases
        Arms to learn from; those of the same trial are left out.
    shift
        What the year of the arm adds.
    """
    others = alike(case, [one for one in cases if one.arm.trial != case.arm.trial])
    near = comparable(case, cases, rules.weeks)
    luck = np.random.default_rng(zlib.crc32(f"{case.arm.trial} {case.arm.request.key}".encode()))
    around = misses(others, rules)
    moved = adjustment(near, around.mean_spread)
    simulated = case.unit + simulation_error(case, luck)
    true = {
        "model": simulated + around.draws(DRAWS, luck) + shift(others),
        "map": _map(case, near, rules, luck, shift(near)),
        "adjusted": simulated + moved.draws(DRAWS, luck) + shift(near),
    }
    reported = {name: report(case, draws, n, luck) for name, draws in true.items()}
    return Forecast(reported, near, others, around.mean_spread)


def alike(case: Case, others: Sequence[Case]) -> tuple[Case, ...]:
    """Return the arms whose number is of the same nature, where three trials have one; else all.

    Shares, means and rates differ in how far the model is off, lesions and events above all.
    """
    nature = _nature(case.arm.measure)
    same = tuple(one for one in others if _nature(one.arm.measure) == nature)
    return same if len({one.arm.trial for one in same}) >= LEAST_ALIKE else tuple(others)


def _nature(measure: str) -> str:
    return "mean" if measure in ("change", "value") else measure


def misses(cases: Sequence[Case], rules: Rules) -> Belief:
    """Return how far trials lie from what the model says of them; each trial counts once."""
    rows: dict[str, int] = {}
    for case in cases:
        rows[case.arm.trial] = rows.get(case.arm.trial, 0) + 1
    found = [seen(case, case.unit, 1 / rows[case.arm.trial]) for case in cases]
    return believe(found, centre=0.0, mean_sd=0.0, spread_scale=rules.miss)


def adjustment(near: Sequence[Case], scale: float) -> Belief:
    """Return what the model misses of one kind of number.

    Parameters
    ----------
    scale
        How far the model is off in the disease as a whole, which is the prior of how far it is off
        here, all trials alike and each by itself.
    """
    found = [seen(case, case.unit) for case in near]
    return believe(found, centre=0.0, mean_sd=scale, spread_scale=scale)


def simulation_error(case: Case, luck: np.random.Generator) -> Array:
    """Return draws of the chance of a finite number of virtual patients."""
    error = 1 / math.sqrt(case.patients)
    if case.arm.measure == "responder":
        share = min(max(case.simulated, 0.5 / case.patients), 1 - 0.5 / case.patients)
        error = 1 / math.sqrt(case.patients * share * (1 - share)) / LOGISTIC_SD
    elif case.arm.measure == "rate":
        error = error * case.spread / max(case.simulated, 1e-3)
    return np.asarray(error * luck.standard_normal(DRAWS))


def _map(
    case: Case, near: Sequence[Case], rules: Rules, luck: np.random.Generator, added: Array
) -> Array:
    """Return draws of the true value by the robust meta-analytic-predictive prior."""
    vague = vague_draws(case, near, luck)
    if not near:
        return vague
    found = [seen(one) for one in near]
    belief = believe(
        found, centre=_prior_centre(case, found), mean_sd=rules.mean_sd, spread_scale=rules.between
    )
    return np.where(
        luck.random(DRAWS) < rules.vague, vague, belief.draws(DRAWS, luck) + added
    )  # fmt: skip


def vague_draws(case: Case, near: Sequence[Case], luck: np.random.Generator) -> Array:
    """Return draws of the component without information.

    A share is uniform, a change normal around none, a rate log-normal around one a year, each with
    the standard deviation between patients; a value is spread over what can be recorded where
    there is no other trial.
    """
    if case.arm.measure == "responder":
        share = luck.random(DRAWS)
        return np.asarray((np.log(share) - np.log1p(-share)) / LOGISTIC_SD)
    normal = luck.standard_normal(DRAWS)
    if near:
        return np.asarray(np.mean([seen(one).value for one in near]) + normal)
    if case.arm.measure == "value":
        middle, width = (case.low + case.high) / 2, (case.high - case.low) / math.sqrt(12)
        return np.asarray((middle + width * normal) / case.spread)
    return normal


def _prior_centre(case: Case, found: Sequence[Seen]) -> float:
    """Return where the prior of the mean lies: no change, one a year, or where values lie."""
    if case.arm.measure != "value":
        return 0.0
    return float(np.mean([one.value for one in found]))


def report(case: Case, unit: Array, n: int, luck: np.random.Generator) -> Array:
    """Return the statistic as an arm of n patients would report it."""
    if case.arm.measure == "responder":
        share = 1 / (1 + np.exp(-unit * LOGISTIC_SD))
        return np.asarray(luck.binomial(n, share) / n, dtype=np.float64)
    if case.arm.measure == "rate":
        years = n * max(case.arm.request.week, 1.0) / WEEKS_PER_YEAR
        events = np.exp(np.minimum(unit, 10.0)) * years
        shape = np.maximum(events / (OVERDISPERSION - 1), 1e-9)
        return np.asarray(luck.poisson(luck.gamma(shape, OVERDISPERSION - 1)) / years)
    value = unit * case.spread + luck.standard_normal(len(unit)) * case.spread / math.sqrt(n)
    return np.asarray(np.clip(value, case.low, case.high), dtype=np.float64)
