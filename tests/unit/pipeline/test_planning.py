"""The predicted course of a plan: who is matched, what becomes of them, what changes it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.models.factors import NO_CELLS, Points
from funis.pipeline.planning import changes, compare
from funis.pipeline.planning.alternatives import cells_million, doses_by_route, offered
from funis.pipeline.planning.events import adverse_events, drawn_rates, infusions
from funis.pipeline.planning.following import (
    LOW,
    interval_of,
    plain_means,
    same_people,
    sampled_means,
    spread_draws,
    true_scores,
)
from funis.pipeline.planning.matching import CANDIDATES, LEVELS, matched_patients, settled
from funis.pipeline.planning.predict import (
    _warnings,
    as_difference,
    as_one_event,
    as_share,
    endpoint_of,
    followed,
    predicted_course,
    prepared,
    response_of,
)
from funis.pipeline.planning.setting import (
    ARMS,
    NO_EFFECT,
    PLACEBO,
    TREATED,
    chosen_protocol,
    drugs_of,
    plan_arms,
    with_hold,
)
from funis.pipeline.pools import trial_pool
from funis.pipeline.uncertainty import chosen_ensemble
from funis.plan import Consultation, Interval, Medication
from funis.plan.consultation import read_consultation
from funis.protocol import Arm, Intervention
from funis.safety import library_safety

TAKING = (
    Medication("methotrexate", "mtx"),
    Medication("tofacitinib", "jak_inhibitor"),
    Medication("adalimumab", "anti_tnf", stopped_week=20),
    Medication("naproxen", "nsaid"),
)


@pytest.fixture(scope="module")
def chosen():
    return chosen_protocol("ra", "ra_two_arm", None)


@pytest.fixture(scope="module")
def pool(chosen):
    return trial_pool(chosen.trial.model)


@pytest.fixture(scope="module")
def ready(chosen, pool):
    posterior = chosen_ensemble(chosen.trial.model, "borrowed")
    return prepared(read_consultation("ra"), chosen, pool, posterior, 1)


@pytest.fixture(scope="module")
def course(ready):
    return predicted_course(ready)


def benefit(chosen, pool, consultation):
    """Mean true benefit in the main score over 24 weeks, at the library's potency."""
    ready = prepared(consultation, chosen, pool, None, 1)
    found = true_scores(
        ready.study, ready.matched.who, spread_draws(None, 1), (0.0, 12.0, 24.0), [ready.score], 1
    )[0, ..., 0]
    means = np.nanmean(found, axis=(1, 2))
    return means[ARMS.index(PLACEBO)] - means[ARMS.index(TREATED)]


def test_a_candidate_of_the_pool_matches_himself_best(ready):
    who, seen = settled(ready.study, np.arange(CANDIDATES), ready.drugs)
    names = ("tjc68", "sjc66", "crp", "pain_vas", "haq")
    himself = Consultation(
        id="himself",
        disease="ra",
        weight_kg=ready.consultation.weight_kg,
        age_year=float(who.covariate("age")[7]),
        sex="female" if who.covariate("female")[7] else "male",
        duration_year=float(who.covariate("duration")[7]),
        prior_failures=("drug",) * int(who.covariate("prior_failures")[7]),
        severity={name: float(seen[name][7]) for name in names},
        medication=ready.consultation.medication,
    )
    found = matched_patients(ready.study, himself, ready.drugs)
    assert found.who.patient[0] == 7
    assert found.level is not None


def test_matches_have_the_sex_weight_and_traits_of_the_consultation(pool):
    lupus = chosen_protocol("sle", None, None)
    asked = read_consultation("sle")
    found = prepared(asked, lupus, trial_pool(lupus.trial.model), None, 1)
    who = found.matched.who
    assert np.all(who.covariate("female") == 1)
    assert np.all(who.covariate("weight") == asked.weight_kg)
    assert np.all(who.covariate("nephritis") == asked.severity["nephritis"])


def test_the_nearest_stand_in_where_nobody_is_near_and_the_course_says_so(chosen, pool):
    strange = Consultation("strange", "ra", 60.0, age_year=18, severity={"crp": 190, "sjc66": 1})
    ready = prepared(strange, chosen, pool, None, 1)
    assert ready.matched.level is None
    assert "the nearest stand in" in ready.matched.words
    course = predicted_course(replace(ready, score=None))
    assert any("Too few virtual patients" in text for text in course.warnings)


def test_tolerances_only_widen():
    for before, after in itertools.pairwise(LEVELS):
        assert before[0] <= after[0]
        assert before[1] <= after[1]
        assert before[2] >= after[2]


def test_background_drugs_are_given_by_class_and_what_is_not_known_is_told(chosen):
    drugs = drugs_of(Consultation("x", "ra", 70.0, medication=TAKING), chosen.trial)
    assert drugs.entry["background_mtx"] == 1
    assert drugs.entry["background_steroid"] == 0
    assert drugs.given == ("jak_inhibitor",)
    for arm in plan_arms(chosen, drugs):
        assert [one.drug for one in arm.interventions if one.drug] == ["jak_inhibitor"]
    told = " ".join(drugs.words)
    assert "adalimumab: stopped" in told
    assert "naproxen: not represented" in told


def test_a_drug_of_the_consultation_is_at_work_from_the_run_in_on(ready):
    drugs = drugs_of(Consultation("x", "ra", 70.0, medication=TAKING), ready.trial)
    who, _ = settled(ready.study, np.arange(8), drugs)
    states = ready.study.model.form.states
    assert who.states[:, states.index("C_jak")] == pytest.approx(1.0, abs=0.01)
    assert who.states[:, states.index("C_tnf")] == pytest.approx(0.0, abs=1e-9)


def test_cells_without_effect_and_no_living_cell_do_what_placebo_does(chosen, pool, course):
    primary = course.responses[0]
    assert primary.primary
    assert primary.no_effect.estimate == pytest.approx(primary.placebo.estimate, abs=0.02)
    assert abs(course.averaged[0].no_effect.estimate) < 1e-5
    scenario = {**chosen.arm.scenario, "viability": 0.0}
    dead = replace(chosen, arm=replace(chosen.arm, scenario=type(chosen.arm.scenario)(scenario)))
    assert abs(benefit(dead, pool, read_consultation("ra"))) < 1e-5


def test_the_predicted_effect_falls_with_the_time_from_thaw_to_vein(chosen, pool):
    consultation = read_consultation("ra")
    found = [benefit(with_hold(chosen, hold), pool, consultation) for hold in (0.0, 90.0, 385.0)]
    assert found[0] > found[1] > found[2] > 0


def test_a_hold_without_a_measured_viability_is_refused(chosen):
    with pytest.raises(InputError, match="no viability at 900 minutes"):
        with_hold(chosen, 900.0)


def test_a_course_shows_placebo_and_no_effect_beside_every_treated_number(course):
    assert course.n_patients > 0
    assert course.draws == 24
    assert 0 <= course.no_effect_share <= 1
    (band,) = course.bands
    assert len(band.weeks) == len(band.treated.median) == len(band.placebo.low)
    assert band.treated.median[0] == band.placebo.median[0] == band.no_effect.median[0]
    for one in course.responses:
        for arm in (one.treated, one.placebo, one.no_effect, one.difference):
            assert arm.low <= arm.estimate <= arm.high


def test_what_would_change_the_prediction_is_ranked_and_no_potency_leaves_nothing(course):
    found = {one.name: one for one in course.influences}
    assert [one.change for one in course.influences] == sorted(
        (one.change for one in course.influences), reverse=True
    )
    assert set(found) == {
        "Potency of the cells", "Hold time", "Number of cells", "Background drug",
        "Severity at the start", "Form of the model",
    }  # fmt: skip
    cells = found["Number of cells"]
    assert cells.low < cells.high
    assert cells.ends == ("half of it", "twice as many")
    if course.no_effect_share > LOW:
        assert abs(found["Potency of the cells"].low) < 1e-5


def test_threads_change_no_number(ready):
    points = spread_draws(ready.points, 4)
    who = ready.matched.who.rows(np.arange(4))
    one, two = (
        true_scores(ready.study, who, points, (0.0, 8.0), [ready.score], threads)
        for threads in (1, 2)
    )
    assert np.array_equal(one, two)


def test_draws_are_spread_over_the_posterior_in_the_order_of_its_potency():
    points = Points((NO_CELLS,), np.arange(10.0)[::-1, None])
    assert spread_draws(points, 5).factors[:, 0].tolist() == [1, 3, 5, 7, 9]
    assert spread_draws(None, 5).factors.tolist() == [[1.0]]


@given(potency=st.lists(st.floats(0, 10), min_size=1, max_size=60), count=st.integers(1, 30))
def test_spread_draws_are_draws_and_keep_the_share_without_effect(potency, count):
    points = Points((NO_CELLS,), np.array(potency)[:, None])
    drawn = spread_draws(points, count).factors[:, 0]
    assert len(drawn) == count
    assert set(drawn) <= set(potency)
    share, believed = np.mean(drawn == 0), np.mean(np.array(potency) == 0)
    assert abs(share - believed) <= 1 / count + 1e-12


@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=12))
def test_samples_of_patients_stay_between_the_patients_and_hold_their_mean(values):
    table = np.array(values)[None, :]
    samples, mean = sampled_means(table, 3), float(plain_means(table))
    assert samples.min() >= min(values) - 1e-9
    assert samples.max() <= max(values) + 1e-9
    found = interval_of(mean, samples)
    assert found.low <= mean <= found.high


def test_nobody_of_so_many_is_not_surely_nobody():
    nobody = as_share(Interval(0.0, 0.0, 0.0), 20)
    assert (nobody.estimate, nobody.low) == (0.0, 0.0)
    assert nobody.high == pytest.approx(1.959964**2 / (20 + 1.959964**2), rel=1e-5)  # Wilson


def test_means_of_rates_weigh_patients_by_their_years():
    values = np.array([[1.0, 0.0, np.nan]])
    years = np.array([[0.5, 1.5, 4.0]])
    assert plain_means(values, years) == pytest.approx(1.0 / 2.0)
    assert plain_means(values) == pytest.approx(0.5)
    alike = np.full((2, 5), 3.0)
    assert np.all(sampled_means(alike, 1) == 3.0)


def test_the_risk_of_an_event_follows_from_its_hazard_and_the_number_of_doses(ready):
    rates = drawn_rates(library_safety(), "ra", ready.study.seed)
    week = 12.0
    given = infusions(ready.study.protocol.arm(TREATED), week)
    found = {one.id: one for one in adverse_events(ready.study, week)}
    hazards = np.array([one.after["fever", "iv"].cells for one in rates])
    expected = np.mean(1 - np.exp(-given["iv"] * hazards))
    assert found["fever"].treated.estimate == pytest.approx(expected, rel=1e-12)
    order = [one.treated.estimate for one in adverse_events(ready.study, week)]
    assert order == sorted(order, reverse=True)


def test_events_of_time_alone_are_the_same_in_both_arms(ready):
    terms = library_safety().terms_over_time
    ratios = {one.id: one.background("ra").ratio for one in terms}
    untouched = {name for name, ratio in ratios.items() if ratio and ratio.error == 0}
    assert untouched
    for one in adverse_events(ready.study, 12.0):
        if one.id in untouched:
            assert one.treated == one.placebo


def test_a_dose_at_the_horizon_is_not_counted():
    cells = Intervention("c", product="p", dose_cell_per_kg=1e6, route="iv", days=(0, 28, 56))
    arm = Arm("a", "A", interventions=(cells,))
    assert doses_by_route(arm, 8.0) == {"iv": 2}
    assert cells_million(arm, 8.0, 50.0) == pytest.approx(100.0)


def test_alternatives_begin_with_the_plan_and_stand_once_each(chosen):
    found = offered(chosen, 104.0)
    assert found[0].kind == "plan"
    assert {one.kind for one in found} >= {"plan", "advertised", "published"}
    assert len({one.id for one in found}) == len(found)
    routes = {one.id for one in chosen.trial.model.inputs if one.kind == "cells"}
    assert all(set(doses_by_route(one.arm, 104.0)) <= routes for one in found)


def test_alternatives_that_cannot_be_told_apart_are_said_to_be_so(ready, monkeypatch):
    monkeypatch.setattr(compare, "PATIENTS", 6)
    found = compare.compared(ready, horizon_week=ready.study.protocol.endpoints[0].week)
    alike = [one for one in found.alternatives if one.alike]
    assert len(alike) > 1
    assert "cannot be told apart" in found.answer
    assert "never for a person" in found.caveats[0]
    assert found.stratum == ready.matched.words
    for one in found.alternatives:
        assert one.response.low <= one.response.estimate <= one.response.high


@pytest.mark.parametrize(
    ("name", "arm", "expected"),
    [
        ("ra_ivv", None, "did you mean 'ra_iv'?"),
        ("ms_demo", None, "is for the disease 'ms'"),
        ("ms_it_iv", None, "is for the disease 'ms'"),
        ("ra_demo", "placebo", "no arm 'placebo' that gives cells"),
        ("ra_iv", "hihg", "did you mean 'high'?"),
    ],
)
def test_a_wrong_protocol_or_arm_is_one_clear_line(name, arm, expected):
    with pytest.raises(InputError) as error:
        chosen_protocol("ra", name, arm)
    (issue,) = error.value.issues
    assert expected in str(issue)


def test_a_regimen_is_planned_within_the_demo_trial_of_its_disease():
    found = chosen_protocol("ra", "ra_iv", "high")
    assert (found.reference.kind, found.reference.trial, found.arm.id) == (
        "regimen", "ra_demo", "high",
    )  # fmt: skip


def test_no_potency_of_the_plan_reaches_the_arm_without_effect(ready):
    arms = {arm.id: arm for arm in ready.study.protocol.arms}
    assert arms[NO_EFFECT].scenario[NO_CELLS] == 0.0
    assert NO_CELLS not in arms[TREATED].scenario
    assert changes.POTENCY[0] == LOW


def test_a_difference_of_few_is_never_exactly_nothing():
    none = as_difference(Interval(0.0, 0.0, 0.0), np.zeros((16, 48)))
    assert (none.low, none.high) == pytest.approx((-0.0741, 0.0741), abs=1e-4)  # Wilson, 0 of 48
    moved = np.zeros((16, 48))
    moved[:, :12] = 1
    gained = as_difference(Interval(0.25, 0.25, 0.25), moved)
    assert gained.low < 0.16
    assert gained.high > 0.38


def test_a_difference_counts_and_divides_by_those_who_were_followed():
    moved = np.zeros((16, 48))
    moved[:, :6] = 1
    moved[:, 24:] = np.nan
    few = as_difference(Interval(0.25, 0.25, 0.25), moved)
    assert few == as_difference(Interval(0.25, 0.25, 0.25), moved[:, :24])
    unknown = Interval(0.0, 0.0, 0.0)
    assert as_difference(unknown, np.full((16, 48), np.nan)) == unknown


def test_who_was_not_solved_in_one_arm_is_left_out_of_all_arms_of_that_draw():
    lost = np.zeros((2, 3, 4), dtype=bool)
    lost[1, 2, 0] = True
    for shape in ((2, 3, 4), (2, 3, 4, 5)):
        there = ~np.isnan(same_people(np.ones(shape), lost))
        assert not there[1, :, 0].any()
        assert there.sum() == there.size * (1 - 1 / 8)


def test_arms_of_a_course_hold_the_same_people_where_one_was_not_solved(ready):
    seen = followed(ready)
    failed = seen.found.failed.copy()
    arms = [arm.id for arm in seen.study.arms]
    failed[:, arms.index(TREATED), 0] = True
    broken = replace(seen, found=replace(seen.found, failed=failed))
    request = seen.requests[0]
    values, _ = endpoint_of(seen.study, seen.found, request)
    whole, left = response_of(seen, request), response_of(broken, request)
    for arm, kept in ((PLACEBO, left.placebo), (TREATED, left.treated)):
        others = values[:, arms.index(arm), 1:]
        assert kept.estimate == pytest.approx(float(np.nanmean(others)))
    apart = left.treated.estimate - left.placebo.estimate
    assert left.difference.estimate == pytest.approx(apart)
    assert left.difference.high - left.difference.low > 0
    assert left != whole
    (said,) = (one for one in _warnings(ready, broken.found) if "not solved" in one)
    assert said.startswith("1 of the matches")
    assert f"{len(failed)} of {failed[:, 0].size} times" in said


def test_counts_in_which_nobody_differs_leave_one_event_open():
    found = as_one_event(Interval(0.0, 0.0, 0.0), 48, 2.0)
    assert (found.low, found.high) == pytest.approx((-0.0741 / 2, 0.0741 / 2), abs=1e-4)
