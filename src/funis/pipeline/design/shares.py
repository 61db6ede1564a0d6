"""How often something happens among replicates, with the error of draws, bank and replicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.design.plan import GROUPS
from funis.report.content import Interval

T_95 = {
    2: 12.706205, 3: 4.302653, 4: 3.182446, 5: 2.776445, 6: 2.570582, 7: 2.446912, 8: 2.364624,
}  # fmt: skip
"""Half width of a 95 % interval from so many means, in standard errors (Student's t)."""


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
    if len(means) < 2:
        return Interval(whole, 0.0, 1.0)  # one part of the bank says nothing of its error
    error = np.sqrt(max(float(np.var(means, ddof=1)) / len(means), chance))
    half = T_95[len(means)] * float(error)
    least = 3 / met.size  # none of so many is not never, and all of them not always
    low, high = min(whole - half, 1 - least), max(whole + half, least)
    return Interval(whole, max(low, 0.0), min(high, 1.0))
