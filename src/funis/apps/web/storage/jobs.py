"""The queue of jobs. Every function takes a session; what changes a job needs one that writes.

A worker that claims a job gets the number of its attempt. Whatever it says later bears that
number, and an attempt that was given to somebody else can write nothing any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from funis.apps.web.storage.database import first_free
from funis.apps.web.storage.tables import HELD, OPEN, JobRow, Status

LOST_AFTER = timedelta(seconds=30)
"""A job whose worker has been silent for so long may be claimed by another."""

MOST_CRASHES = 2
"""A job that brought so many workers down is not tried again."""

CRASHED = (
    "the worker process ended unexpectedly, most likely for lack of memory; try fewer patients"
)


class Fenced(Exception):
    """The attempt is no longer the one that counts: another has the job, or it is gone."""


class Busy(Exception):
    """A job cannot be deleted while a worker has it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stood when it was read.

    Attributes
    ----------
    number : counts up as jobs come; a list goes on from it.
    id, kind, title : what it is called; ``id`` is the name of the run folder that a trial or a
        design writes.
    request : what was asked, as JSON values; empty in a list.
    status : queued | running | cancelling | cancelled | done | failed.
    words, done, total : how far the present stage has got.
    result : what is known so far, and at the end the result, as JSON values; None in a list.
    error : why it failed, one line each.
    created, started, ended : moments in UTC.
    attempt : how often it was begun; it is part of the claim of a worker.
    ahead : jobs in the queue that will be begun before it.
    """

    number: int
    id: str
    kind: str
    title: str
    request: Mapping[str, Any]
    status: Status
    words: str
    done: int
    total: int
    result: Mapping[str, Any] | None
    error: str | None
    created: datetime
    started: datetime | None
    ended: datetime | None
    attempt: int
    ahead: int = 0


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def submit(session: Session, kind: str, request: Mapping[str, Any], title: str = "") -> Job:
    """Put a job at the end of the queue.

    Parameters
    ----------
    session
        One that writes.
    kind
        A name of the registry of kinds (`funis.apps.web.kinds`).
    request
        What is asked, as JSON values that were checked by the request model of the kind.
    title
        What people see in a list.
    """
    row = JobRow(
        id=secrets.token_hex(8), kind=kind, title=(title or kind)[:300], request=dict(request),
        status=Status.QUEUED, words="", done=0, total=0, created=now(), attempt=0, crashes=0,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return _job(session, row)


def get(session: Session, id: str) -> Job | None:
    """Return a job, or None where there is none of this id."""
    row = _row(session, id)
    return None if row is None else _job(session, row)


def listing(
    session: Session,
    *,
    most: int = 100,
    before: int | None = None,
    statuses: Collection[Status] | None = None,
) -> tuple[Job, ...]:
    """Return jobs without their requests and results, the newest first.

    Parameters
    ----------
    session
        One that reads.
    most
        How many at most.
    before
        The last number of the page read before.
    statuses
        Only jobs that stand so; all when None.
    """
    asked = select(JobRow).order_by(JobRow.number.desc()).limit(most)
    asked = asked.options(defer(JobRow.request), defer(JobRow.result))
    if before is not None:
        asked = asked.where(JobRow.number < before)
    if statuses is not None:
        asked = asked.where(JobRow.status.in_(statuses))
    return tuple(_job(session, row, whole=False) for row in session.scalars(asked))


def open_ids(session: Session) -> frozenset[str]:
    """Return the ids of the jobs that wait or are in work."""
    return frozenset(session.scalars(select(JobRow.id).where(JobRow.status.in_(OPEN))))


def cancel(session: Session, id: str) -> Job | None:
    """End a job: one that waits at once, one in work as soon as its worker hears of it."""
    row = _row(session, id, locked=True)
    if row is None:
        return None
    if row.status == Status.QUEUED:
        _end(row, Status.CANCELLED)
    elif row.status == Status.RUNNING:
        row.status = Status.CANCELLING
    session.flush()
    return _job(session, row)


def delete(session: Session, id: str) -> bool:
    """Forget a job that is over or still waits; its run, if any, stays. Say whether it was there.

    Raises
    ------
    Busy
        A worker has it.
    """
    row = _row(session, id, locked=True)
    if row is None:
        return False
    if row.status in HELD:
        raise Busy(id)
    session.execute(delete_rows(JobRow).where(JobRow.id == id))
    return True


def claim(session: Session, worker: str, moment: datetime | None = None) -> Job | None:
    """Take the oldest job that waits, or that a lost worker left behind; None for none.

    A job that was being cancelled when its worker was lost is cancelled, and not taken.
    """
    moment = moment or now()
    silent = JobRow.status.in_(HELD) & (JobRow.heartbeat < moment - LOST_AFTER)
    free = (JobRow.status == Status.QUEUED) | silent
    while True:
        row = session.scalar(first_free(select(JobRow).where(free).order_by(JobRow.number)))
        if row is None:
            return None
        if row.status != Status.CANCELLING:
            break
        _end(row, Status.CANCELLED)
        session.flush()
    row.status, row.worker, row.heartbeat = Status.RUNNING, worker, moment
    row.attempt += 1
    row.started = row.started or moment
    row.words, row.done, row.total = "", 0, 0
    session.flush()
    return _job(session, row)


def heartbeat(session: Session, id: str, attempt: int) -> Status:
    """Say that a worker is at its job; return the status, by which it hears of a cancellation.

    Raises
    ------
    Fenced
        Another attempt has the job, or it is gone.
    """
    _write(session, id, attempt, heartbeat=now())
    return Status(session.scalars(select(JobRow.status).where(JobRow.id == id)).one())


def advance(
    session: Session,
    id: str,
    attempt: int,
    *,
    words: str,
    done: int,
    total: int,
    result: Mapping[str, Any] | None = None,
) -> Status:
    """Say how far a job has got, and what is known so far where a result is given.

    Raises
    ------
    Fenced
        As ``heartbeat``.
    """
    more = {} if result is None else {"result": dict(result)}
    _write(session, id, attempt, words=words[:200], done=done, total=total, **more)
    return heartbeat(session, id, attempt)


def finish(
    session: Session,
    id: str,
    attempt: int,
    status: Status,
    *,
    error: str | None = None,
    result: Mapping[str, Any] | None = None,
) -> None:
    """End a job as done, failed or cancelled.

    Raises
    ------
    Fenced
        As ``heartbeat``.
    """
    more = {} if result is None else {"result": dict(result)}
    ended = now()
    _write(
        session, id, attempt, status=status, error=error, ended=ended, worker=None,
        heartbeat=None, **more,
    )  # fmt: skip


def release(session: Session, worker: str | None = None, *, crashed: bool = False) -> int:
    """Put jobs back into the queue whose worker is known to be dead; return their number.

    Parameters
    ----------
    session
        One that writes.
    worker
        Whose jobs; all jobs in work when None, as when a server starts and finds them.
    crashed
        The worker died at the job: a job that brought down two workers fails.
    """
    asked = select(JobRow).where(JobRow.status.in_(HELD)).with_for_update()
    if worker is not None:
        asked = asked.where(JobRow.worker == worker)
    rows = session.scalars(asked).all()
    for row in rows:
        row.crashes += crashed
        if row.status == Status.CANCELLING:
            _end(row, Status.CANCELLED)
        elif row.crashes >= MOST_CRASHES:
            _end(row, Status.FAILED)
            row.error = CRASHED
        else:
            row.status, row.worker, row.heartbeat = Status.QUEUED, None, None
            row.attempt += 1  # whoever had it can write no more
    session.flush()
    return len(rows)


def _row(session: Session, id: str, *, locked: bool = False) -> JobRow | None:
    asked = select(JobRow).where(JobRow.id == id)
    return session.scalar(asked.with_for_update() if locked else asked)


def _end(row: JobRow, status: Status) -> None:
    row.status, row.ended, row.worker, row.heartbeat = status, now(), None, None


def _write(session: Session, id: str, attempt: int, **values: Any) -> None:
    mine = (JobRow.id == id) & (JobRow.attempt == attempt) & JobRow.status.in_(HELD)
    changed = session.execute(update(JobRow).where(mine).values(**values))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(f"attempt {attempt} at job {id} is no longer the one that counts")


def _job(session: Session, row: JobRow, *, whole: bool = True) -> Job:
    request, result = (row.request, row.result) if whole else ({}, None)
    return Job(
        row.number, row.id, row.kind, row.title, request, Status(row.status), row.words, row.done,
        row.total, result, row.error, row.created, row.started, row.ended, row.attempt,
        _ahead(session, row),
    )  # fmt: skip


def _ahead(session: Session, row: JobRow) -> int:
    if row.status != Status.QUEUED:
        return 0
    before = JobRow.number < row.number, JobRow.status.in_(OPEN)
    return session.scalar(select(func.count(JobRow.number)).where(*before)) or 0
