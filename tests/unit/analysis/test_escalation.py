"""Dose escalation: published examples, closed forms, exact against simulated."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc
from scipy.stats import binom

from funis.analysis.escalation import (
    Crm,
    StoppingRule,
    ThreePlusThree,
    calibrated_skeleton,
    counts_of,
    exact_escalation,
    exceeds,
    mtd,
    next_level,
    posterior,
    simulated_escalation,
    stopping_chance,
    stopping_counts,
)

TRUTH = (0.05, 0.1, 0.2, 0.3, 0.5)


def test_the_posterior_equals_the_printed_table_of_a_trial():
    # Cheung 2011, table 3.2, as the tests of brockk/clintrials hold it (tests of crm.py)
    levels = [3, 5, 5, 3, 4, 4, 5, 5, 5, 5, 5, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    toxic = [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    means = [0.60, 0.93, 0.04, 0.18, 0.28, 0.34, 0.41, 0.47, 0.31, 0.35,
             0.25, 0.15, 0.18, 0.21, 0.24, 0.26, 0.28, 0.21, 0.22, 0.24]  # fmt: skip
    design = Crm((0.05, 0.12, 0.25, 0.40, 0.55), 0.25, model="logistic")
    tried = [level - 1 for level in levels]
    for count, mean in enumerate(means, start=1):
        found = posterior(design, counts_of(5, tried[:count], toxic[:count]))
        assert round(found.mean, 2) == mean
        nearest = int(np.argmin(abs(found.toxicity - 0.25)))
        assert count == len(means) or nearest == tried[count]


@pytest.mark.parametrize(
    ("model", "toxicity"),
    [("power", [0.240, 0.368, 0.566, 0.728]), ("logistic", [0.274, 0.412, 0.598, 0.734])],
)
def test_both_models_equal_the_printed_example(model, toxicity):
    # brockk/clintrials, test_CRM_bayes_again, "verifiable in R" (dfcrm)
    design = Crm((0.1, 0.2, 0.4, 0.6), 0.4, model=model)
    found = posterior(design, counts_of(4, [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 0, 1]))
    np.testing.assert_allclose(found.toxicity, toxicity, atol=5e-4)


def test_before_any_patient_the_posterior_is_the_prior():
    found = posterior(Crm((0.1, 0.2, 0.4), 0.2), counts_of(3, [], []))
    assert found.mean == pytest.approx(0.0, abs=1e-12)
    assert found.variance == pytest.approx(1.34, rel=1e-8)
    np.testing.assert_allclose(found.toxicity, (0.1, 0.2, 0.4))


def test_a_calibrated_skeleton_is_indifferent_where_it_should_be():
    skeleton = calibrated_skeleton(0.25, 0.05, 2, 5)
    assert skeleton[2] == pytest.approx(0.25)
    for low, high in pairwise(skeleton):
        power = math.log(0.30) / math.log(high)  # where the higher level has target + half-width
        assert low**power == pytest.approx(0.20)


def test_no_level_is_skipped_and_none_rises_after_a_toxicity():
    design = Crm((0.01, 0.02, 0.05, 0.25), 0.25)
    assert next_level(design, [], []) == 0
    assert next_level(design, [0], [0]) == 1
    assert next_level(design, [0, 1], [0, 0]) == 2
    assert next_level(design, [0, 1, 2], [0, 0, 1]) <= 2
    cohorts = Crm((0.01, 0.02, 0.05, 0.25), 0.25, cohort=3)
    assert next_level(cohorts, [0, 0], [0, 1]) == 0


def test_a_reassessment_ends_for_toxicity_and_for_size():
    design = Crm((0.1, 0.2, 0.4), 0.2, patients=4)
    assert next_level(design, [0, 0, 0], [1, 1, 1]) is None
    assert mtd(design, [0, 0, 0], [1, 1, 1]) is None
    assert next_level(design, [0, 1, 2, 2], [0, 0, 0, 0]) is None
    assert next_level(Crm((0.1, 0.2, 0.4), 0.2, enough=2), [0, 0], [1, 0]) is None


@pytest.mark.parametrize(
    ("tried", "toxic", "following", "named"),
    [
        ([], [], 0, None),
        ([0, 0], [0, 0], 0, 0),
        ([0] * 3, [0, 0, 0], 1, 0),
        ([0] * 3, [1, 0, 0], 0, 0),
        ([0] * 6, [1, 0, 0, 0, 0, 0], 1, 0),
        ([0] * 3, [1, 1, 0], None, None),
        ([0] * 3 + [1] * 3, [0, 0, 0, 1, 1, 0], 0, 0),
        ([0] * 3 + [1] * 3 + [0] * 3, [0, 0, 0, 1, 1, 0, 0, 0, 1], None, 0),
        ([0] * 3 + [1] * 3 + [0] * 3, [0, 0, 0, 1, 1, 0, 0, 1, 1], None, None),
        ([0] * 3 + [1] * 3 + [2] * 3, [0] * 9, 2, 2),
    ],
)
def test_three_plus_three_follows_its_rules(tried, toxic, following, named):
    design = ThreePlusThree(3)
    assert next_level(design, tried, toxic) == following
    assert mtd(design, tried, toxic) == named


def test_exact_characteristics_equal_the_closed_form():
    # without confirmation a level is passed with P(0 of 3) + P(1 of 3) P(0 of 3 more)
    passed = [binom.pmf(0, 3, p) + binom.pmf(1, 3, p) * binom.pmf(0, 3, p) for p in TRUTH]
    reached = np.cumprod([1.0, *passed])
    found = exact_escalation(ThreePlusThree(5, confirm=False), TRUTH)
    assert found.none == pytest.approx(1 - passed[0])
    stopped = [reached[i + 1] * (1 - passed[i + 1]) for i in range(4)]
    np.testing.assert_allclose(found.chosen, [*stopped, reached[5]])
    each = [3 + 3 * binom.pmf(1, 3, p) for p in TRUTH]
    np.testing.assert_allclose(found.patients, reached[:5] * each)
    np.testing.assert_allclose(found.toxicities, found.patients * TRUTH)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_every_escalation_ends(truth):
    found = exact_escalation(ThreePlusThree(len(truth)), sorted(truth))
    assert found.chosen.sum() + found.none == pytest.approx(1.0)
    np.testing.assert_allclose(found.toxicities, found.patients * np.array(sorted(truth)))


def test_simulated_and_exact_characteristics_agree():
    exact = exact_escalation(ThreePlusThree(5), TRUTH)
    found = simulated_escalation(ThreePlusThree(5), TRUTH, 2000, 1)
    np.testing.assert_allclose(found.chosen, exact.chosen, atol=4 * 0.5 / math.sqrt(2000))
    np.testing.assert_allclose(found.patients, exact.patients, atol=0.25)


def test_a_reassessment_finds_the_level_more_often_than_three_plus_three():
    skeleton = calibrated_skeleton(0.25, 0.05, 2, 5)
    crm = simulated_escalation(Crm(skeleton, 0.25, 30, 3), (0.05, 0.1, 0.25, 0.4, 0.5), 300, 2)
    rule = exact_escalation(ThreePlusThree(5), (0.05, 0.1, 0.25, 0.4, 0.5))
    assert crm.chosen[2] > rule.chosen[2]


def test_stopping_counts_are_where_the_posterior_is_sure():
    rule = StoppingRule(0.3, 0.9)
    for patients, count in enumerate(stopping_counts(rule, 30), start=1):
        assert count is not None
        assert exceeds(rule, count, patients) > 0.9
        assert count == 0 or exceeds(rule, count - 1, patients) <= 0.9
    assert exceeds(rule, 2, 3) == pytest.approx(1 - betainc(3, 2, 0.3))
    assert stopping_counts(StoppingRule(0.3, 0.9, first=3), 4)[:2] == (None, None)


def test_the_chance_of_stopping_is_exact():
    rule = StoppingRule(0.3, 0.9, first=2)
    # at two patients both must have had it, at three two of them
    assert stopping_counts(rule, 3) == (None, 2, 2)
    found = stopping_chance(rule, 3, 0.4)
    np.testing.assert_allclose(found, [0.0, 0.16, 0.16 + 2 * 0.4 * 0.6 * 0.4])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: calibrated_skeleton(0.25, 0.3, 2, 5), "half-width 0.3; expected a value above 0"),
        (lambda: calibrated_skeleton(0.25, 0.05, 5, 5), "prior level 5; expected 0 to 4"),
        (lambda: exact_escalation(ThreePlusThree(2), TRUTH), "5 probabilities for 2 levels"),
    ],
)
def test_what_cannot_be_an_escalation_is_refused(call, told):
    with pytest.raises(ValueError, match=told):
        call()
