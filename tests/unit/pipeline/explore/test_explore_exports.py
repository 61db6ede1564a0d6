import csv
import io
import json
from dataclasses import replace

import pytest

from funis.models import disease_ids
from funis.pipeline.check import check_file
from funis.pipeline.explore import (
    default_state,
    explore,
    explore_protocol,
    parse_link,
    permalink,
    why_rows,
)
from funis.pipeline.explore.document import document, headline, tidy_csv
from funis.protocol import load_protocol
from funis.report import RESEARCH_USE
from funis.report.statement import SIMULATED

PLACES = (
    *disease_ids(),
    "disease=sle&nephritis=yes&female=no",
    "disease=t1d&route=ia&dose=1e8&established=yes",
    "disease=ssc&diffuse=no&shape=dose_bell&memory=bistable_memory&hold=123.5",
    "disease=ms&route=iv,it&dose=75e6,20e6&progressive=yes&potency=none",
    "disease=ra&route=local&dose=12345678.9&null=0.4",
)


@pytest.mark.parametrize("link", PLACES)
def test_every_place_is_a_trial_file_without_a_fault(link, tmp_path):
    place = parse_link(link)
    path = tmp_path / "explored.yaml"
    path.write_text(explore_protocol(place), encoding="utf-8")
    assert not list(check_file(path).issues)
    trial = load_protocol(path)
    arm = trial.arm("explored")
    given = tuple(
        one.dose_cell_per_kg if place.per_kg else one.dose_cell for one in arm.interventions
    )
    assert given == place.doses
    assert all(one.days == place.days for one in arm.interventions)
    assert trial.reference is not None
    assert trial.arm("no_effect").scenario["potency"] == 0
    assert {one.id for one in trial.structures} == set(place.structures)
    criteria = " ".join(one.expression.text for one in trial.population.criteria)
    for name, yes in place.traits.items():
        assert criteria.count(name) == 1
        assert (f"{name} > 0" in criteria) == yes
    text = path.read_text(encoding="utf-8")
    for words in (RESEARCH_USE, SIMULATED, "Evidence on", permalink(place)):
        assert words in text


def test_each_treated_row_of_the_table_has_its_twin_with_grade_and_banner(view):
    rows = list(csv.DictReader(io.StringIO(tidy_csv(view))))
    key = ("kind", "quantity", "week", "statistic")
    courses = {
        name: {tuple(row[k] for k in key) for row in rows if row["course"] == name}
        for name in ("treated", "twin")
    }
    assert courses["treated"] == courses["twin"]
    assert len(courses["treated"]) > 1000
    for row in rows:
        assert row["research_use"] == RESEARCH_USE
        assert row["banner"] == SIMULATED
        assert "randomised patients" in row["evidence"]
        assert row["patients"] == "40"
        float(row["value"])


def test_the_document_holds_twin_grade_banner_and_intervals(view):
    shown = json.loads(json.dumps(document(view)))
    assert shown["research_use"] == RESEARCH_USE
    assert shown["simulated"] == SIMULATED
    assert "no placebo response" in shown["left_out"]
    for one in (shown["score"], *shown["responders"]):
        assert len(one["treated"]) == len(one["twin"])
        assert len(one["difference"]) == 3
    for one in (*shown["mechanism"], *shown["cells"]):
        assert one["twin"] in (0.0, 1.0)
        times = shown["cell_weeks"] if one["fine"] else shown["weeks"]
        assert {len(row) for row in one["treated"]} == {len(times)}
    for one in shown["grade"]["effects"]:
        assert one["study_type"]
        assert one["randomised"] >= 0
    for one in shown["harms"]:
        assert one["treated"]["low"] <= one["treated"]["estimate"] <= one["treated"]["high"]
    assert "difference" in headline(view)
    assert shown["grade"]["text"] in shown["headline"]


@pytest.mark.parametrize("disease", ["ra", "sle", "t1d"])
def test_a_document_of_two_hundred_patients_over_a_year_is_small(disease):
    text = json.dumps(document(explore(default_state(disease))), separators=(",", ":"))
    assert len(text.encode()) < 44_000


def test_where_only_cells_make_a_factor_the_ratio_adds_the_level_without_them(view):
    ratio = {one.id: one for one in view.mechanism}
    assert ratio["VEGF"].fine
    assert ratio["VEGF"].treated[4].max() > 1.0001
    assert ratio["VEGF"].treated.min() == 1
    assert ratio["TNF"].treated[2].min() < 0.95


@pytest.mark.parametrize("disease", disease_ids())
def test_every_number_behind_a_control_has_a_status_and_a_source(disease):
    place = replace(default_state(disease), shape="dose_flat", memory="bistable_memory")
    rows = why_rows(place)
    controls = {row.control for row in rows}
    assert {"dose", "route", "times", "every", "hold", "shape", "memory", "potency"} <= controls
    for row in rows:
        assert row.status in ("measured", "derived", "calibrated", "assumed", "not_reported")
        assert row.source
        assert row.unit
