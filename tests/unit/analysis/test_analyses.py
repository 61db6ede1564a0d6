"""Methods, multiplicity and sensitivity analyses that a protocol names, from tables alone."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from funis.analysis import estimate
from funis.analysis.outcomes import first_times, outcomes
from funis.analysis.replicates import contrast
from funis.analysis.samples import SampleTable
from funis.protocol import (
    EndpointRequest,
    FurtherEndpoint,
    Multiplicity,
    Sensitivity,
)

from .conftest import ACR20, BASELINE, IMPROVED, WIN, Tables, observations, protocol, subjects

PAIN = EndpointRequest("pain_vas", 24.0, "change", "secondary")
ARMS = ("placebo", "active")


@pytest.fixture(scope="module")
def tables():
    """Thirty patients an arm; pain falls by 10 more with the active one, and some leave."""
    stream = np.random.default_rng(1)
    rows, left = [], {}
    for subject in range(60):
        arm = "placebo" if subject < 30 else "active"
        start = stream.normal(60, 10)
        answers = stream.random() < (0.3 if arm == "placebo" else 0.6)
        if stream.random() < 0.25:
            left[subject] = 14.0
        for week in (0.0, 12.0, 24.0):
            if subject in left and week > 14:
                continue
            fall = (5 if arm == "placebo" else 15) * (week > 0)
            seen = IMPROVED if answers and week > 0 else BASELINE
            pain = start - fall + stream.normal(0, 8) * (week > 0)
            joints = {"tjc28": seen["tjc68"] * 0.6, "sjc28": seen["sjc66"] * 0.6}
            rows.append((subject, arm, week, {**seen, **joints, "pain_vas": pain}))
    return Tables(subjects({"placebo": 30, "active": 30}, discontinued=left), observations(rows))


def found(tables, ra, *requests, **more):
    return estimate(replace(protocol(*requests), **more), tables, ra)


@pytest.mark.parametrize("method", ["welch", "ancova", "mmrm", "wilcoxon", "win_ratio", "ordinal"])
def test_a_contrast_is_that_of_the_method_named(tables, ra, method):
    request = replace(PAIN, method=method)
    given = protocol(request)
    one = found(tables, ra, request).contrast("active", "pain_vas_change@24")
    table = SampleTable(tables, ra, given.estimand)
    arms = outcomes(table, request, ARMS)
    wanted = contrast(method, arms["active"], arms["placebo"])
    assert (one.estimate, one.low, one.high) == pytest.approx(wanted.row(0)[:3])
    assert one.measure == request.summary
    assert one.method.split(";")[0].split(",")[0] in one.method


def test_repeated_measures_use_who_left_and_the_others_do_not(tables, ra):
    key = "pain_vas_change@24"
    whole = found(tables, ra, replace(PAIN, method="mmrm")).contrast("active", key)
    seen = found(tables, ra, replace(PAIN, method="ancova")).contrast("active", key)
    assert whole.n_arm == 30
    assert seen.n_arm < 30


def test_strata_are_named_columns_or_conditions(tables, ra):
    with pytest.raises(ValueError, match="cmh needs strata"):
        found(tables, ra, replace(ACR20, week=24.0, method="cmh"))
    one = found(tables, ra, replace(ACR20, week=24.0, method="cmh", strata=("pain_vas",)))
    assert "strata: pain_vas" in one.contrast("active", "ACR20@24").method


def test_a_time_is_the_first_visit_that_meets_it(ra):
    rows = [(s, "placebo", w, BASELINE) for s in range(4) for w in (0.0, 12.0, 24.0)]
    rows = [row for row in rows if row[:3] not in ((0, "placebo", 12.0), (3, "placebo", 24.0))]
    rows += [(0, "placebo", 12.0, IMPROVED)]
    data = Tables(subjects({"placebo": 4}, discontinued={2: 12.0, 3: 14.0}), observations(rows))
    request = replace(ACR20, week=24.0, method="log_rank")
    composite = SampleTable(data, ra, protocol().estimand)
    times = first_times(composite, request)
    assert times.time.tolist() == [12.0, 24.0, 24.0, 24.0]  # who left never responds
    assert times.event.tolist() == [1.0, 0.0, 0.0, 0.0]
    events = {"discontinuation": "hypothetical", "rescue": "hypothetical"}
    cut = first_times(SampleTable(data, ra, protocol(events=events).estimand), request)
    assert cut.time.tolist() == [12.0, 24.0, 12.0, 12.0]
    policy = {"discontinuation": "treatment_policy", "rescue": "treatment_policy"}
    kept = first_times(SampleTable(data, ra, protocol(events=policy).estimand), request)
    assert kept.time.tolist() == [12.0, 24.0, 24.0, 12.0]


def test_time_to_response_has_a_key_of_its_own(tables, ra):
    request = replace(ACR20, week=24.0, method="cox")
    results = found(tables, ra, request)
    assert results.estimate("active", "ACR20_time@24").method.startswith("share with the event")
    assert results.contrast("active", "ACR20_time@24").is_ratio


def test_levels_of_a_category_are_compared_in_their_order(tables, ra):
    request = EndpointRequest("EULAR_CRP_good", 12.0, "responder", "secondary", method="ordinal")
    one = found(tables, ra, request).contrast("active", "EULAR_CRP_good@12")
    assert one.measure == "odds_ratio"
    assert one.estimate > 1


def test_decisions_without_a_method_are_by_the_interval_alone(tables, ra):
    (plain,) = found(tables, ra).success
    assert (plain.p_value, plain.adjusted, plain.adjustment) == (None, None, None)


def test_the_level_of_a_decision_is_where_it_turns(tables, ra):
    rule = replace(WIN, method="miettinen_nurminen")
    (decision,) = found(tables, ra, success=rule).success
    assert decision.p_value is not None
    for alpha in (decision.p_value * 0.99, min(decision.p_value * 1.01, 0.99)):
        (other,) = found(tables, ra, success=replace(rule, alpha=alpha)).success
        assert other.success == (alpha > decision.p_value)


def test_the_exact_test_has_to_agree(tables, ra):
    (decision,) = found(tables, ra, success=replace(WIN, method="fisher")).success
    one = found(tables, ra, replace(ACR20, week=24.0)).contrast("active", "ACR20@12")
    assert decision.p_value >= one.p_value


@pytest.mark.parametrize("method", ["hierarchical", "holm", "hochberg"])
def test_endpoints_of_a_rule_are_adjusted_together(tables, ra, method):
    further = FurtherEndpoint("pain_vas", 24.0, "difference_in_means", "less", method="mmrm")
    rule = replace(WIN, further=(further,), multiplicity=Multiplicity(method))
    decisions = found(tables, ra, PAIN, success=rule).success
    assert [one.endpoint for one in decisions] == ["ACR20@12", "pain_vas_change@24"]
    assert all(one.adjusted >= one.p_value for one in decisions)
    assert {one.adjustment for one in decisions} == {method}
    if method == "hierarchical":
        assert all(one.adjusted <= two.adjusted for one, two in pairwise(decisions))
    for one in decisions:
        assert one.success == (one.adjusted <= 0.05)


def analyses(*all_of):
    return tuple(Sensitivity(*one) for one in all_of)


def test_sensitivity_analyses_stand_beside_the_main_one(tables, ra):
    asked = analyses(
        ("pain_vas", 24.0, "ancova", "multiple_imputation"),
        ("pain_vas", 24.0, "ancova", "jump_to_reference"),
        ("pain_vas", 24.0, "ancova", "delta", 3.0),
        ("pain_vas", 24.0, "ancova", "delta"),
        ("pain_vas", 24.0, "mmrm"),
    )
    results = found(tables, ra, PAIN, sensitivity=asked)
    random, jump, shifted, tipping, repeated = results.sensitivity
    assert random.contrast.n_arm == 30
    main = found(tables, ra, replace(PAIN, method="mmrm")).contrast("active", "pain_vas_change@24")
    assert random.contrast.estimate == pytest.approx(main.estimate, abs=1.5)
    assert (repeated.contrast.estimate, repeated.missing) == (main.estimate, "observed")
    assert jump.contrast.estimate > random.contrast.estimate  # less of a fall
    share = shifted.contrast.estimate - tipping.contrast.estimate
    gone = 3.0 * (30 - found(tables, ra, PAIN).contrast("active", "pain_vas_change@24").n_arm) / 30
    assert share == pytest.approx(gone, abs=0.5)
    assert tipping.tipping_point is not None
    assert tipping.tipping_point > 0


def test_responses_are_imputed_where_they_are_missing(tables, ra):
    late = replace(ACR20, week=24.0)
    asked = analyses(
        ("ACR20", 24.0, None, "nonresponder"),
        ("ACR20", 24.0, None, "multiple_imputation"),
        ("ACR20", 24.0, None, "delta"),
    )
    results = found(tables, ra, late, sensitivity=asked)
    main = results.contrast("active", "ACR20@24")
    failed, random, tipping = results.sensitivity
    assert failed.contrast.estimate == main.estimate
    assert random.contrast.n_arm == 30
    assert random.contrast.estimate != main.estimate
    assert tipping.missing == "delta"


def test_the_same_seed_gives_the_same_imputations(tables, ra):
    asked = analyses(("pain_vas", 24.0, "ancova", "multiple_imputation"))
    first, again = (found(tables, ra, PAIN, sensitivity=asked).sensitivity for _ in range(2))
    assert first == again
    assert found(tables, ra, PAIN, sensitivity=asked, seed=2).sensitivity != first
