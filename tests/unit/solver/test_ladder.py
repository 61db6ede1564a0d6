"""The ladder: what happens when an engine gives up."""

import numpy as np
import pytest

import funis.solver.ladder as ladder
from funis.protocol import no_doses
from funis.solver import (
    FAILED,
    SOLVED,
    SOLVED_SECOND,
    SOLVED_TIGHTER,
    ParameterTable,
    UnreliableError,
    simulate,
)
from funis.solver.ladder import Rung, climb
from funis.solver.segments import Floor, Patient, segments

TIMES = np.array([0, 1440, 14400])
TWO = ParameterTable(("k_die",), np.array([[0.4], [0.6]]))


def refusing(monkeypatch, refuses):
    """Let the kernel give up where `refuses(rtol, k_die)` says so."""
    run = ladder.run_kernel

    def sometimes(problem, minute, states, rtol, threads, width=None):
        found = run(problem, minute, states, rtol, threads, width)
        killed = problem.fixed[:, problem.form.fixed_names.index("k_die")]
        for row, rate in enumerate(killed.tolist()):
            if refuses(rtol, rate):
                found.status[row], found.values[row], found.end[row] = FAILED, np.nan, np.nan
        return found

    monkeypatch.setattr(ladder, "run_kernel", sometimes)


def test_a_patient_whom_the_kernel_fails_is_solved_tighter(tiny, events, monkeypatch):
    doses = events((0, 0, "iv", 50.0, 0), (1, 0, "iv", 50.0, 0))
    before = simulate(tiny, TWO, doses, TIMES)
    refusing(monkeypatch, lambda rtol, rate: rtol == 1e-5 and rate == 0.6)
    found = simulate(tiny, TWO, doses, TIMES)
    assert found.status.tolist() == [SOLVED, SOLVED_TIGHTER]
    assert np.array_equal(found.values[0], before.values[0])
    np.testing.assert_allclose(found.values[1], before.values[1], rtol=1e-3, atol=1e-5)
    alone = simulate(tiny, TWO, doses, TIMES, engine="kernel", rtol=1e-5 / 100)
    assert np.array_equal(found.values[1], alone.values[1])  # a patient of his own at 1e-7


def test_then_by_a_second_method(tiny, events, monkeypatch):
    doses = events((0, 0, "iv", 50.0, 0), (1, 0, "iv", 50.0, 0))
    before = simulate(tiny, TWO, doses, TIMES, rtol=1e-8)
    refusing(monkeypatch, lambda rtol, rate: rate == 0.4)
    found = simulate(tiny, TWO, doses, TIMES, rtol=1e-8)
    assert found.status.tolist() == [SOLVED_SECOND, SOLVED]
    assert np.array_equal(found.values[1], before.values[1])
    np.testing.assert_allclose(found.values, before.values, rtol=1e-5, atol=1e-5)
    second = simulate(tiny, TWO, doses, TIMES, rtol=1e-8, engine="lsoda")
    assert np.array_equal(found.values[0], second.values[0])  # no patchwork of methods


def test_what_the_kernel_alone_cannot_solve_has_failed(tiny, monkeypatch):
    refusing(monkeypatch, lambda rtol, rate: rate == 0.4)
    found = simulate(tiny, TWO, no_doses(), TIMES, engine="kernel")
    assert found.status.tolist() == [FAILED, SOLVED]
    assert np.all(np.isnan(found.values[0]))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_none_are_a_failure_of_the_engine(tiny, monkeypatch, wrong):
    run = ladder.run_segment
    refusing(monkeypatch, lambda rtol, rate: True)
    monkeypatch.setattr(
        ladder, "run_segment", lambda form, method, *rest: run(form, method, *rest)
        + (wrong if method == "LSODA" else 0.0),
    )  # fmt: skip
    found = simulate(tiny, TWO, no_doses(), TIMES)
    assert found.status.tolist() == [SOLVED_SECOND, SOLVED_SECOND]
    radau = simulate(tiny, TWO, no_doses(), TIMES, engine="radau")
    assert np.array_equal(found.values, radau.values)


# ---- never silently wrong


def many(count):
    return ParameterTable(("k_die",), np.linspace(0.2, 0.8, count)[:, None])


def test_one_patient_in_a_hundred_is_solved_again(tiny):
    found = simulate(tiny, many(260), no_doses(), TIMES)
    assert np.flatnonzero(np.isfinite(found.deviation)).tolist() == [50, 150, 250]
    assert np.all(found.deviation[[50, 150, 250]] < 10)
    more = simulate(tiny, many(20), no_doses(), TIMES, checked=0.2)
    assert np.flatnonzero(np.isfinite(more.deviation)).tolist() == [2, 7, 12, 17]
    none = simulate(tiny, many(260), no_doses(), TIMES, checked=0)
    assert np.all(np.isnan(none.deviation))
    assert np.array_equal(none.values, found.values)


def test_a_wrong_number_without_an_error_ends_the_run(tiny, events, monkeypatch):
    run = ladder.run_kernel

    def wrong(problem, minute, states, rtol, threads, width=None):
        found = run(problem, minute, states, rtol, threads, width)
        found.values[:, 1, 0] += 0.1 if rtol == 1e-5 else 0.0
        return found

    monkeypatch.setattr(ladder, "run_kernel", wrong)
    doses = events(*[(row, 0, "iv", 50.0, 0) for row in range(60)])
    with pytest.raises(UnreliableError, match=r"patient 50: A at day 1 changes by .* at most 10"):
        simulate(tiny, many(60), doses, TIMES)


# ---- one patient at a time


def test_what_nothing_solves_keeps_its_row(tiny):
    def never(*_):
        raise RuntimeError("no")

    rungs = [Rung(SOLVED, never), Rung(SOLVED_SECOND, never)]
    state = np.zeros(len(tiny.form.states))
    pieces = segments(no_doses(), 0, None, state, 0, TIMES, 10**6)
    nobody = np.array([], dtype=np.int64)
    table, end, status = climb(
        rungs, Patient(0, state, None), state, pieces, TIMES, Floor(nobody, nobody, None)
    )
    assert status == FAILED
    assert table.shape == (3, len(state))
    assert np.all(np.isnan(table))
    assert np.all(np.isnan(end))


def test_a_failure_between_segments_starts_the_patient_again(tiny, events):
    """The second engine begins at the first segment: no patient is a patchwork of methods."""
    calls = []

    def engine(name, fails):
        def integrate(patient, state, piece, minutes):
            calls.append((name, piece.start))
            if piece.start == fails:
                raise RuntimeError("gave up")
            return np.tile(state, (len(minutes), 1))

        return integrate

    state = np.zeros(len(tiny.form.states))
    pieces = segments(no_doses(), 0, None, state, 0, TIMES, 10000)
    nobody = np.array([], dtype=np.int64)
    rungs = [Rung(SOLVED, engine("first", 10000)), Rung(SOLVED_SECOND, engine("second", -1))]
    _, _, status = climb(
        rungs, Patient(0, state, None), state, pieces, TIMES, Floor(nobody, nobody, None)
    )
    assert status == SOLVED_SECOND
    assert calls == [("first", 0), ("first", 10000), ("second", 0), ("second", 10000)]
