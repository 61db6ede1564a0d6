"""Yield: whole vials, stages by hand, ranges, and what a trial needs."""

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.product import (
    ArmNeed,
    Ranged,
    Stage,
    donation_yield,
    library_product,
    trial_need,
    vials_needed,
)

CORD = library_product("uc_msc_reference")
MADE = CORD.manufacture


def ranged(value, low=None, high=None):
    return Ranged(value, "made up", "assumed", low=low, high=high)


SIMPLE = replace(
    CORD,
    vial=replace(CORD.vial, cells=ranged(2e6)),
    manufacture=replace(
        MADE,
        primary_cells=ranged(1e6, 5e5, 2e6),
        doublings_per_passage=ranged(2.0),
        doubling_hour=ranged(24.0),
        stages=(Stage("bank", 1, ranged(0.5), 1e6), Stage("lot", 2, ranged(1.0))),
    ),
)


def test_the_label_example_takes_six_vials_before_losses():
    assert vials_needed(140e6, 25.4e6) == 6


def test_whole_vials_are_computed_without_rounding():
    assert vials_needed(0.3e6, 0.1e6) == 3
    assert vials_needed(7.62e7, 2.54e7) == 3
    assert vials_needed(70e6, 25e6, 0.7) == 4


@given(st.integers(1, 10**10), st.integers(10**4, 10**9), st.integers(1, 100))
def test_vials_hold_the_dose_and_one_less_would_not(dose, vial, percent):
    share = percent / 100
    count = vials_needed(dose, vial, share)
    held = Decimal(vial) * Decimal(str(share))
    assert (count - 1) * held < dose <= count * held


@given(st.floats(1e5, 1e9), st.floats(1, 3), st.floats(0.1, 1))
def test_vials_rise_with_the_dose_and_with_losses(dose, more, share):
    assert vials_needed(dose * more, 25e6) >= vials_needed(dose, 25e6)
    assert vials_needed(dose, 25e6, share) >= vials_needed(dose, 25e6)


@pytest.mark.parametrize("arguments", [(0, 1), (1, 0), (1, 1, 0), (1, 1, 1.1)])
def test_no_vials_for_nothing(arguments):
    with pytest.raises(ValueError, match="no vials"):
        vials_needed(*arguments)


def test_stages_by_hand():
    # 1e6 cells double twice, half is kept: 2 vials of 1e6; each doubles 4 times: 8 vials of 2e6
    found = donation_yield(SIMPLE)
    assert [(s.vials_each, s.vials, s.passage, s.doublings) for s in found.stages] == [
        (2, 2, 1, 2.0), (8, 16, 3, 6.0),
    ]  # fmt: skip
    assert (found.lots, found.vials_per_lot, found.vials, found.days) == (2, 8, 16, 6.0)


def test_ranges_add_in_squares_on_the_log_scale():
    found = donation_yield(SIMPLE)
    assert (found.vials_low, found.vials_high) == pytest.approx((8, 32))
    wide = replace(SIMPLE.manufacture, doublings_per_passage=ranged(2.0, 1.0, 3.0))
    found = donation_yield(replace(SIMPLE, manufacture=wide))
    step = math.hypot(math.log(2), 3 * math.log(2))
    assert found.vials_high == pytest.approx(16 * math.exp(step))


def test_a_lot_of_the_reference_is_as_large_as_published_runs():
    found = donation_yield(CORD)
    assert 1.03e8 <= found.vials_per_lot * CORD.vial.cells.value <= 3.78e8
    assert found.stages[-1].passage == 5


def test_cells_that_would_divide_beyond_where_they_stop_are_refused():
    old = replace(MADE, senescence_passage=ranged(4))
    with pytest.raises(InputError, match="5 passages, where cells of 'uc_msc_reference' have"):
        donation_yield(replace(CORD, manufacture=old))
    old = replace(MADE, senescence_doublings=ranged(10))
    with pytest.raises(InputError, match="doublings"):
        donation_yield(replace(CORD, manufacture=old))


@pytest.mark.parametrize("name", ["bm_msc_reference", "ad_msc_reference"])
def test_a_tissue_of_which_too_little_was_seen_has_no_yield(name):
    with pytest.raises(InputError, match="its yield is not known") as caught:
        donation_yield(library_product(name))
    assert len(caught.value.issues) == 1


def test_a_trial_needs_whole_vials_for_every_dose():
    arms = (ArmNeed("one", 10, 2, 5e6), ArmNeed("two", 5, 1, 2e6))
    need = trial_need(SIMPLE, arms, donation_yield(SIMPLE))
    assert need.vials_per_dose == (3, 1)
    assert need.doses_per_donation == (5, 16)
    assert (need.doses, need.vials, need.lots, need.donors) == (25, 65, 9, 5)
    assert (need.donors_low, need.donors_high) == (3, 9)
    assert need.cells == 10 * 2 * 5e6 + 5 * 2e6
