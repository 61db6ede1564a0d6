"""`funis evidence claims` and `funis evidence testimonials` as a user meets them."""

import json

import pytest

from funis.apps.cli import app
from funis.apps.door import enter


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNIS_CACHE", str(tmp_path / "cache"))


def run(*words):
    return enter(app, ["evidence", *(str(word) for word in words)])


def test_a_row_shows_verdict_numbers_and_what_could_refute_it(capsys):
    assert run("claims", "--row", 20) == 0
    out = capsys.readouterr().out
    for words in ("contradicted", "2696", "Could be refuted by", "Would change the verdict",
                  "Not a medical device"):  # fmt: skip
        assert words in out


def test_the_document_of_a_row_holds_what_its_verdict_rests_on(capsys):
    words = ("claims", "--row", 10, "--patients", 4, "--workers", 1, "--json")
    assert run(*words) == 0
    first = capsys.readouterr().out
    found = json.loads(first)
    (claim,) = found["claims"]
    assert claim["verdict"] == "uncertain"
    assert claim["model"]["at_potency_0"] == 0
    assert {one["id"] for one in found["claims_under_test"]} >= {"sle_iv_total", "ra_iv"}
    part = claim["parts"][0]
    assert {"why", "would_change_it", "published", "model"} <= set(part)
    assert part["model"]["statement"]["at_zero"]["estimate"] == 0
    assert 0 < part["model"]["statement"]["no_effect"] < 1
    assert run(*words) == 0  # from the cache
    assert capsys.readouterr().out == first


def test_accounts_arise_without_any_effect(capsys):
    assert run("testimonials", "cd", "--patients", 60, "--workers", 1, "--json") == 0
    (chain,) = json.loads(capsys.readouterr().out)["diseases"]
    shares = [step["share"]["estimate"] for step in chain["steps"]]
    assert shares[0] < shares[3] < shares[4]
    low, high = chain["ratio_needed_for_60_and_90"]
    assert low < high
    assert run("testimonials", "cd", "--patients", 60, "--workers", 1) == 0
    out = capsys.readouterr().out
    assert "better among those who tell (3 to 1)" in out
    assert "Not a medical device" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("claims", "--row", "31"), "no claim has the row 31"),
        (("claims", "--row", "12", "--into", "page.md"), "--into without --row"),
        (("claims", "--patients", "1"), "patients: 1 is out of range"),
        (("testimonials", "raa"), "unknown disease 'raa'"),
        (("testimonials", "ra", "--patients", "0"), "patients: 0 is out of range"),
    ],
)
def test_a_mistake_is_one_line_with_status_2(words, told, capsys):
    assert run(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert told in printed.err
