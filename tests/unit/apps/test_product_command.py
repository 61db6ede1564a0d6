"""`funis product` from the command line."""

import json

import pytest

from funis.apps.cli import app
from funis.apps.door import enter


def run(capsys, *words):
    status = enter(app, list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_products_and_lots_are_listed_with_what_is_missing(capsys):
    status, out, _ = run(capsys, "product", "--json")
    found = {one["id"]: one for one in json.loads(out)["products"]}
    assert status == 0
    assert found["lot_failed"]["release"] == "fail"
    assert found["lot_incomplete"]["not_reported"] > found["lot_complete"]["not_reported"]


def test_a_name_alone_shows_the_product(capsys):
    named, shown = (
        run(capsys, "product", *words, "lot_complete", "--json") for words in ((), ("show",))
    )
    assert named == shown
    assert json.loads(named[1])["id"] == "lot_complete"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("product", "lot_complet"), "did you mean 'lot_complete'?"),
        (("product", "release", "lot_faild"), "did you mean 'lot_failed'?"),
        (("product", "deliver", "lot_complete", "--dose", "7x"), "--dose: '7x' is no dose"),
        (("product", "deliver", "lot_complete"), "--dose"),
        (("product", "yield", "bm_msc_reference"), "its yield is not known"),
        (("product", "yield", "uc_msc_reference", "--trial", "ra_dem"), "did you mean 'ra_demo'?"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, words, told):
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert told in err
    assert len(err.strip().splitlines()) == 1


def test_a_failed_lot_is_warned_of_on_standard_error(capsys):
    status, out, err = run(
        capsys, "product", "deliver", "lot_failed", "--dose", "70e6", "--weight", "70", "--json"
    )
    assert status == 0
    assert err.startswith("warning: lot_failed fails release")
    assert json.loads(out)["release"] == "fail"


def test_every_page_ends_with_the_statement(capsys):
    for words in (("lot_complete",), ("release", "lot_failed"), ("yield", "uc_msc_reference")):
        _, out, _ = run(capsys, "product", *words)
        assert "Not for deciding the care of an individual." in out.strip().splitlines()[-1]
