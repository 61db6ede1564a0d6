"""The user's own folder of studies, which are read beside the library's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DATA_VARIABLE = "FUNIS_DATA"
"""Environment variable that names the user's data folder; empty for none."""


def data_folder() -> Path | None:
    """Return where the user's own data lie, or None where there is no place for them."""
    named = os.environ.get(DATA_VARIABLE)
    if named is not None:
        return Path(named) if named else None
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or "~/AppData/Roaming"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    try:
        return Path(base).expanduser() / "funis"
    except RuntimeError:  # a user without a home
        return None


def user_folder() -> Path | None:
    """Return where the user's own studies lie; it need not exist."""
    folder = data_folder()
    return None if folder is None else folder / "evidence"


def user_files() -> tuple[Path, ...]:
    """Return the files of the user's own studies, by name."""
    folder = user_folder()
    return () if folder is None else tuple(sorted(folder.glob("*.yaml")))
