"""The gate between raw draws and plausible patients: physiological bounds and stability."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.population.draws import RawDraws
from funis.population.scores import ScoreReader
from funis.protocol import no_doses
from funis.solver import ParameterTable, Start, jacobian, observe, simulate, untreated

__all__ = [
    "ACCEPTED",
    "REASONS",
    "SOLVER",
    "Door",
    "Gate",
    "GateResult",
    "GateRow",
    "gate_table",
    "pass_gate",
]

Array = NDArray[np.float64]

ACCEPTED = "accepted"
REASONS = ("failed_to_solve", "bounds", "unstable", "slow_return")
YEAR_MINUTE = 365.25 * 1440


@dataclass(frozen=True, slots=True)
class Gate:
    """The limits of the gate (model.md, Part 0).

    Parameters
    ----------
    eigenvalue_per_day
        Largest real part that the Jacobian's eigenvalues may have.
    move
        Share by which fold states are moved.
    within
        (years, share of the score's range): how near the untreated score must be by then.
    """

    eigenvalue_per_day: float = -1e-4
    move: float = 0.2
    within: tuple[tuple[float, float], ...] = ((2.0, 0.01), (4.0, 0.002))


@dataclass(frozen=True, slots=True)
class Door:
    """The functions of the solver that the gate needs."""

    simulate: Callable[..., Any]
    jacobian: Callable[..., Array]
    untreated: Callable[..., Array]
    observe: Callable[..., Array]


SOLVER = Door(simulate, jacobian, untreated, observe)


@dataclass(frozen=True, slots=True, eq=False)
class GateResult:
    """What the gate found, one row a draw.

    Parameters
    ----------
    index
        (n,) patient indices.
    reason
        (n,) "accepted", or the first of `REASONS` that holds.
    eigenvalue_per_day
        (n,) largest real part at the untreated state; nan for progressive diseases.
    drift
        (n, len(gate.within)) distance of the untouched patient from its start, in ranges of the
        score.
    departure
        (n, len(gate.within)) largest distance from the start after the moves, in ranges.
    """

    index: NDArray[np.int64]
    reason: NDArray[np.str_]
    eigenvalue_per_day: Array
    drift: Array
    departure: Array

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which draws (n,) are plausible patients."""
        return np.asarray(self.reason == ACCEPTED)


@dataclass(frozen=True, slots=True)
class GateRow:
    """How many draws were accepted, or refused for one reason."""

    reason: str
    n: int
    share: float


def pass_gate(
    model: Model,
    draws: RawDraws,
    gate: Gate | None = None,
    *,
    each: bool = False,
    door: Door = SOLVER,
) -> GateResult:
    """Tell plausible patients from raw draws, each row by itself.

    Bounds (`model.bounds`) and solving are asked of every disease, stability of steady ones
    only. Unstable: an eigenvalue of the Jacobian at the untreated state is not below the limit
    (accumulators and states that are zero at rest, such as cells, left out), or the untouched
    patient drifts. Slow return: a score is not back in time after the fold states were moved,
    noise off.

    Parameters
    ----------
    model, draws
        Disease and raw draws.
    gate
        Limits; those of Part 0 if left out.
    each
        Move each fold state alone too, not only all together up and all together down.
    door
        The solver's functions.
    """
    rest = _rest(model, draws, gate or Gate(), door)
    eigenvalue = np.full(len(draws), np.nan)
    drift = departure = np.zeros((len(draws), len(rest.gate.within)))
    if model.course == "steady":
        eigenvalue = _largest_eigenvalue(rest)
        drift = _departure(rest, np.zeros_like(rest.state))
        for shift in _shifts(rest, each):
            departure = np.maximum(departure, _departure(rest, shift))  # nan stays nan
    reason = _reasons(rest, eigenvalue, drift, departure)
    return GateResult(draws.index, reason, eigenvalue, drift, departure)


def gate_table(reason: NDArray[np.str_]) -> tuple[GateRow, ...]:
    """Return how many draws were accepted and how many refused for each reason."""
    total = max(reason.size, 1)
    counts = [(name, int(np.sum(reason == name))) for name in (ACCEPTED, *REASONS)]
    return tuple(GateRow(name, n, n / total) for name, n in counts)


@dataclass(frozen=True, slots=True, eq=False)
class _Rest:
    """Patients at rest, and what their tests share."""

    model: Model
    table: ParameterTable
    gate: Gate
    door: Door
    reader: ScoreReader
    state: Array
    moving: NDArray[np.bool_]
    outputs: Mapping[str, Array]
    scores: Array


def _rest(model: Model, draws: RawDraws, gate: Gate, door: Door) -> _Rest:
    """Return the untreated patients; `moving` (n, n_states) leaves accumulators and zeros out."""
    table = ParameterTable(draws.names, draws.values)
    state = np.asarray(door.untreated(model, table))
    reader = ScoreReader.of(model)
    bounded = [name for name in model.bounds if name not in draws.names]
    names = tuple(dict.fromkeys((*reader.outputs, *bounded)))
    values = np.asarray(door.observe(model, table, state, names))
    outputs = {name: values[:, place] for place, name in enumerate(names)}
    outputs |= {name: draws.column(name) for name in model.bounds if name in draws.names}
    scores = reader.read(values[:, None, : len(reader.outputs)])
    moving = (state != 0.0) & ~_counting(model)
    return _Rest(model, table, gate, door, reader, state, moving, outputs, scores)


def _largest_eigenvalue(rest: _Rest) -> Array:
    """Return the largest real part (n,); nan where the Jacobian is not a number.

    States left out get a decoupled eigenvalue of -1 per day, so that a patient's number does not
    depend on which states the rest of the batch has at zero.
    """
    matrix = np.asarray(rest.door.jacobian(rest.model, rest.table, rest.state))
    kept = np.where(rest.moving[:, :, None] & rest.moving[:, None, :], matrix, 0.0)
    diagonal = np.arange(kept.shape[1])
    kept[:, diagonal, diagonal] -= ~rest.moving
    finite = np.isfinite(kept).all(axis=(1, 2))
    largest = np.full(finite.size, np.nan)
    if finite.any():
        largest[finite] = np.linalg.eigvals(kept[finite]).real.max(axis=1)
    return largest


def _shifts(rest: _Rest, each: bool) -> Iterator[Array]:
    """Yield what is added to the untreated state (n, n_states) in each move."""
    step = rest.gate.move * np.where(rest.moving, rest.state, 0.0)
    chosen = [np.ones(step.shape[1])]
    if each:
        chosen += [row for row in np.eye(step.shape[1]) if np.any(step * row)]
    for row in chosen:
        yield step * row
        yield -step * row


def _departure(rest: _Rest, shift: Array) -> Array:
    """Return how far the scores are from rest (n, times) after a shift, in ranges; nan: failed.

    Accumulators are read as they were at rest: damage that adds up is no lack of stability.
    """
    times = np.array([round(years * YEAR_MINUTE) for years, _ in rest.gate.within])
    found = rest.door.simulate(
        rest.model,
        rest.table,
        no_doses(),
        times,
        start=Start(0, rest.state + shift),
        outputs=rest.model.form.states,
    )
    states = np.where(_counting(rest.model), rest.state[:, None], np.asarray(found.values))
    columns = [
        np.asarray(rest.door.observe(rest.model, rest.table, states[:, place], rest.reader.outputs))
        for place in range(len(times))
    ]
    distance = np.abs(rest.reader.read(np.stack(columns, axis=1)) - rest.scores)
    worst = (distance / rest.reader.widths).max(axis=2)
    return np.where(np.asarray(found.failed)[:, None], np.nan, worst)


def _counting(model: Model) -> NDArray[np.bool_]:
    """Return which states (n_states,) are accumulators."""
    return np.array([name in model.accumulators for name in model.form.states])


def _reasons(rest: _Rest, eigenvalue: Array, drift: Array, departure: Array) -> NDArray[np.str_]:
    limits = np.array([share for _, share in rest.gate.within])
    failed = ~np.isfinite(np.column_stack([*rest.outputs.values(), drift, departure])).all(axis=1)
    if rest.model.course == "steady":
        failed |= np.isnan(eigenvalue)
    unstable = (eigenvalue >= rest.gate.eigenvalue_per_day) | (drift > limits).any(axis=1)
    slow = (departure > limits).any(axis=1)
    holds = [failed, _out_of_bounds(rest), unstable, slow]
    return np.asarray(np.select(holds, REASONS, ACCEPTED))


def _out_of_bounds(rest: _Rest) -> NDArray[np.bool_]:
    beyond = np.zeros(len(rest.state), dtype=np.bool_)
    for name, (low, high) in rest.model.bounds.items():
        beyond |= (rest.outputs[name] < low) | (rest.outputs[name] > high)
    return beyond
