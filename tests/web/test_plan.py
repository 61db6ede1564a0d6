"""The page Plan over HTTP, and the answers behind it."""

import io
import json
import re
import threading

import pytest
from fastapi import HTTPException
from icalendar import Calendar
from pypdf import PdfReader

from funis.apps.web.streaming import _lines
from funis.apps.web.turns import BUSY, Turns
from funis.pipeline.planning import (
    STAGES,
    Asked,
    consultation_data,
    consultation_form,
    consultation_from_text,
    filled_of,
    plan_consultation,
)
from funis.plan.consultation import library_consultations, read_consultation
from funis.report.plan import BANNER, plan_document
from funis.report.statement import RESEARCH_USE, SIMULATED

HTEST = {
    "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
}


@pytest.fixture(scope="module")
def consultation():
    return consultation_data(read_consultation("ra"))


@pytest.fixture(scope="module")
def filled():
    return filled_of(consultation_form("ra"), read_consultation("ra"))


@pytest.mark.parametrize("name", library_consultations())
def test_the_page_shows_the_form_filled_in_and_what_follows(client, name):
    text = client.get(f"/plan?disease={name}").text
    judged = plan_consultation(name, Asked(course=False)).eligibility.judgements
    for verdict in ("does not meet", "cannot tell", "meets"):
        number = sum(one.verdict == verdict for one in judged)
        assert f"<strong>{number}</strong>" in text
    assert text.count(BANNER) >= 3
    assert RESEARCH_USE in text
    assert " style=" not in text
    assert "<script>" not in text
    assert "None" not in re.sub(r"<[^>]*>", " ", text)


def test_no_control_of_the_form_takes_more_than_a_number_or_a_word_of_a_list(client):
    text = client.get("/plan?disease=sle").text
    form = text[text.index('<form id="consultation"') : text.index("</form>", text.index('<form id="consultation"'))]  # noqa: E501  # fmt: skip
    assert "<textarea" not in form
    for control in re.findall(r"<input [^>]*>", form):
        assert 'type="checkbox"' in control or 'inputmode="decimal"' in control
    assert not re.search(r'name="(name|id|first|last|address|phone|birth)', form)


def test_the_page_works_without_a_script_by_its_address_alone(client):
    text = client.get("/plan?disease=ra&of=ra_two_arm/msc&consultation=&hold=60").text
    assert "The form is empty" in text
    named = client.get("/plan?disease=ra&of=ra_two_arm/msc&hold=60").text
    assert '<option value="ra_two_arm/msc" selected>' in named
    assert '<output id="hold-minute" for="hold">60</output>' in named


@pytest.mark.parametrize(
    "query",
    ["disease=xx", "disease=../../x", "disease=ra&protocol=/etc/passwd", "disease=ra&arm=zz",
     "disease=ra&consultation=../ra", "disease=ra&hold=900", "disease=<b>x</b>"],
)  # fmt: skip
def test_a_wrong_name_in_the_address_is_told_on_the_page(client, query):
    answer = client.get(f"/plan?{query}")
    assert answer.status_code == 422
    assert 'class="alert error" role="alert"' in answer.text
    assert "<b>x</b>" not in answer.text
    assert "root:" not in answer.text


def test_what_follows_from_the_form_is_what_the_command_says(client, filled, consultation):
    answer = client.post("/plan/results", json={"disease": "ra", "values": filled}).json()
    assert answer["faults"] == {}
    assert answer["consultation"] == consultation
    assert "Preparation worksheet" in answer["html"]


def test_what_is_wrong_with_the_form_stands_at_its_field_in_one_line(client, filled):
    values = {**filled, "severity.crp": "900", "age_year": "3,5", "medication.0.dose": "x"}
    answer = client.post("/plan/results", json={"disease": "ra", "values": values}).json()
    assert "html" not in answer
    assert set(answer["faults"]) == {"age_year", "medication"}
    values |= {"age_year": "55", "medication.0.dose": "15"}
    answer = client.post("/plan/results", json={"disease": "ra", "values": values}).json()
    assert answer["faults"] == {"severity.crp": "900 cannot be; expected 0.1 to 400."}


def test_html_in_a_field_comes_back_as_text(client, filled):
    values = {**filled, "sex": "<img src=x>", "medication.0.drug": "<b>x</b>"}
    answer = client.post("/plan/results", json={"disease": "ra", "values": values})
    assert answer.status_code == 200
    assert set(answer.json()["faults"]) == {"sex", "medication"}


def test_one_field_is_checked_on_its_own(client, consultation):
    body = {"consultation": {**consultation, "height_cm": 60}, "field": "height_cm"}
    assert "body-mass" in client.post("/api/plan/field", json=body).json()["fault"]
    body["field"] = "age_year"
    assert client.post("/api/plan/field", json=body).json()["fault"] is None


def test_a_plan_at_once_has_the_numbers_of_the_command(client, consultation):
    found = client.post("/api/plan/at-once", json={"consultation": consultation}).json()
    known = plan_document(plan_consultation("ra", Asked(course=False, holds=True)))
    assert found["research_use"] == RESEARCH_USE
    assert found["simulated"] == SIMULATED
    assert found["banner"] == BANNER
    for part in ("eligibility", "worksheet", "calendar", "holds", "evidence", "grade"):
        assert found["plan"][part] == known[part]


def test_a_course_comes_in_stages_and_ends_with_treated_beside_placebo(client, consultation):
    answer = client.post("/plan/course", json={"consultation": consultation})
    assert answer.headers["content-encoding"] == "identity", "no line waits for the next"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["stage"] for line in lines[:-1]] == list(STAGES)
    result = lines[-1]["result"]
    assert "Cells that do nothing" in result["html"]
    assert "Evidence: low" in result["html"]
    assert "placebo" in result["said"]
    assert 'data-pick="difference"' in result["holds"]
    assert "Placebo twins" in result["holds"]


def test_a_course_of_a_wrong_consultation_ends_with_one_line(client, consultation):
    wrong = {**consultation, "weight_kg": 2000}
    answer = client.post("/plan/course", json={"consultation": wrong})
    (line,) = [json.loads(line) for line in answer.text.splitlines()]
    assert len(line["detail"]) == 1
    assert "weight_kg" in line["detail"][0]


def test_files_are_made_from_the_consultation(client, consultation):
    def file(name, **more):
        body = {"consultation": consultation, "course": False, **more}
        return client.post(f"/api/plan/files/{name}", json=body)

    answer = file("plan.pdf")
    assert 'filename="plan.pdf"' in answer.headers["content-disposition"]
    pages = PdfReader(io.BytesIO(answer.content)).pages
    assert all(BANNER in page.extract_text() for page in pages)
    days = Calendar.from_ical(file("calendar.ics", start="2031-05-01").text).walk("VEVENT")
    assert any(str(day.decoded("dtstart")) == "2031-05-01" for day in days)
    assert file("calendar.ics", start="1999-01-01").status_code == 422
    assert file("fhir.json").json()["meta"]["security"][0]["code"] == "HTEST"
    assert file("plan.json").json()["banner"] == BANNER
    saved = consultation_from_text(file("consultation.yaml").text, "saved.yaml")
    assert saved == read_consultation("ra")
    assert file("../plan.pdf").status_code in (404, 405, 422)
    assert file("manifest.json").status_code == 422


def test_a_bundle_is_read_when_all_of_it_is_test_data_and_refused_in_one_line_else(client):
    patient = {"resourceType": "Patient", "meta": HTEST, "gender": "female"}
    weight = {
        "resourceType": "Observation", "meta": HTEST, "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "valueQuantity": {"value": 70, "unit": "kg", "system": "http://unitsofmeasure.org",
                          "code": "kg"},
    }  # fmt: skip
    disease = {
        "resourceType": "Condition", "meta": HTEST, "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "urn:funis:disease", "code": "ra"}]},
    }  # fmt: skip
    entries = [{"resource": one} for one in (patient, weight, disease)]
    bundle = {"resourceType": "Bundle", "type": "collection", "meta": HTEST, "entry": entries}
    body = {"text": json.dumps(bundle), "name": "one.json"}
    answer = client.post("/plan/load", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["disease"] == "ra"
    assert "67.5 to 72.5 kg" in answer.json()["html"]
    patient["meta"] = {}
    body["text"] = json.dumps(bundle)
    answer = client.post("/plan/load", json=body)
    assert answer.status_code == 422
    (line,) = answer.json()["detail"]
    assert "without the security label HTEST" in line


def test_only_names_of_the_library_are_taken_never_a_path(
    client, consultation, tmp_path, monkeypatch
):
    place = tmp_path / "mine.yaml"
    place.write_text("id: mine\n")
    monkeypatch.chdir(tmp_path)
    for protocol in ("./mine.yaml", "mine.yaml", "../trials/ra_demo", "ra_demo.yaml"):
        body = {"consultation": consultation, "protocol": protocol}
        answer = client.post("/api/plan/at-once", json=body)
        assert answer.status_code == 422
        assert "unknown protocol" in answer.json()["detail"][0]
    assert client.get("/api/plan/form?disease=../ra").status_code == 422
    assert client.get("/api/plan/consultation?disease=ra&name=../ra").status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [{}, {"disease": "ra"}, {"id": 1, "virtual": "x", "disease": [], "weight_kg": {}},
     {"severity": 5}, {"labs": {"crp": None}}, {"name": "Jane Doe"}, {"weight_kg": 1e308},
     {"weight_kg": 10**400}, {"medication": [[]]}, {"": ""}, {"severity": {"": {"": []}}}],
)  # fmt: skip
def test_nonsense_is_refused_in_lines_and_never_an_error_of_the_server(client, consultation, wrong):
    for whole in (wrong, {**consultation, **wrong}):
        body = json.dumps({"consultation": whole})
        for path in ("/api/plan/at-once", "/api/plan/files/consultation.yaml"):
            answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 422 or whole == consultation
        asked = json.dumps({"consultation": whole, "field": "weight_kg"})
        headers = {"Content-Type": "application/json"}
        assert client.post("/api/plan/field", content=asked, headers=headers).status_code == 200


def test_no_consultation_is_kept_on_the_server(client, settings, filled):
    values = {**filled, "age_year": "61.234"}
    client.post("/plan/results", json={"disease": "ra", "values": values})
    client.post("/api/plan/read", json={"text": "id: a\nage_year: 61.234\n", "name": "a.yaml"})
    kept = [one for one in settings.folder.rglob("*") if one.is_file()]
    assert not any(b"61.234" in one.read_bytes() for one in kept)


def test_who_comes_when_too_many_wait_is_told_to_come_again():
    turns = Turns(at_once=1, waiting=0)
    with turns.turn(), pytest.raises(HTTPException) as busy, turns.turn():
        pass
    assert busy.value.status_code == 503
    assert busy.value.detail == [BUSY]
    with turns.turn():
        pass


def test_turns_are_given_back_after_an_error():
    turns = Turns(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ValueError), turns.turn():
            raise ValueError
    with turns.turn():
        pass


def test_work_ends_at_its_next_part_when_the_reader_has_gone():
    reached, go_on, ended = [], threading.Event(), threading.Event()

    def work(progress):
        try:
            for part in progress("parts", ["first", "second"], 2):
                reached.append(part)
                go_on.wait(10)
        finally:
            ended.set()
        return {}

    lines = _lines(work)
    assert json.loads(next(lines)) == {"stage": "first", "done": 0, "total": 2}
    lines.close()
    go_on.set()
    assert ended.wait(10)
    assert reached == ["first"]
