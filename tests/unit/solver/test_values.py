"""Parameter tables, forcing and trajectories as values."""

import numpy as np
import pytest

from funis.solver import FAILED, SOLVED, Forcing, ParameterTable, Trajectories

TABLE = ParameterTable(("a", "b"), np.array([[1.0, 2.0], [3.0, 4.0]]))


def test_a_table_has_a_column_for_each_name():
    with pytest.raises(ValueError, match=r"values must be \(patient, 2\), not \(2, 3\)"):
        ParameterTable(("a", "b"), np.zeros((2, 3)))


def test_a_scenario_replaces_and_adds_columns():
    found = TABLE.replaced({"b": 9.0, "c": 7.0})
    assert found.names == ("a", "b", "c")
    assert found.values.tolist() == [[1.0, 9.0, 7.0], [3.0, 9.0, 7.0]]
    assert TABLE.values.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_rows_of_a_table():
    assert TABLE.rows(np.array([1])).values.tolist() == [[3.0, 4.0]]


def test_a_forcing_meets_values_and_slopes_of_its_knots():
    rng = np.random.default_rng(0)
    path = Forcing("xi", -7.0, 7.0, rng.normal(size=(2, 5)), rng.normal(size=(2, 5)))
    knots = -7.0 + 7.0 * np.arange(5)
    for row in (0, 1):
        np.testing.assert_allclose(path.at(row, knots), path.values[row], atol=1e-14)
        inner, h = knots[1:-1], 1e-6
        right = (path.at(row, inner + h) - path.at(row, inner)) / h
        left = (path.at(row, inner) - path.at(row, inner - h)) / h
        np.testing.assert_allclose(right, path.slopes[row, 1:-1], atol=1e-5)
        np.testing.assert_allclose(left, path.slopes[row, 1:-1], atol=1e-5)
    assert np.array_equal(path.rows(np.array([1])).at(0, knots), path.at(1, knots))


def test_a_path_is_the_forcing_of_one_patient_to_the_last_bit():
    rng = np.random.default_rng(3)
    forcing = Forcing("xi", -7.0, 7.0, rng.normal(size=(3, 5)), rng.normal(size=(3, 5)))
    days = np.concatenate([rng.uniform(-9, 23, 200), -7.0 + 7.0 * np.arange(5)])
    everyone = forcing.at(np.arange(3)[:, None], days)
    for row in range(3):
        path = forcing.path(row)
        assert [path(day) for day in days.tolist()] == forcing.at(row, days).tolist()
        assert np.array_equal(everyone[row], forcing.at(row, days))


def test_a_forcing_of_a_cubic_is_that_cubic():
    days = np.array([[0.0, 2.0, 4.0]])
    path = Forcing("xi", 0.0, 2.0, days**3 - days, 3 * days**2 - 1)
    at = np.linspace(0, 4, 33)
    np.testing.assert_allclose(path.at(0, at), at**3 - at, atol=1e-12)


def test_trajectories_by_name_and_failure():
    status = np.array([SOLVED, FAILED], dtype=np.int8)
    values = np.arange(8.0).reshape(2, 2, 2)
    found = Trajectories(("a", "b"), np.array([0, 1]), values, values[:, -1], status)
    assert found.output("b").tolist() == [[1.0, 3.0], [5.0, 7.0]]
    assert found.failed.tolist() == [False, True]
    assert found.sensitivities is None
