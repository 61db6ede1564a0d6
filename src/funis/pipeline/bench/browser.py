"""Explore in a browser: from the event of a slider to the curves, with a server of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from funis.pipeline.bench.chromium import NoBrowser, find_browser
from funis.pipeline.explore import default_state, explore_options, permalink
from funis.pipeline.library import first_disease
from funis.pipeline.tables import Table

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
ADDRESS = re.compile(r"http://\S+/open\?token=\S+")
STARTED_SECONDS = 60.0
FIRST_MOVES = 10
"""Moves before the measured ones: the browser compiles the page's script."""

SWEEP = 100
"""Steps of the slider in one direction."""

KINDS = ("explore-move", "explore-whole", "explore-paint")

COUNT = "() => performance.getEntriesByName('explore-paint').length"
DRIVE = """async ([moves, sweep]) => {
  const dose = document.getElementById("dose_iv"), every = document.getElementById("every");
  let drawn = null;
  new PerformanceObserver((list) => {
    if (list.getEntriesByName("explore-paint").length) drawn?.();
  }).observe({ entryTypes: ["measure"] });
  const step = (slider, by) => new Promise((done) => {
    drawn = done;
    slider.value = Number(slider.value) + by * Number(slider.step || 1);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
  for (let number = 0; number < moves; number += 1) {
    if (number && number % sweep === 0) await step(every, 1);
    await step(dose, Math.floor(number / sweep) % 2 ? -1 : 1);
    await new Promise((done) => setTimeout(done, 30));
  }
}"""
"""Moves the slider of the dose, each step after the one before was drawn; no place twice."""

TIMES = "(name) => performance.getEntriesByName(name).map((one) => one.duration)"
LOADED = """() => {
  const loaded = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return [paint.startTime, loaded.reduce((sum, one) => sum + one.transferSize, 0)];
}"""


@dataclass(frozen=True, slots=True)
class BrowserMoves:
    """What was measured in a browser, or why nothing was.

    Attributes
    ----------
    browser : its name and version; empty where nothing was measured.
    why : why nothing was measured.
    moves : steps of the slider of the dose, each after the one before was drawn.
    drawn : from the event until score and responders are drawn, p50 and p90 [ms].
    whole : from the event until cells and mechanism are drawn too, p50 and p90 [ms].
    painted : from the event to the frame after it, p50 and p90 [ms].
    first_paint : of the page, once it was visited [ms].
    size : of the page with everything that it loads [byte].
    """

    browser: str = ""
    why: str = ""
    moves: int = 0
    drawn: tuple[float, float] = (0.0, 0.0)
    whole: tuple[float, float] = (0.0, 0.0)
    painted: tuple[float, float] = (0.0, 0.0)
    first_paint: float = 0.0
    size: int = 0


def browser_moves(moves: int) -> BrowserMoves:
    """Measure moves in a browser; what is not there is said, and nothing is measured."""
    if moves == 0:
        return BrowserMoves(why="no move was asked for")
    try:
        place = find_browser()
        from playwright.sync_api import Error, sync_playwright
    except NoBrowser as error:
        return BrowserMoves(why=str(error))
    except ImportError:
        return BrowserMoves(why="Playwright is not installed")
    with sync_playwright() as driver, _served() as address:
        try:
            launched = driver.chromium.launch(executable_path=place, args=list(FLAGS))
        except Error:
            return BrowserMoves(why=f"{place} does not start as Chromium does")
        try:
            page = launched.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            return _measured(page, address, f"Chromium {launched.version}", moves)
        finally:
            launched.close()


def _measured(page: Page, address: str, name: str, moves: int) -> BrowserMoves:
    origin = address.partition("/open")[0]
    place = origin + "/explore?" + permalink(default_state(first_disease()))
    page.goto(place)
    page.wait_for_function(f"() => ({COUNT})() > 0", timeout=120_000)
    page.evaluate(DRIVE, [FIRST_MOVES + moves, SWEEP])
    drawn, whole, painted = (_ends(page.evaluate(TIMES, kind)[-moves:]) for kind in KINDS)
    paint, size = _fresh(page, place)
    return BrowserMoves(name, "", moves, drawn, whole, painted, paint, int(size))


def _fresh(page: Page, place: str) -> tuple[float, float]:
    """Return first paint [ms] and size [byte] for a visitor who has nothing of the page yet."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(storage_state=page.context.storage_state())
    try:
        visitor = context.new_page()
        visitor.goto(place, wait_until="networkidle")
        paint, size = visitor.evaluate(LOADED)
    finally:
        context.close()
    return float(paint), float(size)


def _ends(times: Sequence[float]) -> tuple[float, float]:
    p50, p90 = np.quantile(times, [0.5, 0.9]).tolist()
    return p50, p90


@contextmanager
def _served() -> Iterator[str]:
    """Give the address that opens a workbench of its own, which ends with the block."""
    command = [sys.executable, "-c", "from funis.apps.cli import main; main()", "serve"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as written, subprocess.Popen(
            [*command, "--port", "0", "--folder", str(Path(folder) / "workbench")],
            stdout=written, stderr=written, stdin=subprocess.DEVNULL,
            env={**environment, "PYTHONUNBUFFERED": "1"},
        ) as server:  # fmt: skip
            try:
                yield _address(server, log)
            finally:
                server.terminate()


def _address(server: subprocess.Popen[Any], log: Path) -> str:
    late = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < late and server.poll() is None:
        found = ADDRESS.search(log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.05)
    raise RuntimeError(f"the workbench did not start: {log.read_text(encoding='utf-8')}")


def browser_table(found: BrowserMoves) -> Table:
    """Return what was measured as a table; one line says why where nothing was."""
    state = default_state(first_disease())
    name = explore_options(state.disease).name.lower()
    title = f"Explore in a browser: {state.patients} virtual patients and their twins, {name}"
    if not found.browser:
        return Table(title, ("what", "value"), (("not measured", found.why),))
    rows = (
        ("browser", found.browser),
        ("moves of a slider", str(found.moves)),
        ("event to score and responders drawn, p50 and p90", _two(found.drawn)),
        ("event to all curves drawn, p50 and p90", _two(found.whole)),
        ("event to the frame after, p50 and p90", _two(found.painted)),
        ("first paint of the page", f"{found.first_paint:.0f} ms"),
        ("page with everything that it loads", f"{found.size / 1000:.0f} kB"),
    )
    return Table(title, ("what", "value"), rows)


def _two(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.0f} ms and {ends[1]:.0f} ms"
