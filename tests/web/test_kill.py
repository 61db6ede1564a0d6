"""A server that is killed without a word loses no run."""

from pathlib import Path

from funis.pipeline.run import run_trial
from funis.store import hash_folder

from .serving import serving, until

TRIAL = {"kind": "run", "trial": "ra_two_arm", "patients": 24, "seed": 11, "twins": 20}


def test_after_kill_9_in_the_middle_of_a_run_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "workbench"
    with serving(folder, "--workers", "2") as server, server.client() as client:
        id = client.post("/api/jobs", json=TRIAL).raise_for_status().json()["id"]
        waiting = client.post("/api/jobs", json={**TRIAL, "patients": 5}).json()["id"]
        before = until(client, id, "twins")
        server.kill()
    assert not (folder / "runs" / id).exists(), "it was not in the middle of the run"
    assert list((folder / "checkpoints" / id).iterdir()), "nothing was kept of what was done"
    with serving(folder, "--workers", "2") as server, server.client() as client:
        after = until(client, id, "done")
        until(client, waiting, "done")
    assert after["attempt"] > before["attempt"]
    run_trial("ra_two_arm", patients=24, seed=11, twins=20, workers=2, out=tmp_path / "plain")
    assert hash_folder(folder / "runs" / id) == hash_folder(tmp_path / "plain")
    assert not list((folder / "checkpoints").iterdir())
    assert sorted(p.name for p in (folder / "runs").iterdir()) == sorted([id, waiting])
