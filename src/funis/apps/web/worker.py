"""The worker: a process of its own that takes jobs from the queue, one at a time.

It reads its standard input: a line says that a job was put into the queue, and the end says that
the server is gone, whereupon it ends at once. What it had begun is done again by the next one.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from funis.apps.door import user_lines
from funis.apps.web.kinds import KINDS, Work
from funis.apps.web.storage import Database, DatabaseError, Status, jobs, open_database
from funis.apps.web.storage.leavings import checkpoints_of, remove_checkpoints, remove_halves
from funis.apps.web.storage.runs import runs_folder

Item = TypeVar("Item")

IDLE_SECOND = 5.0
"""How often a worker that nobody wakes looks for a job, such as one that a lost worker left."""

REPORT_SECOND = 0.2
HEARTBEAT_SECOND = 1.0
GRACE_SECOND = 5.0
"""After so long a cancelled job that does not end by itself is ended with its process."""

ENDED_FOR_CANCELLATION = 3


class Cancelled(BaseException):
    """The job was cancelled; no `except Exception` of the work may take it for a failure."""


@dataclass(slots=True)
class Hold:
    """What a worker says of the job that it has, and what it hears of it.

    Progress may be said by the work as often as it likes: it is written five times a second.
    """

    database: Database
    job: jobs.Job
    words: str = ""
    done: int = 0
    total: int = 0
    last: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)

    def progress(self, label: str, items: Iterable[Item], total: int) -> Iterable[Item]:
        """Hand items through and say how many have gone."""
        return self._through(label, items, total)

    def _through(self, label: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        self._say(label, 0, total, at_once=True)
        for done, item in enumerate(items, 1):
            yield item
            self._say(label, done, total, at_once=False)

    def known(self, result: Mapping[str, Any]) -> None:
        """Say what is known so far."""
        self._write(result)

    def _say(self, words: str, done: int, total: int, *, at_once: bool) -> None:
        self.words, self.done, self.total = words, done, total
        if self.cancelled.is_set():
            raise Cancelled
        if at_once or monotonic() - self.last >= REPORT_SECOND:
            self._write(None)

    def _write(self, result: Mapping[str, Any] | None) -> None:
        """Write how far the work has got; where that cannot be written the work goes on."""
        try:
            with self.database.writing() as session:
                status = jobs.advance(
                    session, self.job.id, self.job.attempt, words=self.words, done=self.done,
                    total=self.total, result=result,
                )  # fmt: skip
        except DatabaseError as error:
            print(f"job {self.job.id}: its progress was not written: {error}", file=sys.stderr)
            return
        finally:
            self.last = monotonic()
        if status == Status.CANCELLING:
            raise Cancelled

    def finish(self, status: Status, **values: Any) -> None:
        """End the job.

        Raises
        ------
        Fenced
            Another attempt has it by now.
        """
        with self.database.writing() as session:
            jobs.finish(session, self.job.id, self.job.attempt, status, **values)


class Pulse:
    """Beats while a job is in work; ends the process where a cancelled job does not end itself."""

    def __init__(self, hold: Hold) -> None:
        self.hold, self.over = hold, threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _beat(self) -> None:
        since: float | None = None
        while not self.over.wait(HEARTBEAT_SECOND):
            try:
                since = self._one_beat(since)
            except DatabaseError as error:  # the next beat may be written
                print(f"job {self.hold.job.id}: a beat was not written: {error}", file=sys.stderr)
            except jobs.Fenced:
                os._exit(ENDED_FOR_CANCELLATION)

    def _one_beat(self, since: float | None) -> float | None:
        """Beat once; return since when the job is being cancelled [s]."""
        with self.hold.database.writing() as session:
            status = jobs.heartbeat(session, self.hold.job.id, self.hold.job.attempt)
        if status != Status.CANCELLING:
            return since
        self.hold.cancelled.set()
        since = since or monotonic()
        if monotonic() - since > GRACE_SECOND:
            self.hold.finish(Status.CANCELLED)
            os._exit(ENDED_FOR_CANCELLATION)
        return since


def conduct(database: Database, folder: Path, job: jobs.Job, workers: int) -> None:
    """Do a job that was claimed, and say how it ended.

    Where that cannot be said the checkpoints stay: the job is begun again from them.
    """
    hold = Hold(database, job)
    kept, run = checkpoints_of(folder, job.id), runs_folder(folder) / job.id
    remove_halves(folder, job.id)
    try:
        status, told = _worked(hold, Work(folder, run, kept, workers, hold.progress, hold.known))
        hold.finish(status, **told)
    except jobs.Fenced:
        print(f"job {job.id}: another attempt has it", file=sys.stderr)
    except DatabaseError:
        traceback.print_exc(file=sys.stderr)
    else:
        remove_checkpoints(folder, job.id)


def _worked(hold: Hold, at: Work) -> tuple[Status, dict[str, Any]]:
    """Do the work of a job; return how it ended, with its result or the lines of its error."""
    try:
        at.checkpoints.mkdir(parents=True, exist_ok=True)
        kind = KINDS[hold.job.kind]
        with Pulse(hold):
            result = kind.work(kind.request.model_validate(hold.job.request), at)
    except Cancelled:
        return Status.CANCELLED, {}
    except (jobs.Fenced, DatabaseError):
        raise
    except Exception as error:
        lines = user_lines(error)
        if lines is None:
            traceback.print_exception(error, file=sys.stderr)
            lines = [f"unexpected fault: {type(error).__name__}: {error}"]
        return Status.FAILED, {"error": "\n".join(lines)}
    return Status.DONE, {"result": result}


def listen(wake: threading.Event) -> None:
    """Hear what the server says; end with it."""
    while sys.stdin.buffer.readline():
        wake.set()
    os._exit(0)


def _claimed(database: Database, name: str) -> jobs.Job | None:
    """Take a job; None where there is none, or where the database cannot be written to now."""
    try:
        with database.writing() as session:
            return jobs.claim(session, name)
    except DatabaseError:
        traceback.print_exc(file=sys.stderr)
        return None


def main(folder: Path, workers: int, name: str = "") -> None:
    """Take jobs until the server ends."""
    from funis.cache import keep_readings

    keep_readings()
    wake = threading.Event()
    threading.Thread(target=listen, args=(wake,), daemon=True).start()
    os.chdir(folder)
    database = open_database(Path("."))
    name = name or secrets.token_hex(8)
    while True:
        job = _claimed(database, name)
        if job is None:
            wake.wait(IDLE_SECOND)
            wake.clear()
        else:
            conduct(database, Path("."), job, workers)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
