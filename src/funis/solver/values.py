"""The values that go through the solver's door."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Number = TypeVar("Number", float, Array)

SOLVED, SOLVED_TIGHTER, SOLVED_SECOND, FAILED = 0, 1, 2, 3
STATUS = {
    SOLVED: "solved",
    SOLVED_TIGHTER: "solved at rtol/100",
    SOLVED_SECOND: "solved by the second method",
    FAILED: "failed to solve",
}
"""What a status says. Everything below FAILED is a solution within the tolerance."""

MINUTES_PER_DAY = 1440


class Doses(Protocol):
    """Explicit dose events, one row each (see `funis.protocol.DoseEvents`)."""

    @property
    def patient(self) -> Integers:
        """Row of the patient."""

    @property
    def minute(self) -> Integers:
        """Minute of the event."""

    @property
    def input(self) -> Sequence[str] | NDArray[np.str_] | NDArray[np.object_]:
        """Id of the input."""

    @property
    def amount(self) -> Array:
        """Amount: 1e6 cells, or standard doses times days."""

    @property
    def duration_minute(self) -> Integers:
        """Duration, 0 = bolus."""


@dataclass(frozen=True, slots=True, eq=False)
class DoseRows:
    """Dose events as plain columns."""

    patient: Integers
    minute: Integers
    input: NDArray[np.str_] | NDArray[np.object_]
    amount: Array
    duration_minute: Integers


def doses_of(doses: Doses, index: Integers, count: int) -> DoseRows:
    """Return the doses of some patients, who are numbered anew.

    Parameters
    ----------
    index : their rows, each once.
    count : number of all patients.
    """
    place = np.full(count, -1, dtype=np.int64)
    place[index] = np.arange(len(index))
    patient = np.asarray(doses.patient, dtype=np.int64)
    mine = np.flatnonzero(place[patient] >= 0)
    return DoseRows(
        place[patient[mine]],
        np.asarray(doses.minute)[mine],
        np.asarray(doses.input)[mine],
        np.asarray(doses.amount)[mine],
        np.asarray(doses.duration_minute)[mine],
    )


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """Parameter values of each patient, (patient, name); names left out take the model's value."""

    names: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ValueError(
                f"values must be (patient, {len(self.names)}), not {self.values.shape}"
            )

    def replaced(self, scenario: Mapping[str, float]) -> ParameterTable:
        """Return a table in which each named parameter has one value for all patients."""
        names = (*self.names, *(name for name in scenario if name not in self.names))
        values = np.empty((len(self.values), len(names)))
        values[:, : len(self.names)] = self.values
        for name, value in scenario.items():
            values[:, names.index(name)] = value
        return ParameterTable(names, values)

    def scaled(self, factors: Mapping[str, float | Array]) -> ParameterTable:
        """Return a table with named parameters times a factor, one for all or one a patient.

        Raises
        ------
        KeyError
            A name that the table does not hold.
        """
        values = self.values.copy()
        for name, factor in factors.items():
            if name not in self.names:
                raise KeyError(name)
            values[:, self.names.index(name)] *= factor
        return ParameterTable(self.names, values)

    def rows(self, index: Integers) -> ParameterTable:
        """Return some patients."""
        return ParameterTable(self.names, self.values[index])


@dataclass(frozen=True, slots=True)
class Forcing:
    """A C1 cubic function of time for each patient, given at evenly spaced knots.

    Attributes
    ----------
    name : the parameter of the model that it drives.
    first_day, spacing_day : place of the knots [day].
    values, slopes : (patient, knot); slopes per day.
    """

    name: str
    first_day: float
    spacing_day: float
    values: Array
    slopes: Array

    def at(self, row: int | Integers, day: Array | float) -> Array:
        """Evaluate one patient's function at times [day], or that of many: (patient, 1) rows."""
        u = (np.asarray(day, dtype=np.float64) - self.first_day) / self.spacing_day
        knot = np.clip(np.floor(u).astype(np.int64), 0, self.values.shape[1] - 2)
        return hermite(
            u - knot,
            self.values[row, knot],
            self.values[row, knot + 1],
            self.slopes[row, knot] * self.spacing_day,
            self.slopes[row, knot + 1] * self.spacing_day,
        )

    def path(self, row: int) -> Callable[[float], float]:
        """Return one patient's function of a time [day]: the numbers of `at`, one at a time."""
        values: list[float] = self.values[row].tolist()
        slopes: list[float] = (self.slopes[row] * self.spacing_day).tolist()
        last = len(values) - 2

        def at(day: float) -> float:
            u = (day - self.first_day) / self.spacing_day
            left = min(max(math.floor(u), 0), last)
            right = left + 1
            return hermite(u - left, values[left], values[right], slopes[left], slopes[right])

        return at

    def rows(self, index: Integers) -> Forcing:
        """Return some patients."""
        return Forcing(
            self.name, self.first_day, self.spacing_day, self.values[index], self.slopes[index]
        )


def hermite(
    u: Number, left: Number, right: Number, left_slope: Number, right_slope: Number
) -> Number:
    """Evaluate the cubic with given end values and end slopes (per interval) at u in 0..1."""
    v = 1.0 - u
    return (
        left * v * v * (1 + 2 * u)
        + left_slope * u * v * v
        + right * u * u * (3 - 2 * u)
        - right_slope * u * u * v
    )


@dataclass(frozen=True, slots=True)
class Start:
    """Where a simulation begins: a minute, and the state of each patient, (patient, state)."""

    minute: int
    states: Array


@dataclass(frozen=True, slots=True)
class Trajectories:
    """What the door returns.

    Attributes
    ----------
    outputs : names of the last axis of `values`.
    times : minutes.
    values : (patient, time, output); a patient that failed is NaN. At the minute of a dose the
        value before the dose. Counts of cells are never below zero.
    end : (patient, state) at the last time, before any dose of that minute.
    status : (patient,), see `STATUS`.
    sensitivities : (patient, time, output, parameter), or None.
    deviation : (patient,) of those solved again at a hundredth of the tolerance: the largest
        difference of a state from it, in units of the tolerance on that state's scale; others NaN.
    """

    outputs: tuple[str, ...]
    times: Integers
    values: Array
    end: Array
    status: NDArray[np.int8]
    sensitivities: Array | None = field(default=None)
    deviation: Array = field(default_factory=lambda: np.empty(0))

    def output(self, name: str) -> Array:
        """Return one output, (patient, time)."""
        result: Array = self.values[:, :, self.outputs.index(name)]
        return result

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Patients that no method solved, (patient,)."""
        return np.asarray(self.status == FAILED)
