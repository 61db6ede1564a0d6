"""Estimates after a trial that could have ended early: stagewise ordering, repeated intervals.

An effect is told as a drift, the expected statistic at full information; divided by the root of
the information (by the standard error at full information) it is in the unit of the endpoint.

Outcomes are ordered by the look at which a trial ended (Armitage 1957; Tsiatis, Rosner and Mehta
1984, Biometrics 40:797): an earlier success is stronger. The p value is the probability under no
effect of an outcome at least as strong, the estimate is the drift under which that is one half.
Bounds of futility that do not bind are left out of it.
"""

import math
from dataclasses import dataclass

import numpy as np

from funis.analysis.sequential.design import Boundaries
from funis.analysis.sequential.paths import (
    Floats,
    beginning,
    chance_above,
    go_on,
    smallest_step,
)

FARTHEST = 40.0


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Estimate of a trial that ended, adjusted for its looks, as a drift.

    Attributes
    ----------
    p
        One-sided p value by stagewise ordering (two-sided trial: twice the smaller side).
    estimate
        Median-unbiased estimate.
    low, high
        Interval by the same ordering.
    naive
        Statistic over the root of the share: what it would be without looks.
    """

    p: float
    estimate: float
    low: float
    high: float
    naive: float


def stronger(bounds: Boundaries, look: int, z: float, drift: float) -> float:
    """Probability under a drift of an outcome at least as strong as ``z`` at a look (from 0)."""
    looks, high = bounds.information.tolist(), bounds.high
    counts = bounds.direction == "either" or bounds.binding
    low = bounds.low if counts else np.full(len(looks), -math.inf)
    paths, step, before = beginning(), smallest_step(looks), 0.0
    for index in range(look):
        top, bottom = float(high[index]), float(low[index])
        before += chance_above(paths, looks[index], top, drift)
        paths = go_on(paths, looks[index], bottom, top, drift, step)
    return before + chance_above(paths, looks[look], z, drift)


def adjusted(bounds: Boundaries, look: int, z: float, confidence: float = 0.95) -> Adjusted:
    """Estimate, interval and p value of a trial that ended.

    Parameters
    ----------
    bounds
        Bounds of the trial.
    look
        Look at which it ended, from 0.
    z
        Statistic there, in the trial's own sign.
    confidence
        Confidence of the interval.

    Returns
    -------
    Adjusted
        Drifts in the trial's own sign: small ones are good where the direction is ``less``.
    """
    from scipy.optimize import brentq

    good, share = bounds.sign * z, float(bounds.information[look])

    def drift_at(probability: float) -> float:
        return float(
            brentq(
                lambda drift: stronger(bounds, look, good, drift) - probability,
                -FARTHEST,
                FARTHEST,
                xtol=1e-10,
            )
        )

    tail = (1 - confidence) / 2
    estimate, low, high = (drift_at(q) for q in (0.5, tail, 1 - tail))
    p = stronger(bounds, look, good, 0.0)
    if bounds.direction == "either":
        p = min(1.0, 2 * min(p, 1 - p))
    ends = sorted((bounds.sign * low, bounds.sign * high))
    return Adjusted(p, bounds.sign * estimate, ends[0], ends[1], z / math.sqrt(share))


def repeated_intervals(z: Floats, bounds: Boundaries) -> tuple[Floats, Floats]:
    """Repeated confidence intervals at every look, as drifts.

    Whatever the reason a trial is ended for, all of them hold the true drift together with a
    probability of at least 1 - 2 alpha (one-sided bounds) or 1 - alpha (two-sided): Jennison and
    Turnbull 1989, J R Stat Soc B 51:305.

    Parameters
    ----------
    z
        Statistics, replicates by looks (or looks).
    bounds
        Bounds of as many looks.

    Returns
    -------
    low, high
        Of the shape of ``z``.
    """
    root = np.sqrt(bounds.information)
    return (z - bounds.high) / root, (z + bounds.high) / root
