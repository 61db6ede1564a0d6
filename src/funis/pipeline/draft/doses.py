"""Doses of an intervention one by one: moved, added and taken away."""

from __future__ import annotations

from bisect import insort
from typing import Any

from funis.pipeline.draft.outline import schedule_days
from funis.pipeline.draft.places import at, refuse
from funis.pipeline.draft.text import node

REGULAR = ("start_day", "every_day", "times")


def move_dose(root: Any, arm: int, intervention: int, dose: int, day: float) -> int:
    """Move a dose to another day; a regular schedule becomes a list of days.

    Returns
    -------
    int
        Its place among the doses now.
    """
    schedule, days = _schedule(root, arm, intervention)
    _known(days, dose, arm, intervention)
    kept = days[:dose] + days[dose + 1 :]
    insort(kept, day)
    _write(schedule, kept)
    return kept.index(day)


def add_dose(root: Any, arm: int, intervention: int, day: float) -> int:
    """Add a dose on a day, and return its place."""
    schedule, days = _schedule(root, arm, intervention)
    insort(days, day)
    _write(schedule, days)
    return days.index(day)


def remove_dose(root: Any, arm: int, intervention: int, dose: int) -> int | None:
    """Take a dose away, with its intervention where it was the only one."""
    schedule, days = _schedule(root, arm, intervention)
    _known(days, dose, arm, intervention)
    if len(days) == 1:
        remove_intervention(root, arm, intervention)
        return None
    _write(schedule, days[:dose] + days[dose + 1 :])
    return min(dose, len(days) - 2)


def remove_intervention(root: Any, arm: int, intervention: int) -> None:
    """Take an intervention away, with the key where it was the only one."""
    listed = at(root, ("arms", arm, "interventions"))
    at(root, ("arms", arm, "interventions", intervention))
    del listed[intervention]
    if not listed:
        del at(root, ("arms", arm))["interventions"]


def _schedule(root: Any, arm: int, intervention: int) -> tuple[Any, list[float]]:
    """Return the schedule of an intervention and its days."""
    path = ("arms", arm, "interventions", intervention, "schedule")
    schedule = at(root, path)
    days = list(schedule_days(_plain(schedule))[0])
    if not days:
        raise refuse(path, "the schedule has faults", "mend it in the text first")
    return schedule, days


def _plain(value: Any) -> Any:
    """Return a part of a tree as plain data, which strict schemas take."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _known(days: list[float], dose: int, arm: int, intervention: int) -> None:
    if dose >= len(days):
        path = ("arms", arm, "interventions", intervention, "schedule")
        raise refuse(path, f"there is no dose {dose + 1}", f"1 to {len(days)}")


def _write(schedule: Any, days: list[float]) -> None:
    """Write days: one dose keeps its start_day, and what stands beside the days stays."""
    plain = [int(day) if float(day).is_integer() else day for day in days]
    if "start_day" in schedule and "every_day" not in schedule and len(plain) == 1:
        schedule["start_day"] = plain[0]
        return
    for key in REGULAR:
        schedule.pop(key, None)
    if "days" in schedule:
        schedule["days"] = node(plain)
    else:
        schedule.insert(0, "days", node(plain))
