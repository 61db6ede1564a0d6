"""Chunks of a streamed cohort: some patients, treated and untreated, and their Parquet table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.pipeline.course_plan import CoursePlan, shown_id
from funis.pipeline.responses import Responses
from funis.population import Pool, choose
from funis.population.cohort import BLOCK_PATIENTS, blocks
from funis.solver import FAILED, STATUS, ParameterTable
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY

if TYPE_CHECKING:
    import polars as pl

COURSES = ("treated", "untreated")
MINUTES_PER_WEEK = MINUTES_PER_DAY * DAYS_PER_WEEK


@dataclass(frozen=True, slots=True)
class Layout:
    """How patients are cut: into blocks, and blocks into files; only the last may be short."""

    block: int = BLOCK_PATIENTS
    blocks_per_file: int = 4

    def files(self, patients: int) -> tuple[range, ...]:
        """Return the patients of each file."""
        return blocks(patients, self.block * self.blocks_per_file)

    def cut(self, patients: range) -> tuple[range, ...]:
        """Return the patients of each block of a file."""
        return tuple(
            patients[piece.start : piece.stop] for piece in blocks(len(patients), self.block)
        )


DEVIATION = "solver_deviation"
"""Column of what a second, tighter solution differs by, in units of the tolerance."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Both courses of some patients.

    Whoever failed in one course has no numbers in either: no course stands without its twin.

    Attributes
    ----------
    patient, pool_index
        (patient,) index in the cohort, and of the virtual patient in the pool.
    status, deviation
        (patient, course) of the solver; a deviation of who was not solved again is not a number.
    values
        (patient, course, time, quantity) float32.
    met
        (patient, course, time, rule): whether each rule of response is met.
    """

    patient: NDArray[np.int64]
    pool_index: NDArray[np.int64]
    status: NDArray[np.int8]
    deviation: NDArray[np.float32]
    values: NDArray[np.float32]
    met: NDArray[np.bool_]

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Patients that failed in either course."""
        return np.asarray((self.status == FAILED).any(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class ChunkColumns:
    """What the columns of a chunk's table are."""

    minutes: NDArray[np.int64]
    quantities: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What the patients of a streamed cohort are made from."""

    model: Model
    pool: Pool
    courses: CoursePlan
    responses: Responses
    seed: int

    @property
    def columns(self) -> ChunkColumns:
        """What the columns of a table are."""
        shown = tuple(shown_id(self.model, name) for name in self.courses.names)
        return ChunkColumns(self.courses.minutes, shown, self.responses.names)


def simulate_block(source: Source, who: range) -> Chunk:
    """Choose and follow some patients: what they are depends on seed and index alone."""
    patient = np.arange(who.start, who.stop, dtype=np.int64)
    rows = choose(source.pool, source.seed, patient)
    table = ParameterTable(source.pool.names, source.pool.values[rows])
    courses = source.courses
    found = courses.follow(source.model, table)
    status = np.stack([one.status for one in found], axis=1)
    deviation = np.stack([one.deviation for one in found], axis=1).astype(np.float32)
    values = np.stack([courses.read(one.values) for one in found], axis=1).astype(np.float32)
    seen = [courses.observed(one.values) for one in found]
    met = np.stack([source.responses.judge(courses.reader, one) for one in seen], axis=1)
    chunk = Chunk(patient, source.pool.index[rows], status, deviation, values, met)
    chunk.values[chunk.failed] = np.nan
    chunk.met[chunk.failed] = False
    return chunk


def join_chunks(parts: Sequence[Chunk]) -> Chunk:
    """Put blocks together."""
    names = ("patient", "pool_index", "status", "deviation", "values", "met")
    return Chunk(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def chunk_table(chunk: Chunk, columns: ChunkColumns) -> pl.DataFrame:
    """Return a chunk as a table: a row a patient and time, both courses side by side.

    Failed patients keep their rows, with their status, without numbers (NaN) and responses (null).
    """
    import polars as pl

    size, times = len(chunk.patient), len(columns.minutes)
    words = pl.Series([STATUS[code] for code in sorted(STATUS)])
    failed, again = np.repeat(chunk.failed, times), np.repeat(chunk.deviation, times, axis=0)
    series = [
        pl.Series("patient", np.repeat(chunk.patient, times)),
        pl.Series("pool_index", np.repeat(chunk.pool_index, times)),
        *(
            words.gather(np.repeat(chunk.status[:, place], times)).alias(f"status_{name}")
            for place, name in enumerate(COURSES)
        ),
        *(
            pl.Series(f"{DEVIATION}_{name}", again[:, place]).fill_nan(None)
            for place, name in enumerate(COURSES)
        ),
        pl.Series("minute", np.tile(columns.minutes, size)),
        pl.Series("week", np.tile(columns.minutes / MINUTES_PER_WEEK, size)),
    ]  # fmt: skip
    for place, name in enumerate(columns.quantities):
        for course, group in enumerate(COURSES):
            series.append(pl.Series(f"{name}_{group}", chunk.values[:, course, :, place].ravel()))
    for place, name in enumerate(columns.rules):
        for course, group in enumerate(COURSES):
            met = pl.Series(f"{name}_{group}", chunk.met[:, course, :, place].ravel())
            series.append(met.set(pl.Series(failed), None) if failed.any() else met)
    return pl.DataFrame(series)


def table_chunk(table: pl.DataFrame, columns: ChunkColumns) -> Chunk:
    """Return the chunk that a table was made from."""
    import polars as pl

    times = len(columns.minutes)
    size = table.height // times
    table = table.with_columns(pl.col(pl.Boolean).fill_null(False))
    first = table.gather_every(times)

    def stack(names: Sequence[str]) -> NDArray[Any]:
        whole = [table[f"{name}_{group}"].to_numpy() for group in COURSES for name in names]
        shaped = np.reshape(whole, (len(COURSES), len(names), size, times))
        return shaped.transpose(2, 0, 3, 1)

    deviation = [first[f"{DEVIATION}_{group}"].fill_null(math.nan).to_numpy() for group in COURSES]
    codes = {words: code for code, words in STATUS.items()}
    status = [[codes[words] for words in first[f"status_{group}"]] for group in COURSES]
    return Chunk(
        first["patient"].to_numpy(), first["pool_index"].to_numpy(),
        np.array(status, dtype=np.int8).T,
        np.array(deviation, dtype=np.float32).T,
        np.ascontiguousarray(stack(columns.quantities), dtype=np.float32),
        np.ascontiguousarray(stack(columns.rules), dtype=np.bool_),
    )  # fmt: skip
