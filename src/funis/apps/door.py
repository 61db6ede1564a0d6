"""The way in and out of the command line: one line for each thing that a user got wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

from funis.apps import terminal

if TYPE_CHECKING:
    from typer import Typer


def enter(app: Typer, arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status.

    Wrong input gives its lines on standard error and status 2, with ``--json`` also the document
    ``{"error": [...]}`` on standard output. Ctrl-C gives 130, and a line that says what is kept.
    """
    from funis.cache import keep_readings

    given = sys.argv[1:] if arguments is None else arguments
    keep_readings()
    try:
        status = app(args=given, prog_name="funis", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = terminal.INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        lines = _lines(error, given, app)
        if lines is None:
            return _unexpected(error, given)
        return _refuse(lines, given, _status(error))
    if status == terminal.INTERRUPTED:
        return _refuse(["interrupted: nothing was written"], given, terminal.INTERRUPTED)
    return int(status or 0)


def _lines(error: Exception, given: list[str], app: Typer) -> list[str] | None:
    """Return what to tell the user; None for what no user can have caused."""
    if hasattr(error, "format_message"):  # a usage error of the command line
        return [_usage(error.format_message(), given, _commands(app))]
    return user_lines(error)


def user_lines(error: Exception) -> list[str] | None:
    """Return the lines that tell a user of an error; None for a fault of the program itself."""
    from funis.checks import InputError
    from funis.pipeline.processes import Unfinished
    from funis.solver import UnreliableError

    if isinstance(error, InputError):
        return list(error.lines)
    if isinstance(error, Unfinished | UnreliableError):
        return [str(error)]
    if isinstance(error, UnicodeDecodeError):
        return ["a file is not text; expected UTF-8"]
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return [f"{place}{(error.strerror or str(error)).lower()}"]
    if isinstance(error, BrokenExecutor):
        advice = "try fewer --workers or --patients"
        return [f"a worker process ended, most likely for lack of memory; {advice}"]
    if isinstance(error, MemoryError):
        return ["out of memory; try fewer --patients"]
    return None


def _commands(app: Typer) -> list[str]:
    """Return the names of the commands, in the order of the help."""
    from typer.main import get_group

    return list(get_group(app).commands)


def _usage(message: str, given: list[str], known: Sequence[str]) -> str:
    """Return a usage error as one line, with the command whose help explains it."""
    from funis.checks import nearest

    words = [word for word in given if not word.startswith("-")]
    command = next(iter(words), "")
    text = " ".join(message.split())
    if command and command not in known:
        near = nearest(command, known)
        hint = f"; did you mean '{near}'?" if near else ""
        return f"unknown command '{command}'; expected one of {', '.join(known)}{hint}"
    where = f"funis {command}".strip()
    return f"{where}: {text.rstrip('.')} (see {where} --help)"


def _status(error: Exception) -> int:
    from funis.pipeline.processes import Unfinished

    if isinstance(error, Unfinished):
        return terminal.INTERRUPTED
    from funis.solver import UnreliableError

    own = isinstance(error, BrokenExecutor | MemoryError | UnreliableError)
    return terminal.NOT_PASSED if own else terminal.USAGE


def _refuse(lines: list[str], given: list[str], status: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    if "--json" in given:
        print(terminal.failure_document(lines))
    return status


def _unexpected(error: Exception, given: list[str]) -> int:
    """Report a fault of the program itself: the whole trace helps whoever mends it."""
    import traceback

    traceback.print_exception(error, file=sys.stderr)
    if "--json" in given:
        print(terminal.failure_document([f"unexpected fault: {type(error).__name__}: {error}"]))
    return terminal.NOT_PASSED


def _reader_left() -> int:
    """End quietly when the reader of a pipe has gone, as ``head`` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return terminal.SUCCESS
