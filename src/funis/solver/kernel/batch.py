"""Run the kernel on a batch of patients."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from funis.models import OdeForm
from funis.models.evaluate import columns_function
from funis.solver.kernel.context import FIELDS
from funis.solver.kernel.driver_code import driver_code
from funis.solver.kernel.equations import Equations, equations
from funis.solver.kernel.machine import Library, host_width, load
from funis.solver.kernel.model_code import ModelCode, model_code
from funis.solver.kernel.rodas5p import STAGES
from funis.solver.kernel.timetable import Timetable
from funis.solver.segments import RELATIVE_ATOL, TINY, Floor
from funis.solver.values import MINUTES_PER_DAY, Array, Forcing, Integers

MOST_STEPS = 100_000
"""Steps after which a patient counts as not solved by the kernel."""

ALIGNMENT = 64
"""Of the lanes' memory [byte]: a row of eight doubles."""

CHUNK = 512
"""Patients that a thread takes at once."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """A model's equations, compiled for vectors of W lanes."""

    equations: Equations
    width: int
    code: ModelCode
    model: Library
    driver: Library
    fixed_names: tuple[str, ...]

    @cached_property
    def table(self) -> object:
        """Function of (patient, parameter and constant) to the table of what is fixed."""
        return columns_function(self.equations.graph, self.fixed_names, self.equations.table)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What is to be solved.

    Attributes
    ----------
    start : (patient, state)
    fixed : (patient, parameter and constant)
    timetable : segments of every patient.
    times : minutes of the output grid; whole numbers or not.
    wanted : states that are written to the output.
    forcing : of every patient, or None.
    floor : cell states that vanish below one cell.
    rtol, atol : relative tolerance, and absolute one: a thousandth of it when None.
    tiny : states smaller than this are zero at the start of a segment.
    minutes_per_day : units of `times` in a unit of the time of the rates.
    """

    start: Array
    fixed: Array
    timetable: Timetable
    times: Integers | Array
    wanted: Integers
    forcing: Forcing | None
    floor: Floor
    rtol: float
    atol: float | None = None
    tiny: float = TINY
    minutes_per_day: float = MINUTES_PER_DAY


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the kernel found.

    Attributes
    ----------
    values : (patient, time, wanted state)
    end : (patient, state)
    failed : (patient,)
    steps : (patient,) taken and refused ones.
    """

    values: Array
    end: Array
    failed: NDArray[np.bool_]
    steps: Integers


def load_kernel(form: OdeForm, forced: bool, width: int | None = None) -> Kernel:
    """Compile a form, or take it from the cache.

    Parameters
    ----------
    forced : whether the form's forcing moves.
    width : lanes of a vector; the host's own when None.
    """
    return _kernel(form, forced, host_width() if width is None else width)


@lru_cache(maxsize=16)
def _kernel(form: OdeForm, forced: bool, lanes: int) -> Kernel:
    found = equations(form, forced=forced)
    code = model_code(found, lanes)
    return Kernel(
        found, lanes, code, load(code.text, optimise=False), _driver(lanes), form.fixed_names
    )


@lru_cache(maxsize=4)
def _driver(width: int) -> Library:
    return load(driver_code(width), optimise=True)


def solve_batch(kernel: Kernel, batch: Batch, threads: int = 1) -> Solved:
    """Solve a batch; neither threads nor neighbours change a patient's bytes."""
    count, size = batch.start.shape
    values = np.empty((count, len(batch.times), len(batch.wanted)))
    first = batch.timetable.start[:1]  # of nobody, if there is nobody
    at_start = int(np.searchsorted(batch.times, first, side="right").sum())
    values[:, :at_start] = batch.start[:, None, batch.wanted]
    found = Solved(
        values,
        np.empty((count, size)),
        np.zeros(count, dtype=np.int8),
        np.zeros(count, dtype=np.int64),
    )
    tables = _Tables(kernel, batch, found, at_start)
    ranges = [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    if threads <= 1 or len(ranges) == 1:
        for one in ranges:
            tables.run(*one)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda one: tables.run(*one), ranges))
    failed = (found.failed != 0) | ~np.isfinite(found.end).all(axis=1)
    return Solved(values, found.end, failed, found.steps)


class _Tables:
    """The arrays of one call and the context that points to them."""

    def __init__(self, kernel: Kernel, batch: Batch, found: Solved, first_time: int) -> None:
        self.kernel, self.batch = kernel, batch
        plan, forcing, floor = batch.timetable, batch.forcing, batch.floor
        moving = kernel.equations.moving
        mode = 0 if moving is None else 1 if forcing is not None else 2
        still = np.zeros((1, 2))
        knots, slopes = (still, still) if forcing is None else (forcing.values, forcing.slopes)
        counted = np.isin(floor.states, floor.counted) & (floor.sink is not None)
        integers = {
            "first_segment": plan.first_segment,
            "first_jump": plan.first_jump,
            "first_flow": plan.first_flow,
            "jump_state": plan.jump_state,
            "flow_slot": plan.flow_slot,
            "floor_state": floor.states,
            "floor_counted": counted,
            "out_state": batch.wanted,
        }
        doubles = {
            "start": batch.start,
            "times": batch.times,
            "segment_start": plan.start,
            "segment_end": plan.end,
            "segment_length": (plan.end - plan.start) / batch.minutes_per_day,
            "segment_day": plan.start / batch.minutes_per_day,
            "jump_amount": plan.jump_amount,
            "flow_rate": plan.flow_rate,
            "knot_value": knots,
            "knot_slope": slopes,
        }
        self.arrays: dict[str, NDArray[np.generic]] = {
            "end": found.end, "status": found.failed, "steps": found.steps, "out": found.values,
            **{name: np.ascontiguousarray(one, dtype=np.int64) for name, one in integers.items()},
            **{name: np.ascontiguousarray(one, dtype=np.float64) for name, one in doubles.items()},
        }  # fmt: skip
        code, system = kernel.code, kernel.equations
        self.words: dict[str, int | float] = {
            "states": system.size,
            "extra": len(system.extra),
            "columns": code.table_rows,
            "inflows": len(system.inflows),
            "floors": len(floor.states),
            "sink": -1 if floor.sink is None else floor.sink,
            "time_count": len(batch.times),
            "first_time": first_time,
            "outs": len(batch.wanted),
            "mode": mode,
            "knots": knots.shape[1],
            "first_day": 0.0 if forcing is None else float(forcing.first_day),
            "spacing": 1.0 if forcing is None else float(forcing.spacing_day),
            "rtol": float(batch.rtol),
            "atol": float(batch.rtol) * RELATIVE_ATOL if batch.atol is None else float(batch.atol),
            "most_steps": float(MOST_STEPS),
            "minutes_per_day": float(batch.minutes_per_day),
            "tiny": float(batch.tiny),
        }

    def run(self, first: int, last: int) -> None:
        """Solve the patients of a range; the Python lock is released meanwhile."""
        kernel = self.kernel
        names = ("rates", "slopes", "factor", "solve")
        words = self.words | {name: kernel.model.address(name) for name in names}
        words |= {"coming": first, "last": last, "active": kernel.width}
        table = self._table(first, last)
        addresses = {name: array.ctypes.data for name, array in self.arrays.items()}
        # the table holds the range alone: its address is moved so that patients keep their rows
        # (the stride of one row alone says nothing: NumPy leaves it as it was)
        addresses["table"] = table.ctypes.data - first * table.shape[1] * table.itemsize
        room, memory = _memory(kernel, int(self.words["outs"]))
        context = np.zeros(len(FIELDS), dtype=np.int64)
        doubles = context.view(np.float64)
        for name, value in (words | addresses | room).items():
            place = FIELDS.index(name)
            if isinstance(value, float):
                doubles[place] = value
            else:
                context[place] = value
        run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(kernel.driver.address("run"))
        run(context.ctypes.data)
        del memory, table

    def _table(self, first: int, last: int) -> Array:
        if not self.kernel.equations.table:
            return np.zeros((last - first, 1))
        made: Array = self.kernel.table(self.batch.fixed[first:last])  # type: ignore[operator]
        return made


def _memory(kernel: Kernel, outs: int) -> tuple[dict[str, int], Array]:
    """Return the addresses of the lanes' memory, and the array that owns it."""
    system, code = kernel.equations, kernel.code
    size, extended = system.size, system.size + len(system.extra)
    rows = {
        "y": size, "argument": size, "r": extended, "timed": extended, "u": STAGES * size,
        "fixed": code.table_rows, "inflow": max(len(system.inflows), 1),
        "matrix": code.matrix_rows, "lu": code.lu_rows, "shift": 1, "moving": 3,
        "buffer": max(outs, 1),
    }  # fmt: skip
    lanes: Sequence[str] = (
        "t", "length", "h", "wanted", "next", "day", "taken", "rejected", "fresh", "patient",
        "segment", "sample",
    )  # fmt: skip
    rows |= dict.fromkeys(lanes, 1)
    width = kernel.width
    memory = np.zeros(sum(rows.values()) * width + 8 * (len(rows) + 1))
    address = memory.ctypes.data + -memory.ctypes.data % ALIGNMENT
    addresses = {}
    for name, count in rows.items():
        addresses[name] = address
        address += count * width * memory.itemsize
        address += -address % ALIGNMENT
    return addresses, memory
