"""Bands over patients, and intervals of a mean difference over draws of what cells do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BAND = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Ends of the bands: 90 % and 50 % of the patients, and their median."""

GROUPS = 20
"""Groups of neighbours in potency, each of which stands for one draw."""

LOW, HIGH = 0.025, 0.975
NORMAL_95 = 1.959964
"""Half width of a 95 % interval, in standard errors."""


def bands(values: Array) -> Array:
    """Return the quantiles of `BAND` over patients, (quantile, ...), of (patient, ...).

    Linear between order statistics, as `funis.analysis.band`, in one sort.
    """
    flat = np.sort(np.ascontiguousarray(values.reshape(len(values), -1).T), axis=1)
    found = np.stack([_between(flat, share) for share in BAND])
    return found.reshape(len(BAND), *values.shape[1:])


def _between(ordered: Array, share: float) -> Array:
    place = share * (ordered.shape[1] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[1] - 1)
    return np.asarray(ordered[:, low] + (place - low) * (ordered[:, high] - ordered[:, low]))


def mean_interval(effects: Array, potency: Array | None) -> Array:
    """Return mean, low and high of paired differences, (3, ...), of (patient, ...).

    With draws that differ the truth is one of them: patients are put in the order of the potency of
    their draw and taken in `GROUPS` groups of neighbours; the interval holds 95 % of the means of
    the groups. It is wider than the draws alone make it, for each group is few patients.
    Without draws it is that of a mean over patients.

    Parameters
    ----------
    potency : (patient,) factor of each one's draw; None where draws do not differ.
    """
    mean = effects.mean(axis=0)
    if potency is None:
        half = NORMAL_95 * effects.std(axis=0, ddof=1) / np.sqrt(len(effects))
        return np.stack([mean, mean - half, mean + half])
    order = np.argsort(potency, kind="stable")
    groups = [effects[rows].mean(axis=0) for rows in np.array_split(order, GROUPS)]
    low, high = np.quantile(np.stack(groups), [LOW, HIGH], axis=0)
    return np.stack([mean, np.minimum(low, mean), np.maximum(high, mean)])


def share_interval(moved: Array, potency: Array | None) -> Array:
    """Return mean, low and high of a paired difference of shares, (3, ...), of (patient, ...).

    No narrower than as many patients allow: those who respond in one course alone are counted as
    shares with Wilson's interval, and added as squares. That nobody differs among these patients
    does not mean that nobody would.

    Parameters
    ----------
    moved : 1, 0 or -1 in each patient.
    """
    mean, low, high = mean_interval(moved, potency)
    gained, lost = (_wilson((moved == side).mean(axis=0), len(moved)) for side in (1, -1))
    down = np.hypot(gained[0] - gained[1], lost[2] - lost[0])
    up = np.hypot(gained[2] - gained[0], lost[0] - lost[1])
    return np.stack([mean, np.minimum(low, mean - down), np.maximum(high, mean + up)])


def _wilson(share: Array, size: int) -> Array:
    """Return shares with Wilson's 95 % interval, (3, ...); `funis.analysis.wilson` for columns."""
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = NORMAL_95 * np.sqrt(share * (1 - share) / size + z2 / (4 * size**2)) / (1 + z2 / size)
    low = np.where(share == 0, 0.0, centre - half)
    return np.stack([share, low, np.where(share == 1, 1.0, centre + half)])
