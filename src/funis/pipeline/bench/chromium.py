"""The Chromium of this machine: the one that is named, else the first that is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

GIVEN = "FUNIS_CHROMIUM"
"""Environment variable that names the browser."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/usr/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)
PLAYWRIGHTS = (
    ".cache/ms-playwright",
    "Library/Caches/ms-playwright",
    "AppData/Local/ms-playwright",
)
ITS_OWN = ("chromium-*/chrome-*/chrome", "chromium-*/chrome-*/Chromium.app/Contents/MacOS/Chromium",
           "chromium-*/chrome-*/chrome.exe")  # fmt: skip


class NoBrowser(Exception):
    """There is none; the text is one line that says why."""


def find_browser() -> Path:
    """Return the Chromium named in FUNIS_CHROMIUM, else the first one found on this machine.

    Raises
    ------
    NoBrowser
        There is none, or the one that is named is no program.
    """
    given = os.environ.get(GIVEN, "")
    if given and not _is_program(Path(given)):
        raise NoBrowser(f"{GIVEN} is '{given}', which is no program that can be run")
    found = Path(given) if given else next(filter(_is_program, candidates()), None)
    if found is None:
        raise NoBrowser(f"no browser found: install Chromium, or name one in {GIVEN}")
    return found


def candidates() -> Iterator[Path]:
    """Yield where a Chromium may be: on the path, in the usual places, Playwright's own."""
    yield from (Path(place) for name in NAMES if (place := shutil.which(name)))
    yield from map(Path, PLACES)
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    for folder in ([Path(own)] if own else []) + [Path.home() / one for one in PLAYWRIGHTS]:
        for pattern in ITS_OWN:
            yield from sorted(folder.glob(pattern), reverse=True)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
