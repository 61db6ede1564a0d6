"""Rows on a scale of their own, weights towards a printed baseline, and scores of predictions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from funis.calibrate.likelihood import sampling_variance
from funis.calibrate.predict import crps
from funis.calibrate.rows import Row, from_unit, one_of_each, rows_that_count, to_unit
from funis.calibrate.tilt import tilt
from funis.protocol import EndpointRequest


def row(measure="responder", arm="msc", endpoint="ACR20", week=12.0, n=30, observed=0.4):
    request = EndpointRequest(endpoint, week, measure, "exploratory")
    return Row("study", arm, None, request, observed, math.nan, math.nan, n)


@given(share=st.floats(0.02, 0.98))
def test_a_share_comes_back_from_its_unit(share):
    assert from_unit(row(), to_unit(row(), share, 1.0, 1000), 1.0) == pytest.approx(share)


@given(value=st.floats(-100, 100), spread=st.floats(0.1, 50))
def test_a_mean_comes_back_from_its_unit(value, spread):
    one = row("change")
    assert from_unit(one, to_unit(one, value, spread, 30), spread) == pytest.approx(value)


def test_nobody_of_ten_is_half_a_patient():
    assert to_unit(row(), 0.0, 1.0, 10) == to_unit(row(), 0.05, 1.0, 10)


def test_the_variance_of_a_logit_is_that_of_the_delta_method():
    logistic = math.pi / math.sqrt(3)
    assert sampling_variance(row(), 0.0, 40) == pytest.approx(1 / (40 * 0.25) / logistic**2)
    assert sampling_variance(row("change"), 3.0, 40) == pytest.approx(1 / 40)


def test_of_two_counts_the_one_of_more_patients_is_kept():
    few, many = row(n=10, observed=0.6), row(n=16, observed=0.47)
    assert one_of_each([few, many]) == ([many], [few])


def test_at_most_ten_rows_count_and_every_arm_has_its_turn():
    names = [f"E{place}" for place in range(9)]
    rows = [row(arm=arm, endpoint=name) for arm in ("a", "b") for name in names]
    counted = rows_that_count(rows, names, 12.0)
    assert len(counted) == 10
    assert [one.arm for one in counted].count("a") == 5
    assert counted[0].request.endpoint == "E0"


def test_the_week_nearest_to_the_primary_endpoint_counts_first():
    rows = [row(week=week) for week in (4.0, 12.0, 48.0)]
    assert rows_that_count(rows, ["ACR20"], 12.0, most=1)[0].request.week == 12.0


@settings(deadline=None, max_examples=30)
@given(shift=st.floats(-0.6, 0.6))
def test_weights_reach_a_printed_mean(shift):
    values = np.random.default_rng(1).standard_normal((400, 1))
    found = tilt(values, np.array([shift]))
    assert found.reached == 1.0
    assert found.weights @ values[:, 0] == pytest.approx(shift, abs=0.03)


def test_a_mean_that_no_patient_is_near_is_met_part_of_the_way():
    found = tilt(np.random.default_rng(1).standard_normal((400, 1)), np.array([6.0]))
    assert found.reached < 1.0
    assert found.effective >= 0.25


def test_without_a_printed_baseline_all_patients_count_alike():
    found = tilt(np.empty((50, 0)), np.empty(0))
    np.testing.assert_allclose(found.weights, 1 / 50)


@given(observed=st.floats(-3, 3))
@settings(deadline=None, max_examples=30)
def test_the_score_of_normal_draws_is_the_closed_form(observed):
    draws = norm.ppf((np.arange(4000) + 0.5) / 4000)
    closed = (
        observed * (2 * norm.cdf(observed) - 1) + 2 * norm.pdf(observed) - 1 / math.sqrt(math.pi)
    )
    assert crps(draws, observed) == pytest.approx(closed, abs=2e-3)
