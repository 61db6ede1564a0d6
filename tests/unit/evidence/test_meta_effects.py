"""Effects of single trials: by hand, by statsmodels, and what is refused."""

import math

import numpy as np
import pytest

from funis.evidence.meta import (
    Counts,
    Events,
    Means,
    combine_means,
    mean_difference,
    odds_ratio,
    printed_effect,
    proportion,
    rate_ratio,
    risk_difference,
    risk_ratio,
    sd_from_error,
    sd_from_interval,
    sd_from_quartiles,
    sd_from_range,
    standardised_mean_difference,
)


@pytest.mark.filterwarnings("ignore")
def test_effects_of_counts_agree_with_statsmodels():
    from statsmodels.stats.meta_analysis import effectsize_2proportions

    names = {"diff": risk_difference, "rr": risk_ratio, "or": odds_ratio}
    for kind, make in names.items():
        value, variance = effectsize_2proportions(7, 20, 3, 25, statistic=kind)
        mine = make("a", Counts(7, 20), Counts(3, 25))
        assert (mine.estimate, mine.variance) == pytest.approx((value, variance))


def test_a_mean_difference_and_hedges_g_by_hand():
    arm, control = Means(10, 5.0, 2.0), Means(12, 3.0, 1.0)
    plain = mean_difference("a", arm, control)
    assert (plain.estimate, plain.variance) == pytest.approx((2.0, 4 / 10 + 1 / 12))
    g = standardised_mean_difference("a", arm, control)
    pooled = math.sqrt((9 * 4 + 11 * 1) / 20)
    small = math.gamma(10) / (math.sqrt(10) * math.gamma(9.5))
    assert g.estimate == pytest.approx(small * 2 / pooled)
    assert g.variance == pytest.approx(1 / 10 + 1 / 12 + g.estimate**2 / 44)


def test_a_zero_cell_is_corrected_there_and_said():
    one = odds_ratio("a", Counts(0, 10), Counts(3, 10))
    assert one.estimate == pytest.approx(math.log(0.5 * 7.5 / (10.5 * 3.5)))
    assert one.notes == ("0.5 added to every cell: one is zero",)
    assert odds_ratio("a", Counts(1, 10), Counts(3, 10)).notes == ()
    assert "one is zero" in rate_ratio("a", Events(0, 2), Events(3, 2)).notes[0]
    assert "one is zero" in proportion("a", Counts(0, 9)).notes[0]
    same = risk_difference("a", Counts(0, 10), Counts(0, 10))
    assert same.estimate == 0
    assert same.variance > 0
    assert "for the variance only" in same.notes[0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: risk_ratio("a", Counts(0, 9), Counts(0, 8)), "a: no event in both arms"),
        (lambda: odds_ratio("a", Counts(9, 9), Counts(8, 8)), "a: the event in every patient"),
        (lambda: risk_difference("a", Counts(7, 5), Counts(1, 5)), "a: 7 events of 5 patients"),
        (lambda: proportion("a", Counts(0, 0)), "a: the number of patients is missing"),
        (lambda: mean_difference("a", Means(5, 1, 0), Means(5, 1, 1)), "deviation of 0 gives no"),
        (lambda: mean_difference("a", Means(1, 1, 1), Means(5, 1, 1)), "a mean of 1 patients"),
        (lambda: mean_difference("a", Means(5, 1, math.nan), Means(5, 1, 1)), "is missing"),
        (lambda: rate_ratio("a", Events(1, 0), Events(1, 1)), "the patient-years are missing"),
        (lambda: rate_ratio("a", Events(0, 1), Events(0, 1)), "no event in either arm"),
        (lambda: printed_effect("a", "md", 1.0, (2.0, 2.0)), "has no width"),
        (lambda: sd_from_error(0.0, 9), "not above 0"),
    ],
)
def test_what_is_no_effect_is_refused_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_arms_taken_together_are_the_arm_of_all_their_patients():
    values = np.random.default_rng(1).normal(size=30)
    parts = (values[:7], values[7:19], values[19:])
    arms = tuple(Means(len(part), part.mean(), part.std(ddof=1)) for part in parts)
    found = combine_means(arms)
    assert (found.mean, found.sd) == pytest.approx((values.mean(), values.std(ddof=1)))


def test_deviations_from_errors_intervals_quartiles_and_ranges():
    assert sd_from_error(0.5, 16).sd == pytest.approx(2.0)
    half = 2.131449545559323 * 0.5  # t with 15 degrees of freedom
    assert sd_from_interval(1 - half, 1 + half, 16).sd == pytest.approx(2.0)
    # The worked example of the formula with n = 100 (a public question on Wan et al. 2014).
    assert round(sd_from_quartiles(0.02, 0.04, 100).sd, 7) == 0.0150441
    # Table 1 of Wan et al. 2014: xi(10) = 3.078 and xi(50) = 4.498; their approximation is near.
    assert sd_from_range(0.0, 3.078, 10).sd == pytest.approx(1.0, rel=0.01)
    assert sd_from_range(0.0, 4.498, 50).sd == pytest.approx(1.0, rel=0.01)
    for spread in (sd_from_quartiles(0, 1, 9), sd_from_range(0, 1, 9)):
        assert "assumed" in spread.note
