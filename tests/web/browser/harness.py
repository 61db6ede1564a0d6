"""The workbench as a program of its own, what a page does wrong while it is watched, and axe."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import funis

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
STARTED_SECONDS = 60.0
ADDRESS = re.compile(r"http://\S+/open\?token=\S+")
WIDTHS = {360: 800, 1280: 900, 2560: 1440}
"""Widths of a screen and the height that goes with each [px]."""
SCHEMES = ("light", "dark")
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
STATUS_LINE = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@dataclass(frozen=True, slots=True)
class Served:
    """A workbench that listens: its origin, its folder, what it has printed."""

    origin: str
    folder: Path
    log: Path

    @property
    def opening(self) -> str:
        """The newest address that opens a session; each is good for one."""
        return ADDRESS.findall(self.log.read_text(encoding="utf-8"))[-1]


@contextmanager
def served(folder: Path, **environment: str) -> Iterator[Served]:
    """Give a workbench of its own, as `funis serve` starts it, until the block ends."""
    port = _free_port()
    command = [sys.executable, "-c", "from funis.apps.cli import main; main()", "serve"]
    source = str(Path(funis.__file__).parents[1])
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    log = folder.parent / f"{folder.name}.log"
    with log.open("w", encoding="utf-8") as written, subprocess.Popen(
        [*command, "--port", str(port), "--folder", str(folder)],
        stdout=written, stderr=written, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", **environment},
    ) as server:  # fmt: skip
        try:
            _wait(server, log, port)
            yield Served(f"http://127.0.0.1:{port}", folder, log)
        finally:
            _end(server)


def _wait(server: subprocess.Popen[bytes], log: Path, port: int) -> None:
    """Wait until the server has printed its address and listens."""
    late = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < late and server.poll() is None:
        if ADDRESS.search(log.read_text(encoding="utf-8")) and _listens(port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the workbench did not start: {log.read_text(encoding='utf-8')}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(0.5)
        return one.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Watch:
    """What goes wrong in a page: errors of console and scripts, failed and foreign requests.

    Attributes
    ----------
    origin
        The only place that a page may ask.
    allowed
        Statuses of answers that this test expects, such as 422 where it types nonsense.
    """

    origin: str
    allowed: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def look_at(self, page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _said(self, message) -> None:
        expected = STATUS_LINE.match(message.text)
        if message.type == "error" and not (expected and int(expected[1]) in self.allowed):
            self.faults.append(f"console: {message.text}")

    def _failed(self, request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # a newer request took its place
            self.faults.append(f"failed: {request.url} ({request.failure})")

    def _asked(self, request) -> None:
        parts = urlsplit(request.url)
        inside = (
            parts.scheme in ("data", "blob") or f"{parts.scheme}://{parts.netloc}" == self.origin
        )
        if not inside:
            self.faults.append(f"left the origin: {request.url}")

    def _answered(self, answer) -> None:
        if answer.status >= 400 and answer.status not in self.allowed:
            self.faults.append(f"answered {answer.status}: {answer.request.method} {answer.url}")


def violations(page, *, schemes: Iterable[str] = SCHEMES, widths: Iterable[int] = (360, 1280)):
    """Return what axe finds in a page as it stands, a line each, in every look asked for."""
    found: dict[str, None] = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(60)  # colours that change gradually have changed
            for line in _axe(page):
                found.setdefault(f"{line} ({width} px, {scheme})")
    return list(found)


def _axe(page) -> list[str]:
    # Evaluated, not added to the page: the policy of the page forbids foreign scripts.
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(axe_source())
    options = json.dumps(
        {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    )
    result = page.evaluate(f"() => axe.run(document, {options})")
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}: {node['html'][:160]}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


@cache
def axe_source() -> str:
    """Return axe-core, from the development package that carries it."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def take_shots(page, name: str, folder: Path) -> None:
    """Write pictures of a page at every width, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(150)
            place = folder / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=place, full_page=width < 2000)
