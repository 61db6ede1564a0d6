"""One server a folder: two would do each other's jobs twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funis.checks import InputError, Issue
from funis.store import locked

FILE = "server.lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder of a workbench; it is made where it is missing.

    The lock ends with the process, however it ends. Systems without such locks pass.

    Raises
    ------
    InputError
        Another server holds it, or it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        reason = "is a file" if folder.is_file() else (error.strerror or "error").lower()
        problem = f"cannot be written to ({reason})"
        expected = "a folder that can be written to"
        raise InputError(Issue(str(folder), None, None, problem, expected)) from None
    try:
        if not locked(file):
            problem = "is open in another `funis serve`"
            raise InputError(Issue(str(folder), None, None, problem, "another folder: --folder"))
        yield
    finally:
        os.close(file)
