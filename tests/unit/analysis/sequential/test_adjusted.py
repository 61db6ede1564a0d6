"""Estimates after an early end: published ones, and their coverage."""

import math

import numpy as np
import pytest

from funis.analysis.sequential import adjusted, boundaries, monitor, repeated_intervals
from funis.analysis.sequential.adjusted import stronger
from funis.population import normal
from funis.protocol import Futility, Interim

# cran/rpact 2.x, test-f_analysis_base_survival.R, x1: events 8, 15, 29, log-rank 1.52, 1.38, 2.9
INTERIM = Interim((0.2, 0.4, 0.6, 1), "wang_tsiatis", 0.45, Futility("z", bounds=(0.0,) * 3))


def test_the_final_estimate_equals_the_published_one():
    found = adjusted(boundaries(INTERIM, 0.025), 2, 2.9)
    hazard = [
        math.exp(x * math.sqrt(0.6) * 2 / math.sqrt(29))
        for x in (found.estimate, found.low, found.high)
    ]
    assert found.p == pytest.approx(0.013371274, abs=1e-8)
    np.testing.assert_allclose(hazard, [2.632639, 1.1294538, 5.6956842], rtol=1e-6)


def test_repeated_intervals_equal_the_published_ones():
    bounds = boundaries(INTERIM, 0.025)
    low, high = repeated_intervals(np.array([1.52, 1.38, 2.9, np.nan]), bounds)
    scale = np.sqrt(bounds.information) * 2 / np.sqrt([8, 15, 29, 40])
    published = [0.50439514, 0.58958009, 1.2243899], [17.013382, 7.0540547, 7.0401059]
    np.testing.assert_allclose(np.exp(low * scale)[:3], published[0], rtol=1e-6)
    np.testing.assert_allclose(np.exp(high * scale)[:3], published[1], rtol=1e-6)


def test_without_an_early_look_it_is_the_ordinary_interval():
    found = adjusted(boundaries(Interim((1.0,)), 0.025), 0, 2.5)
    assert found.estimate == pytest.approx(2.5, abs=1e-8)
    assert (found.low, found.high) == pytest.approx((2.5 - 1.959964, 2.5 + 1.959964), abs=1e-6)


def test_small_is_good_mirrors_the_estimate():
    greater = adjusted(boundaries(INTERIM, 0.025), 1, 2.6)
    less = adjusted(boundaries(INTERIM, 0.025, "less"), 1, -2.6)
    assert (less.low, less.high) == pytest.approx((-greater.high, -greater.low))
    assert less.p == pytest.approx(greater.p)


def test_an_earlier_success_is_stronger_and_shrinks_less():
    bounds = boundaries(Interim((0.5, 1.0), "pocock"), 0.025)
    early, late = adjusted(bounds, 0, 2.3), adjusted(bounds, 1, 2.3)
    assert early.p < late.p
    assert early.estimate < early.naive


def test_the_p_value_is_uniform_and_so_the_interval_covers():
    bounds, drift, replicates = boundaries(Interim((0.4, 1.0), "pocock"), 0.025), 2.0, 1500
    gains = np.diff([0.0, *bounds.information])
    steps = normal(2, "steps", np.arange(replicates)[:, None], np.arange(2)[None])
    z = np.cumsum(steps * np.sqrt(gains) + drift * gains, axis=1) / np.sqrt(bounds.information)
    ended = monitor(z, bounds).stopped_at
    p = np.array([stronger(bounds, look, z[r, look], drift) for r, look in enumerate(ended)])
    for level in (0.025, 0.5, 0.975):
        error = math.sqrt(level * (1 - level) / replicates)
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * error)
