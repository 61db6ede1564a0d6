"""Lots: what a file says, what it does not say, and what is wrong with it."""

import pickle
import re
from pathlib import Path

import pytest

from funis.checks import InputError
from funis.product import library_lot, library_lots, library_product, load_lot, supply
from funis.product.lot_load import LOTS

COMPLETE = LOTS / "lot_complete.yaml"


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = COMPLETE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "lot_complete.yaml"
    path.write_text(text)
    return path


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_lot(path)
    assert len(caught.value.issues) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", library_lots())
def test_lots_of_the_library_are_valid_and_named_after_their_files(name):
    lot = library_lot(name)
    assert lot.id == name
    assert lot.product == "uc_msc_reference"
    assert "imulated" in lot.name


def test_a_complete_lot_leaves_nothing_unknown():
    lot = library_lot("lot_complete")
    assert lot.unknown == ()
    assert lot.recovered_fraction.value == 0.95
    assert [p.viability.value for p in lot.viability] == [0.9444, 0.8112, 0.5939]


def test_what_a_lot_does_not_report_is_its_products_and_named_as_unknown():
    lot, product = library_lot("lot_incomplete"), library_product("uc_msc_reference")
    assert lot.viability == product.viability
    assert lot.hold_minute == product.hold_minute
    assert set(lot.unknown) == {
        "viability", "vehicle", "hold_minute", "infusion_minute", "hold_celsius",
        "recovered_fraction", "vial_cells", "potency",
    }  # fmt: skip


def test_a_lot_can_be_sent_to_another_process():
    lot = library_lot("lot_complete")
    assert pickle.loads(pickle.dumps(lot)) == lot


def test_a_lot_of_an_unknown_product_is_refused_with_the_nearest_name(tmp_path):
    text = message(changed(tmp_path, ("product: uc_msc_reference", "product: uc_msc_referense")))
    assert "lot_complete.yaml:5: product: unknown product 'uc_msc_referense'" in text
    assert "did you mean 'uc_msc_reference'?" in text


def test_a_lot_that_is_not_simulated_is_refused(tmp_path):
    assert "simulated" in message(changed(tmp_path, ("simulated: true", "simulated: false")))


def test_viability_above_one_is_refused_with_its_line(tmp_path):
    text = message(changed(tmp_path, ("value: 0.9444, sd", "value: 94.44, sd")))
    assert "lot_complete.yaml:12: viability[0].value" in text


def test_viability_that_rises_is_refused(tmp_path):
    assert "viability rises" in message(changed(tmp_path, ("value: 0.5939", "value: 0.95")))


def test_an_unknown_test_of_release_is_refused_with_the_nearest_name(tmp_path):
    text = message(changed(tmp_path, ("mycoplasma: negative", "mycoplasm: negative")))
    assert "results.mycoplasm: unknown test 'mycoplasm'" in text
    assert "did you mean 'mycoplasma'?" in text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sterility: negative", "sterility: negativ", "did you mean 'negative'?"),
        ("CD73_percent: 98.9", "CD73_percent: 150", "150 percent; expected 0 to 100"),
        ("CD73_percent: 98.9", "CD73_percent: high", "'high' is no number"),
        ("viability_fraction: 0.9444", "viability_fraction: 94", "expected 0 to 1"),
    ],
)
def test_a_result_that_its_rule_cannot_read_is_refused(tmp_path, old, new, told):
    assert told in message(changed(tmp_path, (old, new)))


def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(InputError) as caught:
        load_lot(changed(tmp_path, ("cords: 1", "cord: 1")))
    text = str(caught.value)
    assert "did you mean 'cords'?" in text


def test_a_supply_is_a_product_or_a_lot_by_name_or_a_file(tmp_path):
    assert supply("uc_msc_reference") == library_product("uc_msc_reference")
    assert supply("lot_complete") == library_lot("lot_complete")
    assert supply(str(changed(tmp_path))).id == "lot_complete"
    with pytest.raises(InputError, match="did you mean 'lot_complete'"):
        supply("lot_complet")


def test_the_lot_of_the_documentation_is_valid(tmp_path):
    text = (Path(__file__).parents[3] / "docs" / "products.md").read_text(encoding="utf-8")
    path = tmp_path / "my_lot.yaml"
    path.write_text(re.search(r"```yaml\n(id: my_lot.*?)```", text, re.DOTALL)[1])
    lot = load_lot(path)
    assert lot.unknown == ("recovered_fraction", "potency")
    assert lot.donation.testing is None


@pytest.mark.parametrize("name", ["another", "uc_msc_reference"])
def test_a_lot_bears_the_name_of_its_file_and_not_that_of_a_product(tmp_path, name):
    text = message(changed(tmp_path, ("id: lot_complete", f"id: {name}")))
    assert "lot_complete.yaml:2: id:" in text
    assert "expected lot_complete" in text
