"""What is costly to make and may be made again: kept between runs in the user's cache folder.

An entry is named by the hash of everything that it depends on and stands behind its own digest.
A cache that cannot be read or written costs time, never a result.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from funis.checks.yaml_reader import Shelf, use_shelf

CACHE_VARIABLE = "FUNIS_CACHE"
"""Environment variable that names the folder of the cache; empty for none."""


def cache_folder() -> Path | None:
    """Return where entries are kept, or None."""
    named = os.environ.get(CACHE_VARIABLE)
    if named is not None:
        return Path(named) if named else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(base).expanduser() / "funis"
    except RuntimeError:  # a user without a home
        return None


def cache_key(*words: str) -> str:
    """Return the name of an entry that depends on some texts."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


def cached(kind: str, key: str) -> bytes | None:
    """Return an entry if it is there and whole."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        content = (folder / kind / key).read_bytes()
    except OSError:
        return None
    digest, entry = content[:32], content[32:]
    return entry if entry and hashlib.sha256(entry).digest() == digest else None


def keep(kind: str, key: str, entry: bytes) -> None:
    """Keep an entry, whole or not at all."""
    folder = cache_folder()
    if folder is None:
        return
    place = folder / kind / key
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(entry).digest() + entry)
            os.replace(name, place)
        except OSError:  # the disk is full, or another process reads the entry on Windows
            os.unlink(name)


def keep_readings() -> None:
    """Keep what this process reads of YAML files: reading is most of the start of a command."""
    use_shelf(Shelf(lambda key: cached("yaml", key), lambda key, entry: keep("yaml", key, entry)))
