"""The folder of runs of a workbench: what lies there under an id, and its removal."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path

from funis.checks import InputError
from funis.store import MANIFEST, run_removed

RUNS = "runs"
"""Name of the folder of runs within the folder of a workbench."""

RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Pattern of the name of a run's folder: it is no path, and hides nothing."""


def runs_folder(folder: Path) -> Path:
    """Return where the runs of a workbench lie."""
    return folder / RUNS


def place_of(folder: Path, id: str) -> Path | None:
    """Return the folder of a run that lies there; None where the id names none."""
    if not re.fullmatch(RUN_ID, id):
        return None
    place = runs_folder(folder) / id
    return place if (place / MANIFEST).is_file() and not place.is_symlink() else None


def file_of(folder: Path, id: str, name: str) -> Path | None:
    """Return a file of a run: only what its manifest lists, and the manifest itself."""
    from funis.pipeline.runs import run_manifest

    place = place_of(folder, id)
    if place is None:
        return None
    try:
        listed = {MANIFEST, *run_manifest(place).get("files", {})}
    except InputError:
        return None
    path = place / name
    inside = name in listed and path.is_file() and path.resolve().is_relative_to(place.resolve())
    return path if inside else None


def removed(folder: Path, id: str) -> AbstractContextManager[None] | None:
    """Return a block in which a run is gone from under its id; its files go at the end.

    None where there is no such run. After an error in the block it is there again.
    """
    place = place_of(folder, id)
    return None if place is None else run_removed(place)
