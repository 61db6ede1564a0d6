"""`funis population`: plausible patients with their weights, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from funis.checks import InputError, Issue
from funis.models import Model, find_disease, load_model
from funis.pipeline.inputs import require_whole
from funis.pipeline.pools import POOL_DRAWS, new_pool
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import check_writable, find_evidence, marked_table
from funis.population import Pool, RawDraws, draw, pass_gate, save_pool, weigh_pool
from funis.population.draws import join_draws
from funis.population.gate import ACCEPTED
from funis.population.pool import baseline_statistics
from funis.report.scales import Array

BLOCK = 64
"""Raw draws that one task puts through the gate."""

LARGEST_SHARE_REFUSED = 50
"""Raw draws for each patient wanted after which the gate is taken to refuse everybody."""

Part = tuple[RawDraws, "np.ndarray[tuple[int, ...], np.dtype[np.str_]]", dict[str, Array]]


@dataclass(frozen=True, slots=True)
class _GateTask:
    """Draw and gate one block of raw draws."""

    seed: int

    def __call__(self, model: Model, block: range) -> Part:
        draws = draw(model, len(block), self.seed, first=block.start)
        names = [target.name for target in model.targets if target.name not in draws.names]
        return draws, pass_gate(model, draws).reason, baseline_statistics(model, draws, names)


def population_table(
    disease: str | Path,
    *,
    patients: int = 200,
    seed: int = 1,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a population of a disease: draw, gate, weigh.

    Raw draws are made in order until enough are plausible, so a larger population begins with the
    same patients (weights differ).

    Parameters
    ----------
    disease
        Id or folder of a disease.
    patients
        Plausible patients wanted.
    seed
        Seed of the draws.
    out
        Parquet file: a row a patient, a column each for index, weight and every parameter and
        covariate. It can be read back with `funis.population.load_pool`.
    workers, progress
        As for `run_trial`.

    Raises
    ------
    InputError
        An argument out of range, an unknown disease, or a file that cannot be written.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    if out is not None:
        check_writable(Path(out), file=True)
    model = load_model(find_disease(str(disease)))
    parts: list[Part] = []
    count, first = 0, 0
    with Processes(model, worker_count(workers)) as processes:
        while count < patients and first < LARGEST_SHARE_REFUSED * max(patients, BLOCK):
            size = -(-(patients - count) // BLOCK) * BLOCK
            tasks = [range(at, at + BLOCK) for at in range(first, first + size, BLOCK)]
            done = processes.map(_GateTask(seed), tasks)
            parts += list(progress("Virtual patients", done, len(tasks)))
            first += size
            count = sum(int((part[1] == ACCEPTED).sum()) for part in parts)
    pool = _first_plausible(model, seed, parts, patients)
    if out is not None:
        write_pool(pool, model, Path(out))
    return pool


def library_pool(
    disease: str | Path,
    *,
    out: str | Path,
    draws: int = POOL_DRAWS,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Build the fixed pool that all trials of a disease draw from, and write it.

    Raises
    ------
    InputError
        As for `population_table`.
    """
    require_whole(draws=draws, workers=workers)
    check_writable(Path(out), file=True)
    model = load_model(find_disease(str(disease)))
    pool = new_pool(model, workers=worker_count(workers), progress=progress, draws=draws)
    write_pool(pool, model, Path(out))
    return pool


def write_pool(pool: Pool, model: Model, path: Path) -> None:
    """Write a pool as Parquet, with the research-use statement and the evidence grade inside."""
    import polars

    with TemporaryDirectory() as folder:
        plain = Path(folder) / "pool.parquet"
        save_pool(pool, plain)
        known: Mapping[str, str] = {"funis": polars.read_parquet_metadata(plain)["funis"]}
        table = polars.read_parquet(plain)
    marked_table(table, path, evidence_text(evidence_base(find_evidence(model))), known)


def _first_plausible(model: Model, seed: int, parts: list[Part], patients: int) -> Pool:
    """Weigh the first plausible patients; the gate's table is that of the draws up to the last."""
    draws = join_draws([part[0] for part in parts])
    reason = np.concatenate([part[1] for part in parts])
    statistics = {name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]}
    accepted = np.flatnonzero(reason == ACCEPTED)
    end = int(accepted[patients - 1]) + 1 if len(accepted) >= patients else len(reason)
    rows = np.arange(end)
    kept = {name: values[:end] for name, values in statistics.items()}
    try:
        return weigh_pool(model, seed, draws.take(rows), reason[:end], kept)
    except InputError as error:
        message = f"{patients} patients cannot be weighted to the statistics of '{model.id}'"
        reasons = "; ".join(issue.message for issue in error.issues)
        issue = Issue(None, None, "patients", f"{message} ({reasons})", "more, such as 200")
        raise InputError(issue) from None
