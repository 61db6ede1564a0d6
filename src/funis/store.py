"""Runs on disk: whole files, whole folders, and hashes of what they hold.

A file or run folder appears under its name complete or not at all. Tables are Parquet, and
``manifest.json`` in a folder says that funis wrote it and from what. A run folder (``run_folder``)
is written once it is complete; a chunk folder (``chunk_folder``) grows file by file, and a run
that was killed goes on from what its journal says is whole.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funis.checks import InputError, Issue

if TYPE_CHECKING:
    import polars

MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"
PROGRAM = "funis"
HALF = re.compile(r"\.(.+)\.[0-9a-f]{12}")
"""Hidden name of what is being written or removed, and the name that it is beside."""


class NotOurs(InputError):
    """A manifest that another program wrote."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or nothing; an existing file is replaced in one step.

    The folder of the file is made where it is missing.

    Raises
    ------
    InputError
        If the place cannot be written to, or is a device, a pipe or the like: it would be replaced.
    """
    temporary = _beside(path)
    try:
        check_file_place(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None


def check_file_place(path: Path) -> None:
    """Refuse the name of a device, a pipe or the like: a file would take its place.

    Raises
    ------
    InputError
        It is one, or a link to one.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise _refusal(path, "is a device or a pipe, no file", "the name of a file")


def write_text(path: Path, content: str) -> None:
    """Write a whole text file (UTF-8, lines ended by line feeds) or nothing."""
    write_bytes(path, content.encode("utf-8"))


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write what a folder was made from as its ``manifest.json``, keys sorted.

    The entry ``program`` is added; by it the folder is known as one that funis may replace.

    Raises
    ------
    ValueError
        If a value is not finite or the manifest has another ``program``.
    """
    if manifest.get("program", PROGRAM) != PROGRAM:
        raise ValueError(f"a manifest of {manifest['program']!r} is not ours to write")
    entries = {**manifest, "program": PROGRAM}
    text = json.dumps(entries, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(folder / MANIFEST, text + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What ``write_manifest`` wrote into a folder.

    Raises
    ------
    InputError
        If the folder has no manifest, or one that funis did not write.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _refusal(path, "no such file", "the folder of a funis run") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise _refusal(path, "cannot be read", "the manifest of a funis run") from None
    if not isinstance(manifest, dict) or manifest.get("program") != PROGRAM:
        raise NotOurs(
            Issue(str(path), None, None, "is not by funis", "the manifest of a funis run")
        )
    return manifest


def write_table(path: Path, table: "polars.DataFrame") -> None:
    """Write a table as Parquet, compressed with zstd; complete or not at all."""
    from io import BytesIO

    content = BytesIO()
    table.write_parquet(content, compression="zstd", statistics=True)
    write_bytes(path, content.getvalue())


def read_table(path: Path) -> "polars.DataFrame":
    """A table that ``write_table`` wrote.

    Raises
    ------
    InputError
        If the file is missing or is no Parquet table.
    """
    import polars

    if not path.is_file():
        raise _refusal(path, "no such file", "a Parquet table")
    try:
        return polars.read_parquet(path, hive_partitioning=False, glob=False)
    except (polars.exceptions.PolarsError, OSError):
        raise _refusal(path, "cannot be read", "a Parquet table") from None


def hash_bytes(content: bytes) -> str:
    """SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> str:
    """SHA-256 over the names and contents of all files in a folder, at any depth.

    Names count relative to the folder, so a moved folder keeps its hash. Hidden files do not
    count, nor do times and permissions.
    """
    digest = hashlib.sha256()
    for name in sorted(_names(folder)):
        digest.update(f"{name}\0{hash_file(folder / name)}\n".encode())
    return digest.hexdigest()


@contextmanager
def run_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``path`` when the block ends without an error.

    After an error nothing is left, and a run that stood there before is untouched. Only an empty
    folder, or an earlier run with nothing added to it, is ever replaced. The entry ``files`` of
    the manifest is filled with the SHA-256 of every other file.

    Parameters
    ----------
    path
        Where the run will lie.

    Yields
    ------
    Path
        A folder beside ``path`` to write to. It must get a manifest (``write_manifest``).

    Raises
    ------
    InputError
        Before anything is written, if ``path`` is a file or a folder of somebody else.
    ValueError
        At the end, if no manifest was written.
    """
    check_run_folder(path)
    temporary = _beside(path)
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield temporary
        if not (temporary / MANIFEST).is_file():
            raise ValueError(f"the run for {path} has no {MANIFEST}")
        write_manifest(temporary, {**read_manifest(temporary), "files": _hashes(temporary)})
        check_run_folder(path)
        _move(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_run_folder(path: Path) -> None:
    """Refuse, before a long run, a place where ``run_folder`` would not write.

    Raises
    ------
    InputError
        If ``path`` is a file, or holds files that no funis run wrote.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir() or path.is_symlink():
        raise _refusal(path, "is not a folder", "a new folder, or one of an earlier funis run")
    foreign = sorted(_names(path) - _own_names(path))
    if foreign:
        problem = f"holds '{foreign[0]}', which is not of a funis run"
        raise _refusal(path, problem, "an empty folder or another name")


def remove_run(path: Path) -> None:
    """Remove a run folder for good: gone from under its name in one step, then its files.

    Raises
    ------
    InputError
        It is no run, holds a file that no funis run wrote, is being written, or cannot be removed.
    """
    with run_removed(path):
        pass


@contextmanager
def run_removed(path: Path) -> Iterator[None]:
    """Take a run folder from under its name for a block; its files are removed at the end.

    After an error in the block it stands under its name again.

    Raises
    ------
    InputError
        As ``remove_run``, before the block.
    """
    _check_removable(path)
    aside = _beside(path)
    try:
        os.replace(path, aside)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield
    except BaseException:
        os.replace(aside, path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _check_removable(path: Path) -> None:
    read_manifest(path)
    noted = _notes((path / JOURNAL).read_bytes()) if (path / JOURNAL).is_file() else {}
    foreign = sorted(_names(path) - _own_names(path) - {JOURNAL, *noted})
    if foreign:
        problem = f"holds '{foreign[0]}', which is not of this run: nothing was removed"
        raise _refusal(path, problem, "a folder with nothing but its run")
    if (path / JOURNAL).is_file():
        with _journal(path):
            pass  # nobody else writes it


@dataclass(frozen=True, slots=True)
class ChunkFolder:
    """A run folder that grows file by file.

    Attributes
    ----------
    path
        Where it lies.
    whole
        SHA-256 of the files that an earlier, unfinished run wrote, by name. A file may have been
        damaged or lost since: only one that still has this hash counts (``read_whole``).
    """

    path: Path
    whole: Mapping[str, str]
    _journal: int

    def record(self, name: str, digest: str) -> None:
        """Note in the journal that a file is whole; the note is on disk when this returns."""
        os.write(self._journal, (json.dumps({"file": name, "sha256": digest}) + "\n").encode())
        os.fsync(self._journal)

    def noted(self) -> int:
        """Return the number of files that are noted as whole, here or by an earlier run."""
        return len({*self.whole, *_notes((self.path / JOURNAL).read_bytes())})

    def finish(self, more: Mapping[str, Any], digests: Mapping[str, str]) -> None:
        """Write the manifest that makes the run complete.

        Parameters
        ----------
        more
            What it says beside what it has said from the beginning.
        digests
            SHA-256 of every other file by name.
        """
        begun = read_manifest(self.path)
        write_manifest(self.path, {**begun, **more, "files": dict(digests), "complete": True})


@contextmanager
def chunk_folder(
    path: Path, settings: Mapping[str, Any], names: Iterable[str], known: Mapping[str, Any]
) -> Iterator[ChunkFolder]:
    """Begin a run folder that grows file by file, or go on with it where an earlier run ended.

    The manifest is written first and says that the run is not complete; every whole file is noted
    in a journal, which goes when the run is complete. Nothing of somebody else is touched.

    Parameters
    ----------
    path
        A new or empty folder, or one of a run with the same settings.
    settings
        What the content depends on, as JSON values.
    names
        Every file that the run writes, relative to the folder.
    known
        What the manifest says from the beginning.

    Raises
    ------
    InputError
        If ``path`` is no folder, holds another run or files of somebody else, cannot be written
        to, or is being written by another process.
    """
    digest = hash_bytes(json.dumps(settings, sort_keys=True, allow_nan=False).encode())
    own = {MANIFEST, JOURNAL, *names}
    _check_chunk_folder(path, settings, digest, own)
    if not (path / MANIFEST).is_file():
        begun = {**known, "settings": settings, "settings_hash": digest, "complete": False}
        write_manifest(path, begun)
    with _journal(path) as (journal, whole):
        _remove_halves(path, own)
        yield ChunkFolder(path, {**read_manifest(path).get("files", {}), **whole}, journal)
    if read_manifest(path)["complete"]:
        (path / JOURNAL).unlink(missing_ok=True)


def read_whole(path: Path, digest: str | None) -> bytes | None:
    """Bytes of a file that has this hash; none where it is missing or was changed."""
    with suppress(OSError):
        content = path.read_bytes() if digest is not None else None
        if content is not None and hash_bytes(content) == digest:
            return content
    return None


def _check_chunk_folder(
    path: Path, settings: Mapping[str, Any], digest: str, own: Collection[str]
) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir():
        raise _refusal(path, "is not a folder", "a new folder, or one of the same run")
    names = _names(path)
    manifest = read_manifest(path) if MANIFEST in names else {}
    if manifest and manifest.get("settings_hash") != digest:
        problem = _difference(manifest.get("settings"), settings)
        raise _refusal(path, problem, "an empty folder, another name or the same settings")
    foreign = sorted(names - {*own} if manifest else names)
    if foreign:
        problem = f"holds '{foreign[0]}', which is not of this run"
        raise _refusal(path, problem, "an empty folder or another name")


def _difference(found: Any, settings: Mapping[str, Any]) -> str:
    """Say by what a run in a folder is another one."""
    if not isinstance(found, Mapping):
        return "holds another kind of run"
    other = next((n for n in settings if found.get(n) != settings[n]), None)
    if other is None:
        return "holds a run of other settings"
    return f"holds a run with {other} {found.get(other)}, not {settings[other]}"


@contextmanager
def _journal(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the open journal of a folder, locked, and the hashes that it holds."""
    try:
        file = os.open(path / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        raise _unwritable(path / JOURNAL, error) from None
    try:
        if not locked(file):
            raise _refusal(path, "is being written by another process", "another name")
        text = (path / JOURNAL).read_bytes()
        noted = text[: text.rfind(b"\n") + 1]  # a line that was cut short is not noted
        os.ftruncate(file, len(noted))
        yield file, _notes(noted)
    finally:
        os.close(file)


def _notes(text: bytes) -> dict[str, str]:
    """Return the hashes that a journal holds; a line that says nothing costs time only."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            found[str(row["file"])] = str(row["sha256"])
    return found


def locked(file: int) -> bool:
    """Lock an open file until it is closed or the process ends; systems without locks pass."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_halves(path: Path, own: Collection[str]) -> None:
    """Remove what a killed process had begun to write under a hidden name."""
    for half in path.rglob(".*"):
        found = HALF.fullmatch(half.name)
        if found and half.with_name(found[1]).relative_to(path).as_posix() in own:
            half.unlink(missing_ok=True)


def _own_names(folder: Path) -> set[str]:
    """Names of the files that a funis run wrote into a folder; none if it is no run."""
    try:
        files = read_manifest(folder).get("files", {})
    except InputError:
        return set()
    return {MANIFEST, *(files if isinstance(files, Mapping) else ())}


def _move(temporary: Path, path: Path) -> None:
    """Put a finished folder in place, setting an older one aside until it stands."""
    if not path.exists():
        os.replace(temporary, path)
        return
    aside = _beside(path)
    os.replace(path, aside)
    try:
        os.replace(temporary, path)
    except OSError:
        os.replace(aside, path)
        raise
    shutil.rmtree(aside)


def _names(folder: Path) -> set[str]:
    """Names, relative to a folder, of the files in it at any depth, hidden ones left out."""
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path.as_posix() for path in paths if not any(p.startswith(".") for p in path.parts)}


def _hashes(folder: Path) -> dict[str, str]:
    return {name: hash_file(folder / name) for name in _names(folder) - {MANIFEST}}


def _beside(path: Path) -> Path:
    """A hidden name in the same folder that nothing bears yet."""
    full = path.absolute()
    return full.with_name(f".{full.name}.{secrets.token_hex(6)}")


def _unwritable(path: Path, error: OSError) -> InputError:
    problem = (error.strerror or "error").lower()
    return _refusal(path, f"cannot be written ({problem})", "a place that can be written to")


def _refusal(path: Path, problem: str, expected: str) -> InputError:
    return InputError(Issue(str(path), None, None, problem, expected))
