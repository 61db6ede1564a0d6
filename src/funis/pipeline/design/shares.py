"""How often something happens among replicates, with the error of draws, bank and replicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.design.plan import GROUPS
from funis.report.content import Interval

T_95 = 2.364624
"""Half width of a 95 % interval from `GROUPS` means, in standard errors (t, 7 degrees)."""


def groups_of(draws: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the part of the bank that each draw is followed in."""
    return draws % GROUPS


def mean_share(met: NDArray[np.bool_], group: NDArray[np.int64]) -> Interval:
    """Return a share with its interval: draws, bank and replicates, from the parts of the bank.

    The parts share no patient and no draw, so their means are independent.

    Parameters
    ----------
    met : (draw, replicate) whether it happened.
    group : (draw,) part of the bank.
    """
    if met.size == 0:
        return Interval(np.nan, np.nan, np.nan)
    by_draw = met.mean(axis=1)
    whole = float(by_draw.mean())
    means = np.array([by_draw[group == one].mean() for one in np.unique(group)])
    chance = whole * (1 - whole) / met.size
    error = np.sqrt(max(float(np.var(means, ddof=1)) / len(means), chance)) if len(means) > 1 else 1
    half = T_95 * float(error)
    least = 1 / met.size  # none of so many is not never
    return Interval(whole, max(whole - half, 0.0), min(max(whole + half, 3 * least), 1.0))
