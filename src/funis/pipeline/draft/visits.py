"""Visits: moved with whatever is asked at them, added, and taken away."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import Any

from funis.pipeline.draft.places import at, refuse


def move_visit(root: Any, visit: int, week: float) -> int:
    """Move a visit, and every endpoint, success rule and rule that is asked at it.

    Returns
    -------
    int
        Its place among the visits now.

    Raises
    ------
    InputError
        There is no such visit, another stands at that week, or it is the baseline visit.
    """
    weeks = _weeks(root, visit)
    old, new = weeks[visit], _plain(week)
    if new == old:
        return visit
    if new in weeks:
        raise refuse(("visits", "weeks", visit), f"there is a visit at week {new:g}", "another")
    del weeks[visit]
    insort(weeks, new)
    for around, key in _asked(root):
        if around[key] == old:
            around[key] = new
    return int(weeks.index(new))


def add_visit(root: Any, week: float) -> int:
    """Add a visit; where there is one at that week, nothing changes."""
    weeks = at(root, ("visits", "weeks"), missing=[0])
    new = _plain(week)
    if new not in weeks:
        insort(weeks, new)
    return int(weeks.index(new))


def remove_visit(root: Any, visit: int) -> int:
    """Take a visit away; what is asked at it is for the check to find."""
    weeks = _weeks(root, visit)
    del weeks[visit]
    return max(min(visit, len(weeks) - 1), 0)


def _weeks(root: Any, visit: int) -> Any:
    weeks = at(root, ("visits", "weeks"))
    at(root, ("visits", "weeks", visit))
    if visit == 0:
        raise refuse(("visits", "weeks", 0), "the baseline visit stays at week 0", "a later visit")
    return weeks


def _asked(root: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in which a week names a visit, as what holds it and its key."""
    success = root.get("success")
    rows = [*_mappings(root.get("endpoints")), *_mappings(root.get("sensitivity"))]
    if isinstance(success, dict):
        rows += [success, *_mappings(success.get("further"))]
    yield from ((row, "week") for row in rows if "week" in row)
    for rule in _mappings(root.get("rules")):
        weeks = rule.get("visits")
        if isinstance(weeks, list):
            yield from ((weeks, place) for place in range(len(weeks)))


def _mappings(value: Any) -> list[Any]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _plain(week: float) -> float:
    return int(week) if float(week).is_integer() else week
