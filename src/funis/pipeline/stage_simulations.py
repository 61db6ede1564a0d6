"""The trials of stages 1 and 2, simulated under some points: kept, and gone on with when killed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from funis.cache import cache_key
from funis.calibrate.arm_columns import (
    ArmsBlock,
    ArmsTask,
    Asked,
    arms_block,
    at_centre,
    under_points,
)
from funis.calibrate.measures import levelled, statistic
from funis.calibrate.points import Points
from funis.calibrate.settings import Prior, Settings
from funis.calibrate.stages import Simulated, simulated_of, together
from funis.models import Model
from funis.pipeline.calibration_data import SEED
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress
from funis.pipeline.reporting.methods import version
from funis.pipeline.stage_rows import StageTrial
from funis.pipeline.straight_line import cut
from funis.population import Pool
from funis.protocol import content_hash
from funis.store import write_text
from funis.trial import Study

BLOCK = 64
"""Patients of one task under every point."""

CENTRE_BLOCK = 256
"""Patients of one task at the centre alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What does not change from stage to stage.

    Attributes
    ----------
    patients : of each arm under every point.
    more : of each arm at the values of the library, those among them.
    """

    model: Model
    settings: Settings
    patients: int
    more: int
    points: int
    workers: int
    progress: Progress
    folder: Path | None

    def priors(self, stage: int) -> tuple[Prior, ...]:
        """Return the priors of all stages up to one."""
        return tuple(p for number in range(1, stage + 1) for p in self.settings.stage(number))


def simulations(work: Work, number: int, trials: Sequence[StageTrial], points: Points) -> Simulated:
    """Return the rows of each trial under some points: as kept, else simulated and kept."""
    keys = [_key(work, trial, points) for trial in trials]
    paths = [_path(work, number, t, key) for t, key in zip(trials, keys, strict=True)]
    kept = [_read(path, key) for path, key in zip(paths, keys, strict=True)]
    todo = [k for k, one in enumerate(kept) if one is None]
    for place, found in zip(todo, _followed(work, number, trials, todo, points), strict=True):
        kept[place] = found
        path = paths[place]
        if path is not None:
            write_text(path, text_of(_plain(found, keys[place])))
    parts = [one for one in kept if one is not None]
    return together(parts) if parts else _nothing(len(points))


def _nothing(points: int) -> Simulated:
    return Simulated(np.zeros((points, 0)), np.zeros((0, 0)), np.zeros(0))


def _followed(
    work: Work, number: int, trials: Sequence[StageTrial], todo: Sequence[int], points: Points
) -> Iterator[Simulated]:
    """Yield the rows of some trials, as each is ready, all from one pool of processes."""
    pool = trial_pool(work.model)
    tasks = tuple(_task(work, trials[place], points, pool) for place in todo)
    pieces = _pieces(work)
    jobs = [(task, *piece) for task in range(len(tasks)) for piece in pieces]
    with Processes(tasks, work.workers if jobs else 1) as processes:
        done = processes.map(_block, jobs)
        blocks = iter(work.progress(f"Stage {number}", done, len(jobs)))
        for place in todo:
            yield _rows(trials[place], [next(blocks) for _ in pieces])


def _pieces(work: Work) -> list[tuple[range, bool]]:
    """Return the patients of each task, and whether it is for the centre alone."""
    every = [(piece, False) for piece in cut(range(work.patients), BLOCK)]
    others = range(work.patients, max(work.more, work.patients))
    return every + [(piece, True) for piece in cut(others, CENTRE_BLOCK)]


def _task(work: Work, trial: StageTrial, points: Points, pool: Pool) -> ArmsTask:
    study = Study(trial.protocol, work.model, pool, trial.template.products, work.more, SEED)
    centre = Points(points.names, np.ones((1, len(points.names))))
    return ArmsTask(study, points, centre, _asked(trial))


def _asked(trial: StageTrial) -> tuple[Asked, ...]:
    return tuple(dict.fromkeys(one for row in trial.rows for one in row.asked))


def _block(tasks: Sequence[ArmsTask], job: tuple[int, range, bool]) -> ArmsBlock:
    task, patients, alone = job
    return arms_block(tasks[task], patients, alone=alone)


def _rows(trial: StageTrial, blocks: Sequence[ArmsBlock]) -> Simulated:
    asked = _asked(trial)
    few = {one: under_points(blocks, place) for place, one in enumerate(asked)}
    many = {one: at_centre(blocks, place) for place, one in enumerate(asked)}
    found = [
        levelled(*(statistic(row.kind, *(side[one] for one in row.asked)) for side in (few, many)))
        for row in trial.rows
    ]
    return simulated_of(found, int(sum(block.failed.sum() for block in blocks)))


def _key(work: Work, trial: StageTrial, points: Points) -> str:
    """Return a hash of everything that the simulations of a trial depend on."""
    asked = [(row.kind, row.asked) for row in trial.rows]
    return cache_key(
        version("funis"), work.model.hash, content_hash(work.model.endpoints), trial.protocol.hash,
        repr(asked), repr(points.names), points.factors.tobytes().hex(), str(work.patients),
        str(work.more), str(SEED),
    )  # fmt: skip


def _path(work: Work, number: int, trial: StageTrial, key: str) -> Path | None:
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


def text_of(content: object) -> str:
    """Return plain data as one line of JSON with sorted keys: the same bytes for the same data."""
    return json.dumps(content, sort_keys=True, allow_nan=False) + "\n"
