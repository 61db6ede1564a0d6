"""Moves of the page Explore: few at once, superseded ones skipped, answers kept."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Lock
from typing import NamedTuple, TypeVar

from fastapi import FastAPI

from funis.pipeline.explore import ExploreState, explore, permalink
from funis.pipeline.explore.document import document

Key = TypeVar("Key")
Value = TypeVar("Value")

AT_ONCE = 2
"""Moves that are computed at the same time; the rest wait in their order."""

MOST_WAITING = 400
"""Moves that may wait; a further one is told to come again."""

KEPT = 128
"""Answers that are kept, about 35 kB each."""

TABS = 4096
"""Tabs whose newest move is known."""


class Answered(NamedTuple):
    """A view as bytes, and the tag by which a browser knows that it has them."""

    body: bytes
    tag: str


class TooMany(Exception):
    """More moves wait than may."""


class Moves:
    """The queue of one workbench."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="move")
        self._lock = Lock()
        self._newest: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._kept: OrderedDict[str, Answered] = OrderedDict()
        self._waiting = 0

    async def answer(
        self, state: ExploreState, tab: tuple[str, str] = ("", ""), number: int = 0
    ) -> Answered | None:
        """Return the view of a state; None where a newer move of the tab came before its turn.

        Parameters
        ----------
        tab : session and tab; an empty tab has no newer move.
        number : of the move, counted up by the tab.

        Raises
        ------
        TooMany
            Too many moves wait already.
        """
        self._note(tab, number)
        found = self._known(permalink(state))
        if found is not None:
            return found
        if self._waiting >= MOST_WAITING:
            raise TooMany
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._turn, state, tab, number)
        finally:
            self._waiting -= 1

    def warm(self, state: ExploreState) -> None:
        """Begin with a view that will be asked for in a moment."""
        if self._known(permalink(state)) is None and self._waiting < AT_ONCE:
            self._threads.submit(self._warmed, state)

    def close(self) -> None:
        """Let go of what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _warmed(self, state: ExploreState) -> None:
        self._turn(state, ("", ""), 0)

    def _turn(self, state: ExploreState, tab: tuple[str, str], number: int) -> Answered | None:
        if tab[1] and self._newest.get(tab, number) > number:
            return None
        link = permalink(state)
        found = self._known(link)
        if found is not None:
            return found
        body = view_bytes(state)
        made = Answered(body, f'"{sha256(body).hexdigest()[:20]}"')
        with self._lock:
            _put(self._kept, link, made, KEPT)
        return made

    def _note(self, tab: tuple[str, str], number: int) -> None:
        with self._lock:
            _put(self._newest, tab, max(number, self._newest.get(tab, 0)), TABS)

    def _known(self, link: str) -> Answered | None:
        with self._lock:
            found = self._kept.get(link)
            if found is not None:
                self._kept.move_to_end(link)
            return found


def _put(where: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> None:
    where[key] = value
    where.move_to_end(key)
    while len(where) > most:
        where.popitem(last=False)


def view_bytes(state: ExploreState) -> bytes:
    """Return the view of a state as JSON."""
    return json.dumps(document(explore(state)), separators=(",", ":"), allow_nan=False).encode()


def moves_of(app: FastAPI) -> Moves:
    """Return the queue of a workbench; it begins with the first move."""
    found = getattr(app.state, "moves", None)
    if not isinstance(found, Moves):
        found = app.state.moves = Moves()
    return found


def close_moves(app: FastAPI) -> None:
    """Let go of what waits in the queue of a workbench, if it ever began."""
    found = getattr(app.state, "moves", None)
    if isinstance(found, Moves):
        found.close()
