"""The socket of the workbench."""

import socket

import pytest

from funis.apps.cli import app
from funis.apps.door import enter
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
