"""Type I error of every offered method, on few invented trials; 10,000 are for the command."""

import numpy as np
import pytest

from funis.analysis.invented import scenarios
from funis.analysis.methods import METHODS
from funis.analysis.sizes import ALPHA, exact_sizes, size_rows

REPLICATES = 500


@pytest.fixture(scope="module")
def rows():
    return size_rows(REPLICATES, 1)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_method_errs_much_more_often_than_it_says(rows, method):
    own = [row for row in rows if row.scenario.method == method and row.scenario.null]
    assert len(own) >= 3
    whole = np.mean([row.decision.estimate for row in own])
    bound = 2 * np.sqrt(ALPHA * (1 - ALPHA) / (REPLICATES * len(own)))
    assert whole <= ALPHA + bound
    assert max(row.test.estimate for row in own) <= own[0].limit + 0.02  # 4 errors of one row


@pytest.mark.parametrize("method", sorted(METHODS))
def test_intervals_hold_a_true_effect_as_often_as_they_say(rows, method):
    (row,) = (x for x in rows if x.scenario.method == method and not x.scenario.null)
    assert row.cover.estimate > 0.92
    assert row.test.estimate > 0.2


def test_the_exact_test_never_exceeds_the_level_and_the_approximate_ones_do():
    found = {one.method: one for one in exact_sizes(((20, 20),))}
    assert found["fisher"].largest < ALPHA
    assert ALPHA < found["newcombe"].largest < 0.057
    assert all(one.mean < ALPHA for one in found.values())


def test_scenarios_are_keyed_by_themselves():
    one = next(x for x in scenarios() if x.method == "cox")
    first, again = (one.trials(3, 5)[0] for _ in range(2))
    assert np.array_equal(first.time, again.time)
    assert not np.array_equal(first.time, one.trials(3, 6)[0].time)
