"""The ladder: what happens when an engine gives up."""

import numpy as np
import pytest

from funis.protocol import no_doses
from funis.solver import FAILED, SOLVED, SOLVED_SECOND, SOLVED_TIGHTER, ParameterTable, simulate
from funis.solver.ladder import Rung, climb, ladder
from funis.solver.roadrunner import Runner
from funis.solver.segments import Floor, Patient, segments

TIMES = np.array([0, 1440, 14400])
TWO = ParameterTable(("k_die",), np.array([[0.4], [0.6]]))


def refusing(monkeypatch, refuses):
    """Let CVODE give up where `refuses(tolerance, patient)` says so."""
    run = Runner.run

    def sometimes(self, tolerance, patient, *rest):
        if refuses(tolerance, patient):
            raise RuntimeError("CV_ERR_FAILURE")
        return run(self, tolerance, patient, *rest)

    monkeypatch.setattr(Runner, "run", sometimes)


def test_the_rungs_and_their_order(tiny):
    statuses = [rung.status for rung in ladder(tiny, None, 1e-5, "ladder", False)]
    assert statuses == [SOLVED, SOLVED_TIGHTER, SOLVED_SECOND, SOLVED_SECOND]
    for engine in ("roadrunner", "lsoda", "radau"):
        assert [rung.status for rung in ladder(tiny, None, 1e-5, engine, False)] == [SOLVED]


def test_a_patient_whom_the_first_engine_fails_is_solved_tighter(tiny, events, monkeypatch):
    doses = events((0, 0, "iv", 50.0, 0), (1, 0, "iv", 50.0, 0))
    before = simulate(tiny, TWO, doses, TIMES)
    refusing(monkeypatch, lambda tolerance, patient: tolerance.order == 5 and patient.row == 1)
    found = simulate(tiny, TWO, doses, TIMES)
    assert found.status.tolist() == [SOLVED, SOLVED_TIGHTER]
    assert np.array_equal(found.values[0], before.values[0])
    np.testing.assert_allclose(found.values[1], before.values[1], rtol=1e-3, atol=1e-5)


def test_then_by_a_second_method(tiny, events, monkeypatch):
    doses = events((0, 0, "iv", 50.0, 0), (1, 0, "iv", 50.0, 0))
    before = simulate(tiny, TWO, doses, TIMES, rtol=1e-8)
    refusing(monkeypatch, lambda tolerance, patient: patient.row == 0)
    found = simulate(tiny, TWO, doses, TIMES, rtol=1e-8)
    assert found.status.tolist() == [SOLVED_SECOND, SOLVED]
    np.testing.assert_allclose(found.values, before.values, rtol=1e-5, atol=1e-5)


def test_a_failure_between_segments_starts_the_patient_again(tiny, events, monkeypatch):
    """The second engine begins at the first segment: no patient is a patchwork of methods."""
    doses = events((0, 1440, "iv", 50.0, 0))
    calls = []

    def late(tolerance, patient):
        calls.append(tolerance.order)
        return tolerance.order == 5 and len(calls) == 2

    one = ParameterTable((), np.empty((1, 0)))
    refusing(monkeypatch, late)
    found = simulate(tiny, one, doses, TIMES)
    assert found.status.tolist() == [SOLVED_TIGHTER]
    assert calls == [5, 5, 3, 3]


def test_what_nothing_solves_keeps_its_row(tiny):
    def never(*_):
        raise RuntimeError("no")

    rungs = [Rung(rung.status, never) for rung in ladder(tiny, None, 1e-5, "ladder", False)]
    state = np.zeros(len(tiny.form.states))
    pieces = segments(no_doses(), 0, None, state, 0, TIMES, 10**6)
    nobody = np.array([], dtype=np.int64)
    table, status = climb(
        rungs, Patient(0, state, None), state, pieces, TIMES, Floor(nobody, nobody, None)
    )
    assert status == FAILED
    assert table.shape == (3, len(state))
    assert np.all(np.isnan(table))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_none_are_a_failure_of_the_engine(tiny, monkeypatch, wrong):
    run = Runner.run
    monkeypatch.setattr(Runner, "run", lambda self, *given: run(self, *given) + wrong)
    found = simulate(tiny, TWO, no_doses(), TIMES)
    assert found.status.tolist() == [SOLVED_SECOND, SOLVED_SECOND]
    assert np.all(np.isfinite(found.values))
