"""The ladder: engines that are tried one after the other until one solves a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np

from funis.models import Model
from funis.solver.roadrunner import Tolerance, load_runner
from funis.solver.scipy_engine import Method, run_segment
from funis.solver.segments import RELATIVE_ATOL, Floor, Patient, Segment, begin
from funis.solver.values import (
    FAILED,
    SOLVED,
    SOLVED_SECOND,
    SOLVED_TIGHTER,
    Array,
    Integers,
)

Engine = Literal["ladder", "roadrunner", "lsoda", "radau"]

LEAST_RTOL = 1e-10
"""Tighter tolerances than this are below what double precision can keep."""


class Integrate(Protocol):
    """How an engine integrates one segment of a patient."""

    def __call__(self, patient: Patient, state: Array, piece: Segment, minutes: Integers) -> Array:
        """Return the states at `minutes`, (time, state), or raise RuntimeError."""


@dataclass(frozen=True, slots=True)
class Rung:
    """An engine, and the status of a patient that it solves."""

    status: int
    integrate: Integrate


def ladder(
    model: Model, forcing: str | None, rtol: float, engine: Engine, full: bool
) -> tuple[Rung, ...]:
    """Return the rungs of an engine's name, in the order in which they are tried."""
    form = model.full_form if full else model.form
    sbml = model.full_sbml if full else model.sbml

    def cvode(status: int, rtol: float, order: int) -> Rung:
        tolerance = Tolerance(rtol, rtol * RELATIVE_ATOL, order)
        return Rung(status, partial(load_runner(sbml, form, forcing).run, tolerance))

    def scipy(status: int, method: Method) -> Rung:
        return Rung(status, partial(run_segment, form, method, rtol))

    if engine == "roadrunner":
        return (cvode(SOLVED, rtol, 5),)
    if engine == "lsoda":
        return (scipy(SOLVED, "LSODA"),)
    if engine == "radau":
        return (scipy(SOLVED, "Radau"),)
    if engine != "ladder":
        raise ValueError(f"unknown engine '{engine}'")
    return (
        cvode(SOLVED, rtol, 5),
        cvode(SOLVED_TIGHTER, max(rtol / 100, LEAST_RTOL), 3),
        scipy(SOLVED_SECOND, "LSODA"),
        scipy(SOLVED_SECOND, "Radau"),
    )


def climb(
    rungs: Sequence[Rung],
    patient: Patient,
    state: Array,
    pieces: Sequence[Segment],
    times: Integers,
    floor: Floor,
) -> tuple[Array, int]:
    """Solve one patient by the first engine that can.

    Parameters
    ----------
    state : (state,) at the start of the first segment.
    pieces : the segments of this patient.
    times : minutes of the output grid, of which the first may be the start.

    Returns
    -------
    table : (time, state), NaN where nothing solved the patient.
    status : see `STATUS`.
    """
    if np.all(np.isfinite(state)) and np.all(np.isfinite(patient.fixed)):
        for rung in rungs:
            try:
                return _through(rung.integrate, patient, state, pieces, times, floor), rung.status
            except RuntimeError:
                continue
    return np.full((len(times), len(state)), np.nan), FAILED


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
