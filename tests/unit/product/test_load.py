import dataclasses
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.product import (
    Quantity,
    library_product,
    library_products,
    load_product,
    product_parameters,
)
from funis.product.load import LIBRARY
from funis.product.values import ReleaseCriterion

UMBILICAL = LIBRARY / "uc_msc_reference.yaml"


def write(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = UMBILICAL.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "product.yaml"
    path.write_text(text)
    return path


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_product(path)
    assert len(caught.value.issues) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", library_products())
def test_products_are_valid_and_named_after_their_files(name: str) -> None:
    product = library_product(name)
    assert product.id == name
    assert product.vehicle


def test_the_umbilical_product_bears_the_published_points() -> None:
    product = library_product("uc_msc_reference")
    points = [(p.hold_minute, p.viability.value, p.viability.sd) for p in product.viability]
    assert points == [(0, 0.9444, 0.0169), (90, 0.8112, 0.0226), (385, 0.5939, 0.1454)]
    assert all(p.viability.status == "measured" for p in product.viability)
    assert product.tissue == "umbilical_cord"
    assert product.passage.value is None


def test_bone_marrow_differs_by_sourced_statements_only() -> None:
    marrow, cord = library_product("bm_msc_reference"), library_product("uc_msc_reference")
    assert marrow.tissue == "bone_marrow"
    assert [p.viability.value for p in marrow.viability] == [
        p.viability.value for p in cord.viability
    ]
    assert {p.viability.status for p in marrow.viability} == {"assumed"}
    assert all(difference.source for difference in marrow.differences)
    directions = {d.quantity: d.direction for d in marrow.differences}
    assert directions["immune_suppression"] == "not_settled"


def test_adipose_differs_by_sourced_statements_only() -> None:
    adipose, cord = library_product("ad_msc_reference"), library_product("uc_msc_reference")
    assert adipose.tissue == "adipose"
    assert all(difference.source for difference in adipose.differences)
    known = {(d.quantity, d.against): d.direction for d in adipose.differences}
    assert known["tissue_factor", "bone_marrow"] == "higher"
    assert known["tissue_factor", "umbilical_cord"] == "not_settled"
    assert known["proliferation", "umbilical_cord"] == "lower"
    assert not any("HLA" in quantity for quantity, _ in known)
    for name in ("viability_fraction", "HLA_DR_percent"):
        value = next(c.value for c in adipose.release if c.id == name)
        assert (value.value, value.status) == (None, "not_reported")
    assert product_parameters(adipose) == product_parameters(cord)


@pytest.mark.parametrize("name", ["ad_msc_reference", "bm_msc_reference"])
def test_a_tissue_differs_from_umbilical_cord_only_where_a_source_is_given(name: str) -> None:
    other, cord = library_product(name), library_product("uc_msc_reference")
    told = {"id", "name", "tissue", "vehicle", "differences", "note", "file"}
    told |= {"vial", "manufacture"}  # of which no simulated number depends
    for key in (field.name for field in dataclasses.fields(other)):
        mine, theirs = getattr(other, key), getattr(cord, key)
        if key == "viability":
            mine, theirs = ([p.viability.value for p in points] for points in (mine, theirs))
        elif key in ("hold_minute", "recovered_fraction"):
            mine, theirs = mine.value, theirs.value
        elif key == "release":
            mine, theirs = ([(c.id, c.low, c.high) for c in rows] for rows in (mine, theirs))
        assert key in told or mine == theirs, key


@pytest.mark.parametrize("name", ["ad_msc_reference", "bm_msc_reference"])
def test_potency_of_a_tissue_is_centred_on_no_difference_and_wide(name: str) -> None:
    (suppression,) = (
        d for d in library_product(name).differences if d.quantity == "immune_suppression"
    )
    assert suppression.prior is not None
    assert suppression.prior.median == 1.0
    assert suppression.prior.log_sd >= 0.5
    assert suppression.prior.status == "assumed"


def test_a_prior_of_a_settled_difference_is_refused(tmp_path: Path) -> None:
    text = (LIBRARY / "bm_msc_reference.yaml").read_text()
    path = tmp_path / "product.yaml"
    path.write_text(text.replace("direction: not_settled", "direction: higher"))
    assert "a prior of what is settled; expected direction: not_settled" in message(path)


def test_release_values_may_be_missing() -> None:
    verdicts = {c.id: c.verdict for c in library_product("uc_msc_reference").release}
    assert verdicts["viability_fraction"] == "pass"
    assert verdicts["CD73_percent"] == "not_reported"
    assert len(verdicts) == 9


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "pass"), (2.0, "pass"), (2.1, "fail")])
def test_release_limits_belong_to_the_range(value: float, verdict: str) -> None:
    quantity = Quantity(value, "percent", "assumed")
    assert ReleaseCriterion("CD45_percent", quantity, None, 2.0, "limit").verdict == verdict


def test_an_unknown_product_has_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"unknown product 'uc_msc_referense'.*'uc_msc_reference'"):
        library_product("uc_msc_referense")


def test_viability_cannot_be_empty(tmp_path: Path) -> None:
    text = UMBILICAL.read_text()
    start, end = text.index("viability:"), text.index("hold_minute:\n")
    path = tmp_path / "product.yaml"
    path.write_text(text[:start] + "viability: []\n" + text[end:])
    assert "viability: is empty; expected at least the viability at thaw" in message(path)


def test_a_number_without_a_source_is_an_error(tmp_path: Path) -> None:
    source = "    source: Nguyen 2024, 10.15419/bmrat.v11i9.917, abstract\n  - hold_minute: 90"
    text = message(write(tmp_path, (source, "  - hold_minute: 90")))
    assert "viability[0]" in text
    assert "a measured value without a source; expected a source" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("value: 0.9444", "value: 1.2", "viability[0].value: 1.2"),
        ("value: 0.9444", "value: 0.1", "viability[1].value: viability rises"),
        ("hold_minute: 90", "hold_minute: 400", "viability[2].hold_minute: 385 after 400 minutes"),
        ("hold_minute: 0", "hold_minute: 5", "the first point is 5 minutes after thaw; expected 0"),
        ("tissue: umbilical_cord", "tissue: umbilical cord", "did you mean 'umbilical_cord'?"),
        ("tissue: umbilical_cord", "tissue: UC", "expected one of umbilical_cord, bone_marrow"),
        ("status: not_reported}", "status: assumed}", "no value, yet its status is assumed"),
        ("value: 1.0\n", "value: null\n", "recovered_fraction.value: "),
        ("cryopreserved: true", "cryopreserved: yes", "cryopreserved"),
        ("vehicle:", "vehikel:", "did you mean 'vehicle'?"),
    ],
)
def test_a_faulty_product_is_one_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in message(write(tmp_path, (old, new)))


def test_where_a_file_lies_does_not_change_its_hash(tmp_path):
    from shutil import copy

    from funis.product.load import LIBRARY
    from funis.protocol import content_hash

    there = tmp_path / "uc_msc_reference.yaml"
    copy(LIBRARY / "uc_msc_reference.yaml", there)
    products = [load_product(path) for path in (LIBRARY / there.name, there)]
    assert content_hash(products[0]) == content_hash(products[1])
