"""The socket of the workbench, and the names that it answers to."""

import socket

import pytest
from starlette.testclient import TestClient

from funis.apps.cli import app
from funis.apps.door import enter
from funis.apps.web.app import create_app
from funis.apps.web.server import listen
from funis.apps.web.settings import Settings
from funis.checks import InputError


def test_the_end_of_an_answer_does_not_wait_for_word_of_its_beginning(tmp_path):
    """Without it a small answer in two parts takes 40 ms on a connection that is kept."""
    listening = listen(Settings(tmp_path, port=0))
    with listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with listen(Settings(tmp_path, port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} cannot be used"):
            listen(Settings(tmp_path, port=port))


def test_a_name_for_others_without_an_address_that_they_reach_is_refused(tmp_path, capsys):
    """Without --host loopback alone is listened to: the address that was printed led nowhere."""
    assert enter(app, ["serve", "--expose", "lab.example", "--folder", str(tmp_path / "w")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("--expose lab.example: ")
    assert "--host" in line
    assert not (tmp_path / "w").exists()


@pytest.fixture
def exposed(tmp_path):
    """A client of a workbench that others may call by a name, with its session."""
    settings = Settings(tmp_path, host="0.0.0.0", port=8420, names=("Lab.example.org",))
    app = create_app(settings)
    client = TestClient(app, base_url="http://lab.example.org:8420")
    client.get(f"/open?token={settings.token}", follow_redirects=False)
    return client


def test_a_workbench_for_others_answers_to_its_name_as_host_and_as_origin(exposed):
    assert exposed.get("/api/openapi.json").status_code == 200
    origin = {"Origin": "http://lab.example.org:8420", "Sec-Fetch-Site": "same-origin"}
    assert exposed.get("/api/openapi.json", headers=origin).status_code == 200


@pytest.mark.parametrize(
    "host", ["lab.example.org", "lab.example.org:80", "example.org:8420", "x.lab.example.org:8420"]
)
def test_a_workbench_for_others_answers_to_no_other_name(exposed, host):
    assert exposed.get("/api/openapi.json", headers={"Host": host}).status_code == 421
    headers = {"Origin": f"http://{host}"}
    assert exposed.get("/api/openapi.json", headers=headers).status_code == 403
