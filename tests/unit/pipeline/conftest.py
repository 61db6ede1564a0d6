"""A small pool and small runs, so that the tests of the pipeline take seconds."""

import numpy as np
import pytest

from funis.pipeline import gates, inputs, run, simulate, straight_line, stream
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
