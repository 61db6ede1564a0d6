"""`funis simulate --out`: a cohort of any size, file by file, with its summaries as it goes.

A file holds a few blocks of 512 patients and is a function of the settings and its number alone.
Memory holds the files under way and the summaries, whatever the number of patients; a run that was
killed goes on from the files that are whole and ends with the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.analysis import RELATIVE_ERROR
from funis.pipeline.chunks import Layout, Source
from funis.pipeline.cohort_totals import (
    ResponderCourse,
    Totals,
    bands,
    responder_courses,
    responder_table,
    summary_table,
)
from funis.pipeline.course_plan import CohortPlan, plan_cohort, typical
from funis.pipeline.parts import PartTask, Work, make_part, part_name
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, Unfinished, silent, worker_count
from funis.pipeline.reporting.methods import engine_text, version
from funis.pipeline.responses import Responses
from funis.pipeline.run import check_writable, json_text, marked_bytes
from funis.pipeline.simulate import CohortCourse, cohort_course, evidence_of
from funis.protocol import Intervention, content_hash
from funis.report import RESEARCH_USE
from funis.report.statement import SIMULATED
from funis.store import ChunkFolder, chunk_folder, hash_bytes, write_bytes

if TYPE_CHECKING:
    import polars as pl

FORMAT = "funis chunks 1"
LAYOUT = Layout()
SUMMARY, RESPONDERS, DOCUMENT = "summary.parquet", "responders.parquet", "summary.json"

IN_FLIGHT = 2
"""Files a process that are under way or wait to be added up."""


@dataclass(frozen=True, slots=True, eq=False)
class StreamedCohort:
    """What `stream_cohort` gives.

    Attributes
    ----------
    course
        Bands of the cohort; its quantiles are those of histograms.
    responders
        Who meets each rule of response at each time.
    status
        Patients by status of the solver, treated and untreated.
    second_solutions
        Courses that were solved a second time, much more tightly, and the worst of them.
    pool_patients
        Virtual patients in the pool that the cohort is drawn from, with replacement.
    folder
        Where the chunks and summaries lie.
    files, kept
        Chunk files, and how many of them an earlier run had left whole.
    """

    course: CohortCourse
    responders: tuple[ResponderCourse, ...]
    status: Mapping[str, Mapping[str, int]]
    second_solutions: Mapping[str, float | None]
    pool_patients: int
    folder: Path
    files: int
    kept: int

    def document(self) -> dict[str, Any]:
        """Return the summaries as plain data, each treated series with its untreated one."""
        return {
            **self.course.document(),
            "status": self.status,
            "second_solutions": self.second_solutions,
            "pool_patients": self.pool_patients,
            "relative_error_of_quantiles": RELATIVE_ERROR,
            "responders": {one.rule: one.document() for one in self.responders},
        }


def stream_cohort(
    disease: str | Path,
    doses: Sequence[str | Intervention],
    out: str | Path,
    *,
    weeks: float = 52.0,
    patients: int = 200,
    seed: int = 1,
    outputs: Sequence[str] = (),
    workers: int | None = None,
    progress: Progress = silent,
    layout: Layout | None = None,
    in_flight: int = IN_FLIGHT,
) -> StreamedCohort:
    """Simulate a cohort of any size, beside the same untreated, into a folder.

    Every byte of the folder depends on the settings alone: not on the number of processes, nor on
    whether the run was interrupted on the way.

    Parameters
    ----------
    disease, doses, weeks, patients, seed, outputs, workers, progress
        As for `simulate_cohort`; of the mechanism only a few outputs unless more are asked for.
    out
        Folder for ``chunks/part-*.parquet``, ``summary.parquet``, ``responders.parquet``,
        ``summary.json`` and ``manifest.json``. A run of the same settings that stands there is
        gone on with; anything else is refused.
    layout
        How patients are cut, 512 a block where it is None; another one is another setting.
    in_flight
        Files a process that are under way or wait to be added up.

    Raises
    ------
    InputError
        As for `simulate_cohort`, or a folder that holds something else or cannot be written.
    Unfinished
        Ctrl-C: the same call goes on.
    """
    plan = plan_cohort(
        disease, doses, weeks=weeks, patients=patients, seed=seed, outputs=outputs, workers=workers
    )
    check_writable(Path(out))
    pool = trial_pool(plan.model, workers=worker_count(workers), progress=progress)
    source = Source(plan.model, pool, plan.courses, Responses.of(plan.model.endpoints), seed)
    cut = LAYOUT if layout is None else layout
    files = cut.files(patients)
    settings = cohort_settings(plan, source, cut, evidence_of(plan.model))
    names = [*map(part_name, range(len(files))), SUMMARY, RESPONDERS, DOCUMENT]
    digests: dict[str, str] = {}
    with chunk_folder(Path(out), settings, names, _known(plan)) as folder:
        work = Work(source, cut, folder.path, settings["evidence"], _marks(settings))
        tasks = (PartTask(k, who, folder.whole.get(part_name(k))) for k, who in enumerate(files))
        try:
            totals = Totals.nobody(source)
            with Processes(work, min(worker_count(workers), len(files))) as processes:
                parts = processes.map(make_part, tasks, in_flight=in_flight)
                for part in progress("Cohort", parts, len(files)):
                    if not part.kept:
                        folder.record(part.name, part.digest)
                    digests[part.name] = part.digest
                    totals = totals.add(part)
            found = _streamed(plan, work, totals, len(files))
            _finish(folder, work, totals, found, digests)
        except KeyboardInterrupt:
            raise Unfinished(_interrupted(folder, len(files))) from None
    return found


def cohort_settings(
    plan: CohortPlan, source: Source, layout: Layout, evidence: str
) -> dict[str, Any]:
    """Return everything that the bytes of a streamed cohort depend on, as JSON values."""
    courses = plan.courses
    return {
        "format": FORMAT,
        "library_version": f"funis {version('funis')}",
        "engine": engine_text(),
        "disease": plan.model.id,
        "doses": [one.id for one in plan.given],
        "weeks": float(plan.weeks),
        "patients": plan.patients,
        "seed": plan.seed,
        "outputs": list(source.columns.quantities),
        "model_hash": plan.model.hash,
        "endpoints_hash": content_hash(plan.model.endpoints),
        "pool_hash": source.pool.hash,
        "regimen_hash": content_hash((courses.arm, courses.parameters, courses.recovered)),
        "evidence": evidence,
        "block": layout.block,
        "blocks_per_file": layout.blocks_per_file,
    }


def _streamed(plan: CohortPlan, work: Work, totals: Totals, files: int) -> StreamedCohort:
    source = work.source
    one = plan.courses(plan.model, typical(plan.model))[0][:, 0]
    course = cohort_course(plan, totals.failed, bands(totals, source), one, work.evidence)
    found = responder_courses(totals, source)
    counts, size = totals.status_counts, len(source.pool)
    again = totals.second_solutions
    return StreamedCohort(course, found, counts, again, size, work.folder, files, totals.kept)


def _finish(
    folder: ChunkFolder, work: Work, totals: Totals, found: StreamedCohort, digests: dict[str, str]
) -> None:
    """Write the summaries, and last of all the manifest that makes the run complete."""
    contents = {
        SUMMARY: _marked(summary_table(totals, work.source), work),
        RESPONDERS: _marked(responder_table(found.responders, work.source), work),
        DOCUMENT: json_text(found.document()).encode(),
    }
    for name, content in contents.items():
        write_bytes(folder.path / name, content)
    hashes = {name: hash_bytes(content) for name, content in contents.items()}
    more = {
        "status": found.status,
        "failed": found.course.failed,
        "second_solutions": found.second_solutions,
    }
    folder.finish(more, {**digests, **hashes})


def _marked(table: pl.DataFrame, work: Work) -> bytes:
    return marked_bytes(table, work.evidence, work.marks)


def _marks(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands inside every table, beside the statement and the grade of evidence."""
    return {
        "data": SIMULATED,
        "courses": "every treated column stands beside the same patients untreated",
        "disease": settings["disease"],
        "doses": " ".join(settings["doses"]),
        "seed": str(settings["seed"]),
    }


def _known(plan: CohortPlan) -> dict[str, Any]:
    """Return what the manifest says from the beginning."""
    title = f"{plan.patients} virtual patients, treated and untreated"
    return {"research_use": RESEARCH_USE, "data": SIMULATED, "title": title}


def _interrupted(folder: ChunkFolder, files: int) -> str:
    done = f"{folder.noted()} of {files} files are whole in {folder.path}"
    return f"interrupted: {done}; the same command goes on"
