"""The page Trial: choose or write a trial, and follow what is made of it."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.api.jobs import JobId, database_of
from funis.apps.web.api.trial import begun, draft_answer, library
from funis.apps.web.pages.render import render
from funis.apps.web.storage import jobs
from funis.checks import InputError

router = APIRouter()


@router.get("/trial", response_class=HTMLResponse)
def page(
    request: Request,
    trial: Annotated[str | None, Query(max_length=80)] = None,
    new: Annotated[str | None, Query(max_length=80)] = None,
    job: JobId | None = None,
) -> HTMLResponse:
    """Show the editor of a trial; without a name, that of the smallest trial of the library.

    With a job, that of the trial which the job was asked about.
    """
    asked = {} if job is None else _asked(request, job)
    trial, own = asked.get("trial", trial), asked.get("protocol")
    draft, lines = _draft(trial, new) if own is None else (_own(own), [])
    values = {
        "draft": draft, "lines": lines, "library": library(), "trial": trial, "new": new,
        "own": own is not None,
    }  # fmt: skip
    return render(request, "trial.html.j2", 422 if lines else 200, **values)


FIRST = "ra_two_arm"


def _asked(request: Request, id: str) -> dict[str, Any]:
    """Return what a job was asked; nothing of one that is not there."""
    with database_of(request).reading() as session:
        found = jobs.get(session, id)
    return {} if found is None else dict(found.request)


def _own(text: str) -> Any:
    from funis.pipeline.draft import Draft

    return draft_answer(Draft(text, "draft.yaml"))


def _draft(trial: str | None, new: str | None) -> tuple[Any, list[str]]:
    """Return what the editor shows, and why it is not what was asked for."""
    try:
        return draft_answer(begun(trial or (None if new else FIRST), new)), []
    except InputError as error:
        return draft_answer(begun(FIRST, None)), list(error.lines)


def warm_up(request: Request) -> None:
    """Load what opens a dot, beside the first look at a design: the first dot is quick too."""
    if not getattr(request.app.state, "trial_warm", False):
        request.app.state.trial_warm = True
        threading.Thread(target=_load, daemon=True).start()


def _load() -> None:
    from funis.pipeline.design.document import twin_document
    from funis.pipeline.design.twin import replicate_trial

    twin_document(replicate_trial(FIRST, n=16, replicate=0, world="null", patients=16, workers=1))


@router.get("/trial/jobs/{id}", response_class=HTMLResponse)
def job(request: Request, id: JobId) -> HTMLResponse:
    """Show a job: how far it has got, and what is known so far."""
    with database_of(request).reading() as session:
        found = jobs.get(session, id)
    if found is not None and found.kind == "design":
        warm_up(request)
    return render(request, "trial_job.html.j2", 200 if found else 404, job=found, id=id)
