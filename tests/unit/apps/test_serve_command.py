"""``funis serve``: who may come, and what is refused in one line before anything is written."""

import socket

import pytest


@pytest.fixture
def serve(funis, monkeypatch):
    """Start a workbench that answers nobody and ends at once."""
    monkeypatch.setattr("funis.apps.web.server._Server.run", lambda *_, **__: None)
    return lambda *words: funis("serve", "--port", "0", *words)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--host", "0.0.0.0"), "--host 0.0.0.0: is not this machine alone"),
        (("--host", "::"), "--host ::: is not this machine alone"),
        (("--host", ""), "is not this machine alone"),
        (("--host", "lab.example.org"), "--host lab.example.org: is not this machine alone"),
        (("--host", "0.0.0.0", "--expose", ""), "--expose: '' is no name of a host"),
        (("--host", "0.0.0.0", "--expose", "http://lab"), "'http://lab' is no name of a host"),
        (("--host", "0.0.0.0", "--expose", "lab:80"), "expected such as lab.example.org"),
        (("--host", "0.0.0.0", "--expose", "lab\n"), "is no name of a host"),
        (("--host", "0.0.0.0", "--expose", "a" * 64), "is no name of a host"),
        (("--host", "nobody.invalid", "--expose", "lab"), "this machine has no such address"),
        (("--host", "ü" * 70, "--expose", "lab"), "this machine has no such address"),
        (("--host", "192.0.2.1", "--expose", "lab"), "192.0.2.1 port 0 cannot be used"),
        (("--port", "70000"), "Invalid value for '--port'"),
        (("--workers", "0"), "workers: 0 is out of range"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line_and_leaves_no_folder(serve, tmp_path, words, line):
    status, out, err = serve(*words)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert line in err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_leaves_no_folder(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        status, _, err = serve("--port", port)
    assert status == 2
    assert f"port {port} cannot be used" in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(serve, tmp_path):
    (tmp_path / "mine").write_text("mine")
    status, _, err = serve("--folder", "mine")
    assert status == 2
    assert "mine: cannot be written to (is a file)" in err
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_is_open_in_one_workbench_alone(serve, tmp_path):
    from funis.apps.web.storage.lock import alone_in

    with alone_in(tmp_path / "shared"):
        status, out, err = serve("--folder", "shared")
    assert (status, out) == (2, "")
    assert "shared: is open in another `funis serve`; expected another folder" in err
    assert serve("--folder", "shared")[0] == 0
