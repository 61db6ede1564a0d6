"""From values to places on the page: linear and logarithmic scales, ticks, slim polylines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low..high` to `start..stop`, linearly or by the logarithm."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def place(self, values: Array | float) -> Array:
        """Return the places of values; below the floor of a log scale they lie on it."""
        array = np.asarray(values, dtype=np.float64)
        if self.log:
            array = np.log10(np.maximum(array, self.low))
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else self.ends
        share = (array - low) / ((high - low) or 1.0)
        return np.asarray(self.start + share * (self.stop - self.start), dtype=np.float64)

    @property
    def ends(self) -> tuple[float, float]:
        """The two ends of the domain."""
        return self.low, self.high

    def at(self, value: float) -> float:
        """Return the place of one value."""
        return float(self.place(value))


def linear_ticks(low: float, high: float, wanted: int = 5) -> tuple[float, ...]:
    """Return round values between `low` and `high`, about as many as wanted."""
    if not high > low:
        return (low,)
    step = _round_step(0.8 * (high - low) / max(wanted - 1, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(index * step, 12) + 0.0 for index in range(first, last + 1))


def week_ticks(low: float, high: float, wanted: int = 5) -> tuple[float, ...]:
    """Return weeks that a clinician counts in: multiples of 4, 12, 26 or 52 weeks."""
    for step in (1, 2, 4, 12, 26, 52, 104):
        if (high - low) / step <= wanted:
            first = math.ceil(low / step - 1e-9)
            last = math.floor(high / step + 1e-9)
            return tuple(float(index * step) for index in range(first, last + 1))
    return linear_ticks(low, high, wanted)


def log_ticks(low: float, high: float, wanted: int = 5) -> tuple[float, ...]:
    """Return powers of ten between two positive values."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first) / max(wanted - 1, 1)))
    return tuple(10.0**power for power in range(first, last + 1, step))


def tick_digits(ticks: tuple[float, ...]) -> int:
    """Return how many decimals it takes to tell the ticks apart."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    return next((places for places in range(4) if abs(step - round(step, places)) < 1e-9), 4)


def padded_range(values: Array, *, share: float = 0.06, zero: float = 0.25) -> tuple[float, float]:
    """Return a range that holds the finite values, from zero where zero is near."""
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    room = share * (high - low) or 0.05 * (abs(high) or 1.0)
    start = 0.0 if 0.0 <= low <= zero * high else low - room
    return start, (0.0 if high == 0.0 and low < 0.0 else high + room)


def slim(x: Array, y: Array, tolerance: float = 0.3) -> NDArray[np.bool_]:
    """Return which points of a polyline to keep (Ramer-Douglas-Peucker, vertical distance)."""
    keep = np.zeros(x.shape[0], dtype=np.bool_)
    keep[[0, -1]] = True
    stack = [(0, x.shape[0] - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        span = (x[last] - x[first]) or 1.0
        inner = slice(first + 1, last)
        line = y[first] + (x[inner] - x[first]) * (y[last] - y[first]) / span
        distance = np.abs(y[inner] - line)
        widest = int(np.argmax(distance))
        if distance[widest] > tolerance:
            split = first + 1 + widest
            keep[split] = True
            stack += [(first, split), (split, last)]
    return keep


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    factors = (1.0, 2.0, 2.5, 5.0, 10.0)
    return power * next(factor for factor in factors if factor * power >= 0.999 * raw)
