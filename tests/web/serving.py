"""A real server in a process of its own, as `funis serve` starts it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import psutil

import funis
from funis.apps.web.guard import CSRF_HEADER
from funis.cache import CACHE_VARIABLE, cache_folder

COMMAND = [sys.executable, "-c", "from funis.apps.cli import main; main()", "serve"]
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/open\?token=(\S+)")
START_SECOND = 120


@dataclass(frozen=True)
class Server:
    """A process and the lines that it has printed so far."""

    process: subprocess.Popen[str]
    origin: str
    token: str

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A browser's part: a session, and the CSRF token of its pages in each request."""
        with httpx.Client(base_url=self.origin, timeout=60, follow_redirects=True) as client:
            page = client.get("/open", params={"token": self.token}).raise_for_status().text
            csrf = re.findall(r'<meta name="csrf" content="([^"]+)"', page)
            client.headers[CSRF_HEADER] = csrf[0]
            yield client

    def family(self) -> list[psutil.Process]:
        """Every process that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """End it as the system does when memory is short: without a word."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive, f"these outlive their server: {alive}"


def cache_without(place: Path, *kinds: str) -> str:
    """Make a cache without some kinds of entries; all others are shared with the usual one."""
    place.mkdir()
    usual = cache_folder()
    for one in usual.iterdir() if usual is not None and usual.is_dir() else ():
        if one.name not in kinds:
            (place / one.name).symlink_to(one)
    return str(place)


@contextmanager
def serving(folder: Path, *options: str, cache: str | None = None) -> Iterator[Server]:
    """Give a server that answers; it is ended when the block ends."""
    environment = {**os.environ, "PYTHONPATH": str(Path(funis.__file__).parents[1])}
    if cache is not None:
        environment[CACHE_VARIABLE] = cache
    log = folder.parent / "server.log"
    with log.open("a") as errors, subprocess.Popen(
        [*COMMAND, "--port", "0", "--folder", str(folder), *options],
        stdout=subprocess.PIPE, stderr=errors, text=True, env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = ADDRESS.search(line)
            assert found, (line, log.read_text())
            yield Server(process, found[1], found[2])
        finally:
            process.terminate()
            process.wait(30)


def halfway(job: dict[str, object], words: str) -> bool:
    """Whether a job has come to some part of its work."""
    return job["status"] == "running" and job["words"] == words


def until(client: httpx.Client, id: str, when: str, seconds: float = 180) -> dict[str, object]:
    """Wait until a job has a status, or has come to a part of its work, such as `Twins`."""
    end = time.monotonic() + seconds
    job: dict[str, object] = {}
    while time.monotonic() < end:
        job = client.get(f"/api/jobs/{id}").json()
        if job["status"] == when or halfway(job, when):
            return job
        assert job["status"] not in ("failed", "cancelled"), job
        time.sleep(0.02)
    raise AssertionError(f"no {when} after {seconds} s: {job}")
