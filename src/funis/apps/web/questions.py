"""Slow questions asked beside the server: one at a time, seen by the session that asked alone."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from starlette.requests import Request

from funis.checks import InputError, Issue

State = Literal["waiting", "running", "done", "refused", "failed", "cancelled"]

MOST_KEPT = 32
"""Questions of all sessions that are remembered; the oldest that has ended goes first."""

MOST_WAITING = 4
"""Questions of one session that may wait or run at a time."""

FAILED = "the computation ended without an answer: try again, or ask on the command line"


@dataclass(slots=True)
class Asked:
    """One question and how far it has got.

    Attributes
    ----------
    state : str
        waiting | running | done | refused | failed | cancelled.
    """

    id: str
    session: str
    request: Mapping[str, Any]
    state: State = "waiting"
    label: str = ""
    done: int = 0
    total: int = 0
    result: dict[str, Any] | None = None
    errors: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def open(self) -> bool:
        """Whether an answer may still come."""
        return self.state in ("waiting", "running")


class Questions:
    """The slow questions of one server, one process at a time.

    Parameters
    ----------
    workers
        Processes of one computation.
    running
        Whether they are answered; without that they wait, as jobs do without a worker.
    """

    def __init__(self, workers: int | None, *, running: bool = True) -> None:
        self._workers = workers
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        # A daemon: it must not keep a server that ends; the process sees its input close and ends.
        if running:
            threading.Thread(target=self._work, daemon=True, name="funis-questions").start()

    def ask(self, session: str, request: Mapping[str, Any]) -> Asked:
        """Ask, or return the same question where this session waits for it already.

        Raises
        ------
        InputError
            Too many questions of this session wait.
        """
        with self._lock:
            own = [one for one in self._asked.values() if one.session == session and one.open]
            for one in own:
                if one.request == request:
                    return one
            if len(own) >= MOST_WAITING:
                message = f"{len(own)} computations wait already"
                raise InputError(Issue(None, None, None, message, "to wait until one has ended"))
            asked = Asked(secrets.token_urlsafe(16), session, dict(request))
            self._asked[asked.id] = asked
            self._forget()
        self._waiting.put(asked)
        return asked

    def get(self, session: str, asked_id: str) -> Asked | None:
        """Return a question of a session; None where this session did not ask it."""
        found = self._asked.get(asked_id)
        return found if found is not None and found.session == session else None

    def cancel(self, asked: Asked) -> None:
        """End a question, and its process with all that it started."""
        with self._lock:
            if not asked.open:
                return
            asked.state = "cancelled"
        if asked.process is not None:
            _end(asked.process)

    def answer(self, session: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer that a session got to a question; None where it got none."""
        with self._lock:
            asked = tuple(self._asked.values())
        for one in reversed(asked):
            if one.session == session and one.request == request and one.result is not None:
                return one.result
        return None

    def close(self) -> None:
        """End every question, and with them the thread that answers them."""
        with self._lock:
            asked = tuple(self._asked.values())
        for one in asked:
            self.cancel(one)
        self._waiting.put(None)

    def _work(self) -> None:
        """Answer one question after the other, whatever goes wrong with one of them."""
        while (asked := self._waiting.get()) is not None:
            try:
                self._run(asked)
            except Exception:
                traceback.print_exc(file=sys.stderr)
                with self._lock:
                    if asked.open:
                        asked.state, asked.errors = "failed", (FAILED,)

    def _forget(self) -> None:
        ended = [one.id for one in self._asked.values() if not one.open]
        for name in ended[: max(len(self._asked) - MOST_KEPT, 0)]:
            del self._asked[name]

    def _run(self, asked: Asked) -> None:
        with self._lock:
            if asked.state != "waiting":
                return
            asked.state, asked.process = "running", _process()
        process = asked.process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({**asked.request, "workers": self._workers}) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                _hear(asked, json.loads(line))
                if not asked.open:
                    break
        except (OSError, ValueError):
            pass
        finally:
            _end(process)
            if asked.open:
                asked.state, asked.errors = "failed", (FAILED,)


def _hear(asked: Asked, said: Mapping[str, Any]) -> None:
    if "result" in said:
        asked.result, asked.state = said["result"], "done"
    elif "error" in said:
        asked.errors, asked.state = tuple(said["error"]), "refused"
    else:
        asked.label, asked.done, asked.total = said["label"], said["done"], said["total"]


def _process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "funis.apps.web.compute"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        if process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def question(kind: str, **words: Any) -> dict[str, Any]:
    """Return a question with the state of the user's own studies, of which its answer is."""
    from funis.pipeline.studies.reach import user_hash

    return {"kind": kind, **words, "studies": user_hash()}


def questions(request: Request) -> Questions:
    """Return the questions of the server that answers a request."""
    return cast(Questions, request.app.state.questions)


def session_of(request: Request) -> str:
    """Return what names the session of a request."""
    return request.cookies.get(request.app.state.settings.cookie) or ""
