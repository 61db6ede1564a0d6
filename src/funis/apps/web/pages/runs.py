"""The page Runs: what is stored, one run, two side by side, why a figure is as it is."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.api.jobs import database_of
from funis.apps.web.api.runs import folder_of, stored_runs
from funis.apps.web.pages.home import FOLLOWED
from funis.apps.web.pages.render import render
from funis.apps.web.storage import Status, jobs
from funis.apps.web.storage.tables import OPEN
from funis.checks import InputError

router = APIRouter()

SHOWN = ("course-", "responders-")
"""Names of the figures that a run's page opens with; the others follow on demand."""

MOST_UNFINISHED = 50

CODE_LIKE = re.compile(r"^([a-z0-9_]+[-\s])?[0-9a-tv-z]{4}[-\s]?[0-9a-tv-z]{4}$", re.IGNORECASE)
"""Eight signs of a code, with or without what stands before; `diabetes` looks like one too."""


@router.get("/runs", response_class=HTMLResponse)
def page(
    request: Request,
    find: Annotated[str, Query(max_length=200)] = "",
    run: Annotated[list[str] | None, Query(max_length=10)] = None,
) -> HTMLResponse:
    """List the stored runs; a short code in the search field is answered, words filter."""
    if run is not None and len(run) == 2:
        return _two(request, run)
    words, folder, runs = find.strip(), folder_of(request), stored_runs(request)
    reasons, shown, fault = _found(request, words, runs)
    if run:
        shown = runs
        fault = f"{len(run)} run{'s are' if len(run) > 1 else ' is'} ticked: tick two to compare"
    return render(
        request, "runs.html.j2", find=words, runs=shown, total=len(runs), reasons=reasons,
        fault=fault, folder=folder, unfinished=_unfinished(request),
    )  # fmt: skip


@router.get("/runs/{id}", response_class=HTMLResponse)
def one(request: Request, id: str) -> HTMLResponse:
    """Show a stored run: what it found, its figures with their codes, its files."""
    from funis.pipeline.runs import damaged_files, find_run, run_manifest
    from funis.pipeline.runs.pictures import run_pictures
    from funis.pipeline.runs.why import figures_of

    try:
        run = find_run(id, folder_of(request))
    except InputError as error:
        return _refused(request, str(error.issues[0]), 404)
    first = tuple(one for one in run_pictures(run) if one.mark.id.startswith(SHOWN))
    shown, marks = {one.mark.id for one in first}, figures_of(run)
    return render(
        request, "runs/one.html.j2", run=run, damaged=damaged_files(run.folder), pictures=first,
        others=tuple(one for one in marks if one.kind == "figure" and one.id not in shown),
        tables=tuple(one for one in marks if one.kind == "table"),
        manifest=run_manifest(run.folder), job=_job(request, run.id),
    )  # fmt: skip


def _unfinished(request: Request) -> tuple[jobs.Job, ...]:
    """Return the jobs with a page of their own that left no run: they wait, go on or failed."""
    asked = (*OPEN, Status.FAILED)
    with database_of(request).reading() as session:
        found = jobs.listing(session, most=MOST_UNFINISHED, statuses=asked)
    return tuple(one for one in found if one.kind in FOLLOWED)


def _job(request: Request, id: str) -> jobs.Job | None:
    """Return the job of this workbench that wrote a run; None where it came from elsewhere."""
    with database_of(request).reading() as session:
        found = jobs.get(session, id)
    return found if found is not None and found.kind in FOLLOWED else None


def _two(request: Request, ids: list[str]) -> HTMLResponse:
    from funis.pipeline.runs import find_run
    from funis.pipeline.runs.compare import compare_runs
    from funis.pipeline.runs.pictures import run_pictures

    folder = folder_of(request)
    try:
        first, second = (find_run(id, folder) for id in ids)
        found = compare_runs(first.id, second.id, folder=folder)
    except InputError as error:
        return _refused(request, str(error.issues[0]), 404)
    pictures = [{one.mark.id: one for one in run_pictures(run)} for run in (first, second)]
    both = [(pictures[0][name], pictures[1][name]) for name in pictures[0] if name in pictures[1]]
    return render(
        request, "runs/two.html.j2", found=found,
        pictures=[pair for pair in both if pair[0].mark.id.startswith(SHOWN)],
    )  # fmt: skip


def _found(
    request: Request, words: str, runs: tuple[Any, ...]
) -> tuple[tuple[Any, ...], tuple[Any, ...], str]:
    """Return why a code's figure is so, the runs to list, and what is wrong with the words.

    A code is answered; all else filters. A slip in a code is told where no run has the words.
    """
    reasons, fault = _reasons(request, words) if CODE_LIKE.match(words) else ((), "")
    shown = tuple(one for one in runs if _has(one, words))
    if reasons or (fault and not shown):
        return reasons, runs, fault
    return (), shown, ""


def _reasons(request: Request, code: str) -> tuple[tuple[Any, ...], str]:
    from funis.pipeline.runs.why import why

    try:
        found = why(code, folder_of(request))
    except InputError as error:
        return (), str(error.issues[0])
    return tuple((one, _picture(one)) for one in found), ""


def _picture(reason: Any) -> Any:
    """Return the drawing of a figure; None of a table."""
    from funis.pipeline.runs.pictures import run_pictures

    known = {one.mark.id: one for one in run_pictures(reason.run)}
    return known.get(reason.figure.id)


def _has(run: Any, words: str) -> bool:
    text = f"{run.id} {run.title} {run.trial} {run.disease} {run.kind_words} {run.code}".lower()
    return all(word in text for word in words.lower().split())


def _refused(request: Request, line: str, status: int) -> HTMLResponse:
    return render(request, "runs/none.html.j2", status, line=line)
