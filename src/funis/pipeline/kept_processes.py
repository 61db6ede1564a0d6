"""Work over processes that can be gone on with: what was done lies in a folder, task by task."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from funis.pipeline.processes import IN_FLIGHT, Processes
from funis.store import hash_bytes, write_bytes

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

DIGEST = 64


class KeptProcesses(Processes[Shared]):
    """Processes that keep each result, and do not do again what an earlier attempt had done.

    The maps of one piece of work come in one order, so a result is known by the number of its map
    and by its task. A result that is damaged, or of other work, counts as not there.

    Parameters
    ----------
    shared, workers
        As for `Processes`.
    folder
        Of this work alone; whoever may write to it may make this program do anything.
    key
        Names everything that the results depend on.
    """

    def __init__(self, shared: Shared, workers: int, folder: Path, key: str) -> None:
        super().__init__(shared, workers)
        self._folder, self._key, self._maps = folder, key, 0

    def map(
        self,
        function: Callable[[Shared, Task], Result],
        tasks: Iterable[Task],
        *,
        in_flight: int = IN_FLIGHT,
    ) -> Iterator[Result]:
        """Yield ``function(shared, task)`` for each task, in their order, made now or before."""
        self._maps += 1
        asked = [(task, self._place(self._maps, task)) for task in tasks]
        missing = [task for task, place in asked if _whole(place) is None]
        made = super().map(function, missing, in_flight=in_flight)
        waiting = {self._place(self._maps, task) for task in missing}
        return _in_order([place for _, place in asked], waiting, made)

    def _place(self, number: int, task: object) -> Path:
        return self._folder / hash_bytes(f"{self._key} {number} {task!r}".encode())[:32]


def _in_order(places: list[Path], waiting: set[Path], made: Iterator[Result]) -> Iterator[Result]:
    for place in places:
        content = None if place in waiting else _whole(place)
        if content is not None:
            yield pickle.loads(content)
            continue
        result = next(made)
        text = pickle.dumps(result)
        write_bytes(place, hash_bytes(text).encode() + text)
        yield result


def _whole(place: Path) -> bytes | None:
    """Return what was kept, if it is there as it was written."""
    try:
        content = place.read_bytes()
    except OSError:
        return None
    digest, kept = content[:DIGEST], content[DIGEST:]
    return kept if hash_bytes(kept).encode() == digest else None
