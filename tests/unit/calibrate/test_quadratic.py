"""A quadratic surface: exact on a quadratic, and honest about points left out."""

import numpy as np
import pytest

from funis.calibrate.quadratic import quadratic, terms

LUCK = np.random.default_rng(5)


def test_a_quadratic_in_three_factors_is_met_everywhere():
    logs, elsewhere = LUCK.normal(size=(40, 3)), LUCK.normal(size=(9, 3))
    weights = LUCK.normal(size=(10, 2))
    surface = quadratic(logs, terms(logs) @ weights)
    assert surface.at(elsewhere) == pytest.approx(terms(elsewhere) @ weights, rel=1e-5, abs=1e-5)
    assert surface.explained == pytest.approx([1, 1])
    assert surface.left_out == pytest.approx([0, 0], abs=1e-5)


def test_what_is_missed_at_a_point_left_out_is_what_a_fit_without_it_misses():
    logs = LUCK.normal(size=(30, 2))
    values = np.stack([np.exp(logs[:, 0]) * logs[:, 1], np.sin(logs.sum(axis=1))], axis=1)
    missed = []
    for point in range(30):
        keep = np.arange(30) != point
        other = np.linalg.lstsq(terms(logs[keep]), values[keep], rcond=None)[0]
        missed.append(values[point] - terms(logs[[point]])[0] @ other)
    expected = np.array(missed)
    surface = quadratic(logs, values)
    assert surface.left_out == pytest.approx(np.sqrt(np.mean(expected**2, axis=0)), rel=1e-4)
    assert surface.covariance == pytest.approx(expected.T @ expected / 30, rel=1e-4)


def test_a_surface_of_no_factor_is_the_mean_and_a_row_that_never_moves_is_explained():
    values = np.array([[1.0, 4.0], [3.0, 4.0]])
    surface = quadratic(np.zeros((2, 0)), values)
    assert surface.at(np.zeros((1, 0))) == pytest.approx(np.array([[2.0, 4.0]]))
    assert surface.explained[1] == 1.0
