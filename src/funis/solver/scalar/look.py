"""The first moment inside a step at which a condition changes.

Conditions that follow from time alone, linearly, change where a segment ends and need no search.
For the others each step is halved as long as their two sides could meet in it: as near as that,
given their slopes and how far a cubic through the ends misses the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from funis.solver.scalar.equations import Equations
from funis.solver.scalar.events import HopelessError

State = Callable[[float], list[float]]
"""A function of time to [time, *kept]."""

SAMPLES = 4
"""Parts of a step that are looked at."""

DEPTH = 6
"""Times that a part is halved at most."""

SPAN = 1e-4
"""Part of a part over which a slope is taken."""


@dataclass(frozen=True, slots=True)
class Point:
    """A moment: of each searched mode, the gap between its sides and the slope of the gap."""

    time: float
    gaps: tuple[float, ...]
    slopes: tuple[float, ...]


class Look:
    """A search in the steps of one segment.

    Parameters
    ----------
    held : the modes that hold in it.
    """

    def __init__(self, equations: Equations, held: list[float]) -> None:
        self.equations, self.held = equations, held
        exact = {line.place for line in equations.lines}
        self.places = [place for place in range(len(equations.kinds)) if place not in exact]

    def first_change(self, start: float, end: float, state: State) -> float | None:
        """Return the first number in a step at which a mode is not what is held.

        Raises
        ------
        HopelessError
            A trigger that is an equality, true for one moment only, which no step can meet.
        """
        if not self.equations.kinds:
            return None
        if not self.places:
            return self._bisected(start, end, state) if self._changed(end, state) else None
        times = [start + (end - start) * k / SAMPLES for k in range(SAMPLES)] + [end]
        width = (end - start) / SAMPLES
        low = self._point(start, width, state)
        for time in times[1:]:
            high = self._point(time, -width, state)
            found = self._search(low, high, DEPTH, state)
            if found is not None:
                return found
            low = high
        return None

    def _changed(self, time: float, state: State) -> bool:
        return self.equations.modes(state(time)) != self.held

    def _search(self, low: Point, high: Point, depth: int, state: State) -> float | None:
        """Return the first change between two moments; nothing has changed at the first."""
        changed = self._changed(high.time, state)
        if depth == 0:
            self._refuse_equalities(low, high)
            return self._bisected(low.time, high.time, state) if changed else None
        width = high.time - low.time
        middle = self._point(low.time + 0.5 * width, 0.5 * width, state)
        if not changed and self._safe(low, middle, high):
            self._refuse_equalities(low, high)
            return None
        found = self._search(low, middle, depth - 1, state)
        return self._search(middle, high, depth - 1, state) if found is None else found

    def _point(self, time: float, width: float, state: State) -> Point:
        step = SPAN * width
        here, there = self.equations.gaps(state(time)), self.equations.gaps(state(time + step))
        return Point(
            time,
            tuple(here[place] for place in self.places),
            tuple((there[place] - here[place]) / step if step else 0.0 for place in self.places),
        )

    def _safe(self, low: Point, middle: Point, high: Point) -> bool:
        """Return whether no gap can close between two moments."""
        width = high.time - low.time
        for k, place in enumerate(self.places):
            guess = 0.5 * (low.gaps[k] + high.gaps[k])
            guess += 0.125 * width * (low.slopes[k] - high.slopes[k])
            slope = max(abs(point.slopes[k]) for point in (low, middle, high))
            reach = 0.5 * width * slope + 4 * abs(middle.gaps[k] - guess)
            if not min(self._distance(place, p.gaps[k]) for p in (low, middle, high)) >= reach:
                return False
        return True

    def _distance(self, place: int, gap: float) -> float:
        """Return how far a gap is from where the mode changes."""
        kind, held = self.equations.kinds[place], self.held[place]
        if kind == "floor":
            return min(gap - held, held + 1 - gap)
        if kind == "ceil":
            return min(held - gap, gap - held + 1)
        return abs(gap)

    def _bisected(self, low: float, high: float, state: State) -> float:
        while low < (middle := 0.5 * (low + high)) < high:
            if self._changed(middle, state):
                high = middle
            else:
                low = middle
        return high

    def _refuse_equalities(self, low: Point, high: Point) -> None:
        for k, place in enumerate(self.places):
            if place in self.equations.equalities and low.gaps[k] * high.gaps[k] < 0:
                message = f"a trigger is an equality that is crossed near time {high.time:g}"
                raise HopelessError(message)
