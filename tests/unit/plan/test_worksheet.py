"""Worksheets: the label's example exactly, exact arithmetic, limits that are seen."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from operator import mul, sub, truediv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.plan.directions import ForWeight
from funis.plan.directions_schema import library_directions, load_directions
from funis.plan.given import GivenDose, given_range, library_doses
from funis.plan.limits import library_limits, weight_band
from funis.plan.work import NOT_STATED
from funis.plan.worksheet import (
    BANNER,
    checked_losses,
    directions_of,
    joined,
    losses_of,
    worksheet,
    worksheets,
)
from funis.product import Quantity, library_product
from funis.protocol import Arm, Intervention, library_regimens

LABEL = Path(__file__).with_name("ryoncil_label.yaml")
NO_LOSS = checked_losses(1.0)
weights = st.decimals(10, 300, places=1)
doses_per_kg = st.integers(1, 10_000_000)
doses = st.integers(1, 1_000_000_000)
shares = st.decimals("0.01", "1", places=4)


@pytest.fixture(scope="module")
def label():
    return load_directions(LABEL)


def line(sheet, name):
    return next(one for one in sheet.lines if one.name == name)


def iv(**dose):
    return Intervention(id="cells", product="uc_msc_reference", route="iv", **dose)


def sheet_of(one, weight=70, losses=NO_LOSS, use=None, **more):
    cord = library_product("uc_msc_reference")
    directions = directions_of(cord, library_directions(cord.id)) if use is None else use
    return worksheet("arm", one, directions, weight, losses, **more)


def arm(regimen, variant=0):
    found = next(one for one in library_regimens() if one.id == regimen).variants[variant]
    return Arm(found.id, found.label, interventions=found.interventions)


def test_the_example_of_the_label_comes_out_exactly(label):
    sheet = sheet_of(label.schedule[0], use=label)
    assert line(sheet, "dose per kg").value == 2_000_000
    assert line(sheet, "dose").value == 140_000_000
    assert line(sheet, "cells in a vial").value == 25_384_000  # printed as 25.4 million
    assert line(sheet, "vials before losses").value == 6
    assert sheet.premedication == ("corticosteroids and antihistamines (label, section 5.1)",)


def test_bags_dilution_and_rate_of_a_second_label_come_out():
    use = load_directions(LABEL.with_name("temcell_label.yaml"))
    sheet = sheet_of(use.schedule[0], 36, use=use)  # 35 kg stand for the band: 37.5 at most
    assert line(sheet, "vials before losses").value == 1
    assert sheet.vials == 2
    bag = Fraction(72_000_000) / (Fraction("10.8") + 18)
    assert bag == use.routes[0].suspension_cell_per_ml.value
    assert line(sheet, "volume given").value == 30  # 75 million at 2.5 million in a mL
    assert line(sheet, "volume from the vials").value == Decimal("11.25")
    assert line(sheet, "dilution with physiological saline").value == Decimal("18.75")
    assert line(sheet, "infusion time").value == 8  # 7.5 minutes


def test_what_a_label_does_not_state_is_said_and_never_guessed(label):
    sheet = sheet_of(label.schedule[0], use=label)
    names = [one.name for one in sheet.lines]
    assert not {"infusion rate", "infusion time", "volume given", "DMSO"} & set(names)
    assert sheet.dmso_mg_per_kg is None
    assert sheet.expiry_minute is None
    stated = "dilution and volume, infusion time, expiry after thaw, observation after the infusion"
    assert f"not stated: {stated}" in sheet.warnings
    assert any(
        text.startswith("the DMSO of the product is not reported") for text in sheet.warnings
    )


def test_the_schedule_and_the_day_28_rules_of_the_label_are_data(label):
    days = label.schedule[0].days
    assert len(days) == 8
    assert [sum(7 * week <= day < 7 * week + 7 for day in days) for week in range(4)] == [2] * 4
    again = {one.id: sum(len(dose.days) for dose in one.give) for one in label.decisions}
    assert again == {"complete": 0, "partial_or_mixed": 4, "none": 0, "recurrence": 8}
    assert {(one.day, one.window_day) for one in label.decisions[:3]} == {(28, 2)}


def test_infusions_nearer_than_the_label_allows_are_refused(tmp_path):
    text = LABEL.read_text(encoding="utf-8").replace(
        "[0, 3, 7, 10, 14, 17, 21, 24]}     #", "[0, 2]} #"
    )
    path = tmp_path / "label.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"days 0 and 2 are too near; expected at least 3 days"):
        load_directions(path)


def test_rate_and_volume_follow_the_weight(label):
    def row(value, unit, low, high):
        return ForWeight(Quantity(value, unit, "assumed"), low, high)

    cut = Decimal(35)
    route = replace(
        label.routes[0],
        volumes=(row(40, "mL", None, cut), row(120, "mL", cut, None)),
        rates=(row(1, "mL/minute", None, cut), row(5, "mL/minute", cut, None)),
    )
    use = replace(label, routes=(route,))
    minutes = {
        kg: line(sheet_of(label.schedule[0], kg, use=use), "infusion time").value for kg in (20, 70)
    }
    assert minutes == {20: 40, 70: 24}


def test_weights_that_stand_in_no_row_are_refused(tmp_path):
    text = LABEL.read_text(encoding="utf-8").replace(
        "    vehicle: Plasma-Lyte A\n",
        "    vehicle: Plasma-Lyte A\n    rates:\n"
        "      - {value: 1, unit: mL/minute, status: assumed, below_kg: 35}\n"
        "      - {value: 5, unit: mL/minute, status: assumed, from_kg: 40}\n",
    )
    path = tmp_path / "label.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="each weight in one row"):
        load_directions(path)


NUMBER = r"-?\d+(?:\.\d+)?"


def computed(formula):
    """The value of a formula, exactly, read by other code than wrote it."""
    inner = re.fullmatch(r"ceil\((.*)\)", formula)
    parts = re.split(r" ([×÷-]) ", inner[1] if inner else formula)
    value = Fraction(parts[0])
    for sign, number in zip(parts[1::2], parts[2::2], strict=True):
        value = {"×": mul, "÷": truediv, "-": sub}[sign](value, Fraction(number))
    return Fraction(ceil(value)) if inner else value


@given(weights, doses_per_kg, shares)
def test_every_line_shows_the_arithmetic_that_gives_its_value(weight, dose, share):
    sheet = sheet_of(iv(dose_cell_per_kg=dose), weight, checked_losses(float(share)))
    for one in sheet.lines:
        exact, value = computed(one.formula), Fraction(one.value)
        if one.note is None or not one.note.endswith(("0.01 mL", "rounded up to 0.01")):
            step = Fraction(1) if "whole" in (one.note or "") else Fraction(0)
        else:
            step = Fraction(1, 100)
        assert abs(value - exact) <= step, one


@given(weights, doses_per_kg, shares)
def test_the_vials_always_hold_what_is_needed_after_losses(weight, dose, share):
    sheet = sheet_of(iv(dose_cell_per_kg=dose), weight, checked_losses(float(share)))
    living = sheet.vials * Fraction(line(sheet, "cells in a vial").value) * Fraction(share)
    assert living >= Fraction(weight) * dose
    assert (sheet.vials - 1) * line(sheet, "cells in a vial").value < line(
        sheet, "cells to thaw"
    ).value


@given(st.tuples(weights, weights), doses_per_kg)
def test_a_heavier_weight_never_needs_fewer_vials(pair, dose):
    light, heavy = (sheet_of(iv(dose_cell_per_kg=dose), one) for one in sorted(pair))
    assert light.vials <= heavy.vials
    assert line(light, "dose").value <= line(heavy, "dose").value


@given(weights, st.tuples(doses, doses))
def test_a_higher_dose_never_needs_fewer_vials(weight, pair):
    low, high = (sheet_of(iv(dose_cell=one), weight) for one in sorted(pair))
    assert low.vials <= high.vials
    assert low.dmso_mg_per_kg <= high.dmso_mg_per_kg


@given(weights, doses, st.tuples(shares, shares))
def test_higher_losses_never_need_fewer_vials(weight, dose, pair):
    more, less = (checked_losses(float(one)) for one in sorted(pair))
    assert sheet_of(iv(dose_cell=dose), weight, more).vials >= (
        sheet_of(iv(dose_cell=dose), weight, less).vials
    )


@given(weights, doses_per_kg)
def test_dose_times_weight_and_back_is_the_dose(weight, dose):
    sheet = sheet_of(iv(dose_cell_per_kg=dose), weight)
    assert Fraction(line(sheet, "dose").value) / Fraction(sheet.weight_kg) == dose


@given(weights)
def test_a_weight_lies_in_its_band(weight):
    band = weight_band(weight, library_limits())
    assert band.low_kg <= weight < band.high_kg
    assert band.middle_kg % library_limits().band_kg == 0


@given(st.tuples(weights, weights))
def test_two_weights_of_a_band_have_the_same_worksheet(pair):
    bands = [weight_band(one, library_limits()) for one in pair]
    sheets = [sheet_of(iv(dose_cell_per_kg=2e6), one) for one in pair]
    assert (bands[0] == bands[1]) == (sheets[0] == sheets[1])


@pytest.mark.parametrize("weight", [0, 700, -5, 9.9, float("nan"), float("inf")])
def test_a_weight_that_nobody_has_is_refused_in_one_line(weight):
    with pytest.raises(InputError) as error:
        sheet_of(iv(dose_cell=5e7), weight)
    assert str(error.value) == f"weight_kg: a weight of {weight:g} kg; expected 10 to 300 kg"


@pytest.mark.parametrize("share", [1.2, 0.0, -0.1, float("nan")])
def test_viability_above_100_percent_or_of_nothing_is_refused(share):
    with pytest.raises(InputError, match="more than 0 and at most 100 %"):
        checked_losses(share)


def test_a_hold_that_nobody_measured_is_refused():
    with pytest.raises(InputError, match="0 to 385 minutes, where it was measured"):
        losses_of(library_product("uc_msc_reference"), 500)


def test_losses_grow_with_the_hold_along_the_published_points():
    cells = library_product("uc_msc_reference")
    found = [losses_of(cells, hold).living for hold in (0, 90, 385)]
    assert found == [Decimal("0.9444"), Decimal("0.8112"), Decimal("0.5939")]


def test_an_arm_without_cells_has_no_worksheet():
    with pytest.raises(InputError, match="the arm 'placebo' gives no cells"):
        worksheets(Arm("placebo", "Placebo"), 70)


def test_a_route_without_directions_is_refused():
    given_local = replace(iv(dose_cell=5e7), route="local")
    with pytest.raises(InputError, match="by the route 'local'; expected one of iv, it, ia"):
        sheet_of(given_local)


def test_a_product_without_directions_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'uc_msc_reference'"):
        library_directions("uc_msc_referenc")


def test_a_dose_beyond_every_published_one_is_warned_of():
    known = library_doses()
    ever = given_range(known, "iv", Decimal(70))
    above = sheet_of(iv(dose_cell=float(ever.high_cell) * 2), doses=known)
    assert above.warnings[0].startswith("2400 million cells are above every dose ever given")
    inside = sheet_of(iv(dose_cell=1e8), doses=known, tissue="umbilical_cord")
    assert not any("ever given" in text or "lie outside" in text for text in inside.warnings)
    cord = given_range(known, "iv", Decimal(70), tissue="umbilical_cord")
    beyond = sheet_of(iv(dose_cell=2 * float(cord.high_cell)), doses=known, tissue="umbilical_cord")
    assert "lie outside every dose of umbilical cord cells" in beyond.warnings[0]


def test_the_range_ever_given_is_computed_from_the_arms():
    rows = [
        GivenDose("a", "ra", "umbilical_cord", "x", "iv", cell=(4e7, 4e7)),
        GivenDose("b", "ra", "bone_marrow", "x", "iv", cell_per_kg=(1e6, 2e6)),
        GivenDose("c", "ms", "bone_marrow", "x", "it", cell=(1e7, 1e7)),
    ]
    found = given_range(rows, "iv", Decimal(70))
    assert (found.low_cell, found.high_cell) == (40_000_000, 140_000_000)
    assert (found.low_study, found.high_study, found.studies) == ("a", "b", 2)
    assert given_range(rows, "ia", Decimal(70)) is None
    assert given_range(rows, "iv", Decimal(70), tissue="bone_marrow").high_study == "b"


def test_too_much_dmso_is_warned_of(label):
    vial = replace(label.vial, dmso_percent=Quantity(90, "percent", "assumed"))
    heavy = replace(label.schedule[0], dose_cell_per_kg=1e7)
    sheet = sheet_of(heavy, use=replace(label, vial=vial))
    assert sheet.dmso_mg_per_kg > 1000
    assert any("above the limit of 1000 mg/kg in a day" in text for text in sheet.warnings)


def test_an_infusion_that_outlasts_the_cells_is_warned_of():
    sheet = sheet_of(iv(dose_cell=1e8))
    told = "minutes and the infusion takes 257 minutes: they expire 90 minutes after thaw"
    assert any(text.endswith(told) for text in sheet.warnings)


def test_too_much_fluid_into_the_spine_is_warned_of():
    into = replace(iv(dose_cell=6e7), route="it")
    assert "6 mL into the fluid are above 5 mL" in sheet_of(into).warnings


def test_two_routes_of_an_arm_become_one_worksheet():
    both = worksheets(arm("ms_it_iv"), 70)
    one = joined(both)
    assert one.route == "it + iv"
    assert one.vials == sum(sheet.vials for sheet in both)
    assert {text.split(":")[0] for text in (line.name for line in one.lines)} == {
        "into the fluid",
        "by vein",
    }
    assert one.premedication == (NOT_STATED,)


def test_every_regimen_of_the_library_has_a_worksheet():
    for regimen in library_regimens():
        for place in range(len(regimen.variants)):
            found = arm(regimen.id, place)
            routes = {i.route for i in found.interventions if i.product}
            if routes <= {"iv", "it", "ia"} and routes:
                assert all(sheet.vials > 0 for sheet in worksheets(found, 70, doses=()))


def test_a_lot_brings_its_own_vial_infusion_time_and_release():
    one = iv(dose_cell=7e7)
    sheets = {}
    for lot in (None, "lot_complete", "lot_failed"):
        arm_of_lot = Arm("arm", "Arm", interventions=(replace(one, lot=lot),))
        sheets[lot] = worksheets(arm_of_lot, 70, doses=())[0]
    assert sheets["lot_complete"].lot == "lot_complete"
    assert line(sheets["lot_complete"], "infusion time").value == 60
    assert sheets["lot_complete"].vials >= sheets[None].vials
    assert sheets["lot_failed"].warnings[0].startswith("lot lot_failed failed its release: ")
    assert not any("release" in text for text in sheets["lot_complete"].warnings)


def test_an_arm_of_several_infusions_says_what_all_of_them_need():
    sheet = worksheets(arm("ra_iv"), 70)[0]
    assert line(sheet, "infusions").value == 6
    assert line(sheet, "cells of all infusions").value == 300_000_000
    assert line(sheet, "vials of all infusions").value == 6 * sheet.vials


def test_a_vial_that_nobody_reports_is_refused(label):
    with pytest.raises(InputError, match="the vial of 'remestemcel_l' is not reported"):
        sheet_of(label.schedule[0], use=replace(label, vial=None))


def test_the_banner_is_that_of_the_rules():
    assert BANNER == "SIMULATED - NOT FOR ADMINISTRATION"
