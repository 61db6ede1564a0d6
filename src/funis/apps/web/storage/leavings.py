"""What jobs leave on the disk while they are in work, and its removal when they are over."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from funis.apps.web.storage.runs import runs_folder
from funis.store import HALF

CHECKPOINTS = "checkpoints"
"""Name of the folder of checkpoints within the folder of a workbench."""

_JOB = re.compile(r"[0-9a-f]{16}")


def checkpoints_of(folder: Path, id: str) -> Path:
    """Return the folder in which a job keeps what outlives its worker."""
    return folder / CHECKPOINTS / id


def remove_checkpoints(folder: Path, id: str) -> None:
    """Remove what a job that is over had kept."""
    shutil.rmtree(checkpoints_of(folder, id), ignore_errors=True)


def remove_halves(folder: Path, id: str) -> None:
    """Remove what a killed process had begun to write of the run of a job."""
    for half, of in _halves(folder):
        if of == id:
            shutil.rmtree(half, ignore_errors=True)


def sweep(folder: Path, kept: Collection[str]) -> None:
    """Remove checkpoints and half runs of every job but some; no worker may be at work.

    What does not bear the id of a job, such as a run that the command line is writing, stays.
    """
    for place in _within(folder / CHECKPOINTS):
        if place.name not in kept:
            shutil.rmtree(place, ignore_errors=True)
    for half, of in _halves(folder):
        if _JOB.fullmatch(of) and of not in kept:
            shutil.rmtree(half, ignore_errors=True)


def _halves(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each half run with the id of the run that it was to be."""
    for place in _within(runs_folder(folder)):
        found = HALF.fullmatch(place.name)
        if found:
            yield place, found[1]


def _within(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []
