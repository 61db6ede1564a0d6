"""Turns for what takes seconds: few at once, some wait, more are told to come again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException

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
