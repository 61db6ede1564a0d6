"""Methods against published examples, closed forms and independent programs."""

import warnings

import numpy as np
import pytest
from scipy import optimize, stats

from funis.analysis.intervals import newcombe, proportions_p_value, summarise, welch
from funis.analysis.methods import METHODS, ReplicateSample
from funis.analysis.methods.events import fit_negative_binomial
from funis.analysis.methods.proportions import common_odds_ratio
from funis.analysis.methods.repeated import fit_repeated
from funis.analysis.methods.survival import kaplan_meier
from funis.analysis.replicates import contrast
from funis.protocol import METHOD_USES

from .judged import (
    BERKELEY,
    REMISSION_6MP,
    REMISSION_PLACEBO,
    berkeley,
    repeated,
    responses,
    times,
)


def ends(found):
    return round(float(found.low[0]), 4), round(float(found.high[0]), 4)


@pytest.mark.parametrize(
    ("method", "counts", "low", "high"),
    [
        # Newcombe 1998, Stat Med 17:873, Table II, contrasts (a) 56/70 - 48/80 and (b) 9/10 - 3/10
        ("newcombe", (56, 70, 48, 80), 0.0524, 0.3339),
        ("newcombe", (9, 10, 3, 10), 0.1705, 0.8090),
        ("miettinen_nurminen", (56, 70, 48, 80), 0.0528, 0.3382),
        ("miettinen_nurminen", (9, 10, 3, 10), 0.1700, 0.8406),
        # Mee, as in the snapshots of GSK-Biostatistics/cicalc (prop_ci_diff.md)
        ("chi_square", (56, 70, 48, 80), 0.0533, 0.3377),
    ],
)
def test_intervals_of_differences_are_the_published_ones(method, counts, low, high):
    a, n, b, m = counts
    assert ends(contrast(method, responses(a, n), responses(b, m))) == (low, high)


@pytest.mark.parametrize(
    "counts", [(0, 10, 0, 12), (10, 10, 0, 12), (0, 10, 3, 12), (5, 9, 12, 12)]
)
def test_score_limits_hold_at_the_edges(counts):
    a, n, b, m = counts
    for method in ("newcombe", "miettinen_nurminen", "chi_square"):
        found = contrast(method, responses(a, n), responses(b, m))
        turned = contrast(method, responses(b, m), responses(a, n))
        assert -1 <= found.low[0] <= found.estimate[0] <= found.high[0] <= 1
        assert (found.low[0], found.high[0]) == pytest.approx((-turned.high[0], -turned.low[0]))


def test_the_exact_test_is_that_of_scipy():
    found = contrast("fisher", responses(9, 10), responses(3, 10))
    assert found.p[0] == pytest.approx(stats.fisher_exact([[9, 1], [3, 7]]).pvalue)


def test_cochran_mantel_haenszel_on_the_admissions_of_berkeley():
    from statsmodels.stats.contingency_tables import StratifiedTable

    men, women = berkeley(0), berkeley(2)
    odds, low, high = (float(x[0]) for x in common_odds_ratio(men, women, 0.95))
    assert odds == pytest.approx(0.9047, abs=5e-5)  # mantelhaen.test(UCBAdmissions) of R
    tables = [np.array([[a, n - a], [b, m - b]]) for a, n, b, m in BERKELEY]
    judge = StratifiedTable(tables)
    assert (low, high) == pytest.approx(judge.oddsratio_pooled_confint())
    found = contrast("cmh", men, women)
    assert found.p[0] == pytest.approx(judge.test_null_odds(correction=False).pvalue)


def test_the_common_difference_is_weighted_as_in_sas():
    # PROC FREQ, Common Risk Difference (statug_freq_details59): weights n1 n2 / n; Sato's variance
    first = ReplicateSample(np.array([[1, 1, 0, 0, 1.0]]), stratum=np.array([[0, 0, 0, 1, 1.0]]))
    second = ReplicateSample(np.array([[0, 1, 0, 0.0]]), stratum=np.array([[0, 0, 1, 1.0]]))
    found = contrast("cmh", first, second)
    w = np.array([3 * 2 / 5, 2 * 2 / 4])
    d = np.array([2 / 3 - 1 / 2, 1 / 2 - 0])
    estimate = (w * d).sum() / w.sum()
    p = (9 * 1 - 4 * 2 + 6 * (2 - 3) / 2) / 25, (4 * 0 - 4 * 1 + 0) / 16
    q = (2 * (2 - 1) + 1 * (3 - 2)) / 10, (1 * (2 - 0) + 0) / 8
    error = np.sqrt(estimate * sum(p) + sum(q)) / w.sum()
    assert found.estimate[0] == pytest.approx(estimate)
    assert found.error[0] == pytest.approx(error)


def test_the_log_rank_test_of_the_remissions_is_the_published_one():
    from statsmodels.duration.hazard_regression import PHReg

    own, other = times(*REMISSION_6MP), times(*REMISSION_PLACEBO)
    assert contrast("log_rank", own, other).z[0] ** 2 == pytest.approx(16.79, abs=0.005)
    found = contrast("cox", own, other)
    time = np.array(REMISSION_6MP[0] + REMISSION_PLACEBO[0], float)
    status = np.array(REMISSION_6MP[1] + REMISSION_PLACEBO[1])
    treated = np.repeat([1.0, 0.0], 21)[:, None]
    judge = PHReg(time, treated, status=status, ties="efron").fit()
    assert np.log(found.estimate[0]) == pytest.approx(judge.params[0], abs=1e-8)
    assert found.error[0] == pytest.approx(judge.bse[0], abs=1e-8)


def test_strata_of_a_log_rank_test_are_those_of_statsmodels():
    from statsmodels.duration.survfunc import survdiff

    stream = np.random.default_rng(4)
    time = np.ceil(stream.exponential(5, 80))
    event, group = stream.integers(0, 2, 80), np.repeat([1, 0], 40)
    strata = stream.integers(0, 3, 80).astype(float)
    arms = [
        ReplicateSample(
            np.zeros((1, 40)),
            stratum=strata[group == one][None],
            time=time[group == one][None],
            event=event[group == one][None].astype(float),
        )
        for one in (1, 0)
    ]
    _, p = survdiff(time, event, group, strata=strata)
    assert contrast("log_rank", *arms).p[0] == pytest.approx(p)


def test_kaplan_meier_of_the_remissions_with_greenwoods_error():
    # Klein and Moeschberger: S(10) = 0.753, Greenwood's standard error 0.0963
    time, event = (np.array(x, float) for x in REMISSION_6MP)
    found = kaplan_meier(time, event, 10.0, 0.95)
    assert 1 - found.estimate == pytest.approx(0.753, abs=5e-4)
    alive, error = 1 - found.estimate, 0.0963
    half = 1.959964 * error / (alive * abs(np.log(alive)))
    wanted = [1 - alive ** np.exp(sign * half) for sign in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(wanted, abs=1e-3)


def test_welch_and_newcombe_are_those_of_a_single_trial():
    stream = np.random.default_rng(5)
    values = [stream.normal(size=(3, n)) for n in (12, 17)]
    found = contrast("welch", *(ReplicateSample(v) for v in values))
    for row in range(3):
        interval, p = welch(summarise(values[0][row]), summarise(values[1][row]))
        wanted = (interval.estimate, interval.low, interval.high, p)
        assert found.row(row) == pytest.approx(wanted)
    single = newcombe(7, 19, 2, 23)
    many = contrast("newcombe", responses(7, 19), responses(2, 23))
    wanted = (single.estimate, single.low, single.high, proportions_p_value(7, 19, 2, 23))
    assert many.row(0) == pytest.approx(wanted)


def test_the_analysis_of_covariance_is_least_squares_with_strata():
    from statsmodels.regression.linear_model import OLS

    stream = np.random.default_rng(6)
    arms, rows = [], []
    for treated, n in ((1.0, 25), (0.0, 30)):
        start, stratum = stream.normal(size=n), stream.integers(0, 3, n).astype(float)
        y = 0.4 * start + stratum + stream.normal(size=n)
        arms.append(ReplicateSample(y[None], baseline=start[None], stratum=stratum[None]))
        rows += [(y[i], 1.0, treated, start[i], stratum[i] == 1, stratum[i] == 2) for i in range(n)]
    table = np.array(rows, float)
    judge = OLS(table[:, 0], table[:, 1:]).fit()
    found = contrast("ancova", *arms)
    low, high = judge.conf_int()[1]
    assert found.row(0) == pytest.approx((judge.params[1], low, high, judge.pvalues[1]))


@pytest.mark.parametrize("ties", [True, False])
def test_the_rank_sum_test_is_that_of_scipy(ties):
    stream = np.random.default_rng(7)
    first, second = stream.normal(size=14), stream.normal(0.5, 1, 18)
    if ties:
        first, second = np.round(first), np.round(second)
    found = contrast("wilcoxon", ReplicateSample(first[None]), ReplicateSample(second[None]))
    judge = stats.mannwhitneyu(first, second, use_continuity=False, method="asymptotic")
    assert found.p[0] == pytest.approx(judge.pvalue)
    assert found.estimate[0] == np.median(first[:, None] - second[None, :])


def test_repeated_measures_without_gaps_are_the_analysis_of_covariance():
    arms = repeated(lost=False)
    assert contrast("mmrm", *arms).row(0) == pytest.approx(contrast("ancova", *arms).row(0))
    assert fit_repeated(*arms).freedom[0] == pytest.approx(77)


def test_repeated_measures_with_gaps_are_the_likeliest_by_brute_force():
    arms = repeated()
    y = np.concatenate([arm.visits[0] for arm in arms])
    start = np.concatenate([arm.baseline[0] for arm in arms])
    x = np.column_stack([np.ones(80), np.repeat([1.0, 0.0], 40), start])
    rows = [np.flatnonzero(~np.isnan(one)) for one in y]
    designs = [np.concatenate([v * np.eye(4)[rows[i]] for v in x[i]], axis=1) for i in range(80)]

    def fit(theta):
        root = np.zeros((4, 4))
        root[np.tril_indices(4)] = theta
        sigma = root @ root.T
        a, b, quiet = np.zeros((12, 12)), np.zeros(12), 0.0
        for i, seen in enumerate(rows):
            inverse = np.linalg.inv(sigma[np.ix_(seen, seen)])
            a += designs[i].T @ inverse @ designs[i]
            b += designs[i].T @ inverse @ y[i, seen]
            quiet += y[i, seen] @ inverse @ y[i, seen] - np.linalg.slogdet(inverse)[1]
        slopes = np.linalg.solve(a, b)
        return quiet - b @ slopes + np.linalg.slogdet(a)[1], slopes[7], np.linalg.inv(a)[7, 7]

    found = fit_repeated(*arms)
    theta = np.linalg.cholesky(found.covariance[0])[np.tril_indices(4)]
    best = optimize.minimize(lambda t: fit(t)[0], theta, method="BFGS", options={"gtol": 1e-4})
    assert fit(theta)[0] <= best.fun + 1e-6
    assert found.estimate[0] == pytest.approx(fit(best.x)[1], abs=1e-4)
    assert found.error[0] > np.sqrt(fit(theta)[2])  # Kenward and Roger widen it
    assert 40 < found.freedom[0] < 77


def test_repeated_measures_fall_back_where_nothing_can_be_fitted():
    arms = repeated(n=4, lost=False)
    empty = [
        ReplicateSample(a.values, a.baseline, visits=a.visits * np.array([np.nan, 1, 1, 1]))
        for a in arms
    ]
    plain = contrast("ancova", *(ReplicateSample(a.values, a.baseline) for a in arms))
    assert contrast("mmrm", *empty).estimate[0] == pytest.approx(plain.estimate[0])


def relapses(seed=8, r=1):
    stream = np.random.default_rng(seed)
    arms = []
    for n in (60, 50):
        years = stream.uniform(0.5, 2.0, (r, n))
        events = stream.poisson(1.2 * years * stream.gamma(2, 0.5, (r, n))).astype(float)
        arms.append(ReplicateSample(events, years=years))
    return arms


def test_the_negative_binomial_model_is_that_of_statsmodels():
    from statsmodels.discrete.discrete_model import NegativeBinomial

    arms = relapses()
    events = np.concatenate([a.values[0] for a in arms])
    years = np.concatenate([a.years[0] for a in arms])
    design = np.column_stack([np.ones(110), np.repeat([1.0, 0.0], [60, 50])])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge = NegativeBinomial(events, design, offset=np.log(years)).fit(disp=0, gtol=1e-9)
    log_ratio, _, dispersion, _ = fit_negative_binomial(*arms, adjusted=False)
    assert log_ratio[0] == pytest.approx(judge.params[1], abs=1e-4)
    assert dispersion[0] == pytest.approx(judge.params[2], rel=1e-3)
    wider = fit_negative_binomial(*arms)
    assert wider[2][0] > dispersion[0]


def test_the_robust_ratio_inverts_its_own_test():
    arms = relapses()
    found = contrast("rate_ratio", *arms)
    for limit in (found.low[0], found.high[0]):
        moved = ReplicateSample(arms[0].values, years=arms[0].years * limit)
        assert contrast("rate_ratio", moved, arms[1]).p[0] == pytest.approx(0.05, abs=1e-6)


def test_proportional_odds_are_those_of_statsmodels():
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    stream = np.random.default_rng(9)
    first, second = stream.integers(0, 4, 50), np.minimum(stream.integers(0, 5, 60), 3)
    arms = [ReplicateSample(x[None].astype(float)) for x in (first, second)]
    found = contrast("ordinal", *arms)
    treated = np.repeat([1.0, 0.0], [50, 60])[:, None]
    levels = np.concatenate([first, second])
    judge = OrderedModel(levels, treated, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)
    assert np.log(found.estimate[0]) == pytest.approx(judge.params[0], abs=1e-4)
    assert found.error[0] == pytest.approx(judge.bse[0], rel=0.01)  # expected, not observed


def test_wins_are_counted_by_hand_in_their_order():
    first = ReplicateSample(np.zeros((1, 2)), visits=np.array([[[0.0, 5.0], [-1.0, 9.0]]]))
    second = ReplicateSample(np.zeros((1, 2)), visits=np.array([[[0.0, 4.0], [0.0, 6.0]]]))
    # 0,5 beats 0,4 and loses to 0,6; -1,9 loses twice by what comes first
    found = contrast("win_ratio", first, second)
    assert found.estimate[0] == pytest.approx(1 / 3)


def test_one_layer_of_wins_is_tested_as_the_rank_sum():
    # Finkelstein and Schoenfeld's statistic of one number is Wilcoxon's with ties
    stream = np.random.default_rng(10)
    arms = [ReplicateSample(stream.integers(0, 5, (4, n)).astype(float)) for n in (13, 17)]
    assert contrast("win_ratio", *arms).z == pytest.approx(contrast("wilcoxon", *arms).z)


def test_every_method_has_a_use_and_every_use_a_method():
    assert set(METHODS) == set(METHOD_USES)
    with pytest.raises(ValueError, match=r"no method 'ancov'.*did you mean 'ancova'"):
        contrast("ancov", responses(1, 2), responses(1, 2))
    with pytest.raises(ValueError, match="1 replicates of the arm, 3 of the reference"):
        contrast("welch", responses(1, 2), ReplicateSample(np.zeros((3, 2))))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_replicate_does_not_depend_on_its_neighbours(method):
    from funis.analysis.invented import scenarios

    one = next(x for x in scenarios() if x.method == method)
    arm, reference = one.trials(6, 3)
    whole = contrast(method, arm, reference)
    part = contrast(method, arm.rows(slice(4, 5)), reference.rows(slice(4, 5)))
    assert whole.row(4) == pytest.approx(part.row(0), rel=1e-6, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_patients_who_are_left_out_do_not_count(method):
    from funis.analysis.invented import scenarios

    one = next(x for x in scenarios() if x.method == method)
    arm, reference = one.trials(2, 3)
    names = arm.__dataclass_fields__
    gap = {
        name: np.concatenate([v, np.full_like(v[:, :2], np.nan)], axis=1)
        for name in names
        if (v := getattr(arm, name)) is not None
    }
    wider = contrast(method, ReplicateSample(**gap), reference)
    plain = contrast(method, arm, reference)
    assert wider.row(0) == pytest.approx(plain.row(0), rel=1e-6, abs=1e-9)
