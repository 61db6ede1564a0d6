"""Random patients under the four regimens that engines are compared on."""

from collections.abc import Callable

import numpy as np
import pytest
from subjects import DAY, WEEK, Patients, patients_of

from funis.models import Model
from funis.protocol import DoseEvents, no_doses

REGIMENS = ("untreated", "once", "four monthly", "anti-TNF and cells")


@pytest.fixture(scope="session")
def patients(ra: Model) -> Callable[[int, int], Patients]:
    def take(n: int, first: int = 0) -> Patients:
        return patients_of(ra, n, first)

    return take


@pytest.fixture(scope="session")
def regimen(events: Callable[..., DoseEvents]) -> Callable[[str, Patients], DoseEvents]:
    """A million cells per kg; a drug a whole half-year long; two doses at one minute."""

    def give(name: str, who: Patients) -> DoseEvents:
        rows: list[tuple[int, int, str, float, int]] = []
        for row, weight in enumerate(who.weight_kg.tolist()):
            if name == "once":
                rows += [(row, 0, "iv", weight, 0)]
            if name == "four monthly":
                rows += [(row, 28 * DAY * k, "iv", weight, 0) for k in range(4)]
            if name == "anti-TNF and cells":
                rows += [(row, 0, "anti_tnf", 168.0, 168 * DAY), (row, 0, "iv", weight, 0)]
                rows += [(row, 0, "local", 20.0, 0), (row, 10 * WEEK, "iv", weight, 120)]
        return events(*rows) if rows else no_doses()

    return give


@pytest.fixture(scope="session")
def given() -> Callable[[DoseEvents, int, np.ndarray], np.ndarray]:
    """Cells infused before each time, (patient, time)."""

    def count(doses: DoseEvents, size: int, times: np.ndarray) -> np.ndarray:
        total = np.zeros((size, len(times)))
        cells = np.isin(doses.input, ["iv", "local"])
        for row, minute, amount, duration in zip(
            doses.patient[cells], doses.minute[cells], doses.amount[cells],
            doses.duration_minute[cells], strict=True,
        ):  # fmt: skip
            share = np.clip((times - minute) / max(int(duration), 1), 0.0, 1.0)
            total[row] += amount * (share if duration else times > minute)
        return total

    return count
