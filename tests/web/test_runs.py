"""The page Runs and its answers, without a browser."""

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from fastapi import HTTPException

from funis.apps.web.kinds import Work
from funis.apps.web.kinds.reproduce import REPRODUCE
from funis.apps.web.storage import jobs
from funis.checks import InputError
from funis.pipeline.processes import silent
from funis.report.statement import RESEARCH_USE, SIMULATED

TITLE = "Four monthly infusions of umbilical-cord mesenchymal stromal cells against placebo"


@pytest.fixture
def stored(settings, a_run):
    """Two stored runs of the workbench: `first`, and `second` with another seed in its name."""
    folder = settings.folder / "runs"
    for name in ("first", "second"):
        shutil.copytree(a_run, folder / name)
    yield folder
    for name in ("first", "second"):
        shutil.rmtree(folder / name, ignore_errors=True)


def code_of(folder, name="results-ACR20@12"):
    manifest = json.loads((folder / "first" / "manifest.json").read_text())
    return next(row["code"] for row in manifest["figures"] if row["id"] == name)


def plain(answer):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_the_list_shows_what_each_run_found_with_its_interval_and_evidence(client, stored):
    text = plain(client.get("/runs"))
    assert text.count(TITLE) >= 2
    number = r"[+−]?\d+\.\d"
    assert re.search(rf"{number} \({number} to {number}\) percentage points", text)
    assert "simulated, randomised, 8 virtual patients" in text
    assert "randomised studies of stromal cells" in text
    assert RESEARCH_USE in text
    assert SIMULATED in text


def test_the_api_says_the_same_as_the_page(client, stored):
    answer = client.get("/api/runs/stored/all").json()
    assert {run["id"] for run in answer["runs"]} >= {"first", "second"}
    assert answer["research_use"] == RESEARCH_USE
    text = plain(client.get("/runs"))
    assert all(one["text"] in text for run in answer["runs"] for one in run["headline"][:2])


def test_an_empty_workbench_says_how_to_begin(client):
    text = plain(client.get("/runs"))
    assert "Nothing is stored yet" in text


def test_words_filter_and_a_code_is_answered(client, stored):
    assert "None of the 2 stored runs" in plain(client.get("/runs?find=lupus"))
    assert plain(client.get("/runs?find=second two_arm")).count(TITLE) >= 1
    code = code_of(stored)
    for typed in (code, code.lower(), code.replace("-", " ")):
        text = plain(client.get("/runs", params={"find": typed}))
        assert f"Why {code}" in text
        assert "ACR 20 % response at week 12" in text
        assert "funis run ra_two_arm --patients 4 --seed 7 --ensemble none" in text
        assert "parameters stand behind it" in text


@pytest.mark.parametrize("words", ["mesenchy", "cells mesenchy", "infusion"])
def test_words_of_the_length_of_a_code_filter(client, stored, words):
    answer = client.get("/runs", params={"find": words})
    assert "2 of 2 stored runs" in plain(answer)
    assert 'role="alert"' not in answer.text.partition("<dialog")[0]


def test_a_word_like_a_code_that_no_run_has_is_told_both(client, stored):
    told = "its last sign does not fit the others"
    assert told in plain(client.get("/runs?find=diabetes"))
    assert "None of the 2 stored runs has these words" in plain(client.get("/runs?find=pustular"))


def test_a_slip_in_a_code_is_said_in_one_line(client, stored):
    code = code_of(stored)
    swapped = code[:-1] + ("0" if code[-1] != "0" else "1")
    answer = client.get("/runs", params={"find": swapped})
    assert answer.status_code == 200
    assert "has a slip: its last sign does not fit the others" in plain(answer)


def test_each_name_behind_a_figure_leads_to_where_the_model_explains_it(client, stored):
    page = client.get("/runs", params={"find": code_of(stored, "course-DAS28-CRP-msc")}).text
    places = list(dict.fromkeys(re.findall(r'href="(/model/ra/[^"]+)"', page)))
    kinds = {place.split("/")[3] for place in places}
    assert kinds == {"scores", "equations", "parameters"}
    chosen = [next(place for place in places if f"/{kind}/" in place) for kind in kinds]
    assert all(client.get(place).status_code == 200 for place in chosen)


def test_why_is_an_answer_of_the_api(client, stored):
    (reason, _) = client.get(f"/api/runs/why/{code_of(stored)}").json()["reasons"]
    assert reason["figure"]["about"] == "ACR20@12"
    assert reason["formulas"][0]["sort"] == "responder"
    assert {one["status"] for one in reason["parameters"]} >= {"assumed", "calibrated"}
    refused = client.get("/api/runs/why/ra-0000-0001")
    assert refused.status_code == 422
    assert len(refused.json()["detail"]) == 1


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "' OR 1=1 --", "{{7*7}}", "x" * 200])
def test_what_is_typed_comes_back_as_text(text, client, stored):
    answer = client.get("/runs", params={"find": text})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert f'value="{text}"' in unescape(answer.text)


def test_a_run_has_a_page_with_its_figures_codes_and_files(client, stored):
    answer = client.get("/runs/first")
    text = plain(answer)
    assert TITLE in text
    assert "DAS28-CRP" in text
    assert code_of(stored, "course-DAS28-CRP-msc") in text
    assert '/api/runs/first/files/report.html"' in answer.text
    assert "style=" not in answer.text
    assert "subjects.parquet" in text


def test_a_file_that_was_changed_is_named_first(client, stored):
    with (stored / "first" / "subjects.parquet").open("ab") as file:
        file.write(b"x")
    text = plain(client.get("/runs/first"))
    assert "Not as it was written: subjects.parquet" in text
    assert client.get("/api/runs/stored/first").json()["damaged"] == ["subjects.parquet"]


@pytest.mark.parametrize("id", ["nobody", "%2e%2e", "..%2f..%2fetc", "first%2f..", "a" * 90])
def test_an_id_is_no_path(id, client, stored):
    for place in (f"/runs/{id}", f"/api/runs/stored/{id}", f"/api/runs/stored/first/beside/{id}"):
        answer = client.get(place)
        assert answer.status_code in (404, 422) or answer.url.path in ("/", "/runs", "/runs/")
        assert "Traceback" not in answer.text


def test_two_runs_stand_side_by_side(client, stored):
    text = plain(client.get("/runs?run=first&run=second"))
    assert "21 of 21 settings, 9 of 9 estimates and 7 of 7 files are the same" in text
    assert text.count("DAS28-CRP, 1 million/kg") >= 2
    answer = client.get("/api/runs/stored/first/beside/second").json()
    assert answer["sentence"] in text
    assert {row["same"] for row in answer["estimates"]} == {True}


def test_one_tick_or_three_are_told_to_be_two(client, stored):
    assert "1 run is ticked: tick two to compare" in plain(client.get("/runs?run=first"))
    many = client.get("/runs?run=first&run=second&run=first")
    assert "3 runs are ticked" in plain(many)
    assert client.get("/runs?run=first&run=nobody").status_code == 404


def test_a_picture_is_an_answer_with_the_evidence_beside_it(client, stored):
    answer = client.get("/api/runs/stored/first/figures/course-DAS28-CRP-msc").json()
    assert answer["svg"].startswith("<svg")
    assert "placebo twin" in answer["svg"]
    assert "randomised studies" in answer["evidence"]


def test_a_run_is_made_again_as_background_work(settings, stored, tmp_path):
    work = Work(settings.folder, Path("unused"), tmp_path, 1, silent, lambda known: None)
    found = REPRODUCE.work(REPRODUCE.request(run="first"), work)
    assert found["identical"] is True
    assert found["sentence"] == "7 of 7 files identical, 4 of 4 tables among them"
    assert json.loads(json.dumps(found)) == found
    with pytest.raises(InputError, match="no run 'nobody'"):
        REPRODUCE.work(REPRODUCE.request(run="nobody"), work)


def test_asking_for_it_puts_a_job_into_the_queue_and_a_path_is_no_run(client, stored):
    made = client.post("/api/jobs", json={"kind": "reproduce", "run": "first"})
    assert made.status_code == 202
    assert made.json()["kind"] == "reproduce"
    assert client.post("/api/jobs", json={"kind": "reproduce", "run": "../x"}).status_code == 422
    client.post(f"/api/jobs/{made.json()['id']}/cancel")


def test_a_run_whose_job_cannot_be_forgotten_is_not_deleted(client, stored, monkeypatch):
    """The files go after the transaction: one that is undone leaves the run where it was."""
    id = client.post("/api/jobs", json={"kind": "run", "trial": "ra_two_arm"}).json()["id"]
    client.post(f"/api/jobs/{id}/cancel")
    shutil.copytree(stored / "first", stored / id)

    def fail(*_):
        assert not (stored / id).exists()
        raise HTTPException(409, ["not now"])

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "delete", fail)
        assert client.delete(f"/api/runs/{id}").status_code == 409
    assert (stored / id / "manifest.json").is_file()
    assert client.delete(f"/api/runs/{id}").status_code == 200
    assert not [one for one in stored.iterdir() if id in one.name]
    assert client.get(f"/api/jobs/{id}").status_code == 404


@pytest.mark.parametrize("harm", [{"files": None}, {"protocol": "text"}, {"figures": [{"x": 1}]}])
def test_a_damaged_run_is_listed_so_and_brings_no_page_down(client, stored, harm):
    path = stored / "first" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **harm}))
    assert "✗ damaged" in plain(client.get("/runs"))
    assert "✗ damaged" in plain(client.get("/"))
    (one,) = [run for run in client.get("/api/runs").json()["runs"] if run["id"] == "first"]
    assert one["status"] == "damaged"
    code = (
        code_of(stored.parent / "runs", "results-ACR20@12") if "files" in harm else "ra-0000-0000"
    )
    for place in (
        "/runs/first", "/api/runs/first", "/api/runs/stored/first", "/runs?run=first&run=second",
        "/api/runs/first/files/report.html", "/api/runs/stored/first/beside/second",
        f"/api/runs/why/{code}", "/api/runs/stored/first/figures/x",
    ):  # fmt: skip
        assert client.get(place).status_code in (200, 404, 422), place
    assert client.delete("/api/runs/first").status_code in (200, 422)


def test_a_report_that_is_not_text_is_read_as_far_as_it_goes(client, stored):
    with (stored / "first" / "report.html").open("ab") as file:
        file.write(b"\xff\xfe")
    assert client.get("/runs/first").status_code == 200
    assert client.get("/runs?run=first&run=second").status_code == 200
    assert client.get("/api/runs/first/files/report.html").status_code == 200


def test_a_run_is_one_answer_with_manifest_and_names(client, stored):
    found = client.get("/api/runs/first").json()
    assert found == client.get("/api/runs/stored/first").json()
    assert "report.html" in found["names"]
    assert found["manifest"]["seed"] == found["run"]["seed"] == 7
    assert client.get("/api/runs").json() == client.get("/api/runs/stored/all").json()


def test_a_deleted_run_is_gone_from_list_and_disk(client, stored):
    assert client.delete("/api/runs/first").status_code == 200
    assert not (stored / "first").exists()
    assert client.get("/runs/first").status_code == 404
    assert (stored / "second").is_dir()
