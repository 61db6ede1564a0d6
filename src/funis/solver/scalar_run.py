"""One run of compiled equations by one method: smooth pieces between jumps and events."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.solver.scalar_equations import Equations
from funis.solver.scalar_events import Events, HopelessError
from funis.solver.scalar_steps import Between, Method, Rates, smooth

Array = NDArray[np.float64]

MOST_SEGMENTS = 100_000
"""Restarts after which a run counts as not solved."""

MOST_SHORT = 200
"""Restarts in a row, each next to the one before, after which conditions undo each other."""

SAMPLES = 8
"""Looks into each step for conditions that change."""

NEAR = 1e-8
"""Part of the time between outputs within which a crossing counts as meeting an output."""

NEIGHBOURS = 16
"""Numbers on either side of a computed crossing among which the exact one is looked for."""


@dataclass(slots=True)
class Segment:
    """A smooth piece: from where, to where at most, and the modes that hold in it."""

    start: float
    stop: float
    modes: list[float]


class Run:
    """One run by one method."""

    def __init__(
        self, equations: Equations, method: Method, analytic: bool, times: Array, rtol: float,
        atol: Array,
    ) -> None:  # fmt: skip
        self.equations, self.method, self.analytic = equations, method, analytic
        self.rtol, self.atol = rtol, atol
        self.times: list[float] = times.tolist()
        self.rows: list[list[float]] = []
        self.rates = Rates(equations, strict=method == "LSODA")
        self.kept: list[float] = []
        gaps = np.diff(np.concatenate([[0.0], times]))
        gap = float(np.min(gaps[gaps > 0], initial=math.inf))
        self.near = NEAR * gap if math.isfinite(gap) else 0.0
        self.longest = gap if equations.uses_time else math.inf

    def solve(self, kept: list[float]) -> Array:
        """Go from time 0 to the last output."""
        self.kept = list(kept)
        events = Events(self.equations)
        t, end, short = 0.0, self.times[-1], 0
        for _ in range(MOST_SEGMENTS):
            events.settle(t, self.kept)
            self._record(t, lambda time: self._moving(), inclusive=True)
            if t >= end:
                return np.array(self.rows)
            before, t = t, self._advance(self._segment(t, min(end, events.next_time)))
            short = short + 1 if t - before < self.near else 0
            if short > MOST_SHORT:
                raise HopelessError(f"conditions undo each other near time {t:g}")
        raise RuntimeError(f"more than {MOST_SEGMENTS} jumps up to time {t:g}")

    def _moving(self) -> Array:
        return np.array([self.kept[place] for place in self.equations.moving])

    def _segment(self, t: float, stop: float) -> Segment:
        modes = self.equations.modes([t, *self.kept])
        return Segment(t, min(stop, self._next_flip(t, modes)), modes)

    def _next_flip(self, t: float, modes: list[float]) -> float:
        """Return the first time at which a mode that is linear in time has changed."""
        lines = self.equations.lines
        if not lines:
            return math.inf
        found = self.equations.line_values([t, *self.kept, *modes])
        best = math.inf
        for line, value, slope in zip(lines, found[: len(lines)], found[len(lines) :], strict=True):
            guess = _crossing(line.kind, t, value, slope)
            if guess < best * (1 + 1e-12):
                best = min(best, self._exact(guess, t, line.place, modes[line.place]))
        return best

    def _exact(self, guess: float, t: float, place: int, held: float) -> float:
        """Return the first number near a guess at which a mode is not what it was."""
        time = guess
        for _ in range(NEIGHBOURS):
            time = math.nextafter(time, -math.inf)
        for _ in range(2 * NEIGHBOURS + 1):
            if time > t and self.equations.modes([time, *self.kept])[place] != held:
                return time
            time = math.nextafter(time, math.inf)
        return math.inf

    def _advance(self, piece: Segment) -> float:
        """Solve up to the end of a segment, or to the first change of a mode in it."""
        self.rates.hold(self.kept, piece.modes)
        if piece.stop - piece.start <= 4 * math.ulp(piece.start):
            self._record(piece.stop, lambda time: self._moving(), inclusive=False)
            return piece.stop
        steps = smooth(
            self.rates, self.method, piece.start, self._moving(), piece.stop, self.longest,
            self.rtol, self.atol, self.analytic,
        )  # fmt: skip
        while True:
            before = steps.t
            between = steps.step()
            changed = self._first_change(piece.modes, before, steps.t, between)
            reached = steps.t if changed is None else changed
            if changed is None:
                self._record(reached, between, inclusive=False)
            else:
                self._record_around(reached, piece.modes, between)
            if changed is not None or reached >= piece.stop:
                self._take(between(reached))
                return reached

    def _take(self, moving: Array) -> None:
        for place, value in zip(self.equations.moving, moving.tolist(), strict=True):
            self.kept[place] = value

    def _at(self, time: float, between: Between) -> list[float]:
        values = [time, *self.kept]
        for place, value in zip(self.equations.moving, between(time).tolist(), strict=True):
            values[1 + place] = value
        return values

    def _first_change(
        self, held: list[float], start: float, end: float, between: Between
    ) -> float | None:
        """Return the first number in a step at which a mode is not what it was."""
        if not self.equations.kinds:
            return None
        low = start
        for sample in range(1, SAMPLES + 1):
            high = end if sample == SAMPLES else start + (end - start) * sample / SAMPLES
            if self.equations.modes(self._at(high, between)) != held:
                return self._bisected(held, low, high, between)
            self._refuse_equalities(low, high, between)
            low = high
        return None

    def _bisected(self, held: list[float], low: float, high: float, between: Between) -> float:
        while low < (middle := 0.5 * (low + high)) < high:
            if self.equations.modes(self._at(middle, between)) != held:
                high = middle
            else:
                low = middle
        self._refuse_equalities(low, high, between)
        return high

    def _refuse_equalities(self, low: float, high: float, between: Between) -> None:
        """Refuse a trigger that is true for one moment only, which no step can meet."""
        if not self.equations.equalities:
            return
        before = self.equations.gaps(self._at(low, between))
        after = self.equations.gaps(self._at(high, between))
        if any(before[place] * after[place] < 0 for place in self.equations.equalities):
            raise HopelessError(f"a trigger is an equality that is crossed near time {high:g}")

    def _record_around(self, time: float, held: list[float], between: Between) -> None:
        """Note the outputs before a change whose time is known up to the solver's error.

        An output as near as that error stands on the side that the condition says: after it where
        equality is enough for the change, else before it.
        """
        now = self.equations.modes(self._at(time, between))
        changed = [k for k, (a, b) in enumerate(zip(held, now, strict=True)) if a != b]
        exact = {line.place for line in self.equations.lines}
        if exact & set(changed):
            self._record(time, between, inclusive=False)
            return
        enough = all(_equality_is_enough(self.equations.kinds[k], held[k], now[k]) for k in changed)
        self._record(time + self.near * (-1 if enough else 1), between, inclusive=False)

    def _record(self, time: float, between: Between, inclusive: bool) -> None:
        """Note the outputs before a time, or up to it."""
        while len(self.rows) < len(self.times):
            wanted = self.times[len(self.rows)]
            if wanted > time or (wanted == time and not inclusive):
                return
            self.rows.append(self.equations.outputs(self._at(wanted, between)))


def _equality_is_enough(kind: str, held: float, now: float) -> bool:
    """Return whether a mode has changed where its two sides are equal, not just after it."""
    rises = now > held
    return rises if kind in (">=", "<=", "==", "floor") else not rises


def _crossing(kind: str, t: float, value: float, slope: float) -> float:
    """Return when something linear in time reaches zero, or the next whole number."""
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(value):
        return math.inf
    target = 0.0
    if kind in ("floor", "ceil"):
        target = math.floor(value) + 1.0 if slope > 0 else math.ceil(value) - 1.0
        if kind == "floor" and slope < 0 and value == math.floor(value):
            target = value
        if kind == "ceil" and slope > 0 and value == math.ceil(value):
            target = value
    guess = t + (target - value) / slope
    return guess if guess >= t else math.inf
