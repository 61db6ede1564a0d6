"""`funis runs reproduce`: a stored run made again, and its files held against the stored ones."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from funis.checks import InputError, Issue
from funis.pipeline.processes import Progress, silent
from funis.pipeline.reporting.methods import engine_text, version
from funis.pipeline.runs.again import Again, run_again
from funis.pipeline.runs.contents import NEW, FileMatch, match_files
from funis.pipeline.runs.manifest import run_manifest
from funis.pipeline.runs.record import UNFINISHED, StoredRun, damaged_files, run_at
from funis.pipeline.runs.request import request_of
from funis.store import check_run_folder, read_manifest

ENVIRONMENT = ("Python", "NumPy")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A run made again.

    Attributes
    ----------
    run
        The stored one.
    files
        Each of its files beside the new one.
    damaged
        Files that were changed or lost since they were written: what differs there is no fault of
        the program.
    versions
        What another library, engine or machine differs in, as (what, then, now).
    guessed
        What an older manifest does not say and was taken as usual.
    folder
        Where the new run was kept; None where it was not.
    """

    run: StoredRun
    files: tuple[FileMatch, ...]
    damaged: tuple[str, ...]
    versions: tuple[tuple[str, str, str], ...]
    guessed: str
    folder: Path | None

    @property
    def identical(self) -> bool:
        """Whether every file of the stored run was made again with the same content."""
        return all(one.same for one in self.stored)

    @property
    def stored(self) -> tuple[FileMatch, ...]:
        """The files that the stored run holds; a later version may write more of them."""
        return tuple(one for one in self.files if one.match != NEW)

    @property
    def sentence(self) -> str:
        """The result in a line, such as `6 of 6 files identical, 4 of 4 tables among them`."""
        tables = [one for one in self.stored if one.is_table]
        same, same_tables = (sum(one.same for one in group) for group in (self.stored, tables))
        among = f", {same_tables} of {len(tables)} tables among them" if tables else ""
        return f"{same} of {len(self.stored)} files identical{among}"


def reproduce(
    place: str | Path,
    *,
    folder: Path | None = None,
    trial: Path | None = None,
    keep: Path | None = None,
    scratch: Path | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Reproduction:
    """Make a stored run again from what its manifest says, and compare file by file.

    Parameters
    ----------
    place
        Folder of the run, or its id in ``folder``.
    folder
        Where runs are looked for by id; the working folder when None.
    trial
        The trial file, where the run's own is not there any more.
    keep
        Folder to leave the new run in; it is thrown away when None.
    scratch
        Folder in which one that is thrown away is made; the system's own for that when None.
    workers
        Processes; they change no byte.

    Raises
    ------
    InputError
        No such run, one that is not complete, or one whose trial is gone.
    """
    run = run_at(place, folder)
    if run.status == UNFINISHED:
        expected = "a complete run; the command that began it goes on with it"
        raise InputError(Issue(str(run.folder), None, None, "is not complete", expected))
    manifest = run_manifest(run.folder)
    request = request_of(run.folder, manifest)
    with _place(keep, scratch) as out:
        run_again(
            Again(run.folder, manifest, request, trial), out, workers=workers, progress=progress
        )
        names = {*manifest.get("files", ()), *read_manifest(out).get("files", ())}
        files = match_files(tuple(names), run.folder, out)
    damaged = damaged_files(run.folder)
    return Reproduction(run, files, damaged, tuple(_versions(manifest)), request.guessed, keep)


def _versions(manifest: dict[str, object]) -> Iterator[tuple[str, str, str]]:
    """Return in what library and machine differ between then and now."""
    import platform

    settings = manifest.get("settings")
    noted = {**(settings if isinstance(settings, dict) else {}), **manifest}
    more = noted.get("more")
    then = {
        "funis": noted.get("library_version"), "engine": noted.get("engine"),
        **({name: more.get(name) for name in ENVIRONMENT} if isinstance(more, dict) else {}),
    }  # fmt: skip
    now = {
        "funis": f"funis {version('funis')}", "engine": engine_text(),
        "Python": platform.python_version(), "NumPy": version("numpy"),
    }  # fmt: skip
    for name, before in then.items():
        if before is not None and before != now[name]:
            yield name, str(before), now[name]


@contextmanager
def _place(keep: Path | None, scratch: Path | None) -> Iterator[Path]:
    """Give a folder that does not exist yet; one that is not kept is removed at the end."""
    if keep is not None:
        check_run_folder(keep)
        yield keep
        return
    above = Path(tempfile.mkdtemp(prefix="funis-again-", dir=scratch))
    try:
        yield above / "run"
    finally:
        shutil.rmtree(above, ignore_errors=True)
