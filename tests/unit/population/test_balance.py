import numpy as np
import pytest

from funis.checks import InputError
from funis.population.balance import balance, effective_size
from funis.population.streams import normal

AGE = 50 + 10 * normal(1, "age", np.arange(2000))
SCORE = 5 + normal(1, "score", np.arange(2000)) + 0.03 * (AGE - 50)


def features(age, age_sd, score):
    table = np.column_stack([AGE, (AGE - age) ** 2, SCORE])
    return table, np.array([age, age_sd**2, score]), ["age", "age variance", "score"]


def test_weights_meet_every_moment():
    table, goals, names = features(54.8, 8.0, 5.8)
    weights = balance(table, goals, names)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() > 0.0
    assert weights @ table == pytest.approx(goals, rel=1e-9)
    assert 200 < effective_size(weights) < 2000


def test_weights_are_the_exponential_tilt():
    weights = balance(AGE[:, None], np.array([54.0]), ["age"])
    slope = np.polyfit(AGE, np.log(weights), 1)
    assert np.log(weights) == pytest.approx(np.polyval(slope, AGE), abs=1e-9)


def test_met_or_absent_targets_leave_equal_weights():
    assert balance(AGE[:, None], np.array([AGE.mean()]), ["age"]) == pytest.approx(1 / 2000)
    equal = balance(np.empty((4, 0)), np.empty(0), [])
    assert equal.tolist() == [0.25] * 4
    assert effective_size(equal) == pytest.approx(4.0)


def test_a_statistic_that_does_not_vary_may_meet_its_target():
    table = np.column_stack([AGE, np.ones(AGE.size)])
    weights = balance(table, np.array([52.0, 1.0]), ["age", "one"])
    assert weights @ AGE == pytest.approx(52.0)


def test_a_target_out_of_reach_is_named_with_its_reach():
    with pytest.raises(InputError, match=r"target 200 of age is out of reach; expected a number"):
        balance(AGE[:, None], np.array([200.0]), ["age"])


def test_targets_that_exclude_each_other_are_named():
    table = np.column_stack([AGE, AGE**2])
    with pytest.raises(InputError, match=r"cannot be met together: (age|square) stays at"):
        balance(table, np.array([50.0, 2000.0]), ["age", "square"])


def test_a_far_target_is_reached():
    goal = np.quantile(AGE, 0.995)
    weights = balance(AGE[:, None], np.array([goal]), ["age"])
    assert weights @ AGE == pytest.approx(goal)
    assert effective_size(weights) < 100
