"""Durability by hand: constant, fading and absent effects."""

import numpy as np
import pytest

from funis.analysis import band, durability

DAY = np.arange(-14.0, 1500.0, 7.0)
TWIN = np.full((1, DAY.size), 5.0)


def test_a_constant_effect_lasts() -> None:
    result = durability(
        DAY, TWIN - 1.5, TWIN, minimal_important_difference=1.2, last_live_cell_day=80.0
    )
    assert result.mean_effect == pytest.approx(-1.5)
    assert result.mean_share_of_days == pytest.approx(1.0)
    assert result.fraction_improved_later == 1.0


def test_a_fading_effect_is_averaged_exactly() -> None:
    fade = np.clip(2.4 - 2.4 * DAY / 365, 0, 2.4)  # straight to 0 at one year
    grid = np.union1d(DAY, [0.0, 365.0])
    treated = 5.0 - np.interp(grid, [-14, 0, 365, 2000], [2.4, 2.4, 0, 0])[None, :]
    twin = np.full((1, grid.size), 5.0)
    result = durability(
        grid, treated, twin, minimal_important_difference=1.2, last_live_cell_day=10.0
    )
    assert fade.max() == 2.4
    assert result.mean_effect == pytest.approx(-2.4 * 365 / 2 / 1095)
    assert result.mean_share_of_days == pytest.approx(365 / 2 / 1095)
    assert result.fraction_improved_later == 0.0


def test_no_effect_is_none() -> None:
    result = durability(
        DAY, TWIN, TWIN, minimal_important_difference=1.2, last_live_cell_day=np.array([np.nan])
    )
    assert result.mean_effect == 0.0
    assert result.mean_share_of_days == 0.0
    assert np.isnan(result.fraction_improved_later)
    assert result.n_judged_later == 0


def test_higher_may_be_better() -> None:
    up = durability(
        DAY,
        TWIN + 2,
        TWIN,
        minimal_important_difference=1.0,
        last_live_cell_day=0.0,
        better="higher",
    )
    assert (up.mean_effect, up.mean_share_of_days) == pytest.approx((2.0, 1.0))
    down = durability(DAY, TWIN + 2, TWIN, minimal_important_difference=1.0, last_live_cell_day=0.0)
    assert down.mean_share_of_days == 0.0


def test_patients_are_judged_on_their_own_day() -> None:
    treated = np.vstack([5.0 - 2.0 * (DAY < 600), 5.0 - 2.0 * (DAY < 600), 5.0 - 2.0 * (DAY < 600)])
    twin = np.full_like(treated, 5.0)
    result = durability(
        DAY,
        treated,
        twin,
        minimal_important_difference=1.0,
        last_live_cell_day=np.array([100.0, 300.0, 1400.0]),
    )
    np.testing.assert_array_equal(result.improved_later, [1.0, 0.0, np.nan])
    assert (result.fraction_improved_later, result.n_judged_later) == (0.5, 2)


def test_a_failed_patient_leaves_the_others_alone() -> None:
    treated = np.vstack([TWIN - 1.5, TWIN * np.nan])
    result = durability(
        DAY, treated, np.vstack([TWIN, TWIN]), minimal_important_difference=1.2,
        last_live_cell_day=50.0,
    )  # fmt: skip
    assert result.mean_effect == pytest.approx(-1.5)
    assert np.isnan(result.share_of_days[1])
    assert result.n_judged_later == 1


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (DAY[:50], "reach from day 0"),
        (DAY + 30, "reach from day 0"),
        (DAY[::-1], "have to rise"),
    ],
)
def test_a_grid_that_cannot_do_is_refused(grid: np.ndarray, message: str) -> None:
    values = np.full((1, grid.size), 5.0)
    with pytest.raises(ValueError, match=message):
        durability(grid, values, values, minimal_important_difference=1.0, last_live_cell_day=0.0)


def test_bands_are_quantiles_over_patients() -> None:
    values = np.arange(101.0)[:, None] * np.array([1.0, 2.0])
    np.testing.assert_allclose(band(values, (0.1, 0.5, 0.9)), [[10, 20], [50, 100], [90, 180]])
    values[0, 0] = np.nan
    assert band(values, (0.5,))[0, 0] == 50.5
    assert np.isnan(band(np.full((3, 2), np.nan), (0.5,))).all()
    assert band(np.empty((0, 4)), (0.1, 0.9)).shape == (2, 4)
