"""Segments: where a patient's time is cut, what happens at each cut, and the floor."""

from itertools import pairwise

import numpy as np
import pytest

from funis.protocol import no_doses
from funis.solver.segments import CELL_FLOOR, Floor, Gains, Segment, begin, segments

DAY = 1440
FIXED = np.array([0.75, 0.25, 1.0])
GAINS = Gains({"iv": ((0, 0), (2, 1)), "local": ((0, 2),)})
LONG = 1000 * DAY


def cut(doses, start, times, window=LONG, row=0):
    return segments(doses, row, GAINS, FIXED, start, np.array(times), window)


def test_without_doses_there_is_one_segment():
    (piece,) = cut(no_doses(), 0, [0, 10, 20])
    assert (piece.start, piece.end, piece.jumps, piece.inflows) == (0, 20, (), {})
    assert piece.outputs.tolist() == [1, 2]


def test_a_bolus_is_split_over_states_by_the_patients_gains(events):
    pieces = cut(events((0, 5, "iv", 8.0, 0)), 0, [20])
    assert [(p.start, p.end) for p in pieces] == [(0, 5), (5, 20)]
    assert pieces[0].jumps == ()
    assert pieces[1].jumps == ((0, 6.0), (2, 2.0))


def test_an_infusion_is_a_rate_per_day_between_its_ends(events):
    pieces = cut(events((0, 5, "local", 8.0, 2 * DAY)), 0, [10 * DAY])
    assert [(p.start, p.end) for p in pieces] == [(0, 5), (5, 5 + 2 * DAY), (5 + 2 * DAY, 10 * DAY)]
    assert [dict(p.inflows) for p in pieces] == [{}, {0: 4.0}, {}]


def test_only_the_patients_own_doses_from_the_start_on_count(events):
    doses = events(
        (0, 5, "local", 1.0, 0),
        (1, 6, "local", 2.0, 0),
        (0, 7, "local", 3.0, 0),
        (0, 2, "local", 4.0, 4),
    )
    pieces = cut(doses, 6, [20])
    assert [(p.start, p.end) for p in pieces] == [(6, 7), (7, 20)]
    assert [p.jumps for p in pieces] == [(), ((0, 3.0),)]
    assert all(not p.inflows for p in pieces)


def test_an_infusion_under_way_goes_on(events):
    pieces = cut(events((0, 0, "local", 6.0, 10)), 4, [20])
    assert [(p.start, p.end) for p in pieces] == [(4, 10), (10, 20)]
    assert pieces[0].inflows == {0: 6.0 / (10 / DAY)}


def test_a_dose_at_the_end_is_left_to_whoever_continues(events):
    pieces = cut(events((0, 20, "local", 1.0, 0), (0, 20, "local", 1.0, 30)), 0, [20])
    assert [(p.start, p.end, p.jumps) for p in pieces] == [(0, 20, ())]


def test_a_dose_of_nothing_is_no_event(events):
    doses = events((0, 5, "iv", 0.0, 0), (0, 7, "local", 0.0, 4))
    assert [(p.start, p.end) for p in cut(doses, 0, [20])] == [(0, 20)]


def test_long_stretches_are_cut_into_windows():
    pieces = cut(no_doses(), 3, [3, 10, 25], window=10)
    assert [(p.start, p.end) for p in pieces] == [(3, 13), (13, 23), (23, 25)]
    assert [p.outputs.tolist() for p in pieces] == [[1], [], [2]]


def test_each_output_lies_in_exactly_one_segment(events):
    rng = np.random.default_rng(5)
    rows = [(0, int(m), "iv", 1.0, int(d)) for m, d in rng.integers(0, 400, (12, 2))]
    times = np.unique(rng.integers(1, 500, 60))
    pieces = cut(events(*rows), 0, times, window=70)
    assert np.concatenate([p.outputs for p in pieces]).tolist() == list(range(len(times)))
    assert all(a.end == b.start for a, b in pairwise(pieces))


FLOOR = Floor(np.array([0, 1]), np.array([0]), 2)
EMPTY = Segment(0, 1, (), {}, np.array([], dtype=np.int64))


@pytest.mark.parametrize("small", [0.9 * CELL_FLOOR, -0.9 * CELL_FLOOR, -1e-3])
def test_less_than_a_cell_moves_to_the_sink(small):
    found = begin(np.array([small, 1.0, 5.0]), EMPTY, FLOOR)
    assert found.tolist() == [0.0, 1.0, 5.0 + small]


def test_what_is_no_cell_given_is_lost_and_not_counted():
    """Licensed monocytes went to the sink of the infused cells: that broke the mass balance."""
    found = begin(np.array([2.0, 0.5 * CELL_FLOOR, 5.0]), EMPTY, FLOOR)
    assert found.tolist() == [2.0, 0.0, 5.0]


def test_other_states_keep_small_values_down_to_rounding():
    floor = Floor(np.array([], dtype=np.int64), np.array([], dtype=np.int64), None)
    assert begin(np.array([1e-9, -1e-9, 1e-36]), EMPTY, floor).tolist() == [1e-9, -1e-9, 0.0]


def test_jumps_come_after_the_floor_and_the_state_is_a_copy():
    state = np.array([0.5 * CELL_FLOOR, 1.0, 0.0])
    piece = Segment(0, 1, ((0, 0.1 * CELL_FLOOR), (0, 3.0)), {}, np.array([], dtype=np.int64))
    found = begin(state, piece, FLOOR)
    assert found[0] == pytest.approx(3.0, rel=1e-6)
    assert state.tolist() == [0.5 * CELL_FLOOR, 1.0, 0.0]
