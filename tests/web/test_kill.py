"""A server that is killed without a word loses no work, and does none of it a second time."""

import time
from pathlib import Path

import httpx2 as httpx
import pytest

from funis.cache import CACHE_VARIABLE
from funis.pipeline.design import design_trial
from funis.pipeline.design.page import write_folder
from funis.pipeline.run import run_trial
from funis.store import hash_folder

from .serving import cache_without, serving, until

TRIAL = {"kind": "run", "trial": "ra_two_arm", "patients": 24, "seed": 11, "twins": 20}
SIZES = {"sizes": (8, 16), "replicates": 2, "patients": 16, "structures": ()}
DESIGN = {"kind": "design", "trial": "ra_two_arm", **SIZES}

Marks = dict[str, tuple[int, int]]


def marks(folder: Path) -> Marks:
    """What tells a file from one that was written again, by name; files may go meanwhile."""
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            about = path.stat()
            found[path.name] = (about.st_ino, about.st_mtime_ns)
    return found


def finished(client: httpx.Client, job: dict[str, object], folder: Path, kept: Marks) -> set[str]:
    """Wait until a second attempt is done; nothing kept may change. Return the parts it came to."""
    parts, end = set(), time.monotonic() + 180
    while time.monotonic() < end:
        now = client.get(f"/api/jobs/{job['id']}").json()
        if now["status"] == "done":
            assert now["attempt"] > job["attempt"]
            return parts
        if now["status"] == "running" and now["attempt"] > job["attempt"]:
            changed = [name for name, mark in marks(folder).items() if kept.get(name, mark) != mark]
            assert not changed, "what was kept is made again"
            parts.add(now["words"])
        time.sleep(0.01)
    raise AssertionError(f"not done: {now}")


def test_after_kill_9_in_the_middle_of_a_run_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "workbench"
    with serving(folder, "--workers", "2") as server, server.client() as client:
        id = client.post("/api/jobs", json=TRIAL).raise_for_status().json()["id"]
        waiting = client.post("/api/jobs", json={**TRIAL, "patients": 5}).json()["id"]
        before = until(client, id, "Twins")
        server.kill()
    assert not (folder / "runs" / id).exists(), "it was not in the middle of the run"
    checkpoints = folder / "checkpoints" / id
    kept = marks(checkpoints)
    assert kept, "nothing was kept of what was done"
    with serving(folder, "--workers", "2") as server, server.client() as client:
        parts = finished(client, before, checkpoints, kept)
        until(client, waiting, "done")
    assert parts & {"Twins", "Draws of the model"}, (
        f"nothing was seen of the second attempt but {parts}"
    )
    run_trial("ra_two_arm", patients=24, seed=11, twins=20, workers=2, out=tmp_path / "plain")
    assert hash_folder(folder / "runs" / id) == hash_folder(tmp_path / "plain")
    assert not list((folder / "checkpoints").iterdir())
    assert sorted(p.name for p in (folder / "runs").iterdir()) == sorted([id, waiting])


def test_after_kill_9_in_the_middle_of_a_design_it_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "workbench", tmp_path / "cache"
    asked = {"cache": cache_without(cache, "banks", "decisions")}
    with serving(folder, "--workers", "1", **asked) as server, server.client() as client:
        id = client.post("/api/jobs", json=DESIGN).raise_for_status().json()["id"]
        before = until(client, id, "Patients")
        while not marks(cache / "banks"):
            time.sleep(0.005)
        server.kill()
    assert not (folder / "runs" / id).exists(), "it was not in the middle of the design"
    kept = marks(cache / "banks")
    with serving(folder, "--workers", "1", **asked) as server, server.client() as client:
        finished(client, before, cache / "banks", kept)
    after = marks(cache / "banks")
    assert {name: after[name] for name in kept} == kept, "what was kept is made again"
    assert len(after) > len(kept), "everything was done before it was killed"
    monkeypatch.setenv(CACHE_VARIABLE, cache_without(tmp_path / "other", "banks", "decisions"))
    write_folder(design_trial("ra_two_arm", workers=1, **SIZES), tmp_path / "plain")
    assert hash_folder(folder / "runs" / id) == hash_folder(tmp_path / "plain")
