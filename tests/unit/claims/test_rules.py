"""The truth table of the verdicts, on made-up numbers."""

import math

import pytest

from funis.analysis.intervals import Interval
from funis.claims import rules
from funis.claims.values import Chain, Comparison, Harm, Measurement, Step


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "supported"),
        ({"centres": 1}, "uncertain"),
        ({"low": 0.9}, "uncertain"),
        ({"low": math.nan, "high": math.nan}, "uncertain"),
        ({"low": 0.3, "estimate": 0.5, "high": 0.8}, "contradicted"),
        ({"low": 0.3, "estimate": 0.5, "high": 0.8, "centres": 1}, "contradicted"),
        ({"low": 0.3, "estimate": 0.5, "high": 0.8, "better": -1}, "supported"),
        ({"better": -1}, "contradicted"),
        ({"study_type": "single-arm"}, "uncertain"),
        ({"study_type": "non-randomised controlled"}, "uncertain"),
        ({"contrast": False, "null": None}, "uncertain"),
        ({"cord": False}, "uncertain"),
        ({"cord": False, "better": -1}, "uncertain"),
    ],
)
def test_only_randomised_evidence_of_two_centres_supports(pool, statement, changes, verdict):
    assert rules.judge_effect([pool(**changes)], statement()).verdict == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"gain": Interval(0, 0, 0), "middle": Interval(0, 0, 0)},
        {"gain": Interval(-0.1, -0.2, -0.05)},
        {"at_zero": Interval(0.1, 0.05, 0.15)},
        {"better": -1},
    ],
)
def test_what_the_model_says_at_potency_0_too_is_not_supported(pool, statement, changes):
    said = statement(**changes)
    assert not said.supports
    assert rules.judge_effect([pool()], said).verdict == "uncertain"
    assert rules.judge_effect([pool()], None).verdict == "uncertain"


def test_an_error_of_the_solver_is_no_effect_of_potency_0(statement):
    assert statement(at_zero=Interval(1e-6, 5e-7, 2e-6)).silent_at_zero
    assert not statement(at_zero=Interval(1e-2, 5e-3, 2e-2)).silent_at_zero


def test_without_an_instrument_or_any_number_nothing_is_testable(pool, statement):
    assert rules.judge_effect([pool()], statement(), "no instrument").verdict == "not testable"
    assert rules.judge_effect([], statement()).verdict == "not testable"
    assert rules.judge_effect([], statement(), unusable=1).verdict == "uncertain"


def test_single_arms_beside_a_trial_change_nothing(pool, statement):
    flattering = pool(study_type="single-arm", contrast=False, null=None, estimate=0.9, centres=9)
    assert rules.judge_effect([pool(centres=1), flattering], statement()).verdict == "uncertain"


SHARE = {"contrast": False, "null": None, "measure": "proportion"}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"estimate": 0.36, "low": 0.21, "high": 0.54}, "contradicted"),
        ({"estimate": 0.36, "low": 0.21, "high": 0.54, "cord": False}, "uncertain"),
        ({"estimate": 0.95, "low": 0.92, "high": 0.99}, "contradicted"),
        ({"estimate": 0.7, "low": 0.62, "high": 0.8}, "uncertain"),
        ({"estimate": 0.7, "low": 0.1, "high": 1.0}, "uncertain"),
        ({"estimate": 0.3, "low": 0.2, "high": 0.4, "study_type": "single-arm"}, "uncertain"),
    ],
)
def test_one_randomised_arm_refutes_a_share_and_does_not_prove_it(
    pool, statement, changes, verdict
):
    arm = pool(**SHARE, **changes)
    assert rules.judge_share([arm], (0.6, 0.9), statement()).verdict == verdict


def test_a_share_needs_a_control_arm_to_be_supported(pool, statement):
    arm = pool(**SHARE, estimate=0.7, low=0.62, high=0.8)
    beyond = pool(measure="risk difference", null=0.0, estimate=0.7, low=0.61, high=0.8)
    assert rules.judge_share([arm], (0.6, 0.9), statement()).verdict == "uncertain"
    assert rules.judge_share([arm, beyond], (0.6, 0.9), statement()).verdict == "supported"
    little = pool(measure="risk difference", null=0.0, estimate=0.2, low=0.1, high=0.3)
    assert rules.judge_share([arm, little], (0.6, 0.9), statement()).verdict == "contradicted"
    assert rules.judge_share([], (0.6, 0.9), statement()).verdict == "not testable"


def measured(family, direction="lower", kind="randomised", numbers=True):
    return Measurement(family, family, kind, 20, 4.0, "words", direction, numbers)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((), "not testable"),
        ((measured("a"),), "uncertain"),
        ((measured("a"), measured("a")), "uncertain"),
        ((measured("a"), measured("b")), "supported"),
        ((measured("a"), measured("b", numbers=False)), "uncertain"),
        ((measured("a"), measured("b", kind="single-arm")), "uncertain"),
        ((measured("a", "none"), measured("b", "higher")), "contradicted"),
        ((measured("a"), measured("b"), measured("c", "none")), "uncertain"),
    ],
)
def test_a_mechanism_is_judged_by_controlled_measurements(found, verdict):
    assert rules.judge_measurements(found, "lower").verdict == verdict


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ((), "not testable"),
        ((Comparison("one", "higher", ""),), "uncertain"),
        ((Comparison("one; two", "higher", ""),), "supported"),
        ((Comparison("one; two", "lower", ""),), "contradicted"),
        ((Comparison("one; two", "not_settled", ""),), "uncertain"),
    ],
)
def test_a_property_of_cells_needs_two_sources_that_agree(found, verdict):
    assert rules.judge_comparison(found, "higher").verdict == verdict


def harm(low, estimate, high, term="event"):
    return Harm(term, "risk_ratio", estimate, low, high, "study", 10, 1000, "iv")


def test_a_harm_that_the_claim_admits_has_to_be_shown():
    assert rules.judge_expected_harm([harm(1.3, 2.0, 3.1)]).verdict == "supported"
    assert rules.judge_expected_harm([harm(0.9, 1.4, 2.2)]).verdict == "uncertain"
    assert rules.judge_expected_harm([]).verdict == "not testable"


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([harm(0.8, 1.0, 1.2)], "supported"),
        ([harm(0.7, 1.1, 1.9)], "uncertain"),
        ([harm(1.4, 2.0, 2.9)], "contradicted"),
        ([harm(1.01, 1.98, 3.87)], "contradicted"),
        ([harm(1.01, 1.98, 3.87), *[harm(0.8, 1.0, 1.2)] * 9], "uncertain"),
        ([], "not testable"),
    ],
)
def test_one_harm_of_many_counts_after_correction_for_their_number(found, verdict):
    assert rules.judge_other_harms(found, 1.5).verdict == verdict


def test_the_p_value_of_a_ratio_is_that_of_its_interval():
    # thompson2020_safety: fever, risk ratio 2.48 (1.27 to 4.86); the interval ends at z = 1.96
    fever = harm(1.27, 2.48, 4.86)
    assert fever.p_value == pytest.approx(0.008, abs=0.0005)
    assert harm(1.0, 2.0, 4.0).p_value == pytest.approx(0.05, abs=1e-6)


def test_a_rate_is_held_against_what_is_claimed():
    assert rules.judge_rate(0.09, 0.15, None).verdict == "uncertain"
    assert rules.judge_rate(0.09, 0.15, 0.05).verdict == "contradicted"
    assert rules.judge_rate(0.01, 0.04, 0.05).verdict == "supported"
    assert rules.judge_rate(0.01, 0.14, 0.05).verdict == "uncertain"


def test_accounts_that_arise_without_any_effect_are_no_evidence():
    def chain(low, told, high):
        step = Step("told", Interval(told, low, high))
        return Chain("x", "PAIN", "Pain", True, 12, 10, "mm", 100, (step,))

    assert rules.judge_testimony(chain(0.7, 0.8, 0.9), (0.6, 0.9)).verdict == "contradicted"
    assert rules.judge_testimony(chain(0.4, 0.5, 0.7), (0.6, 0.9)).verdict == "uncertain"


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "uncertain"], "uncertain"),
        (["supported", "not testable"], "uncertain"),
        (["supported", "contradicted"], "contradicted"),
        (["not testable", "not testable"], "not testable"),
        (["implemented", "implemented"], "implemented"),
        (["implemented", "planned"], "planned"),
    ],
)
def test_a_claim_is_as_strong_as_its_weakest_part(parts, verdict):
    assert rules.combined(parts) == verdict


def test_routes_and_practice_are_judged_by_what_is_there():
    assert rules.judge_routes(["it"], ["iv"]).verdict == "supported"
    assert rules.judge_routes(["it"], ["iv", "it"]).verdict == "contradicted"
    assert rules.judge_practice([], ["a"]).verdict == "implemented"
    assert rules.judge_practice(["a"], ["a"]).verdict == "planned"
