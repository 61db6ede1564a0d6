"""Find a Chromium for the tests of the pages, or install Debian's where that is allowed.

As a program (`make test` calls it first) it ends with one line and status 1 where there is none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from funis.pipeline.bench.chromium import GIVEN, NoBrowser, find_browser

LEFT_OUT = "NO_BROWSER"
PACKAGES = ("chromium", "fonts-liberation")
NONE = (
    "no Chromium for the tests of the pages: install one (Debian: apt-get install chromium), or"
    f" name one in {GIVEN}, or leave these tests out with {LEFT_OUT}=1"
)


def left_out() -> bool:
    """Whether the tests that need a browser are left out on purpose."""
    return os.environ.get(LEFT_OUT, "") not in ("", "0")


def install() -> None:
    """Install Debian's packages where apt-get is there and no password is needed for it."""
    become = _right()
    if become is None or shutil.which("apt-get") is None:
        return
    print(f"no Chromium found: installing {' and '.join(PACKAGES)} with apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "-y", "--no-install-recommends", *PACKAGES)):
        command = [*become, "apt-get", "-qq", *words]
        subprocess.run(command, check=False, capture_output=True, env=environment)


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
    except NoBrowser:
        print(NONE, file=sys.stderr)
        return 1


def _report(path: Path) -> int:
    print(f"browser of the tests: {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
