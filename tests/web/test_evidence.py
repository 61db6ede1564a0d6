"""The pages of Evidence and their answers: filters, one study, ticks, own text, claims."""

import re
import threading
import time
from html import unescape

import pytest

from funis.apps.web import questions as questions_module
from funis.apps.web.pages.evidence_impact import EXAMPLE
from funis.apps.web.questions import Questions
from funis.pipeline.studies import filter_studies, table
from funis.report.statement import RESEARCH_USE

NASTY = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Nothing of the user's own is read or written, and what was computed before is not seen."""
    monkeypatch.setenv("FUNIS_DATA", str(tmp_path / "data"))


@pytest.fixture(autouse=True, scope="module")
def read():
    """Every record was read before."""
    filter_studies()


@pytest.fixture
def not_computed(monkeypatch):
    """Nothing was computed on this machine."""
    monkeypatch.setattr("funis.pipeline.kept.cached", lambda kind, key: None)


def test_studies_are_filtered_by_the_address_alone(client):
    text = client.get("/evidence?disease=ra&randomised=1&text=kafaja").text
    assert "<strong>1</strong> of " in text
    assert re.findall(r'href="/evidence/study/([^"]+)"', text) == ["kafaja2017_ra"]


def test_a_first_visit_is_answered_at_once_and_fetches_the_studies(client, monkeypatch):
    monkeypatch.setattr(table, "ready", lambda: False)
    text = client.get("/evidence?disease=ra&text=%22%3E%3Cb%3E").text
    assert "Reading every record" in text
    assert "<b>" not in text
    place = unescape(re.search(r'hx-get="([^"]+)"', text)[1])
    assert place == "/evidence?disease=ra&text=%22%3E%3Cb%3E"
    assert 'id="found"' in client.get(place, headers={"hx-request": "true"}).text
    assert 'id="found"' in client.get("/evidence?wait=1").text


def test_the_list_stands_on_pages_that_hold_every_study_once(client):
    first = client.get("/evidence").text
    pages = int(re.search(r"Page 1 of (\d+)", first)[1])
    found = []
    for number in range(1, pages + 1):
        text = client.get(f"/evidence?page={number}").text
        found += re.findall(r'<th scope="row"[^>]*><a href="/evidence/study/([^"]+)"', text)
    size = int(re.search(r"of (\d+) studies", first)[1])
    assert len(found) == len(set(found)) == size


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=abc", "'abc' is no number"),
        ("least=nan", "'nan' is no number"),
        ("disease=raa", "did you mean 'ra'"),
        ("from=2020&to=2010", "range of years"),
        ("represented=maybe", "unknown choice"),
        (f"text={'x' * 300}", "at most 200"),
    ],
)
def test_a_wrong_wish_is_said_in_place(client, query, said):
    answer = client.get(f"/evidence?{query}")
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/evidence?text={}",
        "/evidence?disease={}",
        "/evidence?from={}",
        "/evidence?page={}",
        "/evidence/study/{}",
        "/evidence/pool?disease={}",
        "/evidence/pool?endpoint={}",
        "/evidence/pool?week={}",
        "/evidence/pool?measure={}",
        "/evidence/pool?study={}",
        "/evidence/pool?ticks={}",
        "/evidence/pool?of={}",
        "/evidence/impact/{}",
        "/evidence/impact/kafaja2017_ra?trial={}",
        "/evidence/claims?disease={}",
        "/evidence/claims?verdict={}",
        "/evidence/asked/{}",
    ],
)
def test_nothing_of_an_address_comes_back_as_markup(client, path):
    answer = client.get(path.format(NASTY.replace("&", "%26").replace("#", "%23")))
    assert answer.status_code < 500
    assert "<img" not in answer.text
    assert ">49<" not in answer.text


@pytest.mark.parametrize("name", ["../../../etc", "..%2f..%2fetc", "/work", "."])
def test_a_disease_is_never_a_place_on_the_disk(client, name):
    assert client.get(f"/evidence/pool?disease={name}").status_code == 422
    answer = client.get(f"/api/evidence/pool?disease={name}&endpoint=ACR20")
    assert answer.status_code == 422
    assert "unknown disease" in answer.json()["detail"][0]


def test_the_page_of_a_study_names_type_patients_signs_and_the_model(client):
    text = unescape(client.get("/evidence/study/kafaja2017_ra").text)
    for words in ("randomised", "48 randomised patients", "read in a secondary source",
                  "1 million cells/kg by intravenous infusion", "Its protocol in the library",
                  "https://"):  # fmt: skip
        assert words in text


def test_an_unknown_study_is_not_found_and_the_nearest_is_named(client):
    answer = client.get("/evidence/study/kafaja2017")
    assert answer.status_code == 404
    assert "kafaja2017_ra" in answer.text


def test_a_new_forest_has_every_study_ticked_and_a_tick_redraws_it(client):
    text = client.get("/evidence/pool?disease=cd&endpoint=REMISSION").text
    ticks = re.search(r'name="ticks" value="([^"]*)"', text)[1]
    assert text.count('name="study"') == text.count(" checked>") == 3
    found = client.get(
        "/evidence/pool",
        params={"disease": "cd", "endpoint": "REMISSION", "ticks": unescape(ticks),
                "study": ["forbes2014_cd", "onken2006_cd"]},
    ).text  # fmt: skip
    assert found.count(" checked>") == 2
    assert "2 studies only" in found
    assert re.search(r'class="number estimate">([^<]+)<', text.split("Pooled")[1])[1] not in found


def test_ticks_of_another_outcome_are_dropped(client):
    text = client.get("/evidence/pool?disease=ra&ticks=cd|cells|REMISSION||&study=forbes2014_cd")
    assert text.status_code == 200
    assert "forbes2014_cd" not in text.text


def test_no_design_is_pooled_with_another_and_control_arms_stand_beside(client):
    text = client.get("/evidence/pool?disease=ra&endpoint=ACR20").text
    assert text.count('<table class="forest') == 2
    assert "Without cells, beside: control arms of other trials" in text
    assert "48 randomised patients" in text


def test_a_disease_without_a_result_says_so(client):
    text = client.get("/evidence/pool?disease=t1d").text
    assert "No result on stromal cells in Type 1 diabetes" in text


def test_own_text_is_checked_fault_by_fault_and_escaped(client):
    fine = client.post("/evidence/impact/check", data={"text": EXAMPLE})
    assert "Fine: my_trial" in fine.text
    nasty = NASTY.replace("'", "''")
    bad = EXAMPLE.replace("disease: RA", f"disease: '{nasty}'").replace("events: 9", "events: 99")
    answer = client.post("/evidence/impact/check", data={"text": bad})
    assert answer.status_code == 200
    assert "<img" not in answer.text
    assert answer.text.count("<li>") >= 2


def test_own_text_is_stored_only_when_asked(client, tmp_path):
    client.post("/evidence/impact/check", data={"text": EXAMPLE})
    assert not list(tmp_path.rglob("*.yaml"))
    answer = client.post("/evidence/impact/store", data={"text": EXAMPLE})
    assert "Stored as my_trial.yaml" in answer.text
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["my_trial.yaml"]
    again = client.post("/evidence/impact/store", data={"text": EXAMPLE})
    assert again.status_code == 422


def test_nothing_is_asked_or_stored_without_the_token(client, tmp_path):
    token = client.headers.pop("X-CSRF-Token")
    try:
        for path in ("impact/check", "impact/ask", "impact/store", "claims/ask",
                     "impact/kafaja2017_ra/ask", "predictions/ra/ask", "asked/x/cancel",
        ):  # fmt: skip
            answer = client.post(f"/evidence/{path}", data={"text": EXAMPLE})
            assert answer.status_code == 403, path
    finally:
        client.headers["X-CSRF-Token"] = token
    assert not list(tmp_path.rglob("*.yaml"))


def test_claims_are_shown_before_they_are_judged(client, not_computed):
    text = client.get("/evidence/claims").text
    assert "have not been judged on this machine yet" in text
    assert text.count('<article class="claim"') == 30
    assert text.count("Could be refuted by") == 30


def test_judged_claims_show_verdict_randomised_patients_and_potency_0(client, monkeypatch):
    claim = {
        "row": 5, "id": "ra", "anchor": "5-ra", "claim": "rheumatoid arthritis", "kind": "efficacy",
        "where": "here", "diseases": ["ra"], "recipes": [], "refuted_by": "a trial", "note": None,
        "verdict": "uncertain", "randomised_patients": 48, "randomised_patients_cord": 0,
        "model": "1 of 1", "at_potency_0": 0, "needs": "a larger trial", "own_studies": [],
        "parts": [{"part": "Rheumatoid arthritis", "disease": "ra", "outcome": "ACR20",
                   "verdict": "uncertain", "why": "because", "model": "12 points",
                   "at_potency_0": "no difference", "published": ["randomised: 2.00"]}],
    }  # fmt: skip
    document = {"judged": True, "claims": [claim]}
    monkeypatch.setattr("funis.pipeline.claims.shown.kept_register", lambda: document)
    text = client.get("/evidence/claims?verdict=uncertain").text
    for words in ("48 randomised patients", "0 with cord cells", "at potency 0: 0",
                  "no difference", 'id="5-ra"'):  # fmt: skip
        assert words in text
    assert "No claim has this verdict" in client.get("/evidence/claims?verdict=supported").text
    assert client.get("/api/evidence/claims").json()["judged"]


def test_a_slow_question_is_seen_by_the_session_that_asked_alone(client, not_computed):
    asked = client.post("/api/evidence/impact/kafaja2017_ra")
    assert asked.status_code == 202
    known = asked.json()
    assert known["state"] == "waiting"
    assert client.post("/api/evidence/impact/kafaja2017_ra").json()["id"] == known["id"]
    place = f"/api/evidence/asked/{known['id']}"
    assert client.get(place).json()["research_use"] == RESEARCH_USE
    found = client.app.state.questions
    assert found.get("another session", known["id"]) is None
    assert client.post(f"{place}/cancel").json()["state"] == "cancelled"
    assert client.get("/api/evidence/asked/unknown").status_code == 404


def test_a_question_that_cannot_be_is_refused_before_it_is_asked(client, not_computed):
    for path in ("impact/armada_ra", "impact/nope", "impact/kafaja2017_ra?trial=../x",
                 "predictions/..%2fra", "predictions/nope"):  # fmt: skip
        answer = client.post(f"/api/evidence/{path}")
        assert answer.status_code in (404, 422), path
    answer = client.post("/api/evidence/impact", json={"text": "- id: x"})
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) > 1


def test_an_answer_that_a_session_got_gives_way_to_a_study_of_its_own(client, monkeypatch):
    """What was computed before a study was stored is out of date, and what is kept goes first."""
    old = kept_claims("the old verdict")
    asked = client.post("/api/evidence/claims/judge").json()["id"]
    client.app.state.questions._asked[asked].state = "done"
    client.app.state.questions._asked[asked].result = old
    monkeypatch.setattr("funis.pipeline.claims.shown.kept_register", lambda: None)
    assert "the old verdict" in client.get("/evidence/claims").text
    client.post("/evidence/impact/store", data={"text": EXAMPLE})
    assert "the old verdict" not in client.get("/evidence/claims").text
    kept = kept_claims("the kept verdict")
    monkeypatch.setattr("funis.pipeline.claims.shown.kept_register", lambda: kept)
    assert "the kept verdict" in client.get("/evidence/claims").text


def kept_claims(words):
    claim = {
        "row": 5, "id": "ra", "anchor": "5-ra", "claim": "rheumatoid arthritis", "kind": "efficacy",
        "where": "here", "diseases": ["ra"], "recipes": [], "refuted_by": "a trial", "note": None,
        "verdict": "uncertain", "randomised_patients": 48, "randomised_patients_cord": 0,
        "model": "1 of 1", "at_potency_0": 0, "needs": words, "own_studies": [], "parts": [],
    }  # fmt: skip
    return {"judged": True, "claims": [claim]}


@pytest.mark.parametrize("path", ["study/kafaja2017_ra", "impact/kafaja2017_ra"])
def test_what_is_kept_goes_before_what_a_session_was_told(client, monkeypatch, path):
    def told(*_):
        raise AssertionError("the session was asked first")

    kept = {"rows": [], "contrasts": [], "disease": "ra"}
    monkeypatch.setattr(Questions, "answer", told)
    monkeypatch.setattr("funis.pipeline.studies.predicted.kept_predictions", lambda _: kept)
    monkeypatch.setattr("funis.pipeline.study_impact.kept_impact", lambda *_: {"kept": 1})
    monkeypatch.setattr("funis.pipeline.impact_view.impact_view", lambda _: None)
    assert client.get(f"/evidence/{path}").status_code == 200


def test_the_thread_of_questions_outlives_a_process_that_cannot_be_started(monkeypatch, capsys):
    def refuse():
        raise OSError("no " + "more processes")

    monkeypatch.setattr(questions_module, "_process", refuse)
    questions = Questions(1)
    for name in ("first", "second"):
        asked = questions.ask("me", {"kind": name})
        end = time.monotonic() + 10
        while asked.open and time.monotonic() < end:
            time.sleep(0.01)
        assert (asked.state, asked.errors) == ("failed", (questions_module.FAILED,))
    questions.close()
    assert capsys.readouterr().err.count("no more processes") == 2


def test_questions_end_with_their_server():
    before = set(threading.enumerate())
    questions = Questions(1)
    (thread,) = set(threading.enumerate()) - before
    running = questions.ask("me", {"kind": "register"})
    waiting = questions.ask("me", {"kind": "predictions", "disease": "ra"})
    questions.close()
    thread.join(30)
    assert not thread.is_alive()
    assert (running.state, waiting.state) == ("cancelled", "cancelled")


def test_a_module_beside_the_server_is_not_taken_for_ours(tmp_path, monkeypatch, capfd):
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the working directory')")
    monkeypatch.chdir(tmp_path)
    process = questions_module._process()
    process.stdin.write('{"kind": "impact", "study": "nope", "trial": null}\n')
    process.stdin.flush()
    assert "no study 'nope'" in process.stdout.readline()
    questions_module._end(process)


def test_what_goes_wrong_in_a_question_is_seen_where_the_server_runs(capfd):
    process = questions_module._process()
    process.stdin.write('{"kind": "nonsense"}\n')
    process.stdin.flush()
    assert process.stdout.read() == ""
    questions_module._end(process)
    assert "KeyError: 'nonsense'" in capfd.readouterr().err


def test_a_session_may_not_heap_up_questions(client, not_computed):
    for disease in ("as", "cd", "ms", "ra", "sle", "ssc"):
        answer = client.post(f"/api/evidence/predictions/{disease}")
    assert answer.status_code == 422
    assert "wait already" in answer.json()["detail"][0]
    for one in list(client.app.state.questions._asked.values()):
        client.app.state.questions.cancel(one)


def test_the_process_of_a_question_ends_with_its_refusal():
    questions = Questions(1)
    asked = questions.ask("me", {"kind": "impact", "study": "nope", "trial": None})
    for _ in range(600):
        if not asked.open:
            break
        time.sleep(0.2)
    assert asked.state == "refused"
    assert "no study 'nope'" in asked.errors[0]
    assert asked.process.wait(timeout=60) is not None


def test_the_answers_say_what_the_pages_show(client):
    found = client.get("/api/evidence/studies?disease=ra&randomised=true").json()
    assert found["research_use"] == RESEARCH_USE
    assert all(one["study_type"] == "randomised" for one in found["studies"])
    one = client.get("/api/evidence/studies/kafaja2017_ra").json()
    assert one["modelled"]["represented"]
    pooled = client.get("/api/evidence/pool?disease=cd&endpoint=REMISSION&study=forbes2014_cd")
    assert [c["chosen"] for c in pooled.json()["candidates"]].count(True) == 1
    checked = client.post("/api/evidence/check", json={"text": EXAMPLE}).json()
    assert (checked["disease"], checked["faults"]) == ("ra", [])
