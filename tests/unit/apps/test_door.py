import json
from concurrent.futures.process import BrokenProcessPool

import pytest
import typer

from funis.apps.door import enter
from funis.checks import InputError, Issue
from funis.pipeline.processes import Unfinished


def made(error):
    """A command line whose only command raises."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def run(json: bool = False) -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "status", "lines"),
    [
        (InputError(Issue("a.yaml", 3, "b", "is wrong")), 2, ["a.yaml:3: b: is wrong"]),
        (PermissionError(13, "Permission denied", "x.yaml"), 2, ["x.yaml: permission denied"]),
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, ""), 2, ["a file is not text; expected UTF-8"]),
        (MemoryError(), 1, ["out of memory; try fewer --patients"]),
        (Unfinished("interrupted: 2 of 3"), 130, ["interrupted: 2 of 3"]),
        (KeyboardInterrupt(), 130, ["interrupted: nothing was written"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_went_wrong_is_told_in_lines(capsys, error, status, lines):
    assert enter(made(error), ["--json"]) == status
    out, err = capsys.readouterr()
    assert err.splitlines() == lines
    assert json.loads(out) == {"error": lines}
    assert enter(made(error), []) == status
    assert capsys.readouterr().out == ""


def test_a_lost_process_is_told_with_advice(capsys):
    assert enter(made(BrokenProcessPool("gone")), []) == 1
    assert "most likely for lack of memory; try fewer --workers" in capsys.readouterr().err


def test_a_fault_of_the_program_keeps_its_trace(capsys):
    assert enter(made(ZeroDivisionError("oops")), ["--json"]) == 1
    out, err = capsys.readouterr()
    assert "Traceback" in err
    assert json.loads(out) == {"error": ["unexpected fault: ZeroDivisionError: oops"]}
