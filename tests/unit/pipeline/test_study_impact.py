"""What a study changes: text checked fault by fault, sides in order, nothing typed is kept."""

import json
from dataclasses import replace

import numpy as np
import pytest

from funis.analysis import wilson
from funis.apps.web.pages.evidence_impact import EXAMPLE
from funis.calibrate.outlook import ContrastOutlook, Outlook
from funis.checks import InputError, yaml_reader
from funis.evidence import load_evidence
from funis.models import find_disease, load_model
from funis.pipeline import study_impact
from funis.pipeline.impact import _probability
from funis.pipeline.impact_view import impact_view
from funis.pipeline.meta.pooled_effect import effect_words, pooled_effect
from funis.pipeline.study_impact import (
    impact_without,
    kept_impact,
    known_trial,
    own_studies,
    store_own,
    trials_on,
)
from funis.protocol import EndpointRequest


def test_the_example_has_no_fault():
    found = own_studies(EXAMPLE)
    assert found.faults == ()
    assert (found.disease, found.studies[0].id) == ("ra", "my_trial")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("events: 9, n: 20", "events: 29, n: 20", "29"),
        ("disease: RA", "disease: RB", "unknown disease 'rb'"),
        ("id: my_trial", "id: he2020_ra", "'he2020_ra' stands in the library"),
        ("endpoint: ACR20, week: 12, events: 9", "endpoint: ACR20, week: 12, evnts: 9", "evnts"),
        ("kind: randomized", "kind: randomised", "randomised"),
        ("route: IV, cells", "route: IV, cell", "cell_per_kg"),
        ("confidence: low", "", "confidence"),
    ],
)
def test_each_fault_is_one_line_with_its_place(old, new, said):
    faults = own_studies(EXAMPLE.replace(old, new)).faults
    assert any(said in line for line in faults)
    assert all("\n" not in line and line.startswith("your study") for line in faults)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "[" * 3000, "- " * 3000, "\n".join(" " * n + "a:" for n in range(300)),
        "a: &x [1]\nb: *x", "- {", "just words", "- 5", "\x00", "x" * 200_000,
        "&a [&b [*a]]", "!!python/object:os.system x", "- id: a\n- id: a", "{}", "[]", "null",
    ],
)  # fmt: skip
def test_what_is_no_study_is_refused_and_never_breaks(text):
    found = own_studies(text)
    assert found.faults
    assert found.disease == (found.studies[0].disease if found.studies else "")


def test_more_than_five_studies_or_two_diseases_are_refused():
    one = EXAMPLE.rstrip()
    six = "\n".join(one.replace("my_trial", f"my_trial_{number}") for number in range(6))
    assert any("at most 5" in line for line in own_studies(six).faults)
    two = f"{one}\n{one.replace('my_trial', 'other').replace('disease: RA', 'disease: SLE')}"
    assert any("one disease" in line for line in own_studies(two).faults)


def test_what_was_typed_is_put_on_no_shelf():
    kept = []
    shelf = yaml_reader.Shelf(lambda key: None, lambda key, content: kept.append(content))
    before = list(yaml_reader._shelves)
    yaml_reader.use_shelf(shelf)
    try:
        own_studies(EXAMPLE.replace("my_trial", "typed_and_gone"))
    finally:
        yaml_reader.use_shelf(before[0] if before else None)
    assert not any(b"typed_and_gone" in content for content in kept)


def test_a_study_is_stored_only_when_it_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNIS_DATA", str(tmp_path))
    own_studies(EXAMPLE)
    assert list(tmp_path.rglob("*")) == []
    added = store_own(EXAMPLE)
    assert added.path.parent == tmp_path / "evidence"
    assert added.path.read_text(encoding="utf-8") == EXAMPLE
    with pytest.raises(InputError, match="already"):
        store_own(EXAMPLE)


def test_an_id_cannot_name_a_place_outside_of_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNIS_DATA", str(tmp_path))
    added = store_own(EXAMPLE.replace("my_trial", "'../../my_trial'"))
    assert added.path.parent == tmp_path / "evidence"


def test_a_planned_trial_is_one_of_the_library_on_the_disease():
    assert trials_on("ra")[0] == known_trial("ra", None) == "ra_demo"
    for name in ("sle_demo", "../ra_demo", "/etc/passwd", "ra_demo.yaml"):
        with pytest.raises(InputError, match="the library has no trial"):
            known_trial("ra", name)


def test_a_study_that_the_model_does_not_represent_changes_nothing():
    with pytest.raises(InputError, match="changes nothing"):
        kept_impact("armada_ra")


SIDE = {
    "studies": ["zhang2017_ssc"], "rows": 1, "gain_in_spreads": 0.5,
    "pooled_effect": {"endpoint": "MRSS_change@52", "design": "randomised contrast",
                      "measure": "mean difference", "studies": ["care_ssc"], "patients": 17,
                      "randomised": 18, "estimate": -2.0, "low95": -4.0, "high95": 0.5},
    "potency": {basis: {"no_effect": 0.2, "median": 1.0, "low80": 0.4, "high80": 2.0, "mean": 0.8}
                for basis in ("borrowed", "own")},
    "trial": {"probability_of_success": {"estimate": 0.3, "low95": 0.28, "high95": 0.32},
              "own_data_only": {"estimate": 0.2, "low95": 0.18, "high95": 0.22},
              "if_cells_do_nothing": {"estimate": 0.03, "low95": 0.02, "high95": 0.04},
              "difference": {"median": -1.0, "low80": -2.0, "high80": 0.5}},
}  # fmt: skip


def test_the_old_side_is_without_the_study(monkeypatch, tmp_path):
    monkeypatch.setenv("FUNIS_CACHE", str(tmp_path))
    with_it, without = SIDE, {**SIDE, "rows": 0, "studies": []}
    document = {
        "research_use": "", "disease": "ssc", "without": ["zhang2017_ssc"], "with": [],
        "trial": "ssc_demo", "rule": "MRSS", "old": with_it, "new": without, "no_rows": {},
    }  # fmt: skip
    monkeypatch.setattr(study_impact, "evidence_impact", lambda disease, **asked: asked)
    monkeypatch.setattr(study_impact, "impact_document", lambda found: document)
    found = impact_without("zhang2017_ssc")
    assert (found["old"]["rows"], found["new"]["rows"]) == (0, 1)
    monkeypatch.setattr(study_impact, "evidence_impact", None)  # a kept answer asks nothing
    assert kept_impact("zhang2017_ssc") == impact_without("zhang2017_ssc") == found


def test_a_view_shows_study_type_randomised_patients_and_cells_that_do_nothing():
    document = {"study": "x", "disease": "ssc", "trial": "ssc_demo", "rule": "MRSS",
                "old": SIDE, "new": SIDE, "no_rows": {"y": "why"}}  # fmt: skip
    view = impact_view(json.loads(json.dumps(document)))
    lines = {line.label: line for _, _, group in view.groups for line in group}
    pooled = next(line for label, line in lines.items() if "mean difference" in label)
    assert "randomised contrast, 1 study, 18 randomised patients" in pooled.new.text
    assert pooled.new.low < pooled.new.at < pooled.new.high
    assert pooled.null > pooled.new.at
    assert lines["The same if cells do nothing (potency 0)"].new.text == "3.0% (2.0% to 4.0%)"
    chance = lines["Probability of success"].new
    assert (chance.low, chance.at, chance.high) == (28.0, 30.0, 32.0)
    assert lines["Potency, if any"].new.at == pytest.approx(lines["Potency, if any"].null, abs=0.01)
    assert view.left_out == (("y", "why"),)


def test_the_randomised_patients_of_a_study_of_ones_own_are_counted():
    evidence, endpoints = load_evidence("ra"), load_model(find_disease("ra")).endpoints
    (own,) = own_studies(EXAMPLE).studies
    request = EndpointRequest("ACR20", 12.0, "responder", "primary")
    before = pooled_effect(evidence, endpoints, request)
    after = pooled_effect(replace(evidence, studies=(*evidence.studies, own)), endpoints, request)
    assert (after.randomised, after.patients) == (before.randomised + 40, before.patients + 40)
    assert after.document()["randomised"] == after.randomised
    assert f"{after.randomised} randomised patients" in effect_words(after)


def test_a_chance_has_the_interval_of_its_conducts():
    met = np.arange(4000) < 1200
    found = _probability(Outlook((), (ContrastOutlook("a", "b", met * 1.0, met),)))
    expected = wilson(1200, 4000)
    assert (found.low, found.high) == (expected.low, expected.high)
    assert found.low < found.estimate == 0.3 < found.high
