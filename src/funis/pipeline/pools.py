"""The pool of virtual patients that every trial of a disease draws from: fixed, built once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from funis.cache import cache_folder
from funis.checks import InputError
from funis.models import Model, library_folder
from funis.pipeline.processes import Processes, Progress, silent
from funis.population import Pool, build_pool, load_pool, save_pool

POOL_SEED = 1
"""Seed of the pool. It is not the seed of a trial: all trials of a disease share one pool."""

POOL_DRAWS = 2000
"""Raw draws that are put through the gate."""


def trial_pool(
    model: Model, *, workers: int = 1, progress: Progress = silent, draws: int = POOL_DRAWS
) -> Pool:
    """Return the pool of a disease: from the library, else from the user's cache, else built.

    A stored pool counts only if it was made from the same model, seed and number of draws.

    Parameters
    ----------
    model
        The disease.
    workers, progress
        How a pool is built where none is stored.
    draws
        Raw draws.
    """
    paths = [library_folder() / "pools" / f"{model.id}.parquet"]
    kept = cache_folder()
    if kept is not None:
        paths.append(kept / "pools" / f"{model.id}-{model.hash[:16]}-{draws}.parquet")
    for path in paths:
        pool = _stored(path, model, draws)
        if pool is not None:
            return pool
    pool = new_pool(model, workers=workers, progress=progress, draws=draws)
    if kept is not None:
        with suppress(InputError):  # a cache that cannot be written only costs time
            save_pool(pool, paths[-1])
    return pool


def new_pool(
    model: Model, *, workers: int = 1, progress: Progress = silent, draws: int = POOL_DRAWS
) -> Pool:
    """Build the pool of a disease from its raw draws."""
    with Processes(model, workers) as processes:
        return build_pool(model, draws, POOL_SEED, run=mapped(processes, progress))


def _stored(path: Path, model: Model, draws: int) -> Pool | None:
    if not path.is_file():
        return None
    try:
        pool = load_pool(path)
    except InputError:
        return None
    drawn = sum(row.n for row in pool.gate)
    fits = (pool.model_hash, pool.seed, drawn) == (model.hash, POOL_SEED, draws)
    return pool if fits else None


def mapped(processes: Processes[Any], progress: Progress) -> Callable[..., Iterable[Any]]:
    """Return a stand-in for the built-in `map` that works over processes."""

    def run(work: Callable[[range], Any], tasks: Iterable[range]) -> Iterator[Any]:
        listed = list(tasks)
        done = processes.map(_Unshared(work), listed)
        yield from progress("Virtual patients", done, len(listed))

    return run


class _Unshared:
    """A function of a task alone, which knows everything else already."""

    def __init__(self, work: Callable[[range], Any]) -> None:
        self.work = work

    def __call__(self, _: Any, task: range) -> Any:
        return self.work(task)
