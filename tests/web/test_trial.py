"""The page Trial and its answers, without a browser."""

import asyncio
import time
from contextlib import ExitStack

import pytest
from fastapi import HTTPException

from funis.apps.web.turns import TURNS, while_read
from funis.checks.yaml_reader import Shelf, use_shelf
from funis.pipeline.draft import check_draft, library_draft
from funis.pipeline.draft.document import draft_document
from funis.report.statement import RESEARCH_USE

DESIGN = {
    "kind": "design", "trial": "ra_two_arm", "sizes": [8, 16], "replicates": 2, "structures": [],
    "patients": 16,
}  # fmt: skip


@pytest.fixture
def demo():
    return library_draft("ra_demo").text


def test_the_editor_holds_the_whole_text_of_the_trial(client, demo):
    page = client.get("/trial?trial=ra_demo").text
    assert "run_in_week: 10" in page
    assert "# mg/L" in page
    assert page.count("<option") >= 36 + 8
    assert "600 patients in 6 arms, 10 visits, 52 weeks" in page


def test_an_unknown_trial_is_one_line_and_the_page_stays_usable(client):
    answer = client.get("/trial?trial=ra_dem")
    assert answer.status_code == 422
    assert "unknown trial &#39;ra_dem&#39;" in answer.text
    assert "did you mean &#39;ra_demo&#39;" in answer.text
    assert 'id="text"' in answer.text
    for name in ("../../etc/passwd", "<script>alert(1)</script>", "a" * 80):
        answer = client.get("/trial", params={"new": name})
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text


def test_an_answer_says_what_the_command_says(client, demo):
    found = client.get("/api/trial/draft?trial=ra_demo").json()
    expected = draft_document(check_draft(library_draft("ra_demo")))
    assert {k: found[k] for k in ("text", "passed", "issues", "data")} == {
        k: expected[k] for k in ("text", "passed", "issues", "data")
    }
    assert found["research_use"] == RESEARCH_USE
    assert found["outline"]["patients"] == 600


def test_a_change_over_the_api_is_that_of_the_command(client, demo):
    change = {"kind": "move_dose", "arm": 3, "intervention": 0, "dose": 1, "day": 35}
    found = client.post("/api/trial/change", json={"text": demo, "change": change}).json()
    assert "schedule: {days: [0, 35, 56, 84]}" in found["text"]
    assert found["place"] == 1
    refused = client.post("/api/trial/change", json={"text": demo, "change": {**change, "dose": 9}})
    assert refused.status_code == 422
    assert refused.json()["detail"] == [
        "arms[3].interventions[0].schedule: there is no dose 10; expected 1 to 4"
    ]


def test_values_keep_their_kind_on_the_way(client, demo):
    for value in ("12", 12, 12.5, True, None, [1, "a"], {"a": 1}):
        change = {"kind": "set", "path": ["title"], "value": value}
        found = client.post("/api/trial/change", json={"text": demo, "change": change}).json()
        assert found["data"]["title"] == value
        assert type(found["data"]["title"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "", "- 1", "a: [", "a: &x [1]\nb: *x", "!!python/object:os.system x", "\x00", "a: .inf",
        "arms: " + "[" * 5000, "{" * 2000, "x: " + "9" * 5000, "seed: 99999999999999999999999999",
        "a: &a [" + "*a," * 50 + "]", "arms: 1\nvisits: {weeks: 3}", "ü: ß\n",
        "visits: {weeks: [a, 1]}\narms: [1, {interventions: [2]}]", "arms: {}\nvisits: []",
        "arms: [{id: x}]\nrules: [1]\nsuccess: 3\ndropout: []\ndesign: {allocation: 1}",
    ],
)  # fmt: skip
def test_no_text_brings_the_check_down(client, text):
    answer = client.post("/api/trial/check", json={"text": text})
    assert answer.status_code == 200
    assert not answer.json()["passed"]
    assert answer.json()["issues"]
    for change in (
        {"kind": "add_visit", "week": 4}, {"kind": "move_visit", "visit": 1, "week": 4},
        {"kind": "add_arm", "arm": 0}, {"kind": "remove_arm", "arm": 0}, {"kind": "add_arm"},
        {"kind": "add_dose", "arm": 0, "intervention": 0, "day": 1},
        {"kind": "set", "path": ["arms", 0, "x"], "value": 1},
        {"kind": "insert", "path": ["arms"], "value": {}},
    ):  # fmt: skip
        answer = client.post("/api/trial/change", json={"text": text, "change": change})
        assert answer.status_code in (200, 422)


def test_a_text_that_is_too_long_is_refused(client):
    assert client.post("/api/trial/check", json={"text": "#" * 300_000}).status_code == 422


def test_a_form_is_offered_what_the_library_holds(client):
    found = client.get("/api/trial/options?disease=ms").json()
    assert {"iv", "it"} <= {one["id"] for one in found["routes"]}
    assert client.get("/api/trial/options?disease=msx").status_code == 422
    assert len(client.get("/api/trial/library").json()["trials"]) >= 36


def test_a_dot_of_a_design_opens_with_bands_truth_and_evidence(client):
    job = client.post("/api/jobs", json=DESIGN).json()["id"]
    found = client.get(f"/api/trial/jobs/{job}/twin?n=16&replicate=3").json()
    trial = found["trial"]
    assert len(trial["patients"]) == 16
    assert set(trial["bands"]) == {"placebo", "msc"}
    assert set(trial["truth"]) == {"msc"}
    assert found["evidence"].startswith("Evidence:")
    for asked in ("n=3&replicate=3", "n=16&replicate=-1", "n=64&replicate=3"):
        answer = client.get(f"/api/trial/jobs/{job}/twin?{asked}")
        assert answer.status_code == 422
        assert len(answer.json()["detail"]) == 1
    bad = client.get(f"/api/trial/jobs/{job}/twin?n=16&replicate=0&structure=dose_ema")
    assert "did you mean 'dose_emax'" in bad.json()["detail"][0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patients": 17, "sizes": [8]}, None),
        ({"patients": 9}, "patients"),
        ({"sizes": [8, 2]}, "at least 4: two patients in each of 2 arms"),
        ({"sizes": [8, 64]}, "64 patients in all arms are more than are followed"),
        ({"structures": ["dose_ema"]}, "did you mean 'dose_emax'"),
        ({"sizes": [8] * 51}, "at most 50"),
        ({"structures": ["dose_emax"] * 51}, "at most 50"),
        ({"trial": "ra_single_arm"}, "unknown trial"),
    ],
)
def test_a_design_is_checked_as_a_whole_before_it_is_queued(client, change, words):
    answer = client.post("/api/jobs", json={**DESIGN, **change})
    if words is None:
        assert answer.status_code == 202
        client.delete(f"/api/jobs/{answer.json()['id']}")
        return
    assert answer.status_code == 422
    assert words in answer.json()["detail"][0]


def test_a_dot_takes_its_turn(client):
    job = client.post("/api/jobs", json=DESIGN).json()["id"]
    with ExitStack() as others:
        for _ in range(13):
            assert TURNS._places.acquire(blocking=False)
            others.callback(TURNS._places.release)
        answer = client.get(f"/api/trial/jobs/{job}/twin?n=8&replicate=0&world=null")
    assert answer.status_code == 503
    assert "others are computing" in answer.json()["detail"][0]
    client.delete(f"/api/jobs/{job}")


def test_who_left_before_his_turn_is_computed_nothing_and_within_it_only_the_next_step():
    class Reader:
        async def is_disconnected(self):
            return True

    steps = []

    def work(progress):
        for item in progress("Counting", range(10**9), 10**9):
            steps.append(item)
            time.sleep(0.01)

    async def leave():
        with pytest.raises(HTTPException, match="has gone"):
            await while_read(Reader(), work)
        told, ended = len(steps), asyncio.Event()
        with TURNS.turn():
            waiting = asyncio.create_task(while_read(Reader(), work))
            await asyncio.sleep(0.1)
        with pytest.raises(HTTPException, match="has gone"):
            await waiting
        assert not ended.is_set()
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("funis.apps.web.turns.LOOK_SECOND", 0.02)
        told = asyncio.run(leave())
    assert 0 < told < 1000
    assert len(steps) == told


def test_nothing_of_a_draft_is_kept(client, demo):
    kept = {}
    use_shelf(Shelf(kept.get, kept.__setitem__))
    try:
        for text in (demo.replace("seed: ", "seed: 9"), demo + "# mine"):
            assert client.post("/api/trial/check", json={"text": text}).json()["outline"]
        for packed in kept.values():
            assert b"ra_demo" not in packed
    finally:
        use_shelf(None)


@pytest.mark.parametrize("depth", [39, 41, 400, 900])
def test_brackets_within_brackets_are_one_line_or_an_answer(client, depth):
    text = "title: " + "[" * depth + "]" * depth
    answer = client.post("/api/trial/check", json={"text": text})
    assert answer.status_code == 200
    lines = [one["message"] for one in answer.json()["issues"]]
    assert ("is nested too deeply" in lines) == (depth > 40)


def test_a_dot_of_a_trial_of_ones_own_opens_too(client):
    text = library_draft("ra_two_arm").text.replace("seed: 7", "seed: 8")
    asked = {**DESIGN, "protocol": text}
    del asked["trial"]
    job = client.post("/api/jobs", json=asked).json()["id"]
    found = client.get(f"/api/trial/jobs/{job}/twin?n=8&replicate=0&world=null").json()
    assert found["trial"]["seed"] == 8


def test_a_job_has_a_page_and_another_has_none(client):
    job = client.post("/api/jobs", json={"kind": "run", "trial": "ra_two_arm"}).json()
    page = client.get(f"/trial/jobs/{job['id']}")
    assert job["title"] in page.text
    assert 'data-kind="run"' in page.text
    missing = client.get("/trial/jobs/0123456789abcdef")
    assert missing.status_code == 404
    assert "There is no job" in missing.text
    nothing = client.get("/api/trial/jobs/0123456789abcdef/twin?n=16&replicate=3")
    assert nothing.status_code == 404
