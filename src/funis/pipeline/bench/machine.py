"""What a process costs: its start to the first patient, and its memory."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from funis.cache import CACHE_VARIABLE

FIRST_PATIENT = """
import numpy as np
from funis.models import load_model
from funis.protocol import no_doses
from funis.solver import ParameterTable, simulate
model = load_model({disease!r})
one = ParameterTable((), np.empty((1, 0)))
found = simulate(model, one, no_doses(), np.arange(53) * 10080, outputs=("DAS28_CRP_true",))
assert found.status.tolist() == [0]
"""

STREAM = """
import sys
from pathlib import Path
from funis.apps.cli import app
from funis.apps.door import enter
status = enter(app, {arguments!r})
if Path("/proc/self/status").exists():  # what the system calls peak counts this process alone
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("peak", peak, file=sys.stderr)
raise SystemExit(status)
"""


def start_seconds(disease: str, rounds: int) -> dict[str, float]:
    """Return seconds from the start of a process to the end of its first patient, cold and warm.

    Cold: an empty cache, so that SBML is made and everything is compiled; warm: the cache of it.
    """
    cold, warm = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(_timed(FIRST_PATIENT.format(disease=disease), folder))
            warm.append(_timed(FIRST_PATIENT.format(disease=disease), folder))
    return {"cold": median(cold), "warm": median(warm)}


def _timed(script: str, cache: str) -> float:
    begun = time.perf_counter()
    environment = {**os.environ, CACHE_VARIABLE: cache}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    return time.perf_counter() - begun


def peak_megabytes(disease: str, patients: Sequence[int], weeks: int) -> dict[str, float]:
    """Return the peak memory of a streamed run of one process, for numbers of patients [MB]."""
    return {str(count): _peak(disease, count, weeks) for count in patients}


def _peak(disease: str, patients: int, weeks: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "simulate", disease, "--dose", "70e6:iv@0:28x4", "--weeks", str(weeks),
            "--patients", str(patients), "--workers", "1", "--out", str(Path(folder) / "run"),
            "--json",
        ]  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", STREAM.format(arguments=arguments)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    words = next(line for line in done.stderr.splitlines()[::-1] if line.startswith("peak"))
    return float(words.split()[1]) / 1e6


def processor() -> str:
    """Return the name of the processor, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
