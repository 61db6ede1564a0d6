"""A workbench without a network: a client that has opened its session."""

import pytest
from starlette.testclient import TestClient

from funis.apps.web.app import create_app
from funis.apps.web.guard import CSRF_HEADER
from funis.apps.web.settings import Settings

ADDRESS = "http://127.0.0.1:8420"


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    """Settings of a workbench with a folder of its own; two processes a run."""
    return Settings(tmp_path_factory.mktemp("workbench"), workers=2)


@pytest.fixture(scope="session")
def client(settings):
    """A client with a session; what it sends carries the CSRF token."""
    app = create_app(settings)
    with TestClient(app, base_url=ADDRESS) as client:
        client.get(f"/open?token={settings.token}", follow_redirects=False)
        (csrf,) = app.state.sessions.tokens.values()
        client.headers[CSRF_HEADER] = csrf
        yield client


@pytest.fixture(scope="session")
def a_run(tmp_path_factory):
    """The folder of a small run, as `funis run --out` writes it; copy it, do not change it."""
    from funis.pipeline.run import run_trial

    place = tmp_path_factory.mktemp("kept") / "small"
    run_trial("ra_two_arm", patients=4, workers=1, twins=2, ensemble="none", out=place)
    return place
