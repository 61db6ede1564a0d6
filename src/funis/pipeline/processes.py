"""Tasks shared over processes: the same results in the same order, whatever their number."""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

Item = TypeVar("Item")
Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

_AT_HAND: list[Any] = []

IN_FLIGHT = 4
"""Tasks a process that are handed out before the first result is taken."""


class Unfinished(Exception):
    """Work was interrupted and can be gone on with; the text says how."""


class Progress(Protocol):
    """Shows how far some work has got."""

    def __call__(self, label: str, items: Iterable[Item], total: int) -> Iterable[Item]:
        """Hand the items through, one after the other."""


def silent(label: str, items: Iterable[Item], total: int) -> Iterable[Item]:
    """Show nothing."""
    return items


def worker_count(workers: int | None) -> int:
    """Return the number of processes: as given, else one for each processor."""
    return workers if workers is not None else os.cpu_count() or 1


class Processes(Generic[Shared]):
    """A pool of fresh processes that all hold one shared value.

    Parameters
    ----------
    shared
        First argument of every task; it is sent to each process once.
    workers
        Number of processes; 1 works in this process.

    Attributes
    ----------
    workers
        Number of processes.
    """

    def __init__(self, shared: Shared, workers: int) -> None:
        self._shared = shared
        self.workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._before = set(multiprocessing.active_children())
        if workers > 1:
            context = _Context()
            self._executor = ProcessPoolExecutor(workers, context, _take, (shared,))

    def __enter__(self) -> Processes[Shared]:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the processes: at once after an error, so that nobody waits for a lost result."""
        if self._executor is None:
            return
        if kind is not None:
            for child in set(multiprocessing.active_children()) - self._before:
                child.terminate()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def map(
        self,
        function: Callable[[Shared, Task], Result],
        tasks: Iterable[Task],
        *,
        in_flight: int = IN_FLIGHT,
    ) -> Iterator[Result]:
        """Yield ``function(shared, task)`` for each task, in the order of the tasks.

        At most ``in_flight`` tasks a process are handed out and not yet taken back, so memory does
        not grow with the number of tasks. Their number changes no result.
        """
        if self._executor is None:
            return (function(self._shared, task) for task in tasks)
        return _windowed(self._executor, _Call(function), tasks, in_flight * self.workers)


def _windowed(
    executor: ProcessPoolExecutor, call: _Call, tasks: Iterable[Any], most: int
) -> Iterator[Any]:
    flying: deque[Future[Any]] = deque()
    for task in tasks:
        if len(flying) >= most:
            yield flying.popleft().result()
        flying.append(executor.submit(call, task))
    while flying:
        yield flying.popleft().result()


class _Call:
    """A function of the value that a process holds and of a task."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function

    def __call__(self, task: Any) -> Any:
        return self.function(_AT_HAND[0], task)


def _take(shared: Any) -> None:
    """Begin a process: it leaves interruption to the one that started it, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _AT_HAND[:] = [shared]


def _end_with_parent() -> None:
    """End at once when the process that started this one was killed and can say no goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Process(multiprocessing.context.SpawnProcess):
    """A fresh process that does not run the caller's script again: it needs funis only."""

    def start(self) -> None:
        with _without_script(), _deaf():
            super().start()


@contextmanager
def _deaf() -> Iterator[None]:
    """Put Ctrl-C off while a process starts; the process never hears it, from its first moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    kept = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    blocks = hasattr(signal, "pthread_sigmask")  # a process inherits what is blocked
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blocks else set()
    try:
        yield
    finally:
        if blocks:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, kept)
    if heard:
        raise KeyboardInterrupt


class _Context(multiprocessing.context.SpawnContext):
    Process = _Process


@contextmanager
def _without_script() -> Iterator[None]:
    main = sys.modules["__main__"]
    kept = {name: main.__dict__.get(name) for name in ("__file__", "__spec__")}
    main.__dict__.pop("__file__", None)
    main.__dict__["__spec__"] = None
    try:
        yield
    finally:
        main.__dict__.update({name: value for name, value in kept.items() if value is not None})
