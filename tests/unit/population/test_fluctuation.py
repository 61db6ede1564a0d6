import numpy as np
import pytest

from funis.population.fluctuation import fluctuation


def test_knots_are_stationary_with_the_patient_s_own_memory():
    people = np.arange(20_000)
    tau = np.where(people % 2 == 0, 14.0, 60.0)
    path = fluctuation(1, people, tau, -28, 12)
    assert path.values.shape == path.slopes.shape == (20_000, 12)
    assert path.values.std(axis=0) == pytest.approx(np.ones(12), abs=0.03)
    assert path.values.mean(axis=0) == pytest.approx(np.zeros(12), abs=0.03)
    lag = np.mean(path.values[:, 1:] * path.values[:, :-1], axis=1)
    assert lag[::2].mean() == pytest.approx(np.exp(-7 / 14), abs=0.02)
    assert lag[1::2].mean() == pytest.approx(np.exp(-7 / 60), abs=0.02)


def test_slopes_are_differences_of_neighbours():
    path = fluctuation(1, np.arange(3), 20.0, 0, 10)
    inside = (path.values[:, 2:] - path.values[:, :-2]) / 14
    assert np.allclose(path.slopes[:, 1:-1], inside, rtol=1e-14)


def test_a_path_is_the_same_for_one_patient_alone_and_for_another_attempt_another():
    people = np.array([5, 900, 3])
    together = fluctuation(1, people, np.array([10.0, 20.0, 30.0]), -14, 8)
    alone = fluctuation(1, people[1:2], 20.0, -14, 8)
    assert np.array_equal(together.values[1], alone.values[0])
    again = fluctuation(1, people, np.array([10.0, 20.0, 30.0]), -14, 8, np.array([0, 1, 0]))
    assert np.array_equal(together.values[0], again.values[0])
    assert not np.array_equal(together.values[1], again.values[1])


def test_the_solver_s_cubic_meets_knots_and_slopes_and_is_smooth():
    path = fluctuation(7, np.arange(4), 20.0, -7, 9)
    forcing = path.forcing("xi")
    knots = np.arange(-7, 50, 7.0)
    assert (forcing.name, path.last_day) == ("xi", 49)
    assert forcing.at(2, knots) == pytest.approx(path.values[2], abs=1e-14)
    step = 1e-5
    left = (forcing.at(2, knots[1:-1]) - forcing.at(2, knots[1:-1] - step)) / step
    right = (forcing.at(2, knots[1:-1] + step) - forcing.at(2, knots[1:-1])) / step
    assert left == pytest.approx(path.slopes[2, 1:-1], abs=1e-5)
    assert right == pytest.approx(path.slopes[2, 1:-1], abs=1e-5)


@pytest.mark.parametrize(
    ("tau", "first_day", "knots"), [(0.0, 0, 5), (10.0, 3, 5), (10.0, -371, 5), (10.0, 0, 0)]
)
def test_an_impossible_path_is_refused(tau, first_day, knots):
    with pytest.raises(ValueError, match=r"tau|first_day|knot"):
        fluctuation(1, np.arange(2), tau, first_day, knots)
