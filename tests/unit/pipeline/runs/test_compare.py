"""Two stored runs side by side."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.analysis.intervals import newcombe, wilson
from funis.checks import InputError
from funis.pipeline.runs.compare import compare_runs, difference_between
from funis.report.content import Interval


def test_only_what_differs_differs(runs):
    found = compare_runs("seed3", "seed4", folder=runs)
    assert {one.name for one in found.settings if not one.same} == {"seed"}
    assert {one.name for one in found.files if one.same} == {"trial.yaml"}
    assert all(one.first and one.second for one in found.estimates)
    assert {one.group for one in found.estimates} == {"contrast", "estimate"}


def test_a_run_beside_itself_has_no_difference(runs):
    found = compare_runs("seed3", "seed3", folder=runs)
    assert all(one.same for one in (*found.settings, *found.estimates, *found.files))
    assert {one.difference_text for one in found.estimates} == {"the same"}
    assert all(one.first == one.second != "" for one in found.figures)


def test_figures_are_paired_by_name_with_the_code_of_each_run(runs):
    found = compare_runs("seed3", "seed4", folder=runs)
    pair = next(one for one in found.figures if one.id == "course-DAS28-CRP-msc")
    assert pair.first != pair.second
    assert pair.first[:3] == pair.second[:3] == "ra-"


def test_what_is_no_run_is_refused(runs):
    with pytest.raises(InputError, match="no run 'nobody'"):
        compare_runs("seed3", "nobody", folder=runs)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
def test_the_interval_between_two_shares_is_newcombes(a, more_a, b, more_b):
    shares = [wilson(events, events + rest) for events, rest in ((a, more_a), (b, more_b))]
    first, second = (Interval(one.estimate, one.low, one.high) for one in shares)
    found, known = difference_between(first, second), newcombe(b, b + more_b, a, a + more_a)
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (known.estimate, known.low, known.high)
    )


def test_ratios_are_divided():
    found = difference_between(Interval(2.0, 1.0, 4.0), Interval(3.0, 3.0, 3.0), ratio=True)
    assert (found.estimate, found.low, found.high) == pytest.approx((1.5, 0.75, 3.0))
    assert difference_between(Interval(0.0, None, None), Interval(1.0, 0.5, 2.0), True) is None


def test_without_limits_a_difference_has_none():
    found = difference_between(Interval(1.0, None, None), Interval(3.0, 2.0, 4.0))
    assert (found.estimate, found.low, found.high) == (2.0, None, None)
    assert math.isfinite(found.estimate)
