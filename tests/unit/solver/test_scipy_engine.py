"""SciPy behind the door."""

import numpy as np
import pytest

from funis.solver import ParameterTable, fixed_values, scipy_engine
from funis.solver.segments import Patient, Segment

DAY = 1440
NOTHING = np.array([], dtype=np.int64)


@pytest.mark.parametrize("method", ["LSODA", "Radau"])
def test_a_solver_that_never_ends_is_stopped(tiny, monkeypatch, method):
    monkeypatch.setattr(scipy_engine, "MOST_EVALUATIONS", 20)
    fixed = fixed_values(tiny.form, ParameterTable(("k_driven",), np.array([[5.0]])))[0]
    state = tiny.form.start(fixed[None])[0] + 1
    piece = Segment(0, 50 * DAY, (), {}, NOTHING)
    with pytest.raises(RuntimeError, match=r"LSODA|more than 20 evaluations"):
        scipy_engine.run_segment(
            tiny.form, method, 1e-8, Patient(0, fixed, None), state, piece, np.array([50 * DAY])
        )


@pytest.mark.parametrize("method", ["LSODA", "Radau"])
def test_an_inflow_enters_its_state(tiny, method):
    fixed = fixed_values(tiny.form, ParameterTable((), np.empty((1, 0))))[0]
    state = tiny.form.start(fixed[None])[0]
    place = tiny.form.states.index("P")
    piece = Segment(0, 2 * DAY, (), {place: 3.0}, NOTHING)
    found = scipy_engine.run_segment(
        tiny.form, method, 1e-8, Patient(0, fixed, None), state, piece, np.array([DAY, 2 * DAY])
    )
    np.testing.assert_allclose(found[:, place], [3.0, 6.0], rtol=1e-7)
