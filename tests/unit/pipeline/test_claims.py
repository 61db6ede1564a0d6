"""Claims put to the evidence and to the model, with few virtual patients."""

import math
from dataclasses import replace

import numpy as np
import pytest

from funis.calibrate.points import Points
from funis.calibrate.settings import load_settings
from funis.claims import library_register
from funis.models import disease_ids
from funis.pipeline.claims import judge_claims
from funis.pipeline.claims.answers import Size
from funis.pipeline.claims.asked import Asked, asked_of, effect_asked
from funis.pipeline.claims.draws import belief_of, prior_belief, without_effect
from funis.pipeline.claims.judge import advertised_routes, is_there
from funis.pipeline.claims.kept import model_hash
from funis.pipeline.claims.model import statements, without_cells_parameters
from funis.pipeline.claims.published import (
    RANGE,
    Known,
    all_evidence,
    comparisons,
    control_arms,
    direction_of,
    effect_pools,
    harms,
    measured_rate,
    measurements,
    share_pools,
    unusable,
)

FEW = Size(patients=4, twins=2, accounts=20)


def demo_of(disease):
    """What the register asks of one trial of a disease."""
    register = library_register()
    (asked,) = (one for one in asked_of(register, register.claims) if one.disease == disease)
    first = min(one.trial for one in asked.effects)
    effects = tuple(one for one in asked.effects if one.trial == first)
    return Asked(disease, effects, (), (), None)


@pytest.mark.parametrize("disease", disease_ids())
def test_at_potency_0_the_model_supports_no_claim_of_an_effect(disease):
    asked = demo_of(disease)
    nothing = without_effect(belief_of(disease, model_hash(disease)))
    found = statements(asked, nothing, dict.fromkeys(asked.effects, 1), 4).values()
    assert nothing.no_effect == 1
    assert found
    for one in found:
        assert one.silent_at_zero, one
        assert not one.changes
        assert not one.supports
        assert not replace(one, better=-1).supports


def test_cells_that_act_change_what_the_model_says():
    asked = demo_of("ra")
    acting = belief_of("ra", model_hash("ra"))
    found = statements(asked, acting, dict.fromkeys(asked.effects, -1), 8)
    inflammation = next(x for asked, x in found.items() if asked.endpoint == "DAS28_CRP")
    assert inflammation.supports
    assert inflammation.low80 <= inflammation.middle.estimate <= inflammation.high80 < 0


def test_the_prior_is_centred_on_the_library_and_even_on_both_sides():
    belief = prior_belief("ra")
    factors = belief.points.factors[:, 0]
    assert factors[belief.middle] == pytest.approx(1)
    assert factors * factors[::-1] == pytest.approx(1)
    assert belief.no_effect == 0.3


def test_what_acts_on_patients_acts_on_those_without_cells_too():
    settings = load_settings("ra")
    cells = Points(("potency", "k_lm"), np.array([[0.0, 1.0], [2.0, 0.5]]))
    assert len(without_cells_parameters(cells, settings)) == 1
    both = Points(("potency", "expectation"), np.array([[0.0, 1.0], [2.0, 0.5]]))
    control = without_cells_parameters(both, settings)
    assert control.names == ("expectation",)
    assert control.factors.ravel().tolist() == [1.0, 0.5]


@pytest.fixture(scope="module")
def crohn():
    return Known("cd")


def test_kinds_of_studies_stand_apart_and_control_arms_beside_them(crohn):
    pools = share_pools(crohn, "REMISSION", 6)
    assert [pool.study_type for pool in pools] == ["single-arm", "control arms"]
    assert not any(pool.contrast or pool.counts for pool in pools)


def test_control_arms_of_drug_trials_are_pooled_and_others_shown_as_a_range(crohn):
    # gemini2_cd 148, gemini3_cd 207, schreiber2000_il10_cd 66 patients on placebo
    (pooled,) = control_arms(crohn, "CDAI_100", "responder", 6)
    assert pooled.patients == 148 + 207 + 66
    assert 0.15 < pooled.low < 0.22 < pooled.estimate < 0.28 < pooled.high < 0.36
    (spread,) = control_arms(Known("sle"), "SRI4", "responder", 52)
    assert spread.label == RANGE
    assert spread.low <= spread.estimate <= spread.high


def test_the_only_randomised_study_is_shown_with_its_patients_and_tissue(crohn):
    # melmed2015_cd: placenta cells 10 of 28, placebo 0 of 16
    found = share_pools(crohn, "RESPONSE_100_OR_25_HELD", 6)
    arm, difference = (pool for pool in found if pool.study_type == "randomised")
    assert arm.estimate == pytest.approx(10 / 28)
    assert difference.estimate == pytest.approx(10 / 28)
    assert (arm.patients, difference.patients, difference.randomised) == (28, 44, 50)
    assert not arm.cord
    assert "placenta" in arm.cells


def test_what_was_published_without_a_usable_number_is_named(crohn):
    left = unusable(crohn, "CDAI", "change", 156)
    assert {one.study for one in left} == {"lazebnik2012_cd"}
    assert all(one.reason for one in left)


def test_cord_cells_are_pooled_apart_where_tissues_are_mixed():
    pools = share_pools(Known("ra"), "ACR20", 12)
    arms = [p for p in pools if p.study_type == "randomised" and not p.contrast]
    assert [pool.cord for pool in arms] == [False, True]
    assert set(arms[1].studies) < set(arms[0].studies)


def test_a_higher_c_peptide_is_the_better_one():
    # cai2016_t1d: one centre, higher with cells
    known = Known("t1d")
    pools = effect_pools(known, "cpeptide_auc", "change", 52, 1)
    (trial,) = (pool for pool in pools if pool.controlled)
    assert trial.side == "benefit"
    assert trial.centres == 1
    assert trial.cord


@pytest.mark.parametrize(
    ("words", "direction"),
    [
        ("significant decrease", "lower"),
        ("increase 2-3 weeks after IFN-g peak", "higher"),
        ("decreased, not significant", "none"),
        ("no significant change (direction only)", "none"),
        ("unchanged vs baseline", "none"),
        ("present", "unclear"),
        ("IL-10 increased, TNF decreased", "unclear"),
    ],
)
def test_words_are_read_as_a_direction(words, direction):
    assert direction_of(words) == direction


def test_plasma_cytokines_that_did_not_change_are_among_the_measurements():
    found = measurements(all_evidence(), ["plasma_IL6_TGFb_IL17A_IL22"])
    (one,) = found
    assert (one.study, one.direction, one.study_type) == ("liu2011_sle", "none", "single-arm")
    assert not one.numbers


def test_safety_is_read_from_the_evidence_with_nothing_but_ratios_against_control():
    found = {one.term: one for one in harms()}
    assert found["fever"].estimate == 2.48
    assert all(one.low < one.estimate < one.high for one in found.values())
    assert not any(" vs " in term for term in found)
    rate = measured_rate("sanabria2021_dsa_safety", "donor_specific_antibodies_mean_of_studies")
    assert rate is not None
    assert rate[0].estimate == pytest.approx(0.1151)
    assert rate[1] == 356
    assert measured_rate("no_study", "no_term") is None


def test_a_comparison_of_tissues_is_read_from_both_sides():
    cord = comparisons("proliferation", "umbilical_cord", "bone_marrow")
    marrow = comparisons("proliferation", "bone_marrow", "umbilical_cord")
    assert {one.direction for one in cord} == {"higher"}
    assert {one.direction for one in marrow} == {"lower"}


def test_what_a_practice_needs_is_looked_up():
    assert is_there("protocol:ra_iv")
    assert not is_there("protocol:ra_oral")
    assert is_there("route:it")
    assert is_there("funis.product:Product")
    assert not is_there("funis.product:no_such_thing")
    assert is_there("funis.plan:consultation")  # whether or not anything imported it before
    assert set(advertised_routes()) == {"iv", "it", "ia"}


def test_rows_without_the_model_are_judged_at_once_and_alike(monkeypatch):
    def refuse(*_):
        raise AssertionError("the model was asked")

    monkeypatch.setattr("funis.pipeline.claims.model.load_trial", refuse)
    for row, verdict in {12: "uncertain", 20: "contradicted", 27: "contradicted"}.items():
        (found,) = judge_claims(row, size=FEW, workers=1)
        assert (found.claim.row, found.verdict, found.model) == (row, verdict, (0, 0))


def test_a_share_is_asked_of_the_model_as_a_response():
    (claim,) = (one for one in library_register().claims if one.row == 19)
    asked = effect_asked(claim.parts[0])
    assert asked is not None
    assert asked.measure == "responder"
    assert not math.isnan(asked.week)
