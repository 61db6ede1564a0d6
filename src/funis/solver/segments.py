"""Doses and forcing windows cut one patient's time into segments without jumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from funis.solver.values import MINUTES_PER_DAY, Array, Doses, Forcing, Integers

FIRST_STEP_DAY = 1e-4
"""First step of every segment: left to themselves engines derive it from the first output."""

LONGEST_DAY = 105
"""Longest segment without forcing: states that decay meet the floor before they are lost [day]."""

LEAST_RTOL = 1e-10
"""Tighter tolerances than this are below what double precision can keep."""

RELATIVE_ATOL = 1e-3
"""The absolute tolerance as a share of the relative one."""

CELL_FLOOR = 1e-6
"""One cell, in units of 1e6: smaller cell states are set to zero at every boundary."""

TINY = 1e-12
"""Any smaller state is zero: a drug exposure decayed to 1e-36 made CVODE fail on its first step."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One smooth stretch of one patient's time.

    Attributes
    ----------
    start, end : minutes.
    jumps : (state index, amount) added at the start.
    inflows : state index -> rate per day during the segment.
    outputs : positions in the output grid that lie in (start, end].
    """

    start: int
    end: int
    jumps: tuple[tuple[int, float], ...]
    inflows: Mapping[int, float]
    outputs: Integers


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient as an engine sees it.

    Attributes
    ----------
    row : place in the arrays of the door, also in those of the forcing.
    fixed : (parameter and constant,)
    forcing : of all patients, or None.
    """

    row: int
    fixed: Array
    forcing: Forcing | None


@dataclass(frozen=True, slots=True)
class Floor:
    """Cell states that vanish below one cell at every boundary.

    Attributes
    ----------
    states : their indices.
    counted : those of them whose cells move to the sink; the others are lost.
    sink : index of the sink, or None.
    """

    states: Integers
    counted: Integers
    sink: int | None


@dataclass(frozen=True, slots=True)
class Gains:
    """How an input reaches states: input -> [(state index, column of the derived constant)]."""

    columns: Mapping[str, tuple[tuple[int, int], ...]]


def segments(
    doses: Doses, row: int, gains: Gains, fixed: Array, start: int, times: Integers, window: int
) -> list[Segment]:
    """Return the segments of one patient over [start, last time).

    Parameters
    ----------
    doses : all events; those of other patients, of nothing, and past boluses are left out here.
    row : the patient.
    fixed : (parameter and constant,) of this patient, that the gains are taken from.
    window : longest segment [minute].

    Notes
    -----
    Events at the last minute belong to whoever continues. An infusion under way at `start`
    goes on.
    """
    end = int(times[-1])
    mine = np.flatnonzero((np.asarray(doses.patient) == row) & (doses.amount != 0)).tolist()
    jumps: dict[int, list[tuple[int, float]]] = {}
    infusions: list[tuple[int, int, int, float]] = []
    for event in mine:
        minute, duration = int(doses.minute[event]), int(doses.duration_minute[event])
        for state, column in gains.columns[str(doses.input[event])]:
            amount = float(fixed[column]) * float(doses.amount[event])
            if duration == 0:
                jumps.setdefault(minute, []).append((state, amount))
            else:
                rate = amount / (duration / MINUTES_PER_DAY)
                infusions.append((minute, minute + duration, state, rate))
    cuts = {start, end} | {m for m in jumps if start <= m < end}
    cuts |= {m for i in infusions for m in i[:2] if start < m < end}
    bounds = _windows(sorted(cuts), window)
    return [
        Segment(
            left,
            right,
            tuple(jumps.get(left, ())),
            _flow(infusions, left),
            np.flatnonzero((times > left) & (times <= right)),
        )
        for left, right in pairwise(bounds)
    ]


def _windows(cuts: Sequence[int], window: int) -> list[int]:
    bounds = [cuts[0]]
    for cut in cuts[1:]:
        while cut - bounds[-1] > window:
            bounds.append(bounds[-1] + window)
        bounds.append(cut)
    return bounds


def _flow(infusions: Sequence[tuple[int, int, int, float]], minute: int) -> dict[int, float]:
    rates: dict[int, float] = {}
    for first, last, state, rate in infusions:
        if first <= minute < last:
            rates[state] = rates.get(state, 0.0) + rate
    return rates


def begin(state: Array, segment: Segment, floor: Floor) -> Array:
    """Apply the floor and then the jumps of a segment to a state, (state,)."""
    state = state.copy()
    small = floor.states[state[floor.states] < CELL_FLOOR]
    if floor.sink is not None:
        state[floor.sink] += state[np.intersect1d(small, floor.counted)].sum()
    state[small] = 0.0
    state[np.abs(state) < TINY] = 0.0
    for index, amount in segment.jumps:
        state[index] += amount
    return state
