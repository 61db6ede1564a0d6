"""Pools: an independent implementation, closed forms, properties, refusals."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from funis.evidence.meta import Counts, Effect, egger, pool, proportion, regress
from funis.evidence.meta.between import between_variance, generalised_q

FEW = settings(deadline=None, max_examples=15)

VALUES = st.floats(-3, 3)
VARIANCES = st.floats(0.01, 2.0)
SETS = st.lists(st.tuples(VALUES, VARIANCES), min_size=3, max_size=9)
METHODS = ("fixed", "dl", "pm", "ml", "reml")


def effects(rows):
    return tuple(Effect(f"s{i}", "md", y, v, 20) for i, (y, v) in enumerate(rows))


def random_sets(count, size=None):
    draw = np.random.default_rng(5)
    for _ in range(count):
        k = size or int(draw.integers(3, 15))
        v = draw.uniform(0.02, 0.6, k)
        y = draw.normal(0.3, np.sqrt(v + draw.choice([0.0, 0.05, 0.5])))
        yield list(zip(y.tolist(), v.tolist(), strict=True))


@pytest.fixture(scope="module")
def pymare():
    """The estimators of PyMARE, imported without its warning about a file left open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymare import estimators
    return estimators


@pytest.mark.filterwarnings("ignore")
def test_moments_and_likelihoods_agree_with_pymare(pymare):
    makers = {
        "dl": pymare.DerSimonianLaird,
        "ml": lambda: pymare.VarianceBasedLikelihoodEstimator("ML"),
        "reml": lambda: pymare.VarianceBasedLikelihoodEstimator("REML"),
    }
    for rows in random_sets(12):
        y, v = (np.array(column)[:, None] for column in zip(*rows, strict=True))
        for method, make in makers.items():
            other = make().fit(y=y, v=v, X=np.ones_like(y)).params_
            mine = pool(effects(rows), method)
            assert mine.estimate == pytest.approx(float(np.squeeze(other["fe_params"])), abs=2e-4)
            tau2 = float(np.squeeze(other["tau2"]))
            assert mine.heterogeneity.tau2 == pytest.approx(tau2, abs=1e-3)


@pytest.mark.filterwarnings("ignore")
def test_a_regression_agrees_with_pymare(pymare):
    draw = np.random.default_rng(8)
    for rows in random_sets(8, size=10):
        x = draw.normal(size=10)
        y, v = (np.array(column)[:, None] for column in zip(*rows, strict=True))
        design = np.column_stack((np.ones(10), x))
        fit = pymare.VarianceBasedLikelihoodEstimator("REML").fit(y=y, v=v, X=design).params_
        mine = regress(effects(rows), {"x": x.tolist()})
        found = [one.estimate for one in mine.coefficients]
        assert found == pytest.approx(np.squeeze(fit["fe_params"]).tolist(), abs=1e-3)
        assert mine.tau2 == pytest.approx(float(np.squeeze(fit["tau2"])), abs=1e-3)


@pytest.mark.filterwarnings("ignore")
def test_paule_mandel_and_hartung_knapp_agree_with_statsmodels():
    from statsmodels.stats.meta_analysis import combine_effects

    for rows in random_sets(12):
        y, v = (np.array(column) for column in zip(*rows, strict=True))
        for method, name in (("pm", "iterated"), ("dl", "chi2")):
            other = combine_effects(y, v, method_re=name, use_t=True)
            mine = pool(effects(rows), method, modified=False)
            assert mine.heterogeneity.tau2 == pytest.approx(max(other.tau2, 0.0), abs=1e-5)
            if other.tau2 < 0:  # they go on with a variance below 0
                continue
            assert mine.estimate == pytest.approx(other.mean_effect_re, abs=1e-5)
            assert mine.error == pytest.approx(other.sd_eff_w_re_hksj, rel=1e-4)
            assert mine.fixed.estimate == pytest.approx(other.mean_effect_fe)


@pytest.mark.filterwarnings("ignore")
def test_eggers_test_agrees_with_a_weighted_regression_of_statsmodels(bcg):
    from statsmodels.api import WLS

    y, v = (np.array([getattr(one, name) for one in bcg]) for name in ("estimate", "variance"))
    other = WLS(y, np.column_stack((np.ones(len(y)), np.sqrt(v))), weights=1 / v).fit()
    mine = egger(bcg)
    assert mine.t == pytest.approx(other.tvalues[1])
    assert mine.p_value == pytest.approx(other.pvalues[1])
    assert mine.limit == pytest.approx(other.params[0])


def test_two_trials_of_one_size_have_a_closed_form():
    found = pool(effects([(0.0, 1.0), (4.0, 1.0)]))
    assert found.estimate == pytest.approx(2.0)
    assert found.heterogeneity.tau2 == pytest.approx(8.0 - 1.0)  # variance of the two minus 1
    assert found.error == pytest.approx(2.0)  # their standard deviation over the root of 2
    assert found.high == pytest.approx(2.0 + 2.0 * stdtrit(1, 0.975))
    assert math.isnan(found.prediction.low)
    assert found.leave_one_out == ()


def test_equal_variances_give_the_plain_mean_and_variance():
    rows = [(value, 0.5) for value in (1.0, 2.0, 4.0, 7.0)]
    found = pool(effects(rows), "pm")
    assert found.estimate == pytest.approx(3.5)
    assert found.heterogeneity.tau2 == pytest.approx(7.0 - 0.5)
    assert found.weights == pytest.approx((0.25,) * 4)


def test_trials_that_agree_more_than_chance_are_not_more_certain_than_their_variances():
    rows = [(1.0, 0.5), (1.01, 0.4), (0.99, 0.6)]
    plain, modified = pool(effects(rows), modified=False), pool(effects(rows))
    assert plain.error < modified.error == pytest.approx(math.sqrt(1 / (2 + 2.5 + 1 / 0.6)))
    assert "modified" in modified.interval
    assert any("set to 1" in note for note in modified.notes)


@FEW
@given(SETS)
def test_the_pool_lies_among_its_trials_and_its_weights_add_up(rows):
    for method in METHODS:
        found = pool(effects(rows), method)
        values = [y for y, _ in rows]
        assert min(values) - 1e-9 <= found.estimate <= max(values) + 1e-9
        assert sum(found.weights) == pytest.approx(1.0)
        assert found.low <= found.estimate <= found.high


@FEW
@given(SETS, st.floats(-5, 5), st.floats(0.1, 10))
def test_a_shift_and_a_change_of_unit_move_the_pool_and_nothing_else(rows, shift, unit):
    first = pool(effects(rows))
    moved = pool(effects([(shift + unit * y, unit**2 * v) for y, v in rows]))
    assert moved.estimate == pytest.approx(shift + unit * first.estimate, abs=1e-5 * (1 + unit))
    assert moved.heterogeneity.i2 == pytest.approx(first.heterogeneity.i2, abs=1e-4)
    assert moved.heterogeneity.q == pytest.approx(first.heterogeneity.q, rel=1e-4, abs=1e-7)


@FEW
@given(SETS)
def test_paule_and_mandel_make_q_what_it_is_expected_to_be(rows):
    y, v = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones((len(y), 1))
    tau2 = between_variance("pm", y, v, ones)
    q = generalised_q(y, v, ones, tau2)
    assert q == pytest.approx(len(y) - 1, rel=1e-6) or (tau2 == 0 and q <= len(y) - 1)


@FEW
@given(SETS)
def test_the_interval_of_the_variance_between_trials_holds_that_of_paule_and_mandel(rows):
    spread = pool(effects(rows), "pm").heterogeneity
    assert spread.tau2_range.low <= spread.tau2 + 1e-9
    assert spread.tau2 <= spread.tau2_range.high + 1e-9


@FEW
@given(SETS)
def test_leaving_one_out_is_pooling_the_rest(rows):
    chosen = effects(rows)
    left = pool(chosen).leave_one_out
    assert [one.study for one in left] == [one.study for one in chosen]
    assert left[0].estimate == pool(chosen[1:]).estimate


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no study: nothing to pool"),
        ([(1.0, 1.0)], "one study: nothing to pool"),
        ([(1.0, 1.0), (1.0, 0.0)], "s1: a variance of 0 cannot be weighed"),
        ([(1.0, 1.0), (math.nan, 1.0)], "s1: the effect is not a number"),
    ],
)
def test_what_cannot_be_pooled_is_refused_in_one_sentence(rows, words):
    with pytest.raises(ValueError, match=words):
        pool(effects(rows))


def test_two_measures_are_not_pooled_together():
    with pytest.raises(ValueError, match="md and rr cannot be pooled together"):
        pool([Effect("a", "md", 0.0, 1.0), Effect("b", "rr", 0.0, 1.0)])


def test_a_regression_is_refused_where_it_cannot_be():
    chosen = effects([(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)])
    with pytest.raises(ValueError, match="3 studies are too few for 2 coefficients"):
        regress(chosen, {"dose": [1.0, 2.0, 3.0]})
    four = effects([(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (5.0, 1.0)])
    with pytest.raises(ValueError, match="dose is the same in all studies"):
        regress(four, {"dose": [6.0, 6.0, 6.0, 6.0]})
    found = regress(four, {"dose": [1.0, 2.0, 3.0, 4.0]})
    assert "proves nothing" in found.notes[0]


def test_a_funnel_of_few_trials_says_that_its_test_has_no_power():
    assert "no power" in egger(effects([(1.0, 1.0), (2.0, 0.5), (0.0, 0.2)])).notes[0]
    shares = [proportion(str(i), Counts(x, 20)) for i, x in enumerate((2, 5, 9))]
    assert "no sign of missing studies" in egger(shares).notes[1]
    with pytest.raises(ValueError, match="at least 3"):
        egger(effects([(1.0, 1.0), (2.0, 0.5)]))
