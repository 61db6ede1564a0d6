"""The command line in this process, with a small pool."""

import numpy as np
import pytest

from funis.apps.cli import app
from funis.apps.door import enter
from funis.pipeline import gates, simulate, straight_line, stream
from funis.population import draw, weigh_pool


@pytest.fixture(scope="session")
def pool(ra):
    draws = draw(ra, 150, 1)
    return weigh_pool(ra, 1, draws, np.full(150, "accepted"), {})


@pytest.fixture
def funis(pool, monkeypatch, tmp_path, capfd):
    """Run a command in an empty folder: status, standard output, standard error."""
    for module in (gates, simulate, straight_line, stream):
        monkeypatch.setattr(module, "trial_pool", lambda *_, **__: pool)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        status = enter(app, list(words))
        return status, *capfd.readouterr()

    return run
