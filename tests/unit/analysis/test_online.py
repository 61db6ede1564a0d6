import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from funis.analysis import (
    RELATIVE_ERROR,
    empty_summary,
    histogram,
    histogram_quantiles,
    merge_histograms,
    merge_moments,
    moments,
    summarise_blocks,
)

PERCENTS = (0, 1, 5, 25, 50, 75, 95, 100)
SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False)
COLUMN = arrays(np.float32, st.tuples(st.integers(1, 40), st.just(1)), elements=SINGLES)
TINY = float(np.finfo(np.float32).tiny)


def of(values, block=4):
    values = np.asarray(values, dtype=np.float32)
    return empty_summary(values.shape[1]).add(summarise_blocks(values, block))


def sample(n, cells=5):
    return np.random.default_rng(1).normal(3, 2, (n, cells)).astype(np.float32)


@given(COLUMN)
def test_quantiles_are_within_the_error_of_the_exact_ones(values):
    exact = np.quantile(
        values.astype(float), np.array(PERCENTS) / 100, axis=0, method="inverted_cdf"
    )
    for found in (histogram_quantiles(histogram(values), PERCENTS), of(values).quantiles(PERCENTS)):
        np.testing.assert_allclose(found, exact, rtol=RELATIVE_ERROR, atol=TINY)


@given(COLUMN, COLUMN)
def test_counts_of_two_groups_are_the_counts_of_both(first, second):
    whole = histogram(np.concatenate([first, second]))
    for pair in ((first, second), (second, first)):
        merged = merge_histograms(*(histogram(one) for one in pair))
        np.testing.assert_array_equal(merged.pages, whole.pages)
        np.testing.assert_array_equal(merged.counts, whole.counts)


@given(COLUMN, COLUMN)
def test_moments_of_two_groups_are_the_moments_of_both(first, second):
    merged = merge_moments(moments(first), moments(second))
    whole = np.concatenate([first, second]).astype(float)[:, 0]
    size = np.abs(whole).max()
    np.testing.assert_allclose(merged.mean, whole.mean(), rtol=1e-12, atol=1e-12 * size)
    np.testing.assert_allclose(merged.squares, whole.var() * whole.size, atol=1e-9 * size**2)
    assert (merged.n[0], merged.low[0], merged.high[0]) == (whole.size, whole.min(), whole.max())


def test_quantiles_of_many_patients_are_those_of_the_patients():
    values = np.random.default_rng(2).lognormal(0, 2, (20_000, 3)).astype(np.float32)
    values[:, 1] *= -1
    values[:, 2] = np.round(values[:, 2])
    exact = np.quantile(values.astype(float), np.array(PERCENTS) / 100, 0, method="inverted_cdf")
    found = of(values, 512).quantiles(PERCENTS)
    np.testing.assert_allclose(found, exact, rtol=2e-3)
    assert np.all((values.min(axis=0) <= found) & (found <= values.max(axis=0)))


def test_the_rank_is_whole_arithmetic():
    values = np.arange(1, 31, dtype=np.float32)[:, None]  # 10 % of 30 is patient 3, not 4
    found = histogram_quantiles(histogram(values), (10, 50))[:, 0]
    np.testing.assert_allclose(found, [3, 15], rtol=RELATIVE_ERROR)


def test_a_constant_and_the_range_come_out_exactly():
    found = of([[100.0, 0.0, -0.0]] * 9).quantiles((5, 50, 95))
    np.testing.assert_array_equal(found, [[100.0, 0.0, 0.0]] * 3)


def test_what_is_missing_is_left_out_and_nobody_has_no_number():
    summary = of([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(summary.moments.n, [2, 0])
    assert summary.moments.mean[0] == 2
    assert summary.moments.sd[0] == pytest.approx(2**0.5)
    assert np.isnan(summary.moments.sd[1])
    np.testing.assert_allclose(summary.quantiles((50,))[0], [1.0, np.nan], rtol=RELATIVE_ERROR)


def test_infinite_values_stay_infinite():
    found = of([[np.inf], [-np.inf], [1.0]]).quantiles((0, 50, 100))[:, 0]
    np.testing.assert_allclose(found, [-np.inf, 1, np.inf], rtol=RELATIVE_ERROR)


def test_blocks_give_the_same_bytes_however_they_are_gathered():
    values = sample(64)
    whole = of(values, 8)
    for piece in (8, 16, 32):
        total = empty_summary(5)
        for at in range(0, 64, piece):
            total = total.add(summarise_blocks(values[at : at + piece], 8))
        for name in ("n", "mean", "squares", "low", "high"):
            pair = (getattr(one.moments, name).tobytes() for one in (whole, total))
            assert len(set(pair)) == 1, name
        assert whole.histogram.counts.tobytes() == total.histogram.counts.tobytes()


def test_memory_depends_on_the_spread_and_not_on_the_number():
    few, many = (histogram(sample(n)).counts.nbytes for n in (5_000, 50_000))
    assert many < 2 * few < 500_000


def test_histograms_of_different_cells_are_not_added():
    with pytest.raises(ValueError, match="histograms of 5 and 3 cells"):
        merge_histograms(histogram(sample(2)), histogram(sample(2, 3)))
