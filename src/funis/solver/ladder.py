"""The ladder: the kernel, the kernel at a tighter tolerance, SciPy, and then a status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from funis.models import Model, OdeForm
from funis.models.tangent import tangent
from funis.solver import roadrunner
from funis.solver.kernel.batch import Batch, load_kernel, solve_batch
from funis.solver.kernel.timetable import timetable
from funis.solver.scipy_engine import Method, run_segment
from funis.solver.segments import (
    LEAST_RTOL,
    LONGEST_DAY,
    RELATIVE_ATOL,
    Floor,
    Gains,
    Patient,
    Segment,
    begin,
    segments,
)
from funis.solver.values import (
    FAILED,
    MINUTES_PER_DAY,
    SOLVED,
    SOLVED_SECOND,
    SOLVED_TIGHTER,
    Array,
    Doses,
    Forcing,
    Integers,
    Start,
    doses_of,
)

ONE_AT_A_TIME = Lock()
"""LSODA keeps its state in common memory, and output is silenced for the whole process."""

Engine = Literal["ladder", "kernel", "roadrunner", "lsoda", "radau"]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is to be solved, but for the start.

    Attributes
    ----------
    fixed : (patient, parameter and constant)
    floor : cell states that vanish below one cell.
    needed : indices of the states that are written at `times`.
    full : whether `form` is the full form.
    """

    model: Model
    form: OdeForm
    fixed: Array
    doses: Doses
    times: Integers
    forcing: Forcing | None
    floor: Floor
    needed: Integers
    full: bool

    def rows(self, index: Integers) -> Problem:
        """Return some patients."""
        return replace(
            self,
            fixed=self.fixed[index],
            doses=doses_of(self.doses, index, len(self.fixed)),
            forcing=None if self.forcing is None else self.forcing.rows(index),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Solutions: values (patient, time, needed state), end (patient, state), status (patient,)."""

    values: Array
    end: Array
    status: NDArray[np.int8]

    def put(self, index: Integers, other: Found, status: int) -> None:
        """Take the patients that another engine solved."""
        good = other.status != FAILED
        rows = index[good]
        self.values[rows], self.end[rows] = other.values[good], other.end[good]
        self.status[rows] = status


def solve(problem: Problem, start: Start, engine: Engine, rtol: float, threads: int = 1) -> Found:
    """Solve every patient by the first engine that can; what none solves is NaN and FAILED.

    Raises
    ------
    ValueError
        An unknown engine.
    """
    found = _nothing(problem, len(start.states))
    sound = np.isfinite(start.states).all(axis=1) & np.isfinite(problem.fixed).all(axis=1)
    waiting = np.flatnonzero(sound)
    if engine in ("ladder", "kernel"):
        found, waiting = _by_kernel(problem, start, found, waiting, rtol, threads, SOLVED)
    if engine == "ladder":
        tight = max(rtol / 100, LEAST_RTOL)
        found, waiting = _by_kernel(problem, start, found, waiting, tight, 1, SOLVED_TIGHTER)
    rungs = _rungs(problem, engine, rtol)
    if rungs and len(waiting):
        _one_by_one(problem, start, found, waiting, rungs)
    return found


def _nothing(problem: Problem, count: int) -> Found:
    return Found(
        np.full((count, len(problem.times), len(problem.needed)), np.nan),
        np.full((count, len(problem.form.states)), np.nan),
        np.full(count, FAILED, dtype=np.int8),
    )


def _by_kernel(
    problem: Problem,
    start: Start,
    found: Found,
    waiting: Integers,
    rtol: float,
    threads: int,
    status: int,
) -> tuple[Found, Integers]:
    """Solve those who wait by the kernel; return everybody, and who still waits."""
    if len(waiting) == 0:
        return found, waiting
    everyone = len(waiting) == len(problem.fixed)
    given = problem if everyone else problem.rows(waiting)
    solved = run_kernel(given, start.minute, start.states[waiting], rtol, threads)
    if everyone:
        solved.status[solved.status != FAILED] = status
        return solved, waiting[solved.status == FAILED]
    found.put(waiting, solved, status)
    return found, waiting[solved.status == FAILED]


def run_kernel(
    problem: Problem,
    minute: int,
    states: Array,
    rtol: float,
    threads: int,
    width: int | None = None,
) -> Found:
    """Solve all patients of a problem by the kernel."""
    if minute == problem.times[-1]:
        values = np.repeat(states[:, None, problem.needed], len(problem.times), axis=1)
        return Found(values, states.copy(), np.full(len(states), SOLVED, dtype=np.int8))
    kernel = load_kernel(problem.form, problem.forcing is not None, width)
    slots = {
        problem.form.states.index(name.removeprefix("inflow_")): slot
        for slot, name in enumerate(kernel.equations.inflows)
    }
    plan = timetable(
        problem.doses, gains(problem), slots, problem.fixed, minute, int(problem.times[-1])
    )
    batch = Batch(
        states, problem.fixed, plan, problem.times, problem.needed, problem.forcing,
        problem.floor, rtol,
    )  # fmt: skip
    done = solve_batch(kernel, batch, threads)
    status = np.where(done.failed, FAILED, SOLVED).astype(np.int8)
    done.values[done.failed] = np.nan
    done.end[done.failed] = np.nan
    return Found(done.values, done.end, status)


def gains(problem: Problem) -> Gains:
    """Return how the inputs that are given reach states, and tangents where there are any."""
    form = problem.form
    columns: dict[str, tuple[tuple[int, int], ...]] = {}
    for name in dict.fromkeys(np.asarray(problem.doses.input).tolist()):
        given = problem.model.input(str(name))
        if given is None:
            raise ValueError(f"unknown input '{name}'")
        reached = {target: f"gain_{name}_{target}" for target in given.targets}
        reached |= {tangent(target): tangent(gain) for target, gain in reached.items()}
        columns[str(name)] = tuple(
            (form.states.index(target), form.fixed_names.index(gain))
            for target, gain in reached.items()
            if target in form.states and gain in form.fixed_names
        )
    return Gains(columns)


class Integrate(Protocol):
    """How an engine integrates one segment of a patient."""

    def __call__(self, patient: Patient, state: Array, piece: Segment, minutes: Integers) -> Array:
        """Return the states at `minutes`, (time, state), or raise RuntimeError."""


@dataclass(frozen=True, slots=True)
class Rung:
    """An engine for one patient at a time, and the status of a patient that it solves."""

    status: int
    integrate: Integrate


def _rungs(problem: Problem, engine: Engine, rtol: float) -> tuple[Rung, ...]:
    """Return the engines that take patients one by one."""

    def scipy(status: int, method: Method) -> Rung:
        return Rung(status, partial(run_segment, problem.form, method, rtol))

    rungs: Mapping[str, tuple[Rung, ...]] = {
        "ladder": (scipy(SOLVED_SECOND, "LSODA"), scipy(SOLVED_SECOND, "Radau")),
        "kernel": (),
        "lsoda": (scipy(SOLVED, "LSODA"),),
        "radau": (scipy(SOLVED, "Radau"),),
    }
    if engine == "roadrunner":
        return (cvode(problem, rtol),)
    if engine not in rungs:
        raise ValueError(f"unknown engine '{engine}'")
    return rungs[engine]


def cvode(problem: Problem, rtol: float) -> Rung:
    """Return libRoadRunner as a rung."""
    model, forcing = problem.model, problem.forcing
    sbml = model.full_sbml if problem.full else model.sbml
    tolerance = roadrunner.Tolerance(rtol, rtol * RELATIVE_ATOL, 5)
    runner = roadrunner.load_runner(sbml, problem.form, forcing.name if forcing else None)
    return Rung(SOLVED, partial(runner.run, tolerance))


def _one_by_one(
    problem: Problem, start: Start, found: Found, waiting: Integers, rungs: Sequence[Rung]
) -> None:
    given, longest = gains(problem), longest_segment(problem.forcing)
    with ONE_AT_A_TIME, roadrunner.silenced():
        for row in waiting.tolist():
            patient = Patient(row, problem.fixed[row], problem.forcing)
            pieces = segments(
                problem.doses, row, given, patient.fixed, start.minute, problem.times, longest
            )
            table, end, status = climb(
                rungs, patient, start.states[row], pieces, problem.times, problem.floor
            )
            found.values[row], found.end[row] = table[:, problem.needed], end
            found.status[row] = status


def longest_segment(forcing: Forcing | None) -> int:
    """Return the longest segment [minute]: with a forcing, what libRoadRunner's window spans."""
    if forcing is None:
        return LONGEST_DAY * MINUTES_PER_DAY
    return int((roadrunner.WINDOW_KNOTS - 1) * forcing.spacing_day * MINUTES_PER_DAY)


def climb(
    rungs: Sequence[Rung],
    patient: Patient,
    state: Array,
    pieces: Sequence[Segment],
    times: Integers,
    floor: Floor,
) -> tuple[Array, Array, int]:
    """Solve one patient by the first engine that can.

    Parameters
    ----------
    state : (state,) at the start of the first segment.
    pieces : the segments of this patient.
    times : minutes of the output grid, of which the first may be the start.

    Returns
    -------
    table : (time, state), NaN where nothing solved the patient.
    end : (state,) at the last time.
    status : see `STATUS`.
    """
    for rung in rungs:
        try:
            table = _through(rung.integrate, patient, state, pieces, times, floor)
            return table, table[-1], rung.status
        except RuntimeError:
            continue
    table = np.full((len(times), len(state)), np.nan)
    return table, table[-1], FAILED


def _through(
    integrate: Integrate,
    patient: Patient,
    state: Array,
    pieces: Sequence[Segment],
    times: Integers,
    floor: Floor,
) -> Array:
    table = np.empty((len(times), len(state)))
    table[0] = state  # stays where the first time is the start
    for piece in pieces:
        state = begin(state, piece, floor)
        asked = times[piece.outputs]
        minutes = asked if len(asked) and asked[-1] == piece.end else np.append(asked, piece.end)
        found = integrate(patient, state, piece, minutes)
        if not np.all(np.isfinite(found)):
            raise RuntimeError("left the finite numbers")
        table[piece.outputs] = found[: len(asked)]
        state = found[-1]
    return table
