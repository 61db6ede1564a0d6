"""A small pool and small runs, so that the tests of the pipeline take seconds."""

import numpy as np
import pytest

from funis.cache import cache_folder
from funis.pipeline import gates, inputs, run, simulate, straight_line, stream
from funis.pipeline.design import design_trial
from funis.population import draw, weigh_pool


@pytest.fixture(scope="session")
def pool(ra):
    """A pool without the gate."""
    draws = draw(ra, 150, 1)
    return weigh_pool(ra, 1, draws, np.full(150, "accepted"), {})


@pytest.fixture
def small_pool(pool, monkeypatch):
    """Let every command draw from the small pool."""
    for module in (gates, simulate, straight_line, stream):
        monkeypatch.setattr(module, "trial_pool", lambda *_, **__: pool)
    return pool


@pytest.fixture(scope="session")
def evidence(ra):
    return run.find_evidence(ra)


@pytest.fixture(scope="session")
def two_arm():
    return inputs.load_trial("ra_two_arm")


@pytest.fixture(scope="session")
def demo():
    return inputs.load_trial("ra_demo")


@pytest.fixture(scope="session")
def done(pool, two_arm, evidence):
    """A conducted trial of two arms, with twins."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight_line, "trial_pool", lambda *_, **__: pool)
        return straight_line.virtual_trial(two_arm, evidence, patients=12, seed=5, twins=6)


def without_banks(place):
    """Make a cache without kept banks; what is compiled is shared with the usual one."""
    usual = cache_folder()
    for one in usual.iterdir() if usual is not None and usual.is_dir() else ():
        if one.name != "banks":
            (place / one.name).symlink_to(one)
    return str(place)


@pytest.fixture(scope="session")
def no_banks(tmp_path_factory):
    return without_banks(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def again_no_banks(tmp_path):
    return without_banks(tmp_path)


@pytest.fixture(scope="session")
def small_design(no_banks):
    """A design of two sizes with few patients, of the present form and another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNIS_CACHE", no_banks)
        return design_trial(
            "ra_two_arm", sizes=(8, 16), replicates=2, structures=("dose_emax",), patients=16,
            workers=1,
        )  # fmt: skip
