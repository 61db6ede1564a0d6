"""The state of the evidence: on the page, as an answer and as a command."""

import json
import re

import pytest
from markupsafe import escape

from funis.apps.web.storage import Status, jobs
from funis.evidence import load_evidence
from funis.models import disease_ids
from funis.pipeline import evidence_overview
from funis.pipeline.evidence_overview import (
    design_line,
    effect_line,
    overview,
    overview_document,
    overview_tables,
)
from funis.pipeline.reporting.published import evidence_base
from funis.report.statement import RESEARCH_USE, SIMULATED


@pytest.fixture(scope="module")
def found():
    return {one.id: one for one in overview()}


def test_every_disease_has_the_counts_of_its_evidence(found):
    assert tuple(found) == disease_ids()
    for id, one in found.items():
        base = evidence_base(load_evidence(id))
        assert one.randomised_patients == base.randomised_patients
        assert one.other_studies == base.other_studies
        assert one.grade == base.grade
        assert one.not_known


def test_an_effect_says_its_design_its_interval_and_who_was_randomised(found):
    shown = [one.effect for one in found.values() if one.effect is not None]
    assert len(shown) >= 3
    for effect in shown:
        assert effect.interval.low < effect.interval.estimate < effect.interval.high
        assert " to " in effect_line(effect)
        assert effect.design in design_line(effect)
        assert "randomised" in design_line(effect)


def test_a_comparison_goes_before_a_single_arm_and_a_single_arm_stands_beside_placebo(found):
    assert found["ra"].effect.design == "randomised"
    alone = [one.effect for one in found.values() if one.effect and one.effect.randomised == 0]
    assert alone
    for effect in alone:
        assert effect.design == "single-arm"
        assert "on placebo: " in design_line(effect)


def test_one_study_is_not_said_to_be_pooled(found):
    effect = found["ra"].effect
    assert (effect.studies, effect.pooled) == (1, False)
    assert "one study" in design_line(effect)
    # yang2018_ra is the one randomised trial that printed ACR20 of an intravenous arm and control
    assert effect_line(effect) == "ACR 20 % response, week 12: risk ratio 2.00 (0.55 to 7.31)"


def test_an_overview_is_the_same_from_the_cache(found, monkeypatch):
    fresh = {disease: evidence_overview._of(disease) for disease in ("ra", "t1d")}
    assert {disease: found[disease] for disease in fresh} == fresh


def test_nothing_in_what_is_not_known_is_a_note_to_oneself(found):
    notes = re.compile(r"retrieved|tertiary|AI page|not searched|use [A-Z]|TODO", re.IGNORECASE)
    for one in found.values():
        assert not [line for line in one.not_known if notes.search(line)]


def test_the_document_is_plain_data_with_the_statements(found):
    document = json.loads(json.dumps(overview_document(found.values()), allow_nan=False))
    assert document["research_use"] == RESEARCH_USE
    assert document["simulated"] == SIMULATED
    assert len(document["diseases"]) == len(found)


def test_the_tables_name_every_disease(found):
    for table in overview_tables(found.values()):
        assert [row[0] for row in table.rows] == list(found)


def test_the_answer_holds_what_the_command_prints(client, found):
    answer = client.get("/api/home").json()
    plain = json.loads(json.dumps(overview_document(found.values())))
    assert answer == plain


def test_the_page_shows_each_disease_with_its_design_and_what_is_not_known(client, found):
    page = client.get("/home/cards").text
    for one in found.values():
        assert f"<h3>{escape(one.name)}</h3>" in page
        assert f'href="/explore?disease={one.id}"' in page
        if one.effect is not None:
            assert escape(design_line(one.effect)) in page
    assert page.count("What is not known") == len(found)


def test_cards_that_are_made_already_stand_in_the_page(client, found):
    page = client.get("/").text
    assert page.count('class="card disease"') == len(found)
    assert "hx-trigger" not in page


@pytest.fixture
def database(client):
    return client.app.state.database


def test_a_job_whose_tab_was_closed_is_reached_from_home(client, database):
    asked = {"kind": "run", "trial": "ra_two_arm"}
    ids = [client.post("/api/jobs", json=asked).json()["id"] for _ in range(2)]
    with database.writing() as session:
        again = jobs.submit(session, "reproduce", {"run": "x"}, "Make x again").id
    page = client.get("/").text
    for id in ids:
        assert f'<a href="/trial/jobs/{id}">' in page
    assert "Make x again" in page
    assert f"/trial/jobs/{again}" not in page
    for id in (*ids, again):
        client.delete(f"/api/jobs/{id}")
    assert "/trial/jobs/" not in client.get("/").text


def test_a_job_that_failed_is_shown_with_its_first_line(client, database):
    with database.writing() as session:
        id = jobs.submit(session, "design", {}, "A <b>bold</b> design").id
        job = jobs.claim(session, "worker")
        jobs.finish(session, id, job.attempt, Status.FAILED, error="out of <memory>\nmore")
    page = client.get("/").text
    assert f'<a href="/trial/jobs/{id}">A &lt;b&gt;bold&lt;/b&gt; design</a>' in page
    assert "failed: out of &lt;memory&gt;</td>" in page
    client.delete(f"/api/jobs/{id}")


@pytest.mark.parametrize("path", ["/", "/runs", "/api/runs"])
def test_lists_wait_for_no_writer(client, database, path):
    with database.writing():
        assert client.get(path).status_code == 200


def test_cards_that_are_not_made_follow_by_themselves(client, monkeypatch):
    monkeypatch.setattr(evidence_overview, "overview_is_made", lambda: False)
    assert 'hx-get="/home/cards" hx-trigger="load"' in client.get("/").text
