"""From vial to vein: published points, exact sums, and what widens the dose."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.product import (
    delivered,
    delivered_viability,
    delivery_spreads,
    infused_viability,
    library_lot,
    library_product,
    lot_potency_log_sd,
)

CORD = library_product("uc_msc_reference")
COMPLETE = library_lot("lot_complete")
PUBLISHED = [(0, 0.9444, 0.0169), (90, 0.8112, 0.0226), (385, 0.5939, 0.1454)]
DOSE = 70e6


@pytest.mark.parametrize(("minute", "share", "sd"), PUBLISHED)
def test_delivered_cells_fall_along_the_published_points_within_their_spread(minute, share, sd):
    found = delivered(CORD, DOSE, hold_minute=minute)
    assert found.viability == share
    assert found.viable.value == pytest.approx(DOSE * share)
    assert found.viable.low <= DOSE * (share - sd)
    assert found.viable.high >= DOSE * min(share + sd, 1)


@given(st.floats(0, 385), st.floats(0, 385), st.floats(1e5, 1e9))
def test_a_longer_hold_never_delivers_more_living_cells(first, second, dose):
    early, late = sorted((first, second))
    more, less = (delivered(CORD, dose, hold_minute=one) for one in (early, late))
    assert less.viable.value <= more.viable.value <= dose


@given(st.floats(0, 200), st.floats(0, 185), st.floats(1e5, 1e9))
def test_living_dead_and_lost_cells_add_up_to_the_dose(hold, infusion, dose):
    found = delivered(COMPLETE, dose, hold_minute=hold, infusion_minute=infusion)
    assert found.viable.value + found.dead + found.lost == pytest.approx(dose)
    assert found.viable.low <= found.viable.value <= found.viable.high <= dose


def test_the_share_over_an_infusion_is_the_mean_of_its_course():
    steps = 20000
    mean = (
        sum(delivered_viability(CORD, 30 + 120 * (i + 0.5) / steps) for i in range(steps)) / steps
    )
    assert infused_viability(CORD, 30, 120) == pytest.approx(mean, rel=1e-8)


def test_an_infusion_of_no_length_has_the_viability_of_the_hold():
    assert infused_viability(CORD, 45, 0) == delivered_viability(CORD, 45)
    assert infused_viability(CORD, 45, 1e-6) == pytest.approx(delivered_viability(CORD, 45))


def test_dead_vials_deliver_no_living_cell():
    dead = replace(COMPLETE, viability=tuple(
        replace(p, viability=replace(p.viability, value=0.0)) for p in COMPLETE.viability
    ))  # fmt: skip
    found = delivered(dead, DOSE)
    assert (found.viable.value, found.functional.value, found.viable.high) == (0, 0, 0)
    assert found.dead == pytest.approx(0.95 * DOSE)


def test_functional_cells_are_living_ones_times_potency_without_the_stunned():
    strong = replace(COMPLETE, potency=1.5)
    found = delivered(strong, DOSE)
    assert found.functional.value == pytest.approx(1.5 * found.viable.value)
    assert delivered(strong, DOSE, stunned=1).functional.value == 0
    half = delivered(strong, DOSE, stunned=0.5)
    assert half.functional.value == pytest.approx(found.functional.value / 2)
    assert half.viable == found.viable


def silent_on(*names):
    """The complete lot without some of its fields."""
    warm = None if "hold_celsius" in names else COMPLETE.hold_celsius
    return replace(COMPLETE, unknown=names, hold_celsius=warm)


@pytest.mark.parametrize("name", [name for name in delivery_spreads() if name != "potency"])
def test_every_field_that_is_not_reported_widens_the_living_cells(name):
    whole, less = delivered(COMPLETE, DOSE), delivered(silent_on(name), DOSE)
    assert less.viable.low < whole.viable.low
    assert less.viable.high > whole.viable.high
    assert less.widened_by == (name,)


def test_an_unknown_potency_widens_functional_cells_alone():
    whole = delivered(COMPLETE, DOSE)
    less = delivered(replace(COMPLETE, unknown=("potency",), potency=None), DOSE)
    assert less.viable == whole.viable
    assert less.functional.high > whole.functional.high


def test_spreads_add_in_squares_on_the_log_scale():
    lot = silent_on("hold_celsius", "recovered_fraction")
    point = 0.0169 / 0.9444
    spread = math.hypot(point, 0.05, 0.1)
    found = delivered(lot, DOSE, hold_minute=0, infusion_minute=0)
    assert found.viable.low == pytest.approx(found.viable.value / math.exp(1.959964 * spread))


def test_a_hold_that_is_said_is_known_and_one_outside_room_temperature_is_not():
    incomplete = library_lot("lot_incomplete")
    assert "hold_minute" in delivered(incomplete, DOSE).widened_by
    assert "hold_minute" not in delivered(incomplete, DOSE, hold_minute=60).widened_by
    assert "hold_celsius" not in delivered(incomplete, DOSE, hold_celsius=20).widened_by
    assert delivered(COMPLETE, DOSE, hold_celsius=4).widened_by == ("hold_celsius",)


def test_the_solvent_is_volume_share_and_density():
    # 70e6 / 25e6 vials of 2.5 mL, a tenth of it DMSO of 1.1004 g/mL, over 70 kg
    found = delivered(COMPLETE, DOSE, weight_kg=70)
    assert found.dmso_gram == pytest.approx(70 / 25 * 2.5 * 0.1 * 1.1004)
    assert found.dmso_mg_per_kg == pytest.approx(1000 * found.dmso_gram / 70)
    assert delivered(COMPLETE, DOSE).dmso_mg_per_kg is None
    assert delivered(library_lot("lot_incomplete"), DOSE, weight_kg=70).dmso_gram is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"weight_kg": 0}, "weight: 0 is out of range; expected 1 to 400 kg"),
        ({"weight_kg": 700}, "weight: 700 is out of range"),
        ({"hold_minute": -1}, "no viability at -1 minutes"),
        ({"hold_minute": 386}, "expected 0 to 385 minutes, where it was measured"),
        ({"hold_minute": 380, "infusion_minute": 10}, "no viability at 390 minutes"),
        ({"infusion_minute": -5}, "infusion_minute: -5 is out of range"),
        ({"stunned": 2}, "stunned: 2 is out of range; expected 0 to 1"),
        ({"hold_celsius": 90}, "celsius: 90 is out of range"),
        ({"dose_cell": 0}, "dose: 0 is out of range"),
        ({"dose_cell": 1e13}, "dose: 1e+13 is out of range"),
    ],
)
def test_numbers_out_of_range_are_refused_in_one_line(arguments, told):
    with pytest.raises(InputError) as caught:
        delivered(CORD, arguments.pop("dose_cell", DOSE), **arguments)
    assert told in str(caught.value)
    assert len(caught.value.issues) == 1


def test_pooling_donors_narrows_what_lies_between_them_and_no_more():
    alone, pooled, many = (lot_potency_log_sd(cords) for cords in (1, 4, 10**6))
    assert alone == lot_potency_log_sd() == delivery_spreads()["potency"].log_sd
    assert alone > pooled > many
    assert many == pytest.approx(alone * math.sqrt(0.5), rel=1e-5)
