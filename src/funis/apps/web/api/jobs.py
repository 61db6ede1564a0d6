"""Background work over the API: put a job into the queue, follow it, cancel it, forget it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, HTTPException, Query
from fastapi import Path as InPath
from starlette.requests import Request

from funis.apps.web.api.answer import Answer, Refusal
from funis.apps.web.kinds import KINDS, AnyRequest
from funis.apps.web.storage import Database, Status, jobs
from funis.apps.web.storage.leavings import remove_checkpoints

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

JobId = Annotated[str, InPath(pattern=r"^[0-9a-f]{16}$", description="Id of a job.")]
NOT_THERE: dict[int | str, dict[str, Any]] = {404: {"model": Refusal}}
HELD: dict[int | str, dict[str, Any]] = {**NOT_THERE, 409: {"model": Refusal}}


class JobAnswer(Answer):
    """A job as it stands; a trial or a design writes the run of the same `id`."""

    id: str
    kind: str
    title: str
    status: Status
    words: str
    done: int
    total: int
    ahead: int
    error: list[str]
    created: datetime
    started: datetime | None
    ended: datetime | None
    attempt: int
    request: dict[str, Any]
    result: dict[str, Any] | None

    @classmethod
    def of(cls, job: jobs.Job) -> Self:
        """Return the answer for a job."""
        return cls(
            id=job.id, kind=job.kind, title=job.title, status=job.status, words=job.words,
            done=job.done, total=job.total, ahead=job.ahead,
            error=job.error.splitlines() if job.error else [], created=job.created,
            started=job.started, ended=job.ended, attempt=job.attempt,
            request=dict(job.request),
            result=None if job.result is None else dict(job.result),
        )  # fmt: skip


class JobsAnswer(Answer):
    """Jobs, the newest first, without requests and results; `before=next` gives those before."""

    jobs: list[JobAnswer]
    next: int | None


class Forgotten(Answer):
    """What was deleted."""

    deleted: str


def database_of(request: Request) -> Database:
    """Return the database of the workbench that was asked."""
    found: Database = request.app.state.database
    return found


@router.post("", status_code=202)
def submit(request: Request, asked: Annotated[AnyRequest, Body()]) -> JobAnswer:
    """Check a request as a whole and put it into the queue."""
    kind = KINDS[asked.kind]
    title = kind.title(asked, request.app.state.settings.folder)
    with database_of(request).writing() as session:
        values = asked.model_dump(mode="json", exclude_none=True)
        job = jobs.submit(session, kind.name, values, title)
    request.app.state.background.wake()
    return JobAnswer.of(job)


@router.get("")
def listing(
    request: Request,
    most: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> JobsAnswer:
    """List jobs, the newest first."""
    with database_of(request).reading() as session:
        found = jobs.listing(session, most=most, before=before)
    after = found[-1].number if len(found) == most else None
    return JobsAnswer(jobs=[JobAnswer.of(job) for job in found], next=after)


@router.get("/{id}", responses=NOT_THERE)
def one(request: Request, id: JobId) -> JobAnswer:
    """Return a job with its request and what is known of its result."""
    with database_of(request).reading() as session:
        job = jobs.get(session, id)
    return JobAnswer.of(_known(job, id))


@router.post("/{id}/cancel", responses=NOT_THERE)
def cancel(request: Request, id: JobId) -> JobAnswer:
    """Cancel a job: at once where it waits, soon where it is in work."""
    with database_of(request).writing() as session:
        job = _known(jobs.cancel(session, id), id)
    if job.status.is_over:
        remove_checkpoints(request.app.state.settings.folder, id)
    return JobAnswer.of(job)


@router.delete("/{id}", responses=HELD)
def delete(request: Request, id: JobId) -> Forgotten:
    """Forget a job; the run that it wrote stays."""
    try:
        with database_of(request).writing() as session:
            found = jobs.delete(session, id)
    except jobs.Busy:
        raise HTTPException(409, [f"job {id} is in work; cancel it first"]) from None
    if not found:
        raise HTTPException(404, [f"no job {id}"])
    remove_checkpoints(request.app.state.settings.folder, id)
    return Forgotten(deleted=id)


def _known(job: jobs.Job | None, id: str) -> jobs.Job:
    if job is None:
        raise HTTPException(404, [f"no job {id}"])
    return job
