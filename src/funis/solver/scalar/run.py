"""One run of compiled equations by one method: smooth pieces between jumps and events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from funis.solver.scalar.equations import Equations
from funis.solver.scalar.events import Events, HopelessError
from funis.solver.scalar.look import Look
from funis.solver.scalar.steps import Between, Method, Rates, smooth

Array = NDArray[np.float64]

MOST_SEGMENTS = 100_000
"""Restarts after which a run counts as not solved."""

MOST_SHORT = 200
"""Restarts in a row, each next to the one before, after which conditions undo each other."""

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
        atol: Array, longest: float,
    ) -> None:  # fmt: skip
        self.equations, self.method, self.analytic = equations, method, analytic
        self.rtol, self.atol = rtol, atol
        self.times: list[float] = times.tolist()
        self.rows: list[list[float]] = []
        self.rates = Rates(equations, strict=method == "LSODA")
        self.kept: list[float] = []
        self.enough: bool | None = None
        gaps = np.diff(np.concatenate([[0.0], times]))
        gap = float(np.min(gaps[gaps > 0], initial=math.inf))
        self.near = NEAR * gap if math.isfinite(gap) else 0.0
        self.longest = min(longest, gap / 4 if equations.uses_time else math.inf)

    def solve(self, kept: list[float]) -> Array:
        """Go from time 0 to the last output."""
        self.kept = list(kept)
        events = Events(self.equations, self._snapped)
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
        self.enough = None
        if piece.stop - piece.start <= 4 * math.ulp(piece.start):
            self._record(piece.stop, lambda time: self._moving(), inclusive=False)
            return piece.stop
        steps = smooth(
            self.rates, self.method, piece.start, self._moving(), piece.stop, self.longest,
            self.rtol, self.atol, self.analytic,
        )  # fmt: skip
        look = Look(self.equations, piece.modes)
        while True:
            before = steps.t
            between = steps.step()
            changed = look.first_change(before, steps.t, partial(self._at, between=between))
            if changed is not None:
                return self._change(changed, piece, between)
            self._record(steps.t, between, inclusive=False)
            if steps.t >= piece.stop:
                self._take(between(piece.stop))
                self._meet(piece)
                return piece.stop

    def _change(self, time: float, piece: Segment, between: Between) -> float:
        """End a segment where a mode has changed; the time is known up to the solver's error.

        An output, or an event, as near as that error stands on the side that the condition says:
        the change comes first where equality is enough for it.
        """
        self.enough = self._enough(piece.modes, self.equations.modes(self._at(time, between)))
        sides = {None: 0.0, True: -self.near, False: self.near}
        self._record(time + sides[self.enough], between, inclusive=False)
        if self.enough and piece.stop - time <= self.near:
            time = piece.stop
        self._take(between(time))
        return time

    def _enough(self, held: list[float], now: list[float]) -> bool | None:
        """Return whether equality is enough for the changes of modes; None for exact changes."""
        changed = [k for k, (a, b) in enumerate(zip(held, now, strict=True)) if a != b]
        if not changed or {line.place for line in self.equations.lines} & set(changed):
            return None
        return all(_equality_is_enough(self.equations.kinds[k], held[k], now[k]) for k in changed)

    def _meet(self, piece: Segment) -> None:
        """Where a condition is about to be met as a segment ends, let it be met there."""
        if not self.equations.happenings or not self.equations.moving:
            return
        now = self.equations.modes([piece.stop, *self.kept])
        kept, moving = list(self.kept), self._moving()
        ahead = moving + self.near * self.rates.at(piece.stop, moving)
        if not np.all(np.isfinite(ahead)):
            return
        self._take(ahead)
        if not self._enough(now, self.equations.modes([piece.stop, *self.kept])):
            self.kept = kept

    def _snapped(self, time: float) -> float:
        """Return the output that a time misses by the solver's error only, or the time itself."""
        place = int(np.searchsorted(self.times, time - self.near))
        if self.enough is None or place == len(self.times):
            return time
        wanted = self.times[place]
        if abs(wanted - time) > self.near:
            return time
        return wanted if self.enough else math.nextafter(wanted, math.inf)

    def _take(self, moving: Array) -> None:
        for place, value in zip(self.equations.moving, moving.tolist(), strict=True):
            self.kept[place] = value

    def _at(self, time: float, between: Between) -> list[float]:
        values = [time, *self.kept]
        for place, value in zip(self.equations.moving, between(time).tolist(), strict=True):
            values[1 + place] = value
        return values

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
