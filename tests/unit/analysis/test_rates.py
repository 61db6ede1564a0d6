"""Rates and their ratios: closed forms, coverage under overdispersion, and whole tables."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, chi2

from funis.analysis import estimate
from funis.analysis.estimates import judge
from funis.analysis.intervals import Interval
from funis.analysis.rates import (
    WEEKS_PER_YEAR,
    RateSummary,
    rate_interval,
    rate_ratio,
    summarise_rate,
)
from funis.models.endpoints import load_endpoints
from funis.protocol import EndpointRequest, Success

from .conftest import Tables, observations, protocol, subjects

NINTH = Path(__file__).parents[2] / "ninth" / "sparks" / "endpoints.yaml"


def summary(*events, years=1.0):
    counts = np.array(events, float)
    return summarise_rate(counts, np.full(len(counts), years))


def test_a_rate_is_all_events_over_all_years():
    found = summarise_rate(np.array([3.0, 0.0, 1.0, np.nan]), np.array([2.0, 1.0, 0.5, np.nan]))
    assert (found.n, found.events, found.years) == (3, 4.0, 3.5)
    assert found.rate == pytest.approx(4 / 3.5)


def test_the_sandwich_is_that_of_a_poisson_model_with_offset():
    events, years = np.array([3.0, 0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.5, 1.5])
    rate = 6 / 5
    meat, bread = (
        np.sum((events - rate * years) ** 2),
        rate * 5,
    )  # score and information of log rate
    wanted = math.sqrt(meat / bread**2 * 4 / 3)
    found = summarise_rate(events, years)
    assert found.error == pytest.approx(wanted)
    low, high = rate * np.exp(np.array([-1, 1]) * 1.959964 * wanted)
    interval = rate_interval(found)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-6)


def test_at_equal_times_it_is_the_coefficient_of_variation():
    found = summary(2, 5, 1, 0, 4, years=2.0)
    counts = np.array([2, 5, 1, 0, 4])
    assert found.error == pytest.approx(counts.std(ddof=1) / counts.mean() / math.sqrt(5))


def test_a_ratio_adds_the_errors_on_the_log_scale():
    arm, other = summary(1, 0, 2, 1), summary(4, 2, 3, 5)
    interval, p = rate_ratio(arm, other)
    assert interval.estimate == pytest.approx(4 / 14)
    error = math.hypot(arm.error, other.error)
    assert math.log(interval.high / interval.low) == pytest.approx(2 * 1.959964 * error, rel=1e-6)
    assert interval.low * interval.high == pytest.approx(interval.estimate**2)
    assert p == pytest.approx(math.erfc(abs(math.log(4 / 14)) / error / math.sqrt(2)))
    back, _ = rate_ratio(other, arm)
    assert (back.low, back.high) == pytest.approx((1 / interval.high, 1 / interval.low))


def test_without_events_the_upper_limits_are_exact():
    none = summary(0, 0, 0, years=2.0)
    assert rate_interval(none).high == pytest.approx(chi2.ppf(0.975, 2) / 2 / 6)
    some = summary(2, 1, 4, years=1.0)
    interval, p = rate_ratio(none, some)
    share = binomtest(0, 7).proportion_ci(0.95, "exact").high
    assert (interval.estimate, interval.low) == (0.0, 0.0)
    assert interval.high == pytest.approx(share / (1 - share) * 3 / 6)
    assert p == pytest.approx(min(1, 2 * (3 / 9) ** 7))
    back, _ = rate_ratio(some, none)
    assert (back.estimate, back.high) == (math.inf, math.inf)
    assert back.low == pytest.approx(1 / interval.high)
    assert math.isnan(rate_ratio(none, none)[0].estimate)


def test_one_patient_or_none_has_no_interval():
    assert math.isnan(rate_interval(summary(3)).low)
    assert rate_interval(summary(3)).estimate == 3
    assert math.isnan(rate_interval(summary()).estimate)
    assert math.isnan(rate_ratio(summary(3), summary(1, 2))[0].low)


@pytest.mark.parametrize("dispersion", [0.0, 1.0, 2.5])
def test_intervals_cover_the_truth_though_patients_differ(dispersion):
    rng = np.random.default_rng(5)
    hits = {"rate": 0, "ratio": 0}
    runs, n = 1500, 150
    for _ in range(runs):
        years = rng.uniform(0.4, 2.0, (2, n))
        frailty = rng.gamma(1 / dispersion, dispersion, (2, n)) if dispersion else 1.0
        events = rng.poisson(np.array([[0.3], [0.6]]) * years * frailty)
        arm, other = (
            summarise_rate(e.astype(float), y) for e, y in zip(events, years, strict=True)
        )
        rate, (ratio, _) = rate_interval(arm), rate_ratio(arm, other)
        hits["rate"] += rate.low <= 0.3 <= rate.high
        hits["ratio"] += ratio.low <= 0.5 <= ratio.high
    for found in hits.values():
        assert 0.925 < found / runs < 0.97


def test_a_poisson_interval_would_be_too_narrow():
    spread = summary(0, 0, 0, 12, 0, 0, 0, 8)
    assert spread.error > 1.5 / math.sqrt(20)


RATE = EndpointRequest("sparks", 24.0, "rate", "primary")
BETTER = Success("sparks", 24.0, ("active",), "placebo", "rate_ratio", 0.05, "less", 0.0)


@pytest.fixture(scope="module")
def sparks():
    return load_endpoints(NINTH)


def trial(*, success=BETTER, events=None, continuous=None):
    made = protocol(RATE, success=success, events=events, continuous=continuous)
    return replace(made, endpoints=(RATE,))


def data(counts, **kwargs):
    """Sparks by subject: (arm, {week: number})."""
    rows = [
        (subject, arm, float(week), {"sparks": float(number), "ache": 2.0})
        for subject, (arm, seen) in enumerate(counts)
        for week, number in seen.items()
    ]
    sizes = {}
    for arm, _ in counts:
        sizes[arm] = sizes.get(arm, 0) + 1
    return Tables(subjects(sizes, **kwargs), observations(rows))


FULL = [
    ("placebo", {0: 2, 12: 3, 24: 5}),
    ("placebo", {0: 0, 12: 0, 24: 1}),
    ("active", {0: 4, 12: 4, 24: 5}),
    ("active", {0: 1, 12: 1, 24: 1}),
]


def test_events_before_randomisation_do_not_count(sparks):
    found = estimate(trial(), data(FULL), sparks).estimate("placebo", "sparks_rate@24")
    assert (found.measure, found.n, found.unit) == ("rate", 2, "sparks per patient-year")
    assert found.estimate == pytest.approx(4 / (48 / WEEKS_PER_YEAR))
    assert "sandwich" in found.method
    contrast = estimate(trial(), data(FULL), sparks).contrast("active", "sparks_rate@24")
    assert (contrast.measure, contrast.is_ratio) == ("rate_ratio", True)
    assert contrast.estimate == pytest.approx(1 / 4)


def test_who_left_counts_up_to_the_last_visit_seen(sparks):
    left = [("placebo", {0: 2, 12: 3}), *FULL[1:], ("active", {0: 1})]
    left = sorted(left, key=lambda row: row[0] != "placebo")
    found = estimate(trial(), data(left, discontinued={0: 20.0, 4: 3.0}), sparks)
    placebo = found.estimate("placebo", "sparks_rate@24")
    assert placebo.estimate == pytest.approx(2 / (36 / WEEKS_PER_YEAR))
    assert found.estimate("active", "sparks_rate@24").n == 2  # the third was never seen again


@pytest.mark.parametrize(
    ("strategy", "events", "weeks"),
    [("treatment_policy", 4, 48), ("hypothetical", 2, 36), ("while_on_treatment", 2, 36)],
)
def test_time_ends_at_an_intercurrent_event_unless_policy_says_no(sparks, strategy, events, weeks):
    rules = {"discontinuation": "hypothetical", "rescue": strategy}
    found = estimate(trial(continuous=rules), data(FULL, rescued={0: 12.0}), sparks)
    rate = found.estimate("placebo", "sparks_rate@24").estimate
    assert rate == pytest.approx(events / (weeks / WEEKS_PER_YEAR))


def test_a_composite_strategy_has_no_rate(sparks):
    rules = {"discontinuation": "composite", "rescue": "composite"}
    with pytest.raises(ValueError, match="composite"):
        estimate(trial(continuous=rules), data(FULL), sparks)


def test_a_rate_of_what_is_no_event_is_refused(sparks):
    wrong = EndpointRequest("ache", 24.0, "rate", "secondary")
    with pytest.raises(ValueError, match="no endpoint 'ache' to report as rate"):
        estimate(trial(), data(FULL), sparks, requests=[wrong])


def many(placebo, active, n=60):
    rows = [("placebo", {0: 0, 24: placebo + i % 2}) for i in range(n)]
    return data(rows + [("active", {0: 0, 24: active + i % 2}) for i in range(n)])


@pytest.mark.parametrize(
    ("placebo", "active", "required", "verdict"),
    [
        (3, 1, 0.0, "success"),
        (3, 1, 0.7, "smaller than required"),
        (3, 3, 0.0, "no effect found"),
        (1, 3, 0.0, "worse than the reference"),
    ],
)
def test_a_ratio_is_judged_against_one(sparks, placebo, active, required, verdict):
    rule = replace(BETTER, minimal_difference=required)
    (decision,) = estimate(trial(success=rule), many(placebo, active), sparks).success
    assert (decision.verdict, decision.null) == (verdict, 1.0)
    assert judge(Interval(0.5, 0.3, 0.65), replace(BETTER, minimal_difference=0.3)) == "success"


def test_a_response_that_stays_is_that_of_the_last_visit_seen(sparks):
    worse = EndpointRequest("WORSE", 24.0, "responder", "secondary")
    rows = [
        (0, "placebo", week, {"ache": ache})
        for week, ache in ((0.0, 2.0), (12.0, 3.0), (18.0, 3.0))
    ]
    rows += [(1, "active", week, {"ache": 2.0}) for week in (0.0, 12.0, 24.0)]
    tables = Tables(
        subjects({"placebo": 1, "active": 1}, discontinued={0: 20.0}), observations(rows)
    )
    policy = {"discontinuation": "treatment_policy", "rescue": "treatment_policy"}
    found = estimate(trial(events=policy), tables, sparks, requests=[worse])
    assert found.estimate("placebo", "WORSE@24").estimate == 1.0
    assert "missing visit: as last seen" in found.estimates[0].method


def test_the_composite_strategy_counts_a_bad_state_as_met(sparks):
    worse = EndpointRequest("WORSE", 24.0, "responder", "secondary")
    calm = replace(worse, endpoint="CALM")
    rows = [
        (number, arm, week, {"ache": 2.0, "sparks": 0.0})
        for number, arm in ((0, "placebo"), (1, "active"))
        for week in (0.0, 12.0)
    ]
    rows.append((1, "active", 24.0, {"ache": 2.0, "sparks": 0.0}))
    tables = Tables(
        subjects({"placebo": 1, "active": 1}, discontinued={0: 20.0}), observations(rows)
    )
    found = estimate(trial(), tables, sparks, requests=[worse, calm])
    assert found.estimate("placebo", "WORSE@24").estimate == 1.0
    assert found.estimate("placebo", "CALM@24").estimate == 0.0
    assert found.estimate("active", "WORSE@24").estimate == 0.0
    assert "composite (counted as met)" in found.estimates[0].method


def test_summaries_of_nothing_are_nothing():
    assert math.isnan(RateSummary(0, 0.0, 0.0, math.nan).rate)
