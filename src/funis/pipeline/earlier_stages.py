"""Stages 1 and 2 of calibration: simulated, weighed, kept, gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis import __version__
from funis.cache import cache_key
from funis.calibrate.arm_columns import ArmsBlock, ArmsTask, Asked, arms_block, without_failed
from funis.calibrate.measures import statistic, unlinked
from funis.calibrate.pareto import USABLE_K
from funis.calibrate.points import Points
from funis.calibrate.quadratic import Quadratic, quadratic
from funis.calibrate.settings import Prior, Settings
from funis.calibrate.stages import (
    Candidates,
    Keep,
    Predicted,
    Simulated,
    StageRow,
    Weighted,
    contraction,
    draw_of,
    from_prior,
    from_weights,
    joint_moments,
    points_of,
    predicted,
    row_covariance,
    simulated_of,
    together,
    weigh,
)
from funis.evidence import Evidence
from funis.models import Model
from funis.pipeline.calibration_data import POINTS, SEED
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, silent
from funis.pipeline.stage_rows import StageTrial, drug_trials, placebo_trials
from funis.pipeline.stage_values import (
    Correlation,
    EarlierStages,
    ParameterCheck,
    RowCheck,
    StageCheck,
)
from funis.pipeline.straight_line import cut
from funis.protocol import content_hash
from funis.store import write_text
from funis.trial import Study

Array = NDArray[np.float64]

PATIENTS = 512
"""Virtual patients of each arm, the same under every point."""

BLOCK = 64
"""Patients of one task."""

ROUNDS = 3
"""Simulations of a stage at most."""

RESULT = "earlier_stages.json"


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What does not change from stage to stage."""

    model: Model
    settings: Settings
    patients: int
    points: int
    workers: int
    progress: Progress
    folder: Path | None


def earlier_stages(
    model: Model, evidence: Evidence, settings: Settings, *,
    workers: int = 1, progress: Progress = silent, folder: Path | None = None,
    patients: int = PATIENTS, points: int = POINTS,
) -> EarlierStages:  # fmt: skip
    """Return draws of the factors of stages 1 and 2 of a disease, and the checks of them.

    Parameters
    ----------
    folder
        Where each trial's simulations are kept, whole or not at all, under a name that changes
        with all that they depend on; a killed run goes on from them to the same bytes.
    patients, points
        Virtual patients of each arm, and points of the parameters.

    Raises
    ------
    InputError
        A published target that nothing can be held against, or a folder that cannot be written.
    """
    work = _Work(model, settings, patients, points, workers, progress, folder)
    first = _stage(work, 1, placebo_trials(model, evidence), np.zeros((1, 0)))
    second = _stage(work, 2, drug_trials(model, evidence), first.draws)
    names = [prior.parameter for number in (1, 2) for prior in settings.stage(number)]
    found = EarlierStages(
        model.id, points_of(names, second.draws), (first.check, second.check),
        _correlations(names, second.weighted, model),
    )  # fmt: skip
    if folder is not None:
        write_text(folder / RESULT, _text(found.document()))
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


def _stage(
    work: _Work, number: int, trials: Sequence[StageTrial], earlier: Array
) -> _Found:  # fmt: skip
    """Simulate and weigh a stage; again around the weighted sample where weights are too uneven."""
    priors = work.settings.stage(number)
    keep = within_limits(work.model, work.settings, priors)
    before = from_prior(priors, keep)
    candidates = before
    rounds: list[_Round] = []
    while not rounds or (rounds[-1].weighted.pareto_k > USABLE_K and len(rounds) < ROUNDS):
        if rounds:
            pooled = rounds[-1].weighted.pooled
            candidates = from_weights(priors, keep, candidates, pooled)
        rounds.append(_round(work, number, trials, earlier, candidates))
    last = rounds[-1].weighted
    draws = draw_of(last, work.points if number == 1 else None)
    rows = [row for trial in trials for row in trial.rows]
    check = StageCheck(
        number, work.points, work.patients, sum(one.simulated.failed for one in rounds),
        len(rounds), last.pareto_k, last.effective, len(last.candidates.logs),
        _parameter_checks(work, priors, before, last),
        _row_checks(work, number, rows, rounds, before, draws),
    )  # fmt: skip
    return _Found(draws, last, check)


def _round(
    work: _Work, number: int, trials: Sequence[StageTrial], earlier: Array, candidates: Candidates
) -> _Round:
    """Simulate the rows of a stage under its candidates' first points, and weigh them all."""
    own = candidates.logs[: work.points]
    logs = np.hstack([_cycled(earlier, len(own)), own])
    columns = _active(work, number)
    names = [p.parameter for stage in range(1, number + 1) for p in work.settings.stage(stage)]
    points = points_of(names, logs)
    rows = [row for trial in trials for row in trial.rows]
    parts = list(_simulations(work, number, trials, points))
    found = together(parts) if parts else _nothing(len(points))
    surface = quadratic(logs[:, columns], found.values)
    matrix = row_covariance(rows, found, surface, work.settings)
    observed = np.array([row.observed for row in rows])
    weighted = weigh(observed, surface, matrix, columns, earlier, candidates)
    return _Round(found, surface, matrix, weighted)


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


def _active(work: _Work, number: int) -> NDArray[np.int64]:
    """Return the places of the parameters that the disease has, up to a stage."""
    priors = [p for stage in range(1, number + 1) for p in work.settings.stage(stage)]
    places = [k for k, prior in enumerate(priors) if _has(work.model, prior.parameter)]
    return np.array(places, dtype=np.int64)


def _has(model: Model, name: str) -> bool:
    return any(p.id == name and p.value != 0 for p in model.parameters)


def _cycled(earlier: Array, count: int) -> Array:
    return earlier[np.arange(count) * len(earlier) // count]


def _nothing(points: int) -> Simulated:
    return Simulated(np.zeros((points, 0)), np.zeros((0, 0)), np.zeros(0))


def _simulations(
    work: _Work, number: int, trials: Sequence[StageTrial], points: Points
) -> Iterator[Simulated]:
    """Yield the rows of each trial under some points: as kept, else simulated and kept."""
    keys = [_key(work, trial, points) for trial in trials]
    paths = [_path(work, number, t, key) for t, key in zip(trials, keys, strict=True)]
    kept = [_read(path, key) for path, key in zip(paths, keys, strict=True)]
    todo = [k for k, one in enumerate(kept) if one is None]
    for place, found in zip(todo, _followed(work, number, trials, todo, points), strict=True):
        kept[place] = found
        path = paths[place]
        if path is not None:
            write_text(path, _text(_plain(found, keys[place])))
    yield from (one for one in kept if one is not None)


def _followed(
    work: _Work, number: int, trials: Sequence[StageTrial], todo: Sequence[int], points: Points
) -> Iterator[Simulated]:
    """Yield the rows of some trials, as each is ready, all from one pool of processes."""
    pool = trial_pool(work.model)
    tasks = tuple(_task(work, trials[place], points, pool) for place in todo)
    pieces = list(cut(range(work.patients), BLOCK))
    jobs = [(task, piece) for task in range(len(tasks)) for piece in pieces]
    with Processes(tasks, work.workers if jobs else 1) as processes:
        done = processes.map(_block, jobs)
        blocks = iter(work.progress(f"Stage {number}", done, len(jobs)))
        for place in todo:
            yield _rows(trials[place], [next(blocks) for _ in pieces])


def _task(work: _Work, trial: StageTrial, points: Points, pool: object) -> ArmsTask:
    study = Study(trial.protocol, work.model, pool, trial.template.products, work.patients, SEED)  # type: ignore[arg-type]
    asked = dict.fromkeys(one for row in trial.rows for one in row.asked)
    return ArmsTask(study, points, tuple(asked))


def _block(tasks: Sequence[ArmsTask], job: tuple[int, range]) -> ArmsBlock:
    return arms_block(tasks[job[0]], job[1])


def _rows(trial: StageTrial, blocks: Sequence[ArmsBlock]) -> Simulated:
    asked = list(dict.fromkeys(one for row in trial.rows for one in row.asked))
    columns = {one: without_failed(blocks, place) for place, one in enumerate(asked)}
    found = [statistic(row.kind, *(columns[one] for one in row.asked)) for row in trial.rows]
    return simulated_of(found, int(sum(block.failed.sum() for block in blocks)))


def _key(work: _Work, trial: StageTrial, points: Points) -> str:
    """Return a hash of everything that the simulations of a trial depend on."""
    asked: list[tuple[str, tuple[Asked, ...]]] = [(row.kind, row.asked) for row in trial.rows]
    return cache_key(
        __version__, work.model.hash, content_hash(work.model.endpoints), trial.protocol.hash,
        repr(asked), repr(points.names), points.factors.tobytes().hex(), str(work.patients),
        str(SEED),
    )  # fmt: skip


def _path(work: _Work, number: int, trial: StageTrial, key: str) -> Path | None:
    name = f"stage{number}-{trial.name}-{key[:16]}.json"
    return None if work.folder is None else work.folder / name


def _plain(found: Simulated, key: str) -> dict[str, object]:
    return {
        "key": key,
        "values": found.values.tolist(),
        "chance": found.chance.tolist(),
        "unit": found.unit.tolist(),
        "failed": found.failed,
    }


def _read(path: Path | None, key: str) -> Simulated | None:
    """Return what was kept under a key; whatever cannot be read is simulated again."""
    if path is None or not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["key"] != key:
            return None
        values, chance, unit = (np.array(kept[name]) for name in ("values", "chance", "unit"))
        return Simulated(values, chance, unit, int(kept["failed"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _text(content: object) -> str:
    return json.dumps(content, sort_keys=True, allow_nan=False) + "\n"


def _parameter_checks(
    work: _Work, priors: Sequence[Prior], before: Candidates, found: Weighted
) -> tuple[ParameterCheck, ...]:
    shrunk = contraction(before, found)
    _, matrix = joint_moments(found)
    sd = np.sqrt(np.diag(matrix))[-len(priors) :]
    rows = []
    for place, prior in enumerate(priors):
        logs = found.candidates.logs[:, place]
        factor, low, high = (np.exp(_quantile(logs, found.pooled, p)) for p in (0.5, 0.025, 0.975))
        rows.append(
            ParameterCheck(
                prior.parameter, _has(work.model, prior.parameter), prior.sd_log, float(sd[place]),
                float(factor), float(low), float(high), float(shrunk[place]),
            )
        )  # fmt: skip
    return tuple(rows)


def _quantile(values: Array, weights: Array, probability: float) -> float:
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(probability, middle, values[order]))


def _row_checks(
    work: _Work, number: int, rows: Sequence[StageRow], rounds: Sequence[_Round],
    before: Candidates, draws: Array,
) -> tuple[RowCheck, ...]:  # fmt: skip
    columns = _active(work, number)
    observed = np.array([row.observed for row in rows])
    first, last = rounds[0], rounds[-1]
    spread = np.hstack([_cycled(last.weighted.earlier, len(before.logs)), before.logs])
    prior = predicted(observed, first.surface.at(spread[:, columns]), first.matrix)
    after = predicted(observed, last.surface.at(draws[:, columns]), last.matrix)
    return tuple(
        RowCheck(
            row.id, row.name, row.trial, unlinked(row.kind, row.observed),
            _natural(row, prior, k), _natural(row, after, k),
            bool(prior.inside[k]), bool(after.inside[k]),
            float(last.surface.explained[k]),
            float(last.surface.left_out[k] / last.simulated.unit[k]),
        )
        for k, row in enumerate(rows)
    )  # fmt: skip


def _natural(row: StageRow, found: Predicted, place: int) -> tuple[float, float, float]:
    values = (found.median[place], found.low[place], found.high[place])
    median, low, high = (unlinked(row.kind, float(value)) for value in values)
    return median, low, high


def _correlations(
    names: Sequence[str], found: Weighted, model: Model
) -> tuple[Correlation, ...]:  # fmt: skip
    _, matrix = joint_moments(found)
    sd = np.sqrt(np.diag(matrix))
    places = [k for k, name in enumerate(names) if _has(model, name)]
    return tuple(
        Correlation(names[i], names[j], float(matrix[i, j] / (sd[i] * sd[j])))
        for i in places
        for j in places
        if i < j
    )
