"""How fast the engine behind the door is: patients per second of one process. `make bench`.

A year with weekly output of ten quantities; raw draws of rheumatoid arthritis. Nothing passes or
fails here: the numbers depend on the machine, and are printed with what they depend on.
"""

import platform
import time

import numpy as np
import pytest

from funis.population import draw, fluctuation
from funis.protocol import no_doses
from funis.solver import FAILED, ParameterTable, simulate

DAY = 1440
TIMES = np.arange(53) * 7 * DAY
OUTPUTS = (
    "DAS28_CRP_true", "tender_fraction", "swollen_fraction", "pain_vas_true", "crp_true",
    "TRG", "LM", "live", "engulfed", "sharp_total",
)  # fmt: skip
PATIENTS = 60
ROUNDS = 3

pytestmark = pytest.mark.bench


def timed(ra, doses, forcing, rtol):
    """Best of some rounds [s], after one that loads and compiles."""
    draws = draw(ra, PATIENTS, 21)
    table = ParameterTable(draws.names, draws.values)
    path = fluctuation(5, draws.index, draws.column("noise_time"), 0, 55).forcing("xi")
    seconds = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        found = simulate(
            ra, table, doses, TIMES, outputs=OUTPUTS, rtol=rtol, forcing=path if forcing else None
        )
        seconds.append(time.perf_counter() - begun)
    return min(seconds[1:]), int(np.sum(found.status > 0)), int(np.sum(found.status == FAILED))


def test_patients_per_second(ra, events):
    regimens = {
        "untreated": no_doses(),
        "1 dose": events(*[(p, 0, "iv", 70.0, 0) for p in range(PATIENTS)]),
        "4 monthly doses": events(
            *[(p, 28 * DAY * k, "iv", 70.0, 0) for p in range(PATIENTS) for k in range(4)]
        ),
    }
    states = len(ra.form.states)
    print(f"\n{platform.processor() or platform.machine()}, one process, {states} states,")
    print(f"a year of {PATIENTS} patients, 53 x {len(OUTPUTS)} outputs, best of {ROUNDS}")
    head = ("regimen", "fluctuation", "rtol", "patients/s", "other rung", "failed")
    print("{:18}{:14}{:8}{:>12}{:>12}{:>8}".format(*head))
    for name, doses in regimens.items():
        for forcing in (False, True):
            for rtol in (1e-4, 1e-5, 1e-6):
                seconds, other, failed = timed(ra, doses, forcing, rtol)
                kind = "on" if forcing else "off"
                speed = f"{PATIENTS / seconds:.0f}"
                print(f"{name:18}{kind:14}{rtol:<8g}{speed:>12}{other:>12}{failed:>8}")
