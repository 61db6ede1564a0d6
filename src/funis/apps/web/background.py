"""The server's side of background work: one worker process, started, woken and watched."""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from funis.apps.web.storage import Database, jobs
from funis.apps.web.storage.leavings import sweep
from funis.apps.web.worker import ENDED_FOR_CANCELLATION
from funis.pipeline.processes import worker_count

PAUSE_SECOND = 1.0
"""Between the end of a worker and the start of the next: a worker that cannot start is no storm."""


@dataclass(slots=True)
class Background:
    """A worker that is there as long as the server is; without one, jobs wait."""

    database: Database
    folder: Path
    workers: int | None
    _process: subprocess.Popen[bytes] | None = None
    _ending: threading.Event = field(default_factory=threading.Event)
    _watch: threading.Thread | None = None

    def start(self) -> None:
        """Put what a dead server left in work back into the queue, and start a worker."""
        self._release()
        self._watch = threading.Thread(target=self._keep_one, daemon=True)
        self._watch.start()

    def wake(self) -> None:
        """Tell the worker that there is a job."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError):
                process.stdin.write(b"\n")
                process.stdin.flush()

    def stop(self) -> None:
        """End the worker; a job in its hands waits for the next server."""
        self._ending.set()
        if self._process is not None:
            self._process.kill()
        if self._watch is not None:
            self._watch.join()
            self._release()

    def _keep_one(self) -> None:
        """Keep a worker until the server ends, whatever goes wrong with one of them."""
        while not self._ending.is_set():
            try:
                self._one_worker(secrets.token_hex(8))
            except Exception:
                traceback.print_exc(file=sys.stderr)
            self._ending.wait(PAUSE_SECOND)

    def _one_worker(self, name: str) -> None:
        """Start a worker, wait for its end, and tidy up after it."""
        command = [
            sys.executable, "-P", "-m", "funis.apps.web.worker", str(self.folder.absolute()),
            str(worker_count(self.workers)), name,
        ]  # fmt: skip
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        ) as self._process:
            if self._ending.is_set():
                self._process.kill()
            status = self._process.wait()
        if not self._ending.is_set():
            self._release(name, crashed=status != ENDED_FOR_CANCELLATION)

    def _release(self, worker: str | None = None, *, crashed: bool = False) -> None:
        """Put the jobs of a dead worker back; remove what those left that are over."""
        with self.database.writing() as session:
            jobs.release(session, worker, crashed=crashed)
            kept = jobs.open_ids(session)
        sweep(self.folder, kept)
