"""What is timed: a year of virtual patients with weekly output of ten quantities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funis.models import Model
from funis.population import draw, fluctuation
from funis.protocol import DoseEvents, no_doses
from funis.solver import Forcing, ParameterTable
from funis.solver.values import MINUTES_PER_DAY, Integers

OUTPUTS = (
    "DAS28_CRP_true", "tender_fraction", "swollen_fraction", "pain_vas_true", "crp_true",
    "TRG", "LM", "live", "engulfed", "sharp_total",
)  # fmt: skip
"""Ten quantities: scores and their parts, cells, structure."""

DOSE_MEGACELL = 70.0
SEED = 21
WEEKS = 53


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """Patients, what they are given, and what is asked of them."""

    model: Model
    table: ParameterTable
    doses: DoseEvents
    forcing: Forcing | None
    times: Integers

    @property
    def size(self) -> int:
        """Number of patients."""
        return len(self.table.values)


def workload(
    model: Model, patients: int, *, doses: int = 4, forced: bool = False, first: int = 0
) -> Workload:
    """Return raw draws of a disease, doses every 28 days from day 0, weekly output of a year."""
    found = draw(model, patients, SEED, first=first)
    table = ParameterTable(found.names, found.values)
    forcing = None
    if forced:
        path = fluctuation(SEED, found.index, found.column("noise_time"), 0, WEEKS + 1)
        forcing = path.forcing(model.text.words("forcing")[0])
    times = np.arange(WEEKS, dtype=np.int64) * 7 * MINUTES_PER_DAY
    return Workload(model, table, _monthly(patients, doses), forcing, times)


def _monthly(patients: int, doses: int) -> DoseEvents:
    if doses == 0:
        return no_doses()
    count = patients * doses
    return DoseEvents(
        np.repeat(np.arange(patients, dtype=np.int64), doses),
        np.tile(np.arange(doses, dtype=np.int64) * 28 * MINUTES_PER_DAY, patients),
        np.full(count, "iv"),
        np.full(count, DOSE_MEGACELL),
        np.zeros(count, dtype=np.int64),
        np.full(count, "uc_msc_reference"),
    )
