"""Arms: a copy of one added, one taken away with whatever names it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from funis.pipeline.draft.places import at, refuse
from funis.pipeline.draft.text import node

NEW = {"id": "arm", "label": "New arm", "interventions": []}


def add_arm(root: Any, like: int | None) -> int:
    """Add an arm at the end, like another or like the last that is no control.

    Returns
    -------
    int
        Its place.
    """
    arms = at(root, ("arms",), missing=[])
    if not isinstance(arms, list):
        raise refuse(("arms",), "is no list")
    treated = [k for k, arm in enumerate(arms) if isinstance(arm, dict) and "control" not in arm]
    source = like if like is not None else treated[-1] if treated else None
    made = node(NEW) if source is None else deepcopy(at(root, ("arms", source)))
    if not isinstance(made, dict):
        raise refuse(("arms", source or 0), "is no arm")
    made.pop("reference", None)
    names = [arm.get("id") for arm in arms if isinstance(arm, dict)]
    made["id"] = _free(str(made.get("id", "arm")), names)
    made["label"] = f"{made.get('label', 'New arm')} (copy)"
    arms.append(made)
    return len(arms) - 1


def remove_arm(root: Any, arm: int) -> int:
    """Take an arm away, and its name from the success rule, rules, drop-out and ratio."""
    arms = at(root, ("arms",))
    name = at(root, ("arms", arm)).get("id")
    del arms[arm]
    for path in (("success", "arms"), *((("rules", k, "arms")) for k in range(_rules(root)))):
        _without(root, path, name)
    for path in (("dropout", "arms"), ("design", "allocation", "ratio")):
        _without(root, path, name)
    success = root.get("success")
    if isinstance(success, dict) and success.get("reference") == name:
        del success["reference"]
    return max(min(arm, len(arms) - 1), 0)


def _rules(root: Any) -> int:
    rules = root.get("rules")
    return len(rules) if isinstance(rules, list) else 0


def _without(root: Any, path: tuple[str | int, ...], name: Any) -> None:
    """Take a name out of a list, or a key out of a mapping, where there is one."""
    found = root
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(found, list) and name in found:
        found.remove(name)
    elif isinstance(found, dict):
        found.pop(name, None)


def _free(name: str, taken: list[Any]) -> str:
    stem = name.rstrip("0123456789").rstrip("_") or "arm"
    return next(made for k in range(2, 10_000) if (made := f"{stem}_{k}") not in taken)
