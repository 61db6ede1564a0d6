"""One file of a streamed cohort: simulated and written, or read again where it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.analysis import Blocks, summarise_blocks
from funis.pipeline.chunks import (
    Chunk,
    Layout,
    Source,
    chunk_table,
    join_chunks,
    simulate_block,
    table_chunk,
)
from funis.pipeline.run import marked_bytes
from funis.solver import STATUS
from funis.store import hash_bytes, read_whole, write_bytes


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What every process holds: the cohort, where its files go, and what stands inside them."""

    source: Source
    layout: Layout
    folder: Path
    evidence: str
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartTask:
    """A file: its number, its patients, and the hash that an earlier run noted, if any."""

    number: int
    patients: range
    noted: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What comes back of a file: everything but the patients.

    Attributes
    ----------
    name, digest
        Of the file.
    kept
        Whether an earlier run had left it whole.
    blocks
        Summaries of the cells (course, time, quantity), flattened.
    met
        Patients that meet each rule, (course, time, rule).
    status
        Patients by status of the solver, (course, status).
    failed
        Patients that failed in either course.
    checked, deviation
        Courses that were solved a second time, and by how much the worst of them differs.
    """

    name: str
    digest: str
    kept: bool
    blocks: Blocks
    met: NDArray[np.int64]
    status: NDArray[np.int64]
    failed: int
    checked: int
    deviation: float


def part_name(number: int) -> str:
    """Return the name of a file, relative to the folder of the run."""
    return f"chunks/part-{number:06d}.parquet"


def make_part(work: Work, task: PartTask) -> Part:
    """Keep a file that is whole, else simulate its patients and write it; summarise it."""
    name = part_name(task.number)
    content = read_whole(work.folder / name, task.noted)
    if content is not None:
        return _part(work, name, content, _read(work, content), kept=True)
    chunk = join_chunks(
        [simulate_block(work.source, who) for who in work.layout.cut(task.patients)]
    )
    marks = {**work.marks, "patients": f"{task.patients.start} to {task.patients.stop - 1}"}
    content = marked_bytes(chunk_table(chunk, work.source.columns), work.evidence, marks)
    write_bytes(work.folder / name, content)
    return _part(work, name, content, chunk, kept=False)


def _part(work: Work, name: str, content: bytes, chunk: Chunk, *, kept: bool) -> Part:
    cells = chunk.values.reshape(len(chunk.values), -1)
    status = [np.bincount(column, minlength=len(STATUS)) for column in chunk.status.T]
    again = chunk.deviation[np.isfinite(chunk.deviation)]
    return Part(
        name, hash_bytes(content), kept, summarise_blocks(cells, work.layout.block),
        chunk.met.sum(axis=0, dtype=np.int64), np.stack(status), int(chunk.failed.sum()),
        len(again), float(again.max(initial=0.0)),
    )  # fmt: skip


def _read(work: Work, content: bytes) -> Chunk:
    import polars

    return table_chunk(polars.read_parquet(BytesIO(content)), work.source.columns)
