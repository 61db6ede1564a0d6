import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.report.scales import (
    Scale,
    linear_ticks,
    log_ticks,
    padded_range,
    slim,
    tick_digits,
    week_ticks,
)


def test_scale_maps_the_ends_to_the_ends():
    scale = Scale(2.0, 4.0, 100.0, 0.0)
    assert scale.at(2.0) == 100.0
    assert scale.at(3.0) == 50.0
    assert scale.at(4.0) == 0.0


def test_log_scale_holds_values_below_its_floor_on_the_floor():
    scale = Scale(1e3, 1e7, 0.0, 40.0, log=True)
    assert scale.at(1e5) == pytest.approx(20.0)
    assert scale.at(0.0) == 0.0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_linear_ticks_lie_inside_and_rise(low, width, wanted):
    ticks = linear_ticks(low, low + width, wanted)
    slack = 1e-6 * (abs(low) + width)
    assert all(low - slack <= tick <= low + width + slack for tick in ticks)
    assert list(ticks) == sorted(set(ticks))
    assert 1 <= len(ticks) <= 3 * wanted


def test_ticks_of_known_ranges():
    assert linear_ticks(2.2, 5.6, 4) == (3.0, 4.0, 5.0)
    assert linear_ticks(3.0, 3.0) == (3.0,)
    assert week_ticks(0.0, 52.0, 6) == (0.0, 12.0, 24.0, 36.0, 48.0)
    assert week_ticks(0.0, 24.0, 6) == (0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0)
    assert week_ticks(0.0, 156.0, 6) == (0.0, 26.0, 52.0, 78.0, 104.0, 130.0, 156.0)
    assert log_ticks(1e3, 1e8) == (1e3, 1e5, 1e7)


def test_digits_tell_ticks_apart():
    assert tick_digits((0.0, 0.25, 0.5)) == 2
    assert tick_digits((0.0, 20.0)) == 0


def test_range_starts_at_zero_only_where_zero_is_near():
    assert padded_range(np.array([0.1, 1.0]))[0] == 0.0
    assert padded_range(np.array([4.0, 6.0]))[0] > 3.0
    assert padded_range(np.array([np.nan])) == (0.0, 1.0)
    low, high = padded_range(np.array([1.0, 1.0]))
    assert low < 1.0 < high


def test_slim_keeps_corners_and_drops_points_on_a_line():
    x = np.linspace(0.0, 100.0, 101)
    y = np.where(x < 50.0, x, 100.0 - x)
    assert slim(x, y).sum() == 3


@given(st.lists(st.floats(0.0, 200.0), min_size=2, max_size=60))
def test_slim_stays_within_its_tolerance(values):
    y = np.array(values)
    x = np.arange(y.size, dtype=np.float64)
    kept = slim(x, y, 0.3)
    assert np.max(np.abs(np.interp(x, x[kept], y[kept]) - y)) <= 0.3 + 1e-9
