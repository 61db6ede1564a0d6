"""Places in the tree of a draft."""

from __future__ import annotations

from typing import Any

from funis.checks import InputError, Issue, dotted
from funis.pipeline.draft.text import node

Place = tuple[str | int, ...]


def refuse(path: Place, message: str, expected: str | None = None) -> InputError:
    """Return the refusal of a change at a place."""
    return InputError(Issue(None, None, dotted(path), message, expected))


def at(root: Any, path: Place, *, missing: Any = None) -> Any:
    """Return what stands at a place.

    Parameters
    ----------
    missing
        What is put there where its last key is not yet there; None refuses.

    Raises
    ------
    InputError
        Nothing stands there.
    """
    found = root
    for depth, part in enumerate(path):
        if missing is not None and depth + 1 == len(path) and _lacks(found, part):
            found[part] = node(missing)
        if not _holds(found, part):
            raise refuse(path[: depth + 1], "there is no such place")
        found = found[part]
    return found


def put(root: Any, path: Place, value: Any) -> None:
    """Put a value at a place; mappings on the way are made.

    Raises
    ------
    InputError
        The way leads through a list that is too short, or through a plain value.
    """
    around = root
    for depth, part in enumerate(path[:-1]):
        if _lacks(around, part):
            around[part] = node({})
        if not _holds(around, part):
            raise refuse(path[: depth + 1], "there is no such place")
        around = around[part]
    last = path[-1]
    if not _lacks(around, last) and not _holds(around, last):
        raise refuse(path, "there is no such place")
    around[last] = value


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)


def _lacks(value: Any, part: str | int) -> bool:
    return isinstance(value, dict) and isinstance(part, str) and value.get(part) is None
