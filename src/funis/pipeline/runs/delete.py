"""`funis runs delete`: a stored run removed, and nothing but it."""

from __future__ import annotations

from pathlib import Path

from funis.checks import InputError, Issue
from funis.pipeline.runs.record import StoredRun, run_at
from funis.store import MANIFEST, remove_run

__all__ = ["delete_run"]


def delete_run(place: str | Path, *, folder: Path | None = None) -> StoredRun:
    """Remove a stored run for good, and return what it was.

    Parameters
    ----------
    place
        Folder of the run, or its id in ``folder``.

    Raises
    ------
    InputError
        No such run, or its folder holds a file that funis did not write: nothing is removed.
    """
    run = run_at(place, folder)
    if run.folder.is_symlink():
        expected = f"a folder with a {MANIFEST} of its own"
        raise InputError(Issue(str(run.folder), None, None, "is a link to a folder", expected))
    remove_run(run.folder)
    return run
