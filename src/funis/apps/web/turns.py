"""Turns for what takes seconds: few at once, some wait, more are told to come again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from funis.pipeline.processes import Progress

Item = TypeVar("Item")
Value = TypeVar("Value")

LOOK_SECOND = 0.5
"""How often it is looked whether the reader of an answer is still there."""

BUSY = "others are computing: ask again in a few seconds"


class Turns:
    """At most so many at once, and so many that wait.

    Parameters
    ----------
    at_once
        How many may compute.
    waiting
        How many may wait for their turn.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._turns = threading.BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and have it until the block ends.

        Raises
        ------
        HTTPException
            503 where too many wait already.
        """
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, [BUSY], {"Retry-After": "5"})
        try:
            with self._turns:
                yield
        finally:
            self._places.release()


TURNS = Turns(at_once=1, waiting=12)
"""Courses of plans and trials of designs: one that is computed uses both cores already."""


class Left(Exception):
    """Whoever asked has gone."""


async def while_read(request: Request, work: Callable[[Progress], Value]) -> Value:
    """Do work in its turn; it ends before its turn, or at its next step, where the reader leaves.

    Parameters
    ----------
    request
        Whose reader it is for.
    work
        Gets a progress to hand its long loops to.

    Raises
    ------
    HTTPException
        503 where too many wait already, or where nobody reads the answer any more.
    """
    gone = threading.Event()
    done = asyncio.ensure_future(run_in_threadpool(_in_turn, work, gone))
    try:
        while not (await asyncio.wait([done], timeout=LOOK_SECOND))[0]:
            if await request.is_disconnected():
                gone.set()
        return done.result()
    except Left:
        raise HTTPException(503, ["whoever asked has gone"]) from None
    finally:
        gone.set()


def _in_turn(work: Callable[[Progress], Value], gone: threading.Event) -> Value:
    def progress(label: str, items: Iterable[Item], total: int) -> Iterator[Item]:
        for item in items:
            if gone.is_set():
                raise Left
            yield item

    with TURNS.turn():
        if gone.is_set():
            raise Left
        return work(progress)
