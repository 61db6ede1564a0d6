"""Stored runs: what a folder holds, what each is, and where it lies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from funis.checks import InputError, Issue, nearest
from funis.pipeline.runs.headline import Headline, headline_of
from funis.pipeline.runs.manifest import holds_run, run_manifest
from funis.pipeline.runs.request import COHORT, KINDS, kind_of
from funis.store import MANIFEST, hash_file

COMPLETE, UNFINISHED, DAMAGED = "complete", "unfinished", "damaged"
NOT_KNOWN = "unknown"
REPORTS = ("report.html", "design.html", "plan.html")
DEPTH = 2
"""Folders below the one that is asked for in which runs are looked for."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run as its manifest tells it.

    Attributes
    ----------
    id
        Its folder, relative to the one that was looked through, with slashes.
    folder
        Where it lies.
    kind
        run | design | plan | cohort; unknown where the manifest cannot be read.
    status
        complete | unfinished | damaged: a file is missing, or manifest or results are not as funis
        writes them. Contents are held against their hashes by `damaged_files` alone.
    title, disease
        As its manifest says.
    trial
        Name of the trial, the consultation or the doses.
    seed
        None for a plan.
    patients
        Virtual patients in all arms; None for a plan or a design.
    failed
        Patients whose simulation failed.
    written
        When its manifest was written [UTC, ISO 8601]; no part of what a run depends on.
    version
        Library that wrote it.
    size_bytes
        Of all its files.
    headline
        What it found, with intervals and what stands behind them; none for a cohort or a plan.
    evidence
        Grade of the published evidence with the numbers of randomised patients.
    report
        Name of its page; empty where it has none.
    code
        First part of the short codes of its figures; empty for a run older than they are.
    """

    id: str
    folder: Path
    kind: str
    status: str
    title: str
    disease: str
    trial: str
    seed: int | None
    patients: int | None
    failed: int
    written: str
    version: str
    size_bytes: int
    headline: tuple[Headline, ...]
    evidence: str
    report: str
    code: str

    @property
    def kind_words(self) -> str:
        """What kind of run it is, in words."""
        return KINDS.get(self.kind, "damaged run")


def list_runs(folder: Path) -> tuple[StoredRun, ...]:
    """Return the stored runs of a folder and of folders in it, the last written first.

    One whose manifest cannot be read is among them, as damaged.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "no such folder"
        raise InputError(Issue(str(folder), None, None, problem, "a folder that holds runs"))
    return tuple(newest_runs(folder))


def newest_runs(folder: Path) -> Iterator[StoredRun]:
    """Yield the runs that `list_runs` lists; only those that are taken are read as a whole."""
    places = sorted(run_folders(folder), key=lambda one: (_moment(one), one.as_posix()))
    for place in reversed(places):
        yield from _listed(place, folder)


def run_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders of runs in a folder, itself included, in the order of their names."""
    if folder.is_dir():
        yield from _runs_in(folder, DEPTH)


def find_run(name: str, folder: Path) -> StoredRun:
    """Return a stored run by its id in a folder.

    Raises
    ------
    InputError
        No run of that id, with the nearest one.
    """
    if (place := _direct(name, folder)) is not None:
        return stored_run(place, folder)
    known = {_id(one, folder): one for one in run_folders(folder)}
    if name not in known:
        expected = f"one of {', '.join(known)}" if known else "a folder that holds runs"
        message = f"no run '{name}' in {folder}"
        raise InputError(Issue(None, None, None, message, expected, nearest(name, list(known))))
    return stored_run(known[name], folder)


def run_at(place: str | Path, folder: Path | None = None) -> StoredRun:
    """Return a stored run by its id in a folder, or by its path.

    Raises
    ------
    InputError
        Neither holds such a run.
    """
    above, path = folder if folder is not None else Path(), Path(place)
    name = str(place)
    by_id = _direct(name, above) or name in {_id(one, above) for one in run_folders(above)}
    if not by_id and holds_run(path):
        return stored_run(path, path.parent)
    return find_run(name, above)


def _direct(name: str, folder: Path) -> Path | None:
    """Return the run of a plain id without a look at any other; None where it names none."""
    plain = bool(name) and Path(name).name == name and not name.startswith(".")
    at = os.path.join(folder, name)
    if not plain or os.path.islink(at) or not os.path.isdir(at):
        return None
    return Path(at) if holds_run(Path(at)) else None


def _listed(place: Path, above: Path) -> Iterator[StoredRun]:
    """Yield the run of a folder, as damaged where its manifest is; nothing of one just removed."""
    try:
        yield stored_run(place, above)
    except InputError:
        if (place / MANIFEST).is_file():
            yield _unreadable(place, above)


def _unreadable(place: Path, above: Path) -> StoredRun:
    return StoredRun(
        id=_id(place, above), folder=place, kind=NOT_KNOWN, status=DAMAGED, title=place.name,
        disease="", trial="", seed=None, patients=None, failed=0, written=_written(place),
        version="", size_bytes=0, headline=(), evidence="", report="", code="",
    )  # fmt: skip


def stored_run(folder: Path, above: Path) -> StoredRun:
    """Return what the manifest of a folder tells of its run.

    Raises
    ------
    InputError
        The folder holds no run.
    """
    manifest = run_manifest(folder)
    kind = kind_of(manifest)
    if kind is None:
        expected = f"a {', a '.join(KINDS.values())}"
        raise InputError(Issue(str(folder), None, None, "holds no run", expected))
    settings = manifest.get("settings", {})
    files = [folder / name for name in manifest.get("files", ())]
    there = [path.stat().st_size for path in files if path.is_file()]
    found = headline_of(kind, folder, manifest)
    head, evidence = found or ((), "")
    whole = found is not None and len(there) == len(files)
    return StoredRun(
        id=_id(folder, above),
        folder=folder,
        kind=kind,
        status=_status(manifest, whole),
        title=str(manifest.get("title", "") or f"Plan: {manifest.get('protocol', '')}"),
        disease=_disease(manifest),
        trial=_trial(kind, manifest),
        seed=manifest.get("seed", settings.get("seed")),
        patients=_patients(manifest),
        failed=_failed(manifest.get("failed", 0)),
        written=_written(folder),
        version=str(manifest.get("library_version", settings.get("library_version", ""))),
        size_bytes=sum(there),
        headline=head,
        evidence=evidence,
        report=next((name for name in REPORTS if (folder / name).is_file()), ""),
        code=str(manifest.get("code", "")),
    )


def damaged_files(folder: Path) -> tuple[str, ...]:
    """Return the files of a run that are missing or are not as it wrote them.

    Raises
    ------
    InputError
        The folder holds no run.
    """
    noted = run_manifest(folder).get("files", {})
    return tuple(
        name for name, digest in sorted(noted.items()) if not _whole(folder / name, digest)
    )


def _whole(path: Path, digest: str) -> bool:
    return path.is_file() and hash_file(path) == digest


def _runs_in(folder: Path, depth: int) -> Iterator[Path]:
    if holds_run(folder):
        yield folder
    elif depth > 0:
        for child in sorted(folder.iterdir()):
            hidden = child.name.startswith(".") or not child.name.isprintable()
            if child.is_dir() and not child.is_symlink() and not hidden:
                yield from _runs_in(child, depth - 1)


def _id(folder: Path, above: Path) -> str:
    return folder.name if folder == above else folder.relative_to(above).as_posix()


def _status(manifest: Mapping[str, Any], whole: bool) -> str:
    if manifest.get("complete") is False:
        return UNFINISHED
    return COMPLETE if whole else DAMAGED


def _disease(manifest: Mapping[str, Any]) -> str:
    known = manifest.get("disease") or manifest.get("disease_id")
    return str(known or manifest.get("settings", {}).get("disease", ""))


def _trial(kind: str, manifest: Mapping[str, Any]) -> str:
    if kind == COHORT:
        return " ".join(map(str, manifest["settings"].get("doses", ())))
    if "consultation" in manifest:
        return f"{manifest['consultation']}, {manifest.get('protocol')}/{manifest.get('arm')}"
    return Path(str(manifest.get("protocol", {}).get("file", ""))).stem


def _patients(manifest: Mapping[str, Any]) -> int | None:
    if "settings" in manifest:
        known = manifest["settings"].get("patients")
        return None if known is None else int(known)
    patients = manifest.get("patients")
    return sum(patients.values()) if isinstance(patients, Mapping) else None


def _failed(failed: Any) -> int:
    if not isinstance(failed, Mapping):
        return int(failed or 0)
    return sum(
        sum(arm.values()) if isinstance(arm, Mapping) else int(arm) for arm in failed.values()
    )


def _moment(folder: Path) -> float:
    """Return when a manifest was written [s]; 0 where it was just removed."""
    try:
        return (folder / MANIFEST).stat().st_mtime
    except OSError:
        return 0.0


def _written(folder: Path) -> str:
    at = datetime.fromtimestamp(_moment(folder), UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
