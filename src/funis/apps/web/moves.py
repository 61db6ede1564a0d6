"""Moves of the page Explore: few at once, superseded ones skipped, answers kept."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock
from typing import NamedTuple, TypeVar, cast

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
        self._begun: dict[str, Future[Answered]] = {}
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
        link = permalink(state)
        found = self._known(link)
        if found is not None:
            return found
        with self._counted():
            begun = self._begun.get(link)
            if begun is not None:  # it goes on for others where this reader leaves
                return await asyncio.shield(asyncio.wrap_future(begun))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._turn, state, tab, number)

    async def run(self, work: Callable[[], Value]) -> Value:
        """Return what other work of Explore gives, in its turn.

        Raises
        ------
        TooMany
            Too many moves wait already.
        """
        with self._counted():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def warm(self, state: ExploreState) -> None:
        """Begin with a view that will be asked for in a moment, where nobody else would wait."""
        link = permalink(state)
        with self._lock:
            if self._waiting or link in self._kept:
                return
            begun = self._begun[link] = self._threads.submit(self._made, state, link)
            self._waiting += 1
        begun.add_done_callback(lambda _: self._warmed(link))

    def close(self) -> None:
        """Let go of what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count one more that waits or is computed."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise TooMany
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def _warmed(self, link: str) -> None:
        with self._lock:
            self._waiting -= 1
            self._begun.pop(link, None)

    def _turn(self, state: ExploreState, tab: tuple[str, str], number: int) -> Answered | None:
        if tab[1] and self._newest.get(tab, number) > number:
            return None
        link = permalink(state)
        return self._known(link) or self._made(state, link)

    def _made(self, state: ExploreState, link: str) -> Answered:
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
    """Return the queue of a workbench."""
    return cast(Moves, app.state.moves)
