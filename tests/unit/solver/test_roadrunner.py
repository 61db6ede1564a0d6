"""libRoadRunner behind the door: the forcing's window, the conserved sum, the silence."""

import os

import numpy as np
import pytest

from funis.solver import Forcing, ParameterTable, fixed_values, simulate
from funis.solver.roadrunner import WINDOW_KNOTS, Tolerance, _balanced, load_runner, silenced
from funis.solver.scipy_engine import run_segment
from funis.solver.segments import Patient, Segment

DAY = 1440
NOTHING = np.array([], dtype=np.int64)


@pytest.mark.parametrize("start", [0, 7 * DAY, 7 * DAY - 1, 12345])
def test_the_window_is_the_forcing_from_any_start(tiny, start):
    rng = np.random.default_rng(7)
    path = Forcing("xi", 0.0, 7.0, rng.normal(size=(2, 30)), rng.normal(size=(2, 30)) / 7)
    fixed = fixed_values(tiny.form, ParameterTable((), np.empty((1, 0))))[0]
    state = tiny.form.start(fixed[None])[0]
    minutes = start + np.arange(1, 7 * (WINDOW_KNOTS - 1) + 1) * DAY
    piece = Segment(start, int(minutes[-1]), (), {}, NOTHING)
    runner = load_runner(tiny.sbml, tiny.form, "xi")
    ours = runner.run(Tolerance(1e-10, 1e-13, 5), Patient(1, fixed, path), state, piece, minutes)
    theirs = run_segment(tiny.form, "LSODA", 1e-11, Patient(1, fixed, path), state, piece, minutes)
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


def test_the_conserved_states_are_found_in_the_reactions(tiny):
    names = [tuple(tiny.form.states[index] for index in group) for group in tiny.form.conserved]
    assert names == [("A", "P")]  # B is born and dies, so it is none of them


def test_what_slips_goes_to_the_largest_state():
    table = np.array([[1.0, 5.0, 9.0], [4.0, 3.0, 9.0]])
    piece = Segment(0, 2 * DAY, (), {0: 0.5}, NOTHING)
    found = _balanced(table, np.array([2.0, 4.0, 0.0]), piece, np.array([1.0, 2.0]), ((0, 1),))
    assert found.tolist() == [[1.0, 5.5, 9.0], [4.0, 3.0, 9.0]]


def test_what_slips_is_less_than_the_tolerance(tiny, events):
    """Without the correction the sum would still hold to the tolerance: nothing is hidden by it."""
    fixed = fixed_values(tiny.form, ParameterTable((), np.empty((1, 0))))[0]
    state = tiny.form.start(fixed[None])[0]
    state[tiny.form.states.index("A")] = 50.0
    minutes = np.arange(1, 30) * DAY
    piece = Segment(0, int(minutes[-1]), (), {}, NOTHING)
    runner = load_runner(tiny.sbml, tiny.form, None)
    plain = type(runner)(*[getattr(runner, f) for f in runner.__dataclass_fields__][:-1], ())
    for rtol in (1e-4, 1e-6, 1e-8):
        tolerance = Tolerance(rtol, rtol * 1e-3, 5)
        loose = plain.run(tolerance, Patient(0, fixed, None), state, piece, minutes)
        exact = runner.run(tolerance, Patient(0, fixed, None), state, piece, minutes)
        members = list(tiny.form.conserved[0])
        assert np.abs(loose[:, members].sum(axis=1) - 50).max() <= rtol * 50
        assert np.abs(exact[:, members].sum(axis=1) - 50).max() <= 1e-12 * 50


def test_a_loaded_model_is_kept(tiny):
    assert load_runner(tiny.sbml, tiny.form, "xi") is load_runner(tiny.sbml, tiny.form, "xi")
    assert load_runner(tiny.sbml, tiny.form, None) is not load_runner(tiny.sbml, tiny.form, "xi")


def test_native_output_stays_off_the_terminal(capfd):
    with silenced():
        os.write(1, b"chatter")
        os.write(2, b"chatter")
    os.write(1, b"heard")
    assert capfd.readouterr() == ("heard", "")


def test_native_output_returns_after_an_error(capfd):
    with pytest.raises(RuntimeError), silenced():
        raise RuntimeError("stop")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_a_failing_engine_says_nothing(tiny, capfd):
    table = ParameterTable(("k_blow",), np.array([[1.0]]))
    from funis.protocol import no_doses

    found = simulate(tiny, table, no_doses(), np.array([0, 5 * DAY]))
    assert found.failed.tolist() == [True]
    assert capfd.readouterr() == ("", "")
