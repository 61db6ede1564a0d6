"""Stored runs of a small trial."""

import shutil

import pytest

from funis.pipeline import straight_line
from funis.pipeline.run import run_trial

SMALL = {"patients": 6, "workers": 1, "twins": 2, "ensemble": "none"}


@pytest.fixture(scope="session")
def kept(pool, tmp_path_factory):
    """Two runs that differ in their seed, as `funis run --out` leaves them."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight_line, "trial_pool", lambda *_, **__: pool)
        for seed in (3, 4):
            run_trial("ra_two_arm", seed=seed, out=folder / f"seed{seed}", **SMALL)
    return folder


@pytest.fixture
def runs(kept, tmp_path):
    """A folder with copies of both, to change at will."""
    for one in kept.iterdir():
        shutil.copytree(one, tmp_path / "runs" / one.name)
    return tmp_path / "runs"
