"""Flat tables of segments against the segments of one patient after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.solver.kernel.timetable import timetable
from funis.solver.segments import Gains, segments
from funis.solver.values import DoseRows

GAINS = Gains({"iv": ((0, 0), (2, 1)), "local": ((0, 2),)})
SLOTS = {0: 0, 2: 1}
STATES = {slot: state for state, slot in SLOTS.items()}

EVENT = st.tuples(
    st.integers(0, 3),
    st.integers(-40, 120),
    st.sampled_from(["iv", "local"]),
    st.sampled_from([0.0, 0.1, 1.0, 7.3]),
    st.sampled_from([0, 0, 1, 5, 30, 200]),
)


def rows(events):
    patient, minute, name, amount, duration = zip(*events, strict=True) if events else [()] * 5
    return DoseRows(
        np.array(patient, dtype=np.int64), np.array(minute, dtype=np.int64),
        np.array(name, dtype=object), np.array(amount, dtype=np.float64),
        np.array(duration, dtype=np.int64),
    )  # fmt: skip


def listed(plan, patient):
    """Return a patient's segments from the flat tables."""
    found = []
    for at in range(plan.first_segment[patient], plan.first_segment[patient + 1]):
        jumps, flows = (slice(first[at], first[at + 1]) for first in
                        (plan.first_jump, plan.first_flow))  # fmt: skip
        flow: dict[int, float] = {}
        for slot, rate in zip(plan.flow_slot[flows].tolist(), plan.flow_rate[flows].tolist(),
                              strict=True):  # fmt: skip
            flow[STATES[slot]] = flow.get(STATES[slot], 0.0) + rate
        jump = sorted(zip(plan.jump_state[jumps].tolist(), plan.jump_amount[jumps].tolist(),
                          strict=True), key=lambda one: one[0])  # fmt: skip
        found.append((int(plan.start[at]), int(plan.end[at]), jump, flow))
    return found


@given(
    events=st.lists(EVENT, max_size=12),
    patients=st.integers(4, 6),
    start=st.integers(-30, 60),
    length=st.integers(1, 100),
    window=st.sampled_from([1, 7, 30, 10**6]),
)
def test_the_tables_are_the_segments_of_every_patient(events, patients, start, length, window):
    doses = rows(events)
    fixed = np.random.default_rng(0).uniform(0.1, 1, (patients, 3))
    end = start + length
    plan = timetable(doses, GAINS, SLOTS, fixed, start, end, window)
    assert plan.first_segment[0] == 0
    assert plan.first_segment[-1] == len(plan.start) == len(plan.first_jump) - 1
    for patient in range(patients):
        pieces = segments(doses, patient, GAINS, fixed[patient], start, np.array([end]), window)
        wanted = [
            (p.start, p.end, sorted(p.jumps, key=lambda one: one[0]), dict(p.inflows))
            for p in pieces
        ]
        assert listed(plan, patient) == wanted


def test_nobody_has_no_segment():
    plan = timetable(rows([]), GAINS, SLOTS, np.empty((0, 3)), 0, 10)
    assert plan.first_segment.tolist() == [0]
    assert len(plan.start) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_doses_at_one_minute_keep_their_order(order):
    """Sums of three amounts depend on their order in the last bit."""
    events = [(0, 5, "local", amount, 0) for amount in (0.1, 0.2, 0.3)][::order]
    plan = timetable(rows(events), GAINS, SLOTS, np.ones((1, 3)), 0, 10)
    assert plan.jump_amount.tolist() == [one[3] for one in events]


def test_tables_are_what_the_driver_can_read():
    plan = timetable(rows([(0, 5, "iv", 1.0, 3)]), GAINS, SLOTS, np.ones((2, 3)), 0, 10)
    for name in plan.__slots__:
        column = getattr(plan, name)
        assert column.flags.c_contiguous
        assert column.dtype == (np.float64 if name in ("jump_amount", "flow_rate") else np.int64)
