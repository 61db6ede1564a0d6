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


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """Give a server that answers; it is ended when the block ends."""
    environment = {**os.environ, "PYTHONPATH": str(Path(funis.__file__).parents[1])}
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


def until(client: httpx.Client, id: str, when: str, seconds: float = 180) -> dict[str, object]:
    """Wait until a job has a status, or follows its twins (`twins`): then half is done."""
    end = time.monotonic() + seconds
    job: dict[str, object] = {}
    while time.monotonic() < end:
        job = client.get(f"/api/jobs/{id}").json()
        halfway = job["status"] == "running" and job["words"] == "Twins"
        if job["status"] == when or (when == "twins" and halfway):
            return job
        assert job["status"] not in ("failed", "cancelled"), job
        time.sleep(0.02)
    raise AssertionError(f"no {when} after {seconds} s: {job}")
