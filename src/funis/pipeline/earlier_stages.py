"""Stages 1 and 2 of calibration: simulated, weighed, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.pareto import USABLE_K
from funis.calibrate.quadratic import Quadratic, quadratic
from funis.calibrate.settings import Prior, Settings
from funis.calibrate.stages import (
    Candidates,
    Keep,
    Simulated,
    StageRow,
    Weighted,
    draw_of,
    from_prior,
    from_weights,
    points_of,
    predicted,
    row_covariance,
    weigh,
)
from funis.evidence import Evidence
from funis.models import Model
from funis.pipeline.calibration_data import POINTS
from funis.pipeline.processes import Progress, silent
from funis.pipeline.stage_checks import correlations, has, parameter_checks, row_checks
from funis.pipeline.stage_rows import StageTrial, drug_trials, placebo_trials
from funis.pipeline.stage_simulations import Work, simulations, text_of
from funis.pipeline.stage_values import EarlierStages, RowCheck, StageCheck
from funis.store import write_text

Array = NDArray[np.float64]

PATIENTS = 256
"""Virtual patients of each arm, the same under every point."""

MORE = 2048
"""Virtual patients of each arm at the values of the library."""

ROUNDS = 3
"""Simulations of a stage at most."""

RESULT = "earlier_stages.json"


def earlier_stages(
    model: Model, evidence: Evidence, settings: Settings, *,
    workers: int = 1, progress: Progress = silent, folder: Path | None = None,
    patients: int = PATIENTS, more: int = MORE, points: int = POINTS,
) -> EarlierStages:  # fmt: skip
    """Return draws of the factors of stages 1 and 2 of a disease, and the checks of them.

    Parameters
    ----------
    folder
        Where each trial's simulations are kept, whole or not at all, under a name that changes
        with all that they depend on; a killed run goes on from them to the same bytes.
    patients, more, points
        Virtual patients of each arm under every point and at the values of the library, and points
        of the parameters.

    Raises
    ------
    InputError
        A published target that nothing can be held against, or a folder that cannot be written.
    """
    work = Work(model, settings, patients, more, points, workers, progress, folder)
    first = _stage(work, 1, placebo_trials(model, evidence), np.zeros((1, 0)))
    second = _stage(work, 2, drug_trials(model, evidence), first.draws)
    names = [prior.parameter for prior in work.priors(2)]
    found = EarlierStages(
        model.id, points_of(names, second.draws), (first.check, second.check),
        correlations(names, second.weighted, model),
    )  # fmt: skip
    if folder is not None:
        write_text(folder / RESULT, text_of(found.document()))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """One stage: draws of all logarithms so far, the weights behind them, and the checks."""

    draws: Array
    weighted: Weighted
    check: StageCheck


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """One simulation of a stage: the surface, how far rows may lie from it, and the weights."""

    simulated: Simulated
    surface: Quadratic
    matrix: Array
    weighted: Weighted


def _stage(work: Work, number: int, trials: Sequence[StageTrial], earlier: Array) -> _Found:
    """Simulate, weigh and check a stage."""
    priors = work.settings.stage(number)
    keep = within_limits(work.model, work.settings, priors)
    before = from_prior(priors, keep)
    rounds = _rounds(work, number, trials, earlier, before, keep)
    last = rounds[-1].weighted
    draws = draw_of(last, work.points if number == 1 else None)
    rows = [row for trial in trials for row in trial.rows]
    check = StageCheck(
        number, work.points, work.patients, work.more, sum(one.simulated.failed for one in rounds),
        len(rounds), last.pareto_k, last.effective, last.least_effective, len(last.candidates.logs),
        parameter_checks(work.model, priors, before, last),
        _checked(work, number, rows, rounds, before, draws),
    )  # fmt: skip
    return _Found(draws, last, check)


def _rounds(
    work: Work, number: int, trials: Sequence[StageTrial], earlier: Array, before: Candidates,
    keep: Keep,
) -> list[_Round]:  # fmt: skip
    """Simulate and weigh; again around the weighted sample where the weights are too uneven."""
    rounds = [_round(work, number, trials, earlier, before)]
    while rounds[-1].weighted.pareto_k > USABLE_K and len(rounds) < ROUNDS:
        last = rounds[-1].weighted
        priors = work.settings.stage(number)
        candidates = from_weights(priors, keep, last.candidates, last.pooled)
        rounds.append(_round(work, number, trials, earlier, candidates))
    return rounds


def _round(
    work: Work, number: int, trials: Sequence[StageTrial], earlier: Array, candidates: Candidates
) -> _Round:
    """Simulate the rows of a stage under its candidates' first points, and weigh them all."""
    own = candidates.logs[: work.points]
    logs = np.hstack([_cycled(earlier, len(own)), own])
    columns = _active(work.model, work.priors(number))
    points = points_of([prior.parameter for prior in work.priors(number)], logs)
    rows = [row for trial in trials for row in trial.rows]
    found = simulations(work, number, trials, points)
    surface = quadratic(logs[:, columns], found.values)
    matrix = row_covariance(rows, found, surface, work.settings)
    observed = np.array([row.observed for row in rows])
    weighted = weigh(observed, surface, matrix, columns, earlier, candidates)
    return _Round(found, surface, matrix, weighted)


def _checked(
    work: Work, number: int, rows: Sequence[StageRow], rounds: Sequence[_Round],
    before: Candidates, draws: Array,
) -> tuple[RowCheck, ...]:  # fmt: skip
    """Return the rows beside the prediction of the priors and that of the draws."""
    columns = _active(work.model, work.priors(number))
    observed = np.array([row.observed for row in rows])
    first, last = rounds[0], rounds[-1]
    spread = np.hstack([_cycled(last.weighted.earlier, len(before.logs)), before.logs])
    prior = predicted(observed, first.surface.at(spread[:, columns]), first.matrix)
    after = predicted(observed, last.surface.at(draws[:, columns]), last.matrix)
    left_out = last.surface.left_out / last.simulated.unit
    return row_checks(rows, prior, after, last.surface.explained, left_out)


def within_limits(model: Model, settings: Settings, priors: Sequence[Prior]) -> Keep:
    """Return what tells possible points of some priors from those beyond a limit."""
    values = {parameter.id: parameter.value for parameter in model.parameters}
    places = {prior.parameter: place for place, prior in enumerate(priors)}

    def keep(logs: Array) -> NDArray[np.bool_]:
        kept = np.ones(len(logs), dtype=np.bool_)
        for limit in settings.limits:
            total = np.zeros(len(logs))
            for name in limit.sum:
                factor = np.exp(logs[:, places[name]]) if name in places else 1.0
                total = total + values.get(name, 0.0) * factor
            kept &= total <= limit.most
        return kept

    return keep


def _active(model: Model, priors: Sequence[Prior]) -> NDArray[np.int64]:
    """Return the places of the parameters that the disease has, other than 0."""
    places = [place for place, prior in enumerate(priors) if has(model, prior.parameter)]
    return np.array(places, dtype=np.int64)


def _cycled(earlier: Array, count: int) -> Array:
    return earlier[np.arange(count) * len(earlier) // count]
