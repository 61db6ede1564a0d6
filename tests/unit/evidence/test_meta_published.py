"""Published meta-analyses, to the last printed decimal."""

import math

import pytest
from scipy.special import expit

from funis.evidence.meta import (
    arm_rate,
    egger,
    odds_ratio,
    pool,
    proportion,
    rate_ratio,
    regress,
    standardised_mean_difference,
)
from funis.evidence.meta.binomial import pool_counts


def error_of(pooled):
    """Standard error by the normal distribution, from the interval that is kept."""
    return (pooled.wald.high - pooled.wald.low) / (2 * 1.959963984540054)


def test_the_vaccine_trials_by_restricted_maximum_likelihood(bcg):
    # README.md of github.com/wviechtb/metafor: rma(yi, vi, test="knha"), regtest, predict;
    # the SE of 0.1798 is that of rma(yi, vi) (vignette of the R package symbolizer).
    found = pool(bcg)
    spread = found.heterogeneity
    assert round(found.estimate, 4) == -0.7145
    assert round(error_of(found), 4) == 0.1798
    assert round(spread.tau2, 4) == 0.3132
    assert round(found.error, 4) == 0.1808
    assert (round(found.low, 4), round(found.high, 4)) == (-1.1084, -0.3206)
    assert round(found.p_value, 4) == 0.0019
    assert (round(found.wald.low, 4), round(found.wald.high, 4)) == (-1.0669, -0.3622)
    assert (round(spread.q, 4), spread.freedom) == (152.2330, 12)
    assert (round(100 * spread.i2, 2), round(spread.h2, 2)) == (92.22, 12.86)
    ends = (math.exp(found.prediction.low), math.exp(found.prediction.high))
    assert (round(ends[0], 2), round(ends[1], 2)) == (0.14, 1.76)


def test_the_vaccine_trials_by_moments_with_the_q_profile_interval(bcg):
    # tests/testthat/test_misc_confint.r of github.com/wviechtb/metafor: rma(method="DL"), confint.
    found = pool(bcg, "dl")
    spread = found.heterogeneity
    shown = [math.exp(x) for x in (found.estimate, found.wald.low, found.wald.high)]
    assert [round(x, 4) for x in shown] == [0.4896, 0.3449, 0.6950]
    limits = (spread.tau2, spread.tau2_range.low, spread.tau2_range.high)
    assert [round(x, 4) for x in limits] == [0.3088, 0.1197, 1.1115]
    assert round(100 * spread.i2, 4) == 92.1173
    assert round(100 * spread.i2_range.high, 4) == 97.6781
    # Printed 81.9177: a root that was searched to 1e-4 only. Here Q meets its quantile to 1e-9.
    assert abs(100 * spread.i2_range.low - 81.9177) < 0.004


def test_paule_and_mandel_is_where_the_iterated_estimator_of_sidik_and_jonkman_ends(bcg):
    # tests/testthat/test_misc_rma_uni.r of github.com/wviechtb/metafor: method="SJIT"; both solve
    # generalised Q = k - 1.
    assert round(pool(bcg, "pm").heterogeneity.tau2, 4) == 0.3181


def test_the_odds_ratios_of_the_vaccine_trials(bcg_odds):
    # Printed output of rma(measure="OR", method="DL") on dat.bcg in a public course, and the
    # Q-profile interval after van Houwelingen et al. 2002 (metafor-project.org, analyses).
    found = pool(bcg_odds, "dl")
    assert (round(found.estimate, 4), round(error_of(found), 4)) == (-0.7474, 0.1923)
    assert round(found.heterogeneity.tau2, 4) == 0.3663
    assert round(found.heterogeneity.q, 4) == 163.1649
    ends = pool(bcg_odds, "ml").heterogeneity.tau2_range
    assert [round(x, 3) for x in (ends.low, ends.high)] == [0.130, 1.181]


def test_four_estimators_and_an_interval_on_the_trials_of_diuretics(diuretics):
    # Viechtbauer 2007, Stat Med 26:37, table II, as in test_analysis_example_viechtbauer2007a.r.
    found = {method: pool(diuretics, method).heterogeneity for method in ("dl", "ml", "reml")}
    assert {name: round(one.tau2, 3) for name, one in found.items()} == {
        "dl": 0.230, "ml": 0.239, "reml": 0.301,
    }  # fmt: skip
    ends = found["dl"].tau2_range
    assert (round(ends.low, 3), round(ends.high, 3)) == (0.072, 2.203)


def test_the_latitude_explains_three_quarters_of_what_differs_between_vaccine_trials(
    bcg, latitudes
):
    # README.md of github.com/wviechtb/metafor: rma(yi, vi, mods = ~ ablat, test="knha").
    found = regress(bcg, {"latitude": latitudes})
    one, slope = found.coefficients
    assert [round(x, 4) for x in (one.estimate, one.error, one.t)] == [0.2515, 0.2839, 0.8857]
    assert [round(x, 4) for x in (slope.estimate, slope.error)] == [-0.0291, 0.0082]
    assert [round(x, 4) for x in (slope.low, slope.high)] == [-0.0472, -0.0111]
    assert round(slope.p_value, 4) == 0.0046
    assert round(100 * found.i2, 2) == 68.39
    assert (round(found.residual_q, 4), round(found.residual_p, 4)) == (30.7331, 0.0012)
    assert found.f_freedom == (1, 11)
    # Printed 0.0764, -3.5483, 12.5905 and 75.62 %: their iteration stops at steps of 1e-5 in tau2,
    # ours is the root (0.07635); the last printed decimal of these four may differ by one.
    assert abs(found.tau2 - 0.0764) < 5e-5 + 1e-5
    assert abs(slope.t + 3.5483) < 1.5e-4
    assert abs(found.f - 12.5905) < 1e-3
    assert abs(100 * found.r2 - 75.62) < 0.015


def test_the_regression_on_the_standard_error(bcg):
    # README.md of github.com/wviechtb/metafor: regtest(res), a mixed-effects regression.
    limit, slope = regress(bcg, {"error": [one.error for one in bcg]}).coefficients
    assert (round(slope.t, 4), round(slope.p_value, 4)) == (-0.7812, 0.4512)
    shown = (limit.estimate, limit.low, limit.high)
    assert [round(x, 3) for x in shown] == [-0.510, -1.212, 0.191]


def test_eggers_test_of_the_vaccine_trials_has_the_freedom_of_eleven(bcg):
    found = egger(bcg)
    assert found.freedom == 11
    assert found.notes == ()


@pytest.mark.parametrize(
    ("which", "estimate", "error", "tau2", "shares"),
    [(0, -3.4964, 0.2570, 0.8124, (0.0294, 0.0180, 0.0478)),
     (1, -4.8121, 0.3555, 0.8265, (0.0081, 0.0040, 0.0161))],
)  # fmt: skip
def test_binomial_normal_proportions_of_infected_catheters(
    catheters, which, estimate, error, tau2, shares
):
    # Stijnen et al. 2010, Stat Med 29:3046, table II, in the decimals of
    # test_analysis_example_stijnen2010.r: they come out with seven points of quadrature.
    effects = tuple(proportion(str(i), pair[which]) for i, pair in enumerate(catheters))
    found = pool_counts(effects, nodes=7, profile=False)
    assert (round(found.estimate, 4), round(found.error, 4)) == (estimate, error)
    assert round(found.heterogeneity.tau2, 4) == tau2
    shown = (found.estimate, found.wald.low, found.wald.high)
    assert tuple(round(float(expit(x)), 4) for x in shown) == shares


def test_logits_and_odds_ratios_of_catheters_with_zero_cells(catheters):
    # The same tables, normal approximation: 0.5 in the tables with a zero, double zeros left out.
    logits = pool([proportion(str(i), pair[0]) for i, pair in enumerate(catheters)], "reml")
    assert (round(logits.estimate, 4), round(error_of(logits), 4)) == (-3.3018, 0.2378)
    assert round(logits.heterogeneity.tau2, 4) == 0.6629
    kept = [pair for pair in catheters if pair[0].events + pair[1].events > 0]
    odds = pool([odds_ratio(str(i), pair[1], pair[0]) for i, pair in enumerate(kept)])
    assert (round(odds.estimate, 4), round(error_of(odds), 4)) == (-0.9804, 0.2435)
    assert round(math.sqrt(odds.heterogeneity.tau2), 4) == 0.1886


def test_rates_and_their_ratio_of_infections_per_thousand_days(catheter_days):
    # Stijnen et al. 2010, tables VII and VIII, normal approximation, same source.
    rates = pool([arm_rate(str(i), pair[1]) for i, pair in enumerate(catheter_days)])
    assert (round(rates.estimate, 4), round(error_of(rates), 4)) == (1.4676, 0.2425)
    assert round(rates.heterogeneity.tau2, 4) == 0.3699
    ratio = pool([rate_ratio(str(i), *pair) for i, pair in enumerate(catheter_days)])
    assert (round(ratio.estimate, 4), round(error_of(ratio), 4)) == (-0.3963, 0.2268)
    assert round(math.sqrt(ratio.heterogeneity.tau2), 4) == 0.3060


def test_hedges_g_of_days_in_hospital(stroke_units):
    # tests/testthat/test_misc_rma_uni.r of github.com/wviechtb/metafor: measure="SMD".
    effects = [standardised_mean_difference(str(i), *pair) for i, pair in enumerate(stroke_units)]
    assert round(pool(effects).heterogeneity.tau2, 4) == 1.0090
