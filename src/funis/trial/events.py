"""Adverse events after doses, as far as the conduct of a trial asks for them.

Whether an event follows a dose is a keyed function of the patient and of the dose; this is the one
place where the trial asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.protocol import DoseEvents, Escalation
from funis.trial.enrol import Enrolled
from funis.trial.study import Study

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def first_event_minute(
    study: Study, who: Enrolled, doses: DoseEvents, terms: Sequence[str], minute: int
) -> tuple[Array, Array]:
    """Return when each patient first had such an event and was first given anything, by a minute.

    Returns
    -------
    array, array
        (patient,) minutes, infinite for never.
    """
    raise NotImplementedError


def limiting(
    study: Study, who: Enrolled, arm_of: Integers, doses: DoseEvents, plan: Escalation
) -> NDArray[np.bool_]:
    """Return who has a dose-limiting toxicity, (patient,)."""
    raise NotImplementedError
