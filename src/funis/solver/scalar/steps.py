"""Steps of a smooth segment: SciPy's solvers one step at a time, with values in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from funis.solver.scalar.equations import Equations

Array = NDArray[np.float64]
Method = Literal["LSODA", "Radau", "BDF"]
Between = Callable[[float], Array]

MOST_EVALUATIONS = 500_000
"""Evaluations of the rates in one run after which it counts as not solved."""


class Steps(Protocol):
    """A segment being solved.

    Attributes
    ----------
    t : end of the last step.
    """

    t: float

    def step(self) -> Between:
        """Take one step and return a function of any time in it to the moving values."""


class Still:
    """A segment where nothing moves."""

    def __init__(self, t: float, end: float, longest: float) -> None:
        self.t, self.end, self.longest = t, end, longest

    def step(self) -> Between:
        """Go on by the longest step."""
        self.t = min(self.end, self.t + self.longest)
        return lambda _: np.empty(0)


class Smooth:
    """A segment solved by SciPy.

    Raises (when stepped)
    ---------------------
    RuntimeError
        The method gave up.
    """

    def __init__(self, solver: Any) -> None:
        self.solver, self.t = solver, float(solver.t)

    def step(self) -> Between:
        """Take one step of the solver."""
        message = self.solver.step()
        if self.solver.status == "failed":
            raise RuntimeError(f"the solver gave up at time {self.solver.t:g} ({message})")
        self.t = float(self.solver.t)
        end = np.array(self.solver.y)
        if not np.all(np.isfinite(end)):
            raise RuntimeError(f"values are not finite at time {self.t:g}")
        inside = self.solver.dense_output()
        return lambda time: end if time == self.t else inside(time)


class Rates:
    """Right-hand side and Jacobian with everything else held; it counts its evaluations."""

    def __init__(self, equations: Equations, strict: bool) -> None:
        self.equations, self.strict = equations, strict
        self.places = [1 + place for place in equations.moving]
        self.arguments: list[float] = []
        self.evaluations = 0

    def hold(self, kept: list[float], modes: list[float]) -> None:
        """Fix the values that do not move, and the modes."""
        self.arguments = [0.0, *kept, *modes]

    def at(self, t: float, y: Array) -> Array:
        """Return the rates."""
        self.evaluations += 1
        if self.evaluations > MOST_EVALUATIONS:
            raise RuntimeError(f"more than {MOST_EVALUATIONS} evaluations up to time {t:g}")
        found = np.array(self.equations.rates(self._filled(t, y)))
        if self.strict and not np.all(np.isfinite(found)):
            raise RuntimeError(f"rates are not finite near time {t:g}")
        return found

    def jacobian(self, t: float, y: Array) -> Array:
        """Return the Jacobian."""
        assert self.equations.jacobian is not None
        size = len(self.places)
        found = np.array(self.equations.jacobian(self._filled(t, y))).reshape(size, size)
        if not np.all(np.isfinite(found)):
            raise RuntimeError(f"slopes are not finite near time {t:g}")
        return found

    def _filled(self, t: float, y: Array) -> list[float]:
        self.arguments[0] = float(t)
        for place, value in zip(self.places, y.tolist(), strict=True):
            self.arguments[place] = value
        return self.arguments


def smooth(
    rates: Rates, method: Method, t: float, y: Array, end: float, longest: float, rtol: float,
    atol: Array, analytic: bool,
) -> Steps:  # fmt: skip
    """Begin a segment."""
    if not len(y):
        return Still(t, end, longest)
    from scipy import integrate

    slopes = rates.jacobian if analytic and rates.equations.jacobian is not None else None
    maker = getattr(integrate, method)
    solver = maker(
        rates.at, t, y, end, rtol=rtol, atol=atol, jac=slopes, max_step=min(longest, end - t)
    )
    return Smooth(solver)
