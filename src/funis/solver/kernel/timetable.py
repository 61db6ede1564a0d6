"""Everybody's time, cut into segments without jumps: flat tables that the driver reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.solver.segments import LONGEST_DAY, Gains
from funis.solver.values import MINUTES_PER_DAY, Array, Doses, Integers


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """Segments of all patients.

    Attributes
    ----------
    first_segment : (patient + 1,) where each patient's segments begin.
    start, end : (segment,) minutes; whole numbers or not.
    first_jump, jump_state, jump_amount : what is added to states at the start of a segment;
        (segment + 1,) where each segment's jumps begin, (jump,), (jump,).
    first_flow, flow_slot, flow_rate : what flows in during a segment, per day, alike.
    """

    first_segment: Integers
    start: Integers | Array
    end: Integers | Array
    first_jump: Integers
    jump_state: Integers
    jump_amount: Array
    first_flow: Integers
    flow_slot: Integers
    flow_rate: Array


def one_segment(patients: int, start: float, end: float) -> Timetable:
    """Return a time without jumps or flows, the same for everybody."""
    nothing, none = np.empty(0, np.int64), np.zeros(patients + 1, np.int64)
    return Timetable(
        np.arange(patients + 1, dtype=np.int64), np.full(patients, start), np.full(patients, end),
        none, nothing, np.empty(0), none, nothing, np.empty(0),
    )  # fmt: skip


def timetable(
    doses: Doses,
    gains: Gains,
    slots: Mapping[int, int],
    fixed: Array,
    start: int,
    end: int,
    window: int = LONGEST_DAY * MINUTES_PER_DAY,
) -> Timetable:
    """Cut the time from start to end of every patient.

    Parameters
    ----------
    doses : all events; those of nothing, and past boluses, are left out.
    gains : how inputs reach states.
    slots : state -> slot of its inflow.
    fixed : (patient, parameter and constant), that the gains are taken from.
    window : longest segment [minute].

    Notes
    -----
    Events at the last minute belong to whoever continues. An infusion under way at `start` goes
    on.
    """
    given = np.asarray(doses.amount) != 0
    patient = np.asarray(doses.patient)[given]
    minute, duration = np.asarray(doses.minute)[given], np.asarray(doses.duration_minute)[given]
    amount, name = np.asarray(doses.amount)[given], np.asarray(doses.input)[given]
    bolus = (duration == 0) & (minute >= start) & (minute < end)
    infusion = (duration > 0) & (minute + duration > start) & (minute < end)
    stop = minute + duration
    span = end - start + 1
    cuts = [(patient[bolus], minute[bolus])]
    for edge in (minute, stop):
        inside = infusion & (edge > start) & (edge < end)
        cuts.append((patient[inside], edge[inside]))
    owner, first, last = _segments(len(fixed), cuts, start, end, window)
    keys = owner * span + (first - start)
    jumps, flows = [], []
    for input_name, columns in gains.columns.items():
        mine = name == input_name
        for state, column in columns:
            share = fixed[patient, column] * amount
            here = np.flatnonzero(mine & bolus)
            at = np.searchsorted(keys, patient[here] * span + (minute[here] - start))
            jumps.append((at, np.full(len(here), state), share[here], here))
            flow = np.flatnonzero(mine & infusion)
            begin = np.maximum(minute[flow], start) - start
            low = np.searchsorted(keys, patient[flow] * span + begin)
            until = np.minimum(stop[flow], end) - start
            high = np.searchsorted(keys, patient[flow] * span + until)
            rate = share[flow] / (duration[flow] / MINUTES_PER_DAY)
            if len(flow):
                flows.append(_spread(low, high, slots[state], rate, flow))
    count = len(first)
    return Timetable(
        np.searchsorted(owner, np.arange(len(fixed) + 1)).astype(np.int64),
        first,
        last,
        *_listed(jumps, count),
        *_listed(flows, count),
    )


Entries = tuple[Integers, Integers, Array, Integers]


def _segments(
    patients: int,
    cuts: list[tuple[Integers, Integers]],
    start: int,
    end: int,
    window: int,
) -> tuple[Integers, Integers, Integers]:
    """Return owner, start and end of every segment, ordered."""
    span = end - start + 1
    everyone = np.arange(patients, dtype=np.int64)
    keys = [everyone * span, everyone * span + (end - start)]
    keys += [who * span + (when - start) for who, when in cuts]
    edges = np.unique(np.concatenate(keys))
    left, right = edges[:-1], edges[1:]
    own = left // span == right // span
    left, right = left[own], right[own]
    pieces = -(-(right - left) // window)
    first = np.repeat(left, pieces)
    begin = np.repeat(np.cumsum(pieces) - pieces, pieces)
    first = first + window * (np.arange(len(first)) - begin)
    last = np.minimum(first + window, np.repeat(right, pieces))
    owner = first // span
    return owner, first - owner * span + start, last - owner * span + start


def _spread(
    low: Integers, high: Integers, slot: int, rate: Array, order: NDArray[np.int64]
) -> Entries:
    """Return one entry for every segment that an infusion runs through."""
    length = np.maximum(high - low, 0)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    at = np.repeat(low, length) + offset
    return at, np.full(len(at), slot), np.repeat(rate, length), np.repeat(order, length)


def _listed(entries: list[Entries], segments: int) -> tuple[Integers, Integers, Array]:
    """Sort entries by segment, then by the order of the doses."""
    if not entries:
        return np.zeros(segments + 1, np.int64), np.empty(0, np.int64), np.empty(0)
    at, row, amount, order = (np.concatenate(column) for column in zip(*entries, strict=True))
    sort = np.lexsort((row, order, at))
    first = np.searchsorted(at[sort], np.arange(segments + 1))
    return (
        first.astype(np.int64),
        row[sort].astype(np.int64),
        np.ascontiguousarray(amount[sort], dtype=np.float64),
    )
