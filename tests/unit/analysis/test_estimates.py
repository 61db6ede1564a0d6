"""Estimates of the estimand: published tables rebuilt, events by strategy, the decision."""

import math

import pytest

from funis.analysis import estimate
from funis.analysis.estimates import judge
from funis.analysis.intervals import Interval
from funis.models.endpoints import Endpoints
from funis.protocol import EndpointRequest, Success

from .conftest import (
    BASELINE,
    IMPROVED,
    Tables,
    observations,
    protocol,
    subjects,
    two_arms,
)

PAIN = EndpointRequest("pain_vas", 12.0, "change", "secondary")


@pytest.mark.parametrize(
    ("active", "placebo", "difference", "low", "high"),
    [
        # OPTION, ACR20 at week 24: 121/205 and 53/204 (pharmacology.yaml, option_ra, which prints
        # 33 percentage points, 24 to 42)
        ((121, 205), (53, 204), 0.330, 0.24, 0.42),
        # RA-BEAM, ACR20 at week 12: 341/487 and 195/488 (rabeam_ra: 30, 24 to 36)
        ((341, 487), (195, 488), 0.301, 0.24, 0.36),
    ],
)
def test_published_tables_give_their_published_effect(
    ra: Endpoints,
    active: tuple[int, int],
    placebo: tuple[int, int],
    difference: float,
    low: float,
    high: float,
) -> None:
    data = two_arms(
        {"active": active[0], "placebo": placebo[0]}, {"active": active[1], "placebo": placebo[1]}
    )
    results = estimate(protocol(), data, ra)
    contrast = results.contrast("active", "ACR20@12")
    assert contrast.estimate == pytest.approx(difference, abs=5e-4)
    assert contrast.low == pytest.approx(low, abs=0.006)
    assert contrast.high == pytest.approx(high, abs=0.006)
    assert (contrast.n_arm, contrast.n_reference) == (active[1], placebo[1])
    assert contrast.p_value is not None
    assert contrast.p_value < 1e-9
    arm = results.estimate("active", "ACR20@12")
    assert (arm.estimate, arm.n, arm.measure) == (active[0] / active[1], active[1], "proportion")
    assert [decision.verdict for decision in results.success] == ["success"]
    assert results.n == {"placebo": placebo[1], "active": active[1]}


def test_the_arms_trade_places(ra: Endpoints) -> None:
    data = two_arms({"active": 3, "placebo": 8}, {"active": 10, "placebo": 10})
    contrast = estimate(protocol(), data, ra).contrast("active", "ACR20@12")
    turned = two_arms({"active": 8, "placebo": 3}, {"active": 10, "placebo": 10})
    other = estimate(protocol(), turned, ra).contrast("active", "ACR20@12")
    assert contrast.estimate == -other.estimate
    assert (contrast.low, contrast.high) == pytest.approx((-other.high, -other.low))


def eventful() -> Tables:
    """Ten patients of ``active`` who all improve, and ten of ``placebo`` who do not.

    Patient 0 leaves in week 6, 1 in week 12, 2 is rescued in week 8, 3 in week 12, 4 misses the
    visit of week 12, 5 failed in the computation.
    """
    sizes = {"active": 10, "placebo": 10}
    people = subjects(
        sizes,
        discontinued={0: 6.0, 1: 12.0},
        rescued={2: 8.0, 3: 12.0},
        failed={5: "step too small"},
    )
    rows = []
    for index in range(20):
        arm = "active" if index < 10 else "placebo"
        if index == 5:
            continue
        rows.append((index, arm, 0.0, BASELINE))
        rows.append((index, arm, 4.0, BASELINE if arm == "placebo" else IMPROVED))
        if index not in (0, 4):
            rows.append((index, arm, 12.0, BASELINE if arm == "placebo" else IMPROVED))
    return Tables(people, observations(rows))


@pytest.mark.parametrize(
    ("strategy", "responders", "n"),
    [
        ("composite", 6, 9),  # 0, 2 and 4 do not count as responders
        ("treatment_policy", 7, 9),  # 2 does
        ("hypothetical", 6, 7),  # 0 and 2 are left out, 4 does not respond
        ("while_on_treatment", 8, 9),  # 0 and 2 keep week 4
    ],
)
def test_responses_by_strategy(ra: Endpoints, strategy: str, responders: int, n: int) -> None:
    events = {"discontinuation": strategy, "rescue": strategy}
    results = estimate(protocol(events=events), eventful(), ra)
    arm = results.estimate("active", "ACR20@12")
    assert (arm.n, round(arm.estimate * arm.n)) == (n, responders)
    assert strategy.replace("_", " ") in arm.method
    assert "missing visit: no response" in arm.method


@pytest.mark.parametrize(
    ("strategy", "n"),
    [("hypothetical", 6), ("treatment_policy", 7), ("while_on_treatment", 8)],
)
def test_changes_by_strategy(ra: Endpoints, strategy: str, n: int) -> None:
    continuous = {"discontinuation": strategy, "rescue": strategy}
    results = estimate(protocol(PAIN, continuous=continuous), eventful(), ra)
    arm = results.estimate("active", "pain_vas_change@12")
    assert (arm.n, arm.estimate, arm.measure, arm.unit) == (n, -30.0, "mean_change", "mm")
    assert "missing visit: left out" in arm.method
    contrast = results.contrast("active", "pain_vas_change@12")
    assert (contrast.estimate, contrast.measure) == (-30.0, "difference_in_means")


def test_a_mean_has_no_composite(ra: Endpoints) -> None:
    events = {"discontinuation": "composite", "rescue": "composite"}
    trial = protocol(PAIN, continuous=events)
    with pytest.raises(ValueError, match="needs a response"):
        estimate(trial, eventful(), ra)


def test_failed_patients_are_counted_by_reason(ra: Endpoints) -> None:
    results = estimate(protocol(), eventful(), ra)
    assert results.failed == {"placebo": {}, "active": {"step too small": 1}}
    assert results.n == {"placebo": 10, "active": 9}


def test_values_are_means_at_the_visit(ra: Endpoints) -> None:
    request = EndpointRequest("pain_vas", 12.0, "value", "secondary")
    results = estimate(protocol(request), eventful(), ra)
    assert results.estimate("placebo", "pain_vas@12").estimate == 60.0
    assert results.estimate("active", "pain_vas@12").estimate == 30.0


def test_levels_of_categories_are_responses(ra: Endpoints) -> None:
    request = EndpointRequest("EULAR_none", 12.0, "responder", "exploratory")
    results = estimate(protocol(request), eventful(), ra)
    assert results.estimate("placebo", "EULAR_none@12").estimate == 0.0  # DAS28 was not measured


def test_an_empty_arm_gives_no_number(ra: Endpoints) -> None:
    data = two_arms({"active": 3}, {"active": 10})
    results = estimate(protocol(PAIN), data, ra)
    assert results.estimate("placebo", "ACR20@12").n == 0
    assert math.isnan(results.estimate("placebo", "ACR20@12").estimate)
    assert math.isnan(results.contrast("active", "pain_vas_change@12").estimate)
    assert results.contrast("active", "ACR20@12").p_value is None
    assert results.success[0].verdict == "no data"


def test_unknown_names_are_refused(ra: Endpoints) -> None:
    data = two_arms({"active": 3, "other": 2}, {"active": 10, "other": 10})
    with pytest.raises(ValueError, match="an arm that the protocol lacks: 'other'"):
        estimate(protocol(), data, ra)
    unknown = EndpointRequest("ACR90", 12.0, "responder", "primary")
    with pytest.raises(ValueError, match="no endpoint 'ACR90'"):
        estimate(protocol(), eventful(), ra, requests=[unknown])


@pytest.mark.parametrize(
    ("low", "high", "direction", "required", "verdict"),
    [
        (0.05, 0.30, "greater", 0.0, "success"),
        (0.05, 0.30, "greater", 0.1, "smaller than required"),
        (-0.05, 0.30, "greater", 0.0, "no effect found"),
        (-0.05, 0.30, "greater", 0.1, "no effect found"),
        (-0.30, -0.05, "greater", 0.0, "worse than the reference"),
        (0.0, 0.30, "greater", 0.0, "no effect found"),
        (-1.5, -0.4, "less", 0.3, "success"),
        (-1.5, -0.2, "less", 0.3, "smaller than required"),
        (0.2, 0.9, "less", 0.0, "worse than the reference"),
        (math.nan, math.nan, "greater", 0.0, "no data"),
    ],
)
def test_the_decision_by_the_declared_rule(
    low: float, high: float, direction: str, required: float, verdict: str
) -> None:
    rule = Success(
        "ACR20", 12.0, ("active",), "placebo", "difference_in_proportions", 0.05,
        direction, required,  # type: ignore[arg-type]
    )  # fmt: skip
    assert judge(Interval((low + high) / 2, low, high), rule) == verdict


def test_no_effect_is_a_result(ra: Endpoints) -> None:
    data = two_arms({"active": 15, "placebo": 14}, {"active": 50, "placebo": 50})
    decision = estimate(protocol(), data, ra).success[0]
    assert (decision.success, decision.verdict) == (False, "no effect found")
    assert decision.low < 0 < decision.high


def test_alpha_sets_the_interval_of_the_decision(ra: Endpoints) -> None:
    data = two_arms({"active": 24, "placebo": 14}, {"active": 50, "placebo": 50})
    strict = Success(
        "ACR20", 12.0, ("active",), "placebo", "difference_in_proportions", 0.01, "greater", 0.0
    )
    wide = estimate(protocol(success=strict), data, ra)
    narrow = estimate(protocol(), data, ra)
    assert narrow.success[0].success
    assert not wide.success[0].success
    assert wide.success[0].low < narrow.success[0].low
    assert wide.contrasts == narrow.contrasts


def test_a_trial_in_which_all_failed_has_no_numbers(ra: Endpoints) -> None:
    people = subjects(
        {"active": 2, "placebo": 2}, failed=dict.fromkeys(range(4), "no steady state")
    )
    results = estimate(protocol(PAIN), Tables(people, observations([])), ra)
    assert results.n == {"placebo": 0, "active": 0}
    assert results.failed["placebo"] == {"no steady state": 2}
    assert math.isnan(results.estimate("active", "pain_vas_change@12").estimate)
    assert results.success[0].verdict == "no data"
