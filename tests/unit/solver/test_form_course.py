"""Any smooth model for many patients: closed forms, its own times, what is refused."""

import numpy as np
import pytest

from funis.models.compose import sbml_text
from funis.models.sbml import ode_form, read_sbml
from funis.solver import ParameterTable
from funis.solver.form_course import simulate_form

TIMES = np.array([0.0, 0.1, 1.0, 2.5])


@pytest.fixture
def decay(tmp_path):
    """A -> B at rate k, beside a forced oscillation; amounts far below the floor of cells."""
    text = sbml_text(
        """model m()
        k = 2; c = 3e-13; compartment box = 1; substanceOnly species A in box, B in box;
        A = c; B = 0; J: A -> B; k*A;
        X' = cos(time); X = 1; twice := 2*A;
        end
        """,
        "m",
    )
    (tmp_path / "model.xml").write_text(text)
    return ode_form(read_sbml(tmp_path / "model.xml"))


def nodes(form, *names):
    return [form.graph.symbol(name) for name in names]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_population_follows_closed_forms(decay, threads):
    k = np.linspace(0.1, 5, 1100)
    table = ParameterTable(("k",), k[:, None])
    wanted = nodes(decay, "A", "twice", "X", "time")
    found = simulate_form(
        decay, table, TIMES, wanted, rtol=1e-8, atol=1e-25, threads=threads
    )  # fmt: skip
    left = 3e-13 * np.exp(-k[:, None] * TIMES)
    np.testing.assert_allclose(found[:, :, 0], left, rtol=1e-6)
    np.testing.assert_allclose(found[:, :, 1], 2 * left, rtol=1e-6)
    np.testing.assert_allclose(found[:, :, 2], np.tile(1 + np.sin(TIMES), (1100, 1)), rtol=1e-6)
    assert np.array_equal(found[:, :, 3], np.tile(TIMES, (1100, 1)))


def test_times_are_the_models_own_and_need_not_be_whole(decay):
    one = ParameterTable((), np.empty((1, 0)))
    late = simulate_form(decay, one, np.array([0.3, 1 / 3]), nodes(decay, "A"), rtol=1e-8,
                         atol=1e-25)  # fmt: skip
    np.testing.assert_allclose(late[0, :, 0], 3e-13 * np.exp([-0.6, -2 / 3]), rtol=1e-6)
    still = simulate_form(decay, one, np.array([0.0]), nodes(decay, "A"))
    assert still.tolist() == [[[3e-13]]]


def test_a_patient_without_a_number_is_no_number_and_alone_in_it(decay):
    table = ParameterTable(("k",), np.array([[1.0], [np.nan], [2.0]]))
    found = simulate_form(decay, table, TIMES, nodes(decay, "A"))
    assert np.isnan(found).any(axis=(1, 2)).tolist() == [False, True, False]


@pytest.mark.parametrize("times", [[0.0, 0.0], [1.0, 0.5], [-1.0, 0.5]])
def test_times_that_do_not_rise_are_refused(decay, times):
    one = ParameterTable((), np.empty((1, 0)))
    with pytest.raises(ValueError, match="times must rise, from the start on"):
        simulate_form(decay, one, np.array(times), nodes(decay, "A"))
