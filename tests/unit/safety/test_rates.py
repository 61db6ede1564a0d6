"""From risks of patients and ratios to hazards of one administration."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.safety import middle_rates, true_rates
from funis.safety.rates import HIGHEST, chance, per_administration, times


def risk_after(hazard, number):
    return -math.expm1(-hazard * number)


@given(st.floats(1e-6, 0.97), st.floats(1, 12))
def test_as_many_administrations_as_were_pooled_give_the_pooled_risk_back(risk, number):
    assert risk_after(per_administration(risk, number), number) == pytest.approx(risk)


def test_a_risk_after_cells_over_its_ratio_is_the_risk_without(safety):
    hazard = safety.terms["fever"].hazard("iv")
    found = chance(hazard, 0.10, 2.5)
    assert (found.cells, found.control) == (0.10, pytest.approx(0.04))


def test_an_odds_ratio_divides_odds_and_a_risk_ratio_stays_below_certainty(safety):
    fatigue = safety.terms["fatigue"].hazard("iv")
    assert fatigue.ratio.scale == "odds_ratio"
    control = chance(fatigue, 0.5, 3.0).control
    assert control / (1 - control) == pytest.approx(1 / 3)
    assert times(safety.ratios["fever"], 0.6, 2.48) == HIGHEST
    assert times(safety.ratios["infection"], 0.6, 2.48, rate=True) == pytest.approx(1.488)


def test_without_a_ratio_all_of_it_is_due_to_cells(safety, middle):
    assert safety.terms["arachnoiditis"].hazard("it").ratio is None
    found = middle.after["arachnoiditis", "it"]
    assert found.control == 0
    assert found.cells > 0


def test_the_middle_gives_the_published_ratio_back(safety, middle):
    pool = safety.pools["fever_cells_vein"]
    found = middle.after["fever", "iv"]
    risks = [risk_after(x, pool.administrations) for x in (found.cells, found.control)]
    assert risks[0] / risks[1] == pytest.approx(2.48)
    assert risks[0] == pytest.approx(pool.quantile(0.5))


def test_a_trial_has_rates_of_its_own_and_always_the_same(safety):
    assert true_rates(safety, 7) == true_rates(safety, 7)
    several = {true_rates(safety, seed).after["fever", "iv"].control for seed in range(20)}
    assert len(several) == 20


def test_drawn_rates_spread_as_far_as_is_believed(safety):
    pool = safety.pools["thrombosis_cells_vein"]
    drawn = sorted(
        risk_after(
            true_rates(safety, seed).after["thromboembolism", "iv"].cells, pool.administrations
        )
        for seed in range(400)
    )
    assert sum(x > pool.quantile(0.5) for x in drawn) == pytest.approx(200, abs=40)
    assert drawn[-1] < 0.2


def test_death_and_malignancy_are_the_same_with_and_without_cells(safety):
    for seed in range(5):
        rates = true_rates(safety, seed, "sle").over_time
        for term in ("death", "malignancy", "hospitalisation"):
            assert rates[term].control == rates[term].cells


def test_a_disease_has_its_own_background_where_there_is_one(safety):
    own, other = (middle_rates(safety, disease).over_time["death"] for disease in ("sle", "ra"))
    assert own.control == pytest.approx(45 / (404 * 43.4 / 12), rel=1e-4)
    assert other.control == pytest.approx(0.0052, rel=1e-4)


def test_what_is_held_out_moves_no_rate(safety, middle):
    pools = {
        name: replace(pool, quantiles=tuple(x + 1 for x in pool.quantiles))
        if pool.held_out
        else pool
        for name, pool in safety.pools.items()
    }
    assert middle_rates(replace(safety, pools=pools)) == middle
    used = {hazard.risk.id for term in safety.terms.values() for hazard in term.hazards}
    assert not used & {name for name, pool in safety.pools.items() if pool.held_out}
    ratios = {h.ratio.id for t in safety.terms.values() for h in t.hazards if h.ratio}
    assert not any(safety.ratios[name].held_out for name in ratios)
