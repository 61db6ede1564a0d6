"""What `funis product` says: DOSES, the way to the vein, and what a trial needs."""

import pytest

from funis.checks import InputError
from funis.pipeline.products import (
    deliver,
    product_list,
    product_page,
    product_yield,
    release_page,
    tissue_tables,
)
from funis.pipeline.products.text import SIMULATED
from funis.report import RESEARCH_USE


@pytest.mark.parametrize("name", ["uc_msc_reference", "lot_complete", "lot_incomplete"])
def test_a_description_has_every_part_of_doses(name):
    page = product_page(name)
    assert list(dict.fromkeys(f.part for f in page.fields)) == [
        "donor", "origin", "separation", "exhibited", "site",
    ]  # fmt: skip
    assert all(f.status for f in page.fields)


def test_what_a_lot_does_not_report_is_shown_as_missing_beside_what_is_used():
    fields = {f.name: f for f in product_page("lot_incomplete").fields}
    assert fields["screening"].value == "not reported"
    assert fields["consent"].value == "yes"
    assert fields["hold"].status == "not reported"
    assert fields["hold"].value == "not reported; the product's 30 min is used"
    assert fields["living after 0 min"].status == "not reported"


def test_donor_consent_screening_and_testing_stand_on_each_lot():
    for entry in product_list():
        if entry["kind"] == "lot":
            names = {f.name for f in product_page(entry["id"]).fields}
            assert {"consent", "screening", "testing"} <= names


@pytest.mark.parametrize(
    "page",
    [
        lambda: product_page("lot_complete"),
        lambda: release_page("lot_complete"),
        lambda: deliver("lot_complete", "70e6"),
        lambda: product_yield("lot_complete"),
    ],
)
def test_every_page_of_a_lot_bears_the_banner_and_the_statement(page):
    found = page()
    assert found.tables()[0].title.startswith(SIMULATED)
    document = found.document()
    assert document["banner"] == SIMULATED == "SIMULATED - NOT FOR ADMINISTRATION"
    assert document["research_use"] == RESEARCH_USE
    assert document["simulated"] is True


def test_a_dose_per_kg_is_that_of_the_weight():
    per_kg = deliver("uc_msc_reference", "1e6/kg", weight_kg=70, hold_minute=90)
    total = deliver("uc_msc_reference", "70e6", weight_kg=70, hold_minute=90)
    assert per_kg.found == total.found
    assert total.found.viable.value == pytest.approx(70e6 * 0.8112)


@pytest.mark.parametrize(
    ("dose", "told"),
    [
        ("7x", "'7x' is no dose"), ("-5", "no dose"), ("nan", "no dose"), ("1e6/g", "no dose"),
        ("1e6/kg", "--weight: '1e6/kg' is per kg; expected the weight in kg"),
    ],
)  # fmt: skip
def test_a_dose_that_cannot_be_read_is_refused_in_one_line(dose, told):
    with pytest.raises(InputError, match=told):
        deliver("uc_msc_reference", dose)


def test_a_failed_lot_and_a_heavy_load_of_solvent_are_warned_of():
    (warning,) = deliver("lot_failed", "70e6", weight_kg=70).warnings
    assert "fails release" in warning
    (_, solvent) = deliver("lot_failed", "7e9", weight_kg=70).warnings
    assert solvent.startswith("DMSO 1100.4 mg/kg is above 1000 mg/kg")


def test_the_curve_passes_through_the_published_points():
    curve = dict(deliver("uc_msc_reference", "70e6").curve)
    assert (curve[0], curve[90], curve[385]) == (0.9444, 0.8112, 0.5939)


def test_a_trial_needs_its_scheduled_doses_of_arms_without_scenarios():
    need = product_yield("uc_msc_reference", "ra_demo").need
    assert [(arm.arm, arm.patients, arm.doses) for arm in need.arms] == [
        ("single", 100, 1), ("four_monthly", 100, 4), ("advertised", 100, 3),
    ]  # fmt: skip
    assert need.vials_per_dose == (3, 3, 3)
    assert (need.doses, need.vials) == (800, 2400)
    assert need.donors_low <= need.donors <= need.donors_high


def test_a_trial_that_does_not_give_the_product_is_refused():
    with pytest.raises(InputError, match=r"does not give 'uc_msc_reference'.*bm_msc_reference"):
        product_yield("uc_msc_reference", "ms_crossover")


def test_tissues_stand_side_by_side_with_unknowns_said():
    seen, compared = tissue_tables()
    assert seen.columns == ("", "umbilical cord", "bone marrow", "adipose")
    assert any("unknown" in row for row in seen.rows)
    assert all(row[-1] for row in compared.rows)
