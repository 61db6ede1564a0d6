"""The socket of the workbench."""

import socket

import pytest

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
