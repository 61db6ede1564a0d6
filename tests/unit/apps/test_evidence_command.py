"""``funis evidence``: list, show, add and rewrite, and what a run says of a user's own study."""

import hashlib
import json
from pathlib import Path

import pytest

OWN = """\
- id: own_ra
  title: An invented study
  disease: RA
  design: {kind: randomized, blinding: double, control: placebo}
  population: {n: 40}
  product: {source: UC}
  arms:
  - {id: msc, n: 20, route: IV, cells_per_kg: 1.0e+6, infusions: 1}
  - {id: placebo, n: 20, route: IV}
  outcomes:
  - {arm: msc, endpoint: ACR20, week: 12, events: 9, n: 20}
  - {arm: placebo, endpoint: ACR20, week: 12, events: 6, n: 20}
  sources: [{url: 'https://example.org', what: abstract}]
  confidence: low
"""
FIRST = "events: 9, n: 20"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "data"
    monkeypatch.setenv("FUNIS_DATA", str(place))
    return place / "evidence"


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_studies_are_listed_by_disease_design_and_product(funis):
    words = ("evidence", "list", "--disease", "ra", "--design", "randomised", "--product", "UC")
    status, out, err = funis(*words, "--json")
    assert (status, err) == (0, "")
    assert [entry["id"] for entry in json.loads(out)] == ["he2020_ra", "yang2018_ra"]
    shown = funis(*words)[1]
    assert "2 studies" in shown
    assert "he2020_ra" in shown
    assert funis("evidence", "list", "--design", "meta_analysis", "--json")[0] == 0


@pytest.mark.parametrize(
    ("option", "word", "near"),
    [("disease", "raa", "ra"), ("design", "randomisd", "randomised"), ("product", "UCC", "UC")],
)
def test_what_no_study_has_is_refused_with_the_nearest(funis, option, word, near):
    status, out, err = funis("evidence", "list", f"--{option}", word)
    assert (status, out) == (2, "")
    assert f"no study with the {option} '{word}'" in err
    assert f"did you mean '{near}'?" in err


def test_a_study_is_shown_with_everything(funis):
    status, out, _ = funis("evidence", "show", "he2020_ra")
    assert status == 0
    for words in ("He X, et al.", "7 of 30", "Table 2", "mean -1.05,", "Sources"):
        assert words in out
    assert "family he_yang (same centre as yang2018_ra by the notes of that record)" in out
    document = json.loads(funis("evidence", "show", "kafaja2017_ra", "--json")[1])
    assert document["arms"][2] == {
        "id": "placebo", "n": 16, "route": "iv", "cells_per_infusion": 0.0, "cells_per_kg": 0.0,
        "infusions": 1, "days": [0.0], "cotreatment": "methotrexate",
    }  # fmt: skip
    assert document["outcomes"][1]["extra"] == {"n_derived": True, "events_derived": True}


def test_gates_rows_of_tables_and_safety_are_shown(funis):
    assert (
        "Effect that the immune core has to reproduce" in funis("evidence", "show", "armada_ra")[1]
    )
    assert "GO-FORWARD" in funis("evidence", "show", "acr50_wk24_mtx_ir_table")[1]
    assert (
        "risk ratio 2.48, 95 % 1.27 to 4.86" in funis("evidence", "show", "thompson2020_safety")[1]
    )


def test_an_unknown_record_gets_the_nearest(funis):
    status, out, err = funis("evidence", "show", "he2020_r")
    assert (status, out) == (2, "")
    assert err == (
        "no record 'he2020_r'; expected an id of `funis evidence list`; did you mean 'he2020_ra'?\n"
    )


def test_a_study_of_ones_own_is_added_once_and_read(funis, folder, own):
    status, out, err = funis("evidence", "add", "own.yaml")
    assert (status, out, err) == (0, f"{folder}/own.yaml: own_ra\n", "")
    assert (folder / "own.yaml").read_bytes() == own.read_bytes()
    entries = json.loads(funis("evidence", "list", "--disease", "ra", "--json")[1])
    assert entries[-1]["id"] == "own_ra"
    assert [entry["origin"] for entry in entries].count("user") == 1
    assert funis("evidence", "show", "own_ra")[1].startswith("your own study: own_ra")
    status, out, err = funis("evidence", "add", "own.yaml")
    assert (status, out) == (2, "")
    assert err.startswith("own.yaml:1: [0].id: the study 'own_ra' stands among the user's own")
    assert len(err.splitlines()) == 1


def test_a_study_of_ones_own_gives_way_when_asked(funis, folder, own):
    funis("evidence", "add", "own.yaml")
    own.rename(own.with_name("newer.yaml")).write_text(OWN.replace("n: 40", "n: 41"))
    assert funis("evidence", "add", "newer.yaml", "--replace")[0] == 0
    assert [path.name for path in folder.iterdir()] == ["own.yaml"]
    assert "n: 41" in (folder / "own.yaml").read_text()
    own.with_name("newer.yaml").write_text(OWN.replace("own_ra", "he2020_ra"))
    status, _, err = funis("evidence", "add", "newer.yaml", "--replace")
    assert status == 2
    assert "the study 'he2020_ra' stands in the library already; expected another id" in err


def test_no_other_study_is_lost_when_one_gives_way(funis, folder, own):
    own.write_text(OWN + OWN.replace("own_ra", "other_ra"), encoding="utf-8")
    funis("evidence", "add", "own.yaml")
    before = (folder / "own.yaml").read_bytes()
    own.write_text(OWN, encoding="utf-8")
    status, _, err = funis("evidence", "add", "own.yaml", "--replace")
    assert status == 2
    assert "'other_ra' stands in" in err
    assert (folder / "own.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (FIRST, "events: 29, n: 20", "11: [0].outcomes[0].events: 29 of 20 patients; expected at"),
        (FIRST, "pct: 120", "11: [0].outcomes[0].pct: 120 %; expected 0 to 100 %"),
        (FIRST, "mean: 3, sd: 0", "11: [0].outcomes[0].sd: a spread of 0; expected more than 0"),
        (FIRST, "events: 9", "11: [0].outcomes[0].events: 9 of an unknown number; expected n"),
        (FIRST, "evnts: 9", "11: [0].outcomes[0].evnts: unknown key 'evnts'; expected a key of"),
        ("ACR20, week: 12, events: 9, n: 20", "CRP, week: 12, mean: 9, sd: 3",
         "11: [0].outcomes[0]: the unit of CRP is missing; expected mg/L"),
        ("ACR20, week: 12, events: 9, n: 20", "CRP, week: 12, mean: 9, unit: mg/dL",
         "11: [0].outcomes[0].unit: 'mg/dL' is no unit of CRP; expected mg/L"),
        ("own_ra", "he2020_ra", "1: [0].id: the study 'he2020_ra' stands in the library already"),
        ("disease: RA", "disease: RAA", "3: [0].disease: unknown disease 'raa'; expected one of"),
        ("  title", "  doi: 10.1136/annrheumdis-2020-217798\n  title",
         "2: [0].doi: 'he2020_ra' has the same doi; expected duplicate_of: he2020_ra"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_and_nothing_is_written(funis, folder, own, old, new, fault):
    own.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    status, out, err = funis("evidence", "add", "own.yaml")
    assert (status, out) == (2, "")
    assert err.startswith(f"own.yaml:{fault}")
    assert len(err.splitlines()) == 1
    assert not folder.exists()


def test_an_endpoint_without_meaning_is_a_warning(funis, folder, own):
    own.write_text(OWN.replace("ACR20", "ACR2O"), encoding="utf-8")
    status, _, err = funis("evidence", "add", "own.yaml")
    assert status == 0
    assert "warning: [0].outcomes[0].endpoint: 'ACR2O' has no meaning in ra" in err
    assert "did you mean 'ACR20'?" in err


@pytest.mark.parametrize("text", ["", "disease: RA\n", "5\n", "[]\n"])
def test_what_is_no_list_of_studies_is_refused(funis, folder, own, text):
    own.write_text(text, encoding="utf-8")
    status, _, err = funis("evidence", "add", "own.yaml")
    assert status == 2
    assert "own.yaml" in err
    assert "a list" in err


def test_without_a_place_nothing_is_added(funis, own):
    status, _, err = funis("evidence", "add", "own.yaml")
    assert (status, "expected a folder in FUNIS_DATA" in err) == (2, True)


def test_a_run_says_which_own_studies_it_used(funis, folder, own):
    words = ("run", "ra_two_arm", "--patients", "3", "--workers", "1", "--out")
    assert funis(*words, "before")[0] == 0
    folder.mkdir(parents=True)
    assert funis(*words, "empty")[0] == 0
    for name in ("manifest.json", "results.json", "report.html"):
        assert Path("before", name).read_bytes() == Path("empty", name).read_bytes()
    funis("evidence", "add", "own.yaml")
    assert funis(*words, "after")[0] == 0
    more = json.loads(Path("after", "manifest.json").read_text())["more"]
    assert more["your own study own_ra"] == hashlib.sha256(own.read_bytes()).hexdigest()
    evidence = json.loads(Path("after", "results.json").read_text())["evidence"]
    digest = more["your own study own_ra"][:12]
    assert evidence.endswith(f"Read beside the library: your own own_ra (SHA-256 {digest}).")
    assert "your own own_ra" in Path("after", "report.html").read_text()


def test_a_folder_is_rewritten(funis, tmp_path):
    source = Path(__file__).parents[1] / "evidence" / "open_form"
    status, out, err = funis("evidence", "rewrite", str(source), "--out", "closed")
    assert (status, err) == (0, "")
    assert out.count(": rewritten\n") == 3
    again = funis("evidence", "rewrite", "closed", "--out", "closed")
    assert again[1] == out.replace("rewritten", "as it was")
    status, _, err = funis("evidence", "rewrite", "nowhere", "--out", "closed")
    assert (status, "nowhere: holds no evidence; expected a folder" in err) == (2, True)
