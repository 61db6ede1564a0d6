"""The folder of runs and its index: what a manifest says of each, so that lists are quick."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funis.apps.web.storage.tables import ID_LENGTH, RunRow
from funis.checks import InputError
from funis.store import MANIFEST, read_manifest, remove_run

RUNS = "runs"
"""Name of the folder of runs within the folder of a workbench."""

_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{ID_LENGTH - 1}}}")
_HALF = re.compile(r"\.(.+)\.[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run in the folder of runs: what its manifest says of it, when it was written, its size."""

    id: str
    title: str
    disease: str
    command: str
    seed: int | None
    library_version: str
    written: datetime
    files: int
    size_byte: int


def runs_folder(folder: Path) -> Path:
    """Return where the runs of a workbench lie."""
    return folder / RUNS


def place_of(folder: Path, id: str) -> Path | None:
    """Return the folder of a run that lies there; None where the id names none."""
    if not _ID.fullmatch(id):
        return None
    place = runs_folder(folder) / id
    return place if (place / MANIFEST).is_file() and not place.is_symlink() else None


def file_of(folder: Path, id: str, name: str) -> Path | None:
    """Return a file of a run: only what its manifest lists, and the manifest itself."""
    place = place_of(folder, id)
    if place is None:
        return None
    try:
        listed = {MANIFEST, *read_manifest(place).get("files", {})}
    except InputError:
        return None
    path = place / name
    inside = name in listed and path.is_file() and path.resolve().is_relative_to(place.resolve())
    return path if inside else None


def listing(session: Session, folder: Path) -> tuple[StoredRun, ...]:
    """Return every run of the folder, the newest first; the index is brought up to date.

    The folder is the truth: a run that was copied into it is found, one that was removed is gone.
    """
    rows = {row.id: row for row in session.scalars(select(RunRow))}
    lying = {run.name: run for run in _lying(folder)}
    for id in set(rows) - set(lying):
        session.delete(rows.pop(id))
    for id, place in lying.items():
        written = _written(place)
        if id not in rows or rows[id].written != written:
            found = _read(id, place, written)
            if found is not None:
                rows[id] = session.merge(found)
    session.flush()
    newest = sorted(rows.values(), key=lambda row: (row.written, row.id), reverse=True)
    return tuple(_stored(row) for row in newest)


def find(folder: Path, id: str) -> tuple[StoredRun, Mapping[str, Any]] | None:
    """Return a run and its manifest, or None."""
    place = place_of(folder, id)
    row = None if place is None else _read(id, place, _written(place))
    if place is None or row is None:
        return None
    return _stored(row), read_manifest(place)


def delete(session: Session, folder: Path, id: str) -> bool:
    """Remove a run with its files, in one step for whoever looks. Say whether it was there."""
    place = place_of(folder, id)
    if place is None:
        return False
    remove_run(place)
    row = session.get(RunRow, id)
    if row is not None:
        session.delete(row)
    return True


def remove_halves(folder: Path, id: str | None = None) -> None:
    """Remove what a killed process had begun to write of a run; of every run when None."""
    if not runs_folder(folder).is_dir():
        return
    for half in runs_folder(folder).glob(".*"):
        found = _HALF.fullmatch(half.name)
        if found and id in (None, found[1]):
            shutil.rmtree(half, ignore_errors=True)


def _lying(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return [
            place
            for place in runs_folder(folder).iterdir()
            if place_of(folder, place.name) is not None
        ]
    return []


def _written(place: Path) -> datetime:
    return datetime.fromtimestamp((place / MANIFEST).stat().st_mtime, UTC)


def _read(id: str, place: Path, written: datetime) -> RunRow | None:
    """Return what the manifest of a folder says; None where funis did not write it."""
    try:
        found = read_manifest(place)
    except InputError:
        return None
    names = [MANIFEST, *found.get("files", {})]
    sizes = [(place / name).stat().st_size for name in names if (place / name).is_file()]
    seed = found.get("seed")
    return RunRow(
        id=id,
        title=str(found.get("title", id))[:300],
        disease=str(found.get("disease", ""))[:120],
        command=str(found.get("command", "")),
        seed=seed if isinstance(seed, int) and abs(seed) < 2**63 else None,
        library_version=str(found.get("library_version", ""))[:60],
        written=written,
        files=len(sizes),
        size_byte=sum(sizes),
    )


def _stored(row: RunRow) -> StoredRun:
    return StoredRun(
        row.id, row.title, row.disease, row.command, row.seed, row.library_version, row.written,
        row.files, row.size_byte,
    )  # fmt: skip
