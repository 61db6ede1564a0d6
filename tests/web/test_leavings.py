"""What jobs leave on the disk goes with them, however they end."""

import secrets
import shutil
import threading

import pytest

from funis.apps.web import background as background_module
from funis.apps.web.background import Background
from funis.apps.web.kinds import Work
from funis.apps.web.kinds.reproduce import REPRODUCE
from funis.apps.web.storage import jobs, open_database
from funis.apps.web.storage.leavings import checkpoints_of
from funis.apps.web.storage.migrate import migrate
from funis.pipeline.processes import silent
from funis.pipeline.runs import reproduce as reproduce_module


@pytest.fixture
def background(tmp_path):
    database = open_database(tmp_path)
    migrate(database)
    yield Background(database, tmp_path, 1)
    database.close()


def leavings(folder, id):
    """Make what a killed worker leaves of a job; return its checkpoints and its half run."""
    half = folder / "runs" / f".{id}.{secrets.token_hex(6)}"
    for place in (checkpoints_of(folder, id), half):
        place.mkdir(parents=True)
        (place / "half").write_text("half")
    return checkpoints_of(folder, id), half


def test_at_the_start_only_what_waits_keeps_its_checkpoints(background, tmp_path, monkeypatch):
    monkeypatch.setattr(Background, "_keep_one", lambda self: None)
    with background.database.writing() as session:
        waiting, over, lost = (jobs.submit(session, "run", {}).id for _ in range(3))
        jobs.cancel(session, over)
        jobs.delete(session, lost)
    kept, gone = leavings(tmp_path, waiting), (*leavings(tmp_path, over), *leavings(tmp_path, lost))
    by_hand = tmp_path / "runs" / f".my_run.{secrets.token_hex(6)}"
    by_hand.mkdir()
    background.start()
    background.stop()
    assert all(place.exists() for place in kept)
    assert not any(place.exists() for place in gone)
    assert by_hand.exists(), "the command line writes it"


def test_after_the_end_of_a_worker_what_a_cancelled_job_left_is_removed(background, tmp_path):
    with background.database.writing() as session:
        id = jobs.submit(session, "run", {}).id
        jobs.claim(session, "worker")
        jobs.cancel(session, id)
    left = leavings(tmp_path, id)
    background._release("worker", crashed=False)
    assert not any(place.exists() for place in left)


@pytest.mark.parametrize("method", ["cancel", "delete"])
def test_a_waiting_job_that_is_cancelled_or_deleted_takes_its_checkpoints_along(
    client, settings, method
):
    id = client.post("/api/jobs", json={"kind": "run", "trial": "ra_two_arm"}).json()["id"]
    checkpoints, half = leavings(settings.folder, id)
    if method == "cancel":
        client.post(f"/api/jobs/{id}/cancel")
    else:
        client.delete(f"/api/jobs/{id}")
    assert not checkpoints.exists()
    shutil.rmtree(half)


def test_a_run_is_made_again_under_the_checkpoints_of_its_job(tmp_path, a_run, monkeypatch):
    shutil.copytree(a_run, tmp_path / "runs" / "first")
    places = []

    def again(asked, out, **_):
        places.append(out)
        shutil.copytree(a_run, out)

    monkeypatch.setattr(reproduce_module, "run_again", again)
    kept = tmp_path / "checkpoints"
    kept.mkdir()
    work = Work(tmp_path, tmp_path / "unused", kept, 1, silent, lambda known: None)
    assert REPRODUCE.work(REPRODUCE.request(run="first"), work)["identical"]
    assert places[0].is_relative_to(kept)


def test_the_keeper_outlives_a_worker_that_cannot_be_started(background, monkeypatch, capsys):
    tried, enough = [], threading.Event()

    def refuse(*_, **__):
        tried.append(1)
        if len(tried) == 3:
            enough.set()
        raise OSError("no more processes")

    monkeypatch.setattr(background_module, "PAUSE_SECOND", 0.01)
    monkeypatch.setattr(background_module.subprocess, "Popen", refuse)
    background.start()
    assert enough.wait(10)
    background.stop()
    assert "no more processes" in capsys.readouterr().err
