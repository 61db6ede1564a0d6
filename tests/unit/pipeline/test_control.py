"""`funis control`: what is asked, what is answered, and one line for what is wrong."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from funis.apps.cli import app
from funis.apps.door import enter
from funis.apps.reference import CONTROL_NOTES
from funis.calibrate.control_drift import Drift
from funis.checks import InputError
from funis.models import load_model
from funis.pipeline.control import predict_control
from funis.pipeline.control_cases import SimulatedArm, from_bytes, recordable, to_bytes
from funis.pipeline.control_request import asked
from funis.pipeline.control_score import all_scores, score_document
from funis.pipeline.control_tables import score_lines, score_tables
from funis.protocol import EndpointRequest

SMALL = {"patients": 50, "workers": 1}


@pytest.fixture(scope="module")
def made():
    return predict_control("uc", endpoint="RESPONSE", week=8, n=40, **SMALL)


def test_criteria_stand_in_place_of_the_demo_and_beside_a_named_trial():
    alone = asked("uc", criteria="age_year >= 18; crp > 2")
    assert alone.criteria == ("age_year >= 18", "crp > 2")
    own = asked("uc", trial="uc_demo")
    both = asked("uc", trial="uc_demo", criteria="age_year >= 18")
    assert both.criteria == (*own.criteria, "age_year >= 18")


def test_a_background_is_a_criterion_and_none_is_nobody():
    drugs = asked("ra", background="mtx, steroid")
    assert {"background_mtx > 0", "background_steroid > 0"} <= set(drugs.criteria)
    assert sum("background_mtx" in text for text in drugs.criteria) == 1
    bare = asked("ra", background="none")
    assert not any("background" in text for text in bare.criteria)
    assert bare.protocol.scenario["background_mtx"] == 0.0


def test_endpoint_and_week_are_those_of_the_trial_where_they_are_not_given():
    one = asked("ra")
    assert (one.request.endpoint, one.request.week, one.request.measure) == (
        "ACR20",
        12,
        "responder",
    )
    assert asked("ra", endpoint="DAS28_CRP").request.measure == "change"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"endpoint": "ACR2"}, "did you mean 'ACR20'"),
        ({"criteria": "tjc86 > 5"}, "--criteria: unknown name in a criterion 'tjc86'"),
        ({"criteria": "tjc68 >"}, "cannot read the expression"),
        ({"criteria": "tjc68"}, "is a number"),
        ({"criteria": ";"}, "no criterion"),
        ({"background": "mtxx"}, "did you mean 'mtx'"),
        ({"trial": "sle_demo"}, "no trial of 'ra'"),
        ({"week": 0.0}, "--week"),
        ({"n": 0}, "--n"),
        ({"year": 20}, "--year"),
        ({"measure": "value"}, "expected responder"),
    ],
)
def test_what_is_wrong_is_one_line(words, says):
    with pytest.raises(InputError) as caught:
        asked("ra", **words)
    assert len(caught.value.issues) == 1
    assert says in str(caught.value)


def test_a_simulated_arm_comes_back_from_the_cache_as_it_was():
    arm = SimulatedArm({"crp@8": np.array([1.0, np.nan])}, {"flares_rate@8": np.array([0.1, 0.2])})
    again = from_bytes(to_bytes(arm))
    np.testing.assert_array_equal(again.values["crp@8"], arm.values["crp@8"])
    np.testing.assert_array_equal(again.years["flares_rate@8"], arm.years["flares_rate@8"])


def test_an_answer_has_its_intervals_in_order_and_every_method(made):
    document = made.document()
    for part in (document, document["map"], document["model"], document["adjusted"]):
        ends = [part[key] for key in ("low95", "low80", "predicted", "high80", "high95")]
        assert ends == sorted(ends)
    assert document["n"] == 40
    assert document["unit"] == "proportion"
    assert document["basis"]["method"] in ("model", "map", "adjusted", "mixture")
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_documented_keys_are_those_of_an_answer(made):
    shown = json.loads(re.search(r"```json\n(.*?)```", CONTROL_NOTES, re.DOTALL)[1])
    real = made.document()
    assert list(shown) == list(real)
    for part in ("basis", "map", "model", "adjusted", "mixture", "year"):
        assert set(shown[part]) <= set(real[part])


def test_every_trial_behind_an_answer_has_its_source(made):
    trials = made.document()["map"]["trials"]
    assert {one["trial"] for one in trials} >= {"ACT 1", "ACT 2"}
    assert all(one["source"] for one in trials)


def test_an_endpoint_that_no_trial_has_is_predicted_by_the_model():
    found = predict_control("uc", endpoint="crp", week=8, **SMALL)
    assert found.printed == "model"
    assert "no other trial" in "\n".join(found.lines())


def test_a_year_without_information_changes_nothing_and_says_so(made):
    dated = replace(made.asked, year=2030)
    found = replace(made, asked=dated, drift=Drift(mean=0.0, sd=0.2, trials=2, prior=0.2))
    assert found.year_text.startswith("2030 changes nothing")
    assert made.year_text == "not asked for"


def test_nobody_who_meets_the_criteria_is_one_line():
    with pytest.raises(InputError, match="no virtual patient meets"):
        predict_control("uc", criteria="age_year > 200", **SMALL)


def test_the_scores_say_where_the_model_loses_and_hold_every_arm():
    scores = all_scores(["uc"], **SMALL)
    document = score_document(scores)
    assert document["overall"]["rows"] == len(document["rows"]) == len(scores[0].rows)
    assert 0 <= document["overall"]["coverage95"]["printed"] <= 1
    assert score_lines(scores)[0].startswith("The model alone loses to MAP in ")
    assert all(
        len(row) == len(table.columns) for table in score_tables(scores) for row in table.rows
    )


@pytest.mark.parametrize(
    "words",
    [["control"], ["control", "uc", "--into", "x.md"], ["control", "--score", "--week", "8"]],
)
def test_what_does_not_go_together_is_refused_with_status_2(words, capsys):
    assert enter(app, words) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_events_only_add_up_and_other_numbers_change_both_ways():
    endpoints = load_model("ms").endpoints
    events = EndpointRequest("relapses", 52.0, "change", "primary")
    assert recordable(events, endpoints)[0] == 0.0
    scale = EndpointRequest("EDSS", 52.0, "change", "primary")
    assert recordable(scale, endpoints)[0] == -recordable(scale, endpoints)[1]
