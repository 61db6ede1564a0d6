"""The bench measures the page in a browser of its own; here in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import funis

from .find_browser import find_browser

MEASURE = """
import json
from dataclasses import asdict
from funis.pipeline.bench.browser import browser_moves
print(json.dumps(asdict(browser_moves(3))))
"""


def test_moves_are_timed_from_the_event_to_the_frame_after():
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(funis.__file__).parents[1]),
        "FUNIS_CHROMIUM": str(find_browser()),
    }
    command = [sys.executable, "-c", MEASURE]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["browser"].startswith("Chromium ")
    assert found["moves"] == 3
    assert 0 < found["drawn"][0] <= found["drawn"][1]
    assert found["drawn"][0] < found["whole"][0] < found["painted"][0]
    assert 40_000 < found["size"] < 400_000
