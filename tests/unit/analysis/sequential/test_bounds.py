"""Bounds against published tables, and what must hold for any design."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from funis.analysis.replicates import ReplicateSample
from funis.analysis.sequential import (
    boundaries,
    characteristics,
    crossing,
    drift_of_power,
    ending,
    looked,
    monitor,
)
from funis.population import normal
from funis.protocol import Futility, Interim


def equal(looks):
    return tuple((look + 1) / looks for look in range(looks))


def beta(spending, parameter, size, binding=False):
    return Futility(
        "beta_spending", beta=size, spending=spending, parameter=parameter, binding=binding
    )


# Outputs that the R package rpact holds itself to (rpact-com/rpact,
# tests/testthat/test-f_design_group_sequential.R, cran/rpact 2.x test-f_analysis_base_survival.R)
# and, first, gsDesign (https://merck.github.io/gsDesign2/reference/gs_b.html).
PUBLISHED = {
    "gsDesign sfLDOF": (Interim((0.5, 0.75, 1)), 0.025, [2.962588, 2.359018, 2.014084], None),
    "OF": (
        Interim(equal(3), "obrien_fleming"), 0.025, [3.4710914, 2.4544323, 2.0040356], None,
    ),
    "asHSD": (
        Interim((0.2, 0.4, 1), "hwang_shih_decani", 0.0), 0.03,
        [2.5121443, 2.4228747, 2.0280392], None,
    ),
    "asHSD bsHSD": (
        Interim((0.2, 0.4, 1), "hwang_shih_decani", -1.0, beta("hwang_shih_decani", -2.0, 0.14)),
        0.07, [2.364813, 2.1928805, 1.5660474], [-1.1063623, -0.35992439],
    ),
    "asKD bsKD": (
        Interim((0.3, 0.7, 1), "kim_demets", 2.2, beta("kim_demets", 3.2, 0.34)),
        0.03, [2.8594012, 2.2435708, 1.9735737], [-1.1558435, 0.72836893],
    ),
    "WT binding": (
        Interim(equal(4), "wang_tsiatis", 0.4, Futility("z", bounds=(0.5244,) * 3, binding=True)),
        0.035, [2.3284312, 2.1725031, 2.0861776, 2.0270171], [0.5244] * 3,
    ),
    "asOF bsKD": (
        Interim((0.4, 0.75, 1), futility=beta("kim_demets", 2.5, 0.41)),
        0.13, [2.1280732, 1.4368565, 1.2468994], [-0.83725762, 0.35992547],
    ),
    "asOF bsKD binding": (
        Interim((0.4, 0.75, 1), futility=beta("kim_demets", 2.5, 0.41, binding=True)),
        0.13, [2.1280732, 1.4362896, 1.2218662], [-0.84937686, 0.34328914],
    ),
    "asOF bsKD, 4 looks": (
        Interim((0.4, 0.75, 0.85, 1), futility=beta("kim_demets", 2.5, 0.41)),
        0.13, [2.1280732, 1.4368565, 1.422873, 1.2970881], [-0.82676531, 0.3743303, 0.65077266],
    ),
    "asP, ended early": (
        Interim((0.4, 0.7), "lan_demets_pocock"), 0.025, [2.223875, 2.3050796], None,
    ),
    "WT 0.45": (
        Interim((0.2, 0.4, 0.6, 1), "wang_tsiatis", 0.45), 0.025,
        [2.4878815, 2.4031352, 2.3549063, 2.2955206], None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_bounds_equal_published_ones(name):
    interim, alpha, efficacy, futility = PUBLISHED[name]
    bounds = boundaries(interim, alpha)
    np.testing.assert_allclose(bounds.efficacy_z, efficacy, atol=2e-6)
    if futility is not None:
        np.testing.assert_allclose(bounds.futility_z[:-1], futility, atol=2e-6)


def test_nominal_levels_of_pocock_equal_the_printed_table():
    # http://twiki.owiki.org/wiki/Pocock_boundary (after Pocock 1977): two-sided 5 %, four decimals
    for looks, level in ((2, 0.0294), (3, 0.0221), (4, 0.0182), (5, 0.0158)):
        bounds = boundaries(Interim(equal(looks), "pocock"), 0.05, "either")
        np.testing.assert_allclose(2 * ndtr(-bounds.efficacy_z), level, atol=5e-5)


def test_probabilities_and_sizes_equal_published_ones():
    # rpact, the same file, y2: getDesignCharacteristics of "asHSD bsHSD"
    interim, alpha, _, _ = PUBLISHED["asHSD bsHSD"]
    bounds = boundaries(interim, alpha)
    drift = drift_of_power(bounds, 0.86)
    planned, none = characteristics(bounds, drift), characteristics(bounds, 0.0)
    inflation = drift**2 / (ndtri(1 - alpha) + ndtri(0.86)) ** 2
    assert drift**2 == pytest.approx(7.1015942, abs=1e-5)
    assert inflation == pytest.approx(1.0869177, abs=1e-6)
    np.testing.assert_allclose(planned.success, [0.12038953, 0.20856311, 0.53104735], atol=1e-7)
    np.testing.assert_allclose(planned.futility[:2], [0.010777094, 0.016077535], atol=1e-7)
    assert inflation * planned.expected_information == pytest.approx(0.82636428, abs=1e-6)
    assert inflation * none.expected_information == pytest.approx(0.79471657, abs=1e-6)


def test_one_look_is_the_ordinary_test():
    bounds = boundaries(Interim((1.0,)), 0.025)
    assert bounds.efficacy_z[0] == pytest.approx(ndtri(0.975), abs=1e-9)
    power = characteristics(bounds, 3.0).power
    assert power == pytest.approx(ndtr(3.0 - ndtri(0.975)), abs=1e-9)


def test_two_looks_equal_the_bivariate_normal():
    # closed form: P(Z1 > 0, Z2 > 0) of correlation r is 1/4 + asin(r) / 2 pi
    share = 0.3
    found = crossing((share, 1.0), (-math.inf, -math.inf), (0.0, 0.0))
    second = 0.5 - (0.25 + math.asin(math.sqrt(share)) / (2 * math.pi))
    np.testing.assert_allclose(found.above, [0.5, second], atol=1e-10)


def test_small_is_good_mirrors_large_is_good():
    interim = PUBLISHED["asOF bsKD"][0]
    less, greater = boundaries(interim, 0.13, "less"), boundaries(interim, 0.13)
    np.testing.assert_array_equal(less.efficacy_z, -greater.efficacy_z)
    np.testing.assert_array_equal(less.futility_z, -greater.futility_z)
    z = normal(1, "z", np.arange(200)[:, None], np.arange(3)[None])
    np.testing.assert_array_equal(monitor(-z, less).success, monitor(z, greater).success)


def test_two_sided_bounds_spend_both_tails():
    bounds = boundaries(Interim(equal(3), "pocock"), 0.05, "either")
    assert ending(bounds, 0.0).above.sum() == pytest.approx(0.05, abs=1e-9)
    z = np.array([[0.0, -5.0, 0.0], [0.0, 0.0, 0.0], [3.0, 0.0, 0.0]])
    found = monitor(z, bounds)
    assert found.stopped_at.tolist() == [1, 2, 0]
    assert found.success.tolist() == [True, False, True]


@settings(max_examples=12, deadline=None)
@given(
    looks=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    alpha=st.sampled_from([0.005, 0.025, 0.1]),
    shape=st.sampled_from(
        [("obrien_fleming", None), ("pocock", None), ("lan_demets_obrien_fleming", None),
         ("lan_demets_pocock", None), ("kim_demets", 1.5), ("hwang_shih_decani", -4.0)]
    ),
)  # fmt: skip
def test_any_design_spends_alpha(looks, alpha, shape):
    shares = sorted({look / 10 for look in looks})
    bounds = boundaries(Interim((*shares, 1.0), *shape), alpha)
    found = ending(bounds, 0.0)
    assert found.above.sum() == pytest.approx(alpha, abs=1e-8)
    assert found.above.sum() + found.below.sum() == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("rule", ["beta_spending", "conditional_power", "predictive_power"])
def test_binding_futility_gives_alpha_back_and_unbound_keeps_it(rule):
    for binding in (True, False):
        futility = Futility(rule, below=0.2, beta=0.2, binding=binding)
        bounds = boundaries(Interim((0.5, 1.0), futility=futility), 0.025)
        obeyed, ignored = (ending(bounds, 0.0, obey).above.sum() for obey in (True, False))
        held = obeyed if binding else ignored
        assert held == pytest.approx(0.025, abs=1e-8)
        assert obeyed < ignored


@pytest.mark.parametrize("binding", [True, False])
def test_success_goes_before_a_futility_bound_above_it(binding):
    futility = Futility("z", bounds=(3.5,), binding=binding)
    bounds = boundaries(Interim((0.5, 1.0), futility=futility), 0.025)
    found = ending(bounds, 0.0)
    assert found.above.sum() <= 0.025
    assert found.above.sum() + found.below.sum() == pytest.approx(1.0)
    assert monitor(np.array([[3.2, 9.0]]), bounds).success[0]


def test_power_based_bounds_are_where_that_power_is():
    for rule, spread in (("conditional_power", 0.5), ("predictive_power", 1.0)):
        bounds = boundaries(Interim((0.5, 1.0), futility=Futility(rule, below=0.2)), 0.025)
        score = bounds.futility_z[0] * math.sqrt(0.5)
        # half is left: variance 1/2, and for predictive power as much again for the unknown drift
        power = ndtr((2 * score - bounds.efficacy_z[1]) / math.sqrt(spread))
        assert power == pytest.approx(0.2, abs=1e-9)


def test_replicates_end_as_often_as_the_integral_says():
    interim = Interim((0.3, 0.7, 1.0), futility=Futility("conditional_power", below=0.1))
    bounds, replicates, drift = boundaries(interim, 0.025), 20_000, 2.0
    gains = np.diff([0.0, *interim.looks])
    steps = normal(4, "steps", np.arange(replicates)[:, None], np.arange(3)[None])
    score = np.cumsum(steps * np.sqrt(gains) + drift * gains, axis=1)
    found = monitor(score / np.sqrt(bounds.information), bounds)
    expected = ending(bounds, drift)
    for look in range(3):
        share = np.mean(found.success & (found.stopped_at == look))
        assert share == pytest.approx(expected.above[look], abs=4 * 0.5 / math.sqrt(replicates))


def test_a_look_that_did_not_happen_ends_nothing():
    bounds = boundaries(Interim((0.5, 1.0)), 0.025)
    found = monitor(np.array([[np.nan, 3.0], [np.nan, np.nan], [9.0, np.nan]]), bounds)
    assert found.stopped_at.tolist() == [1, 1, 0]
    assert found.success.tolist() == [True, False, True]


def test_looks_at_replicates_hold_error_and_reach_the_power_of_the_bounds():
    replicates, each = 2000, 80
    bounds = boundaries(Interim((0.5, 1.0), futility=Futility("z", bounds=(0.0,))), 0.025)
    key = (np.arange(replicates)[:, None], np.arange(each)[None])
    control, treated = (ReplicateSample(normal(3, arm, *key)) for arm in ("a", "b"))
    effect = drift_of_power(bounds, 0.8) / math.sqrt(each / 2)
    better = ReplicateSample(treated.values + effect)
    limit = 2 * math.sqrt(0.025 * 0.975 / replicates)
    null = looked("welch", treated, control, bounds)
    assert null.success.mean() <= 0.025 + limit
    assert set(null.patients) == {80, 160}
    assert looked("welch", better, control, bounds).success.mean() == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    ("interim", "alpha", "side", "told"),
    [
        (Interim((1.0,)), 1.5, "either", "alpha 1.5; expected a value between 0 and 1"),
        (Interim((1.0,)), 0.6, "greater", "between 0 and 0.5"),
        (PUBLISHED["asOF bsKD"][0], 0.05, "either", "a two-sided test with futility bounds"),
    ],
)
def test_what_cannot_be_a_design_is_refused(interim, alpha, side, told):
    with pytest.raises(ValueError, match=told):
        boundaries(interim, alpha, side)
