"""What happens or not: descriptors that are there, events up to now, numbers counted at a visit.

Each is a function of what the model says and of the patient's own luck, which is the same under
every arm: a milder disease only takes descriptors away and puts events off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoints import Component
from funis.population import exponential, uniform

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

AT_ONCE = 8
"""Events of a patient that are drawn together: few have more, and each draw has a fixed cost."""


def thresholds(
    components: Sequence[Component], seed: int, patient: Integers, attempt: Integers
) -> dict[str, Array]:
    """Return the patients' own thresholds, (patient,) by component whose luck it is."""
    names = sorted({item.luck_of for item in components if item.scale == "presence"})
    column = np.array(names, dtype=np.str_)[:, None]
    drawn = uniform(seed, "presence", patient, column, attempt)
    return dict(zip(names, drawn, strict=True))


def present(share: Array, shift: Array, threshold: Array) -> Array:
    """Return where a descriptor is there (1.0) or not (0.0).

    Parameters
    ----------
    share : (patient,) of patients in this state who have it; not-a-number stays so.
    shift : (patient,) by the observation layers, on the logit scale.
    threshold : (patient,) of the patient's own, uniform on (0, 1).
    """
    there = (_logit(share) + shift > _logit(threshold)).astype(np.float64)
    return np.where(np.isnan(share + shift), np.nan, there)


def events(
    component: Component, intensity: Array, seed: int, patient: Integers, attempt: Integers
) -> Array:
    """Return how many events came up to an integrated intensity, `component.high` at most.

    They are the arrivals of a unit-rate Poisson process of the patient's own, drawn `AT_ONCE` at a
    time: the patients with fewer are then done.
    """
    number = np.where(np.isnan(intensity), np.nan, 0.0)
    arrival = np.zeros(len(patient))
    most = int(component.high)
    open_rows = np.flatnonzero(intensity > 0)
    for first in range(0, most, AT_ONCE):
        if len(open_rows) == 0:
            break
        which = np.arange(first, min(first + AT_ONCE, most))
        who, key = patient[open_rows, None], attempt[open_rows, None]
        times = exponential(seed, "events", who, which, component.id, key)
        times[:, 0] += arrival[open_rows]
        times = np.cumsum(times, axis=1)
        come = times <= intensity[open_rows, None]
        number[open_rows] += come.sum(axis=1)
        arrival[open_rows] = times[:, -1]
        open_rows = open_rows[come[:, -1]]
    return number


def counted(
    component: Component,
    mean: Array,
    seed: int,
    patient: Integers,
    attempt: Integers,
    minute: int,
) -> Array:
    """Return a Poisson number of a visit, `component.high` at most, from one uniform number."""
    from scipy.special import pdtr

    luck = uniform(seed, "count", patient, minute, component.id, attempt)
    low = np.full(len(patient), -1.0)
    high = np.full(len(patient), component.high)
    known = np.maximum(np.nan_to_num(mean), 0.0)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        enough = pdtr(np.maximum(middle, 0), known) >= luck
        enough = np.where(high - low > 1, enough, True)
        middle = np.where(high - low > 1, middle, high)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(np.isnan(mean), np.nan, high)


def _logit(share: Array) -> Array:
    """Return the logit; shares of 0 and 1, and beyond, have infinite ones."""
    inside = np.clip(share, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(inside) - np.log1p(-inside))
