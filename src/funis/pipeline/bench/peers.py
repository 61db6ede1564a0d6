"""Those who are compared: each solves a workload and says how long its own part took."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, nearest
from funis.pipeline.bench.workload import OUTPUTS, Workload
from funis.solver import FAILED, fixed_values, observe, simulate, untreated
from funis.solver.door import floor_of
from funis.solver.ladder import Problem, Rung, climb, cvode, gains, longest_segment
from funis.solver.roadrunner import silenced
from funis.solver.segments import Patient, segments
from funis.solver.values import Array


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Outputs (patient, time, output), who failed (patient,), seconds.

    Attributes
    ----------
    own_seconds : processor time that the engine reports of its integrator alone; None without one.
    """

    values: Array
    failed: NDArray[np.bool_]
    seconds: float
    own_seconds: float | None = None


class Peer(Protocol):
    """An engine under comparison."""

    @property
    def name(self) -> str:
        """Name and version."""

    def solve(self, work: Workload, rtol: float) -> Timed:
        """Solve a workload on one core."""


@dataclass(frozen=True, slots=True)
class Funis:
    """The engine of this program, all of it: checks, doses, outputs."""

    @property
    def name(self) -> str:
        """Name and version."""
        return f"funis {metadata.version('funis')}"

    def solve(self, work: Workload, rtol: float, threads: int = 1) -> Timed:
        """Solve through the door, by the ladder, with the default share solved again."""
        begun = time.perf_counter()
        found = simulate(
            work.model, work.table, work.doses, work.times, forcing=work.forcing, rtol=rtol,
            outputs=OUTPUTS, threads=threads,
        )  # fmt: skip
        seconds = time.perf_counter() - begun
        return Timed(found.values, found.status == FAILED, seconds)


@dataclass(frozen=True, slots=True)
class LibRoadRunner:
    """libRoadRunner (CVODE, compiled at run time), segment by segment, as the door drives it.

    Only its own part is timed: a patient's parameters written, his segments integrated. What
    prepares doses and evaluates outputs is left out, to its advantage.
    """

    @property
    def name(self) -> str:
        """Name and version."""
        return f"libRoadRunner {metadata.version('libroadrunner')}"

    def solve(self, work: Workload, rtol: float) -> Timed:
        """Solve patient by patient."""
        return solve_by_segments(work, lambda problem: cvode(problem, rtol))


def solve_by_segments(work: Workload, engine: Callable[[Problem], Rung]) -> Timed:
    """Solve patient by patient, segment by segment, and time what the engine does.

    Parameters
    ----------
    engine : makes the engine of a problem, untimed.
    """
    model, form = work.model, work.model.form
    fixed, start = fixed_values(form, work.table), untreated(model, work.table)
    floor = floor_of(model, form, model.text.words("floored"))
    needed = np.arange(len(form.states))
    problem = Problem(
        model, form, fixed, work.doses, work.times, work.forcing, floor, needed, False
    )
    rungs, given = (engine(problem),), gains(problem)
    table = np.full((work.size, len(work.times), len(form.states)), np.nan)
    failed, seconds = np.zeros(work.size, dtype=bool), 0.0
    longest, begin = longest_segment(work.forcing), int(work.times[0])
    with silenced():
        for row in range(work.size):
            pieces = segments(work.doses, row, given, fixed[row], begin, work.times, longest)
            patient = Patient(row, fixed[row], work.forcing)
            begun = time.perf_counter()
            table[row], _, status = climb(rungs, patient, start[row], pieces, work.times, floor)
            taken = time.perf_counter() - begun
            failed[row] = status == FAILED
            seconds += 0.0 if failed[row] else taken
    return Timed(_outputs(work, table), failed, seconds)


def _outputs(work: Workload, table: Array) -> Array:
    """Evaluate the ten outputs without forcing: none of them depends on it."""
    rows = np.repeat(work.table.values, table.shape[1], axis=0)
    repeated = type(work.table)(work.table.names, rows)
    flat = table.reshape(-1, table.shape[2])
    return observe(work.model, repeated, flat, OUTPUTS).reshape(*table.shape[:2], len(OUTPUTS))


PEERS = ("libroadrunner", "amici")


def installed_peers() -> tuple[str, ...]:
    """Return the peers that can be compared with here."""
    modules = {"libroadrunner": "roadrunner", "amici": "amici"}
    return tuple(name for name in PEERS if find_spec(modules[name]) is not None)


def find_peers(names: tuple[str, ...]) -> Mapping[str, Peer]:
    """Return peers by name.

    Raises
    ------
    InputError
        An unknown name, or AMICI where it is not installed.
    """
    found: dict[str, Peer] = {}
    for name in names:
        if name not in PEERS:
            words = f"unknown engine '{name}'"
            expected = f"one of {', '.join(PEERS)}"
            raise InputError(Issue(None, None, "--against", words, expected, nearest(name, PEERS)))
        found[name] = LibRoadRunner() if name == "libroadrunner" else _amici()
    return found


def _amici() -> Peer:
    if find_spec("amici") is None:
        words, expected = "AMICI is not installed", "pip install amici, which needs a C++ compiler"
        raise InputError(Issue(None, None, "--against", words, expected))
    from funis.pipeline.bench.amici import Amici

    return Amici()
