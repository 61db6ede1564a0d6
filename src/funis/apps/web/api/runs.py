"""Stored runs over the API: what each found, two side by side, why a figure is so, files."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from funis.apps.web.api.answer import Answer, Refusal
from funis.apps.web.api.files import file_answer
from funis.apps.web.api.jobs import HELD, NOT_THERE, Forgotten, database_of
from funis.apps.web.storage import jobs
from funis.apps.web.storage.runs import RUN_ID, file_of, place_of, removed, runs_folder

if TYPE_CHECKING:
    from funis.pipeline.runs import StoredRun

router = APIRouter(prefix="/api/runs", tags=["runs"])

RunId = Annotated[str, InPath(pattern=RUN_ID, description="Id of a stored run.")]
REFUSED: dict[int | str, dict[str, Any]] = {422: {"model": Refusal}}


class IntervalValue(BaseModel):
    """A number with its 95 % interval; what is not known is null."""

    estimate: float | None
    low: float | None
    high: float | None


class HeadlineValue(BaseModel):
    """One result of a run, with what it stands on."""

    words: str
    interval: IntervalValue
    unit: str
    text: str
    basis: str
    verdict: str


class RunValue(BaseModel):
    """A stored run: what it was asked, what it found, and in which state its folder is."""

    id: str
    kind: str
    status: str
    title: str
    disease: str
    trial: str
    seed: int | None
    patients: int | None
    failed: int
    written: str
    version: str
    size_bytes: int
    headline: list[HeadlineValue]
    evidence: str
    report: str
    code: str


class FigureValue(BaseModel):
    """A figure or table of a run, with its short code."""

    id: str
    kind: str
    title: str
    about: str
    arm: str
    code: str


class FileValue(BaseModel):
    """A file of one run beside the same file of another."""

    name: str
    match: str
    told: str


class SettingValue(BaseModel):
    """One thing that a run depends on, in both runs."""

    name: str
    first: str
    second: str
    same: bool


class EstimateValue(BaseModel):
    """One estimate in both runs with its intervals, and the difference with its interval."""

    group: str
    words: str
    unit: str
    first: str
    second: str
    numbers: list[IntervalValue | None]
    difference: IntervalValue | None
    difference_text: str
    same: bool


class FormulaValue(BaseModel):
    """How one number in a figure is computed."""

    id: str
    name: str
    unit: str
    sort: str
    text: str
    source: str


class ParameterValue(BaseModel):
    """A parameter that a figure depends on; `steps` equations lie between."""

    id: str
    name: str
    value: float
    unit: str
    status: str
    source: str
    steps: int


class StoredAnswer(Answer):
    """Every stored run with its headline, the last written first."""

    runs: list[RunValue]


class StoredRunAnswer(Answer):
    """A stored run, its files, those that are not as it wrote them, its figures and manifest."""

    run: RunValue
    names: list[str]
    damaged: list[str]
    figures: list[FigureValue]
    manifest: dict[str, Any]


class ComparisonAnswer(Answer):
    """Two stored runs side by side."""

    sentence: str
    how: str
    first: RunValue
    second: RunValue
    settings: list[SettingValue]
    estimates: list[EstimateValue]
    files: list[FileValue]


class ReasonValue(BaseModel):
    """Why a figure is as it is."""

    code: str
    figure: FigureValue
    run: RunValue
    disease: str
    protocol: str
    protocol_hash: str
    model_hash: str
    estimand: str
    rule: str
    formulas: list[FormulaValue]
    parameters: list[ParameterValue]
    statuses: dict[str, int]
    command: str
    again: str
    notes: list[str]


class WhyAnswer(Answer):
    """Why a figure is as it is: usually one reason, one for each run with that code."""

    reasons: list[ReasonValue]


class PictureAnswer(Answer):
    """One figure of a run as a drawing, with its code and the evidence beside it."""

    figure: FigureValue
    svg: str
    evidence: str


@router.get("")
@router.get("/stored/all")
def stored(request: Request) -> StoredAnswer:
    """List the stored runs with what they found, the last written first."""
    return StoredAnswer(runs=[run_value(run) for run in stored_runs(request)])


@router.get("/{id}", responses={**NOT_THERE, **REFUSED})
@router.get("/stored/{id}", responses={**NOT_THERE, **REFUSED})
def one(request: Request, id: RunId) -> StoredRunAnswer:
    """Return a stored run, and whether its files are as it wrote them."""
    from funis.pipeline.runs import damaged_files, find_run, run_manifest
    from funis.pipeline.runs.why import figures_of

    if place_of(workbench_of(request), id) is None:
        raise HTTPException(404, [f"no run {id}"])
    run = find_run(id, folder_of(request))
    manifest = run_manifest(run.folder)
    return StoredRunAnswer(
        run=run_value(run), names=sorted(manifest.get("files", {})),
        damaged=list(damaged_files(run.folder)), manifest=manifest,
        figures=[FigureValue(**asdict(mark)) for mark in figures_of(run)],
    )  # fmt: skip


@router.delete("/{id}", responses={**HELD, **REFUSED})
def delete(request: Request, id: RunId) -> Forgotten:
    """Delete a run with all its files, and forget the job that wrote it."""
    with ExitStack() as after, database_of(request).writing() as session:
        job = jobs.get(session, id)
        if job is not None and not job.status.is_over:
            raise HTTPException(409, [f"run {id} is being written; cancel its job first"])
        gone = removed(workbench_of(request), id)
        if gone is None:
            raise HTTPException(404, [f"no run {id}"])
        after.enter_context(gone)  # its files go when nobody waits for the database any more
        if job is not None:
            jobs.delete(session, id)
    return Forgotten(deleted=id)


@router.get("/{id}/files/{name:path}", response_class=FileResponse, responses=NOT_THERE)
def file(request: Request, id: RunId, name: str) -> Response:
    """Return a file of a run: one that its manifest lists, or the manifest."""
    path = file_of(workbench_of(request), id, name)
    if path is None:
        raise HTTPException(404, [f"no such file in run {id}"])
    return file_answer(path, id)


@router.get("/stored/{id}/beside/{other}", responses=REFUSED)
def beside(request: Request, id: RunId, other: RunId) -> ComparisonAnswer:
    """Set two stored runs side by side."""
    from funis.pipeline.runs.compare import compare_runs

    folder = folder_of(request)
    _known(folder, id, other)
    found = compare_runs(id, other, folder=folder)
    return ComparisonAnswer(
        sentence=found.sentence,
        how=found.how,
        first=run_value(found.first),
        second=run_value(found.second),
        settings=[SettingValue(**asdict(row), same=row.same) for row in found.settings],
        estimates=[EstimateValue(**asdict(row), same=row.same) for row in found.estimates],
        files=[FileValue(**asdict(row)) for row in found.files],
    )


@router.get("/stored/{id}/figures/{figure}", responses=REFUSED)
def picture(request: Request, id: RunId, figure: str) -> PictureAnswer:
    """Return one figure of a stored run as SVG."""
    from funis.pipeline.runs import find_run
    from funis.pipeline.runs.pictures import run_picture

    run = find_run(id, folder_of(request))
    found = run_picture(run, figure)
    mark = FigureValue(**asdict(found.mark))
    return PictureAnswer(figure=mark, svg=found.svg, evidence=run.evidence)


@router.get("/why/{code}", responses=REFUSED)
def why(request: Request, code: str) -> WhyAnswer:
    """Say why a figure is as it is, from its short code."""
    from funis.pipeline.runs.why import why as reasons

    found = reasons(code, folder_of(request))
    return WhyAnswer(
        reasons=[ReasonValue(**{**asdict(one), "run": run_value(one.run)}) for one in found]
    )


def workbench_of(request: Request) -> Path:
    """Return the folder of the workbench that was asked."""
    folder: Path = request.app.state.settings.folder
    return folder


def folder_of(request: Request) -> Path:
    """Return the folder of runs of a workbench; it is made where it is missing."""
    folder = runs_folder(workbench_of(request))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stored_runs(request: Request, most: int | None = None) -> tuple[StoredRun, ...]:
    """Return the runs that lie right in the folder of runs, the last written first."""
    from funis.pipeline.runs import newest_runs

    found = (run for run in newest_runs(folder_of(request)) if "/" not in run.id)
    return tuple(islice(found, most))


def run_value(run: StoredRun) -> RunValue:
    """Return a stored run as an answer, without the place on the disk."""
    known = asdict(run)
    del known["folder"]
    return RunValue(**known)


def _known(folder: Path, *ids: str) -> None:
    """Refuse an id that is not of this folder: an id is no path."""
    from funis.pipeline.runs import find_run

    for id in ids:
        find_run(id, folder)
