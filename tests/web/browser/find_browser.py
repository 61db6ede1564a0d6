"""Find a Chromium for the tests of the pages, or install Debian's where that is allowed.

As a program (`make test` calls it first) it ends with one line and status 1 where there is none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = "NO_BROWSER"
GIVEN = "FUNIS_CHROMIUM"
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
PACKAGES = ("chromium", "fonts-liberation")
NONE = (
    "no Chromium for the tests of the pages: install one (Debian: apt-get install chromium), or"
    f" name one in {GIVEN}, or leave these tests out with {LEFT_OUT}=1"
)


class NoBrowser(Exception):
    """There is none; the text is one line that says what to do."""


def left_out() -> bool:
    """Whether the tests that need a browser are left out on purpose."""
    return os.environ.get(LEFT_OUT, "") not in ("", "0")


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
    found = Path(given) if given else next(filter(_is_program, _candidates()), None)
    if found is None:
        raise NoBrowser(NONE)
    return found


def install() -> None:
    """Install Debian's packages where apt-get is there and no password is needed for it."""
    become = _right()
    if become is None or shutil.which("apt-get") is None:
        return
    print(f"no Chromium found: installing {' and '.join(PACKAGES)} with apt-get", flush=True)
    quiet = {
        "stdout": subprocess.DEVNULL,
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    }
    subprocess.run([*become, "apt-get", "update", "-qq"], check=False, **quiet)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    subprocess.run([*become, *command], check=False, **quiet)


def _candidates() -> Iterator[Path]:
    yield from (Path(place) for name in NAMES if (place := shutil.which(name)))
    yield from map(Path, PLACES)
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    for folder in ([Path(own)] if own else []) + [Path.home() / one for one in PLAYWRIGHTS]:
        for pattern in ITS_OWN:
            yield from sorted(folder.glob(pattern), reverse=True)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _right() -> list[str] | None:
    """Return what a command begins with to act as root; None without that right."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None or subprocess.run([sudo, "-n", "true"], capture_output=True).returncode:
        return None
    return [sudo, "-n", "--preserve-env=DEBIAN_FRONTEND"]


def main() -> int:
    """Find a browser, installing one where needed and allowed; 0 where the tests can run."""
    if left_out():
        print(f"{LEFT_OUT} is set: the tests of the pages in a browser are left out")
        return 0
    try:
        return _report(find_browser())
    except NoBrowser as error:
        if os.environ.get(GIVEN):
            print(error, file=sys.stderr)
            return 1
    install()
    try:
        return _report(find_browser())
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return 1


def _report(path: Path) -> int:
    print(f"browser of the tests: {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
