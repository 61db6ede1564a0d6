"""Background work by a real worker process."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from funis.apps.web.app import create_app
from funis.apps.web.guard import CSRF_HEADER
from funis.apps.web.settings import Settings
from funis.pipeline.run import run_trial
from funis.store import MANIFEST, hash_folder

ADDRESS = "http://127.0.0.1:8420"
SMALL = {"kind": "run", "trial": "ra_two_arm", "patients": 12, "seed": 3, "twins": 4}


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a workbench with a worker."""
    settings = Settings(tmp_path_factory.mktemp("workbench"), workers=1)
    app = create_app(settings, background=True)
    with TestClient(app, base_url=ADDRESS) as client:
        client.get(f"/open?token={settings.token}", follow_redirects=False)
        (csrf,) = app.state.sessions.tokens.values()
        client.headers[CSRF_HEADER] = csrf
        yield client


def folder_of(client: TestClient) -> Path:
    return client.app.state.settings.folder  # type: ignore[attr-defined, no-any-return]


def until(client: TestClient, id: str, *statuses: str, seconds: float = 120) -> dict[str, object]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job: dict[str, object] = client.get(f"/api/jobs/{id}").json()
        if job["status"] in statuses:
            return job
        time.sleep(0.1)
    raise AssertionError(f"still {job['status']} ({job['words']}) after {seconds} s")


def submit(client: TestClient, **asked: object) -> str:
    answer = client.post("/api/jobs", json=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_run_in_the_background_has_the_bytes_of_the_command_line(
    working: TestClient, tmp_path: Path
) -> None:
    id = submit(working, **SMALL)
    job = until(working, id, "done", "failed")
    assert job["status"] == "done", job
    run_trial("ra_two_arm", patients=12, seed=3, twins=4, workers=1, out=tmp_path / "run")
    assert hash_folder(folder_of(working) / "runs" / id) == hash_folder(tmp_path / "run")
    result = dict(job["result"])  # type: ignore[call-overload]
    assert result.pop("shown")["arms"] == {"1 million/kg monthly, 4 times": 12, "Placebo": 12}
    assert result == json.loads((tmp_path / "run" / "results.json").read_text())
    listed = working.get("/api/runs").json()["runs"]
    assert [(run["id"], run["seed"]) for run in listed] == [(id, 3)]
    assert not list((folder_of(working) / "checkpoints").iterdir())


def test_a_report_is_shown_in_a_sandbox_where_its_own_scripts_alone_may_run(
    working: TestClient,
) -> None:
    (run, *_) = working.get("/api/runs").json()["runs"]
    page = working.get(f"/api/runs/{run['id']}/files/report.html")
    policy = page.headers["Content-Security-Policy"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert policy.startswith("sandbox allow-scripts")
    assert "unsafe" not in policy
    assert "allow-same-origin" not in policy
    assert policy.count("'sha256-") == page.text.count("<script") + page.text.count("<style")


def test_a_trial_whose_text_is_wrong_is_refused_before_it_is_queued(working: TestClient) -> None:
    answer = working.post("/api/jobs", json={"kind": "run", "protocol": "id: x\nroute: ivv\n"})
    assert answer.status_code == 422
    assert "protocol.yaml:1: title: key is missing; expected text" in answer.json()["detail"]


def test_an_own_protocol_runs_by_its_text(working: TestClient) -> None:
    from funis.models import library_folder

    text = (library_folder() / "trials" / "ra_two_arm.yaml").read_text()
    own = text.replace("id: ra_two_arm", "id: own_trial")
    job = until(
        working, submit(working, kind="run", protocol=own, patients=8, twins=0), "done", "failed"
    )
    assert job["status"] == "done", job
    manifest = working.get(f"/api/runs/{job['id']}").json()["manifest"]
    kept = folder_of(working) / manifest["protocol"]["file"]
    assert kept.read_text() == own


def test_a_running_job_is_cancelled_and_leaves_nothing(working: TestClient) -> None:
    id = submit(working, kind="run", trial="ra_demo", patients=3000)
    waiting = submit(working, kind="run", trial="ra_demo", patients=3000)
    assert working.get(f"/api/jobs/{waiting}").json()["ahead"] == 1
    until(working, id, "running")
    assert working.delete(f"/api/jobs/{id}").status_code == 409
    working.post(f"/api/jobs/{waiting}/cancel")
    working.post(f"/api/jobs/{id}/cancel")
    assert until(working, id, "cancelled", "done", seconds=30)["status"] == "cancelled"
    assert working.get(f"/api/jobs/{waiting}").json()["status"] == "cancelled"
    assert not [p for p in (folder_of(working) / "runs").iterdir() if id in p.name]


def test_a_run_is_deleted_with_its_files_and_its_job(working: TestClient) -> None:
    id = submit(working, **{**SMALL, "patients": 6, "twins": 0})
    until(working, id, "done")
    assert working.get(f"/api/runs/{id}/files/{MANIFEST}").status_code == 200
    assert working.delete(f"/api/runs/{id}").json()["deleted"] == id
    assert not (folder_of(working) / "runs" / id).exists()
    for path in (f"/api/runs/{id}", f"/api/jobs/{id}", f"/api/runs/{id}/files/report.html"):
        assert working.get(path).status_code == 404
    assert working.delete(f"/api/runs/{id}").status_code == 404
