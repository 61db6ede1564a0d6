import numpy as np
import pytest
from scipy import stats

from funis.population import RawDraws, compare_marginals
from funis.population.comparison import kolmogorov_smirnov
from funis.population.streams import normal


def test_the_distance_is_that_of_scipy():
    first, second = normal(1, "a", np.arange(300)), 0.3 + normal(2, "a", np.arange(170))
    expected = stats.ks_2samp(first, second).statistic
    assert kolmogorov_smirnov(first, second) == pytest.approx(expected, abs=1e-12)
    assert kolmogorov_smirnov(np.round(first), np.round(second)) == pytest.approx(
        stats.ks_2samp(np.round(first), np.round(second)).statistic, abs=1e-12
    )
    assert kolmogorov_smirnov(first, first) == 0.0
    assert np.isnan(kolmogorov_smirnov(first, first[:0]))


def test_rows_compare_what_varies():
    values = np.column_stack([np.arange(10.0), np.full(10, 3.0)])
    draws = RawDraws(np.arange(10), ("age", "constant"), values, np.zeros(10, dtype=np.int64))
    (row,) = compare_marginals(draws, values[:, 0] >= 5)
    assert row.name == "age"
    assert (row.raw_mean, row.accepted_mean) == (4.5, 7.0)
    assert row.raw_sd == pytest.approx(np.arange(10).std(ddof=1))
    assert row.accepted_sd == pytest.approx(np.arange(5).std(ddof=1))
    assert row.distance == pytest.approx(0.5)
