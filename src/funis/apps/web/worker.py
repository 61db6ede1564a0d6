"""The worker: a process of its own that takes jobs from the queue, one at a time.

It reads its standard input: a line says that a job was put into the queue, and the end says that
the server is gone, whereupon it ends at once. What it had begun is done again by the next one.
"""

from __future__ import annotations

import os
import secrets
import shutil
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
from funis.apps.web.storage import Database, Status, jobs, open_database, runs

Item = TypeVar("Item")

IDLE_SECOND = 5.0
"""How often a worker that nobody wakes looks for a job, such as one that a lost worker left."""

REPORT_SECOND = 0.2
HEARTBEAT_SECOND = 1.0
GRACE_SECOND = 5.0
"""After so long a cancelled job that does not end by itself is ended with its process."""

CHECKPOINTS = "checkpoints"
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
        with self.database.writing() as session:
            status = jobs.advance(
                session, self.job.id, self.job.attempt, words=self.words, done=self.done,
                total=self.total, result=result,
            )  # fmt: skip
        self.last = monotonic()
        if status == Status.CANCELLING:
            raise Cancelled

    def finish(self, status: Status, **values: Any) -> None:
        """End the job, unless another attempt has it by now."""
        try:
            with self.database.writing() as session:
                jobs.finish(session, self.job.id, self.job.attempt, status, **values)
        except jobs.Fenced:
            print(f"job {self.job.id}: another attempt has it", file=sys.stderr)


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
                with self.hold.database.writing() as session:
                    status = jobs.heartbeat(session, self.hold.job.id, self.hold.job.attempt)
            except jobs.Fenced:
                os._exit(ENDED_FOR_CANCELLATION)
            if status == Status.CANCELLING:
                self.hold.cancelled.set()
                since = since or monotonic()
                if monotonic() - since > GRACE_SECOND:
                    self.hold.finish(Status.CANCELLED)
                    os._exit(ENDED_FOR_CANCELLATION)


def conduct(database: Database, folder: Path, job: jobs.Job, workers: int) -> None:
    """Do a job that was claimed, and say how it ended."""
    hold = Hold(database, job)
    kept = folder / CHECKPOINTS / job.id
    at = Work(folder, runs.runs_folder(folder) / job.id, kept, workers, hold.progress, hold.known)
    runs.remove_halves(folder, job.id)
    try:
        kept.mkdir(parents=True, exist_ok=True)
        kind = KINDS[job.kind]
        with Pulse(hold):
            result = kind.work(kind.request.model_validate(job.request), at)
        hold.finish(Status.DONE, result=result)
    except Cancelled:
        hold.finish(Status.CANCELLED)
    except jobs.Fenced:
        return
    except Exception as error:
        lines = user_lines(error)
        if lines is None:
            traceback.print_exception(error, file=sys.stderr)
            lines = [f"unexpected fault: {type(error).__name__}: {error}"]
        hold.finish(Status.FAILED, error="\n".join(lines))
    shutil.rmtree(kept, ignore_errors=True)


def listen(wake: threading.Event) -> None:
    """Hear what the server says; end with it."""
    while sys.stdin.buffer.readline():
        wake.set()
    os._exit(0)


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
        with database.writing() as session:
            job = jobs.claim(session, name)
        if job is None:
            wake.wait(IDLE_SECOND)
            wake.clear()
        else:
            conduct(database, Path("."), job, workers)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
