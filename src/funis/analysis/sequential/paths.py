"""Recursive integration of a trial's statistic from look to look.

The score S = Z sqrt(t) at information share t is a Brownian motion with drift: E[S] = drift t,
Var[S] = t (Armitage, McPherson and Rowe 1969, J R Stat Soc A 132:235; Jennison and Turnbull 2000,
Group Sequential Methods, chapter 19). Where trials go on, their density is kept at Gauss-Legendre
points of the continuation region.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, roots_legendre

Floats = NDArray[np.float64]

REACH = 8.5
"""Standard deviations beyond which no path is followed (probability below 1e-16)."""
POINTS, POINTS_PER_STEP, MOST_POINTS = 32, 8, 1200


@dataclass(frozen=True, slots=True)
class Paths:
    """Trials that go on after a look: points of the score and the probability at each."""

    information: float
    score: Floats
    mass: Floats


@dataclass(frozen=True, slots=True)
class Crossing:
    """Probabilities of ending at each look above the upper and below the lower bound."""

    above: Floats
    below: Floats


def beginning() -> Paths:
    """Every trial before any data: at score 0."""
    return Paths(0.0, np.zeros(1), np.ones(1))


def chance_above(paths: Paths, information: float, z: float, drift: float = 0.0) -> float:
    """Probability that the statistic at ``information`` is above ``z``, and no end came before."""
    return float(paths.mass @ ndtr(-_standardised(paths, information, z, drift)))


def chance_below(paths: Paths, information: float, z: float, drift: float = 0.0) -> float:
    """Probability that the statistic at ``information`` is below ``z``, and no end came before."""
    return float(paths.mass @ ndtr(_standardised(paths, information, z, drift)))


def go_on(
    paths: Paths, information: float, low: float, high: float, drift: float, step: float
) -> Paths:
    """Trials whose statistic at ``information`` is between ``low`` and ``high``.

    Parameters
    ----------
    paths
        Trials that went on before.
    information
        Share of the information at this look.
    low, high
        Bounds of the statistic; infinite where there is none.
    drift
        Expected statistic at full information.
    step
        Smallest step of information of the design, which the points have to resolve.
    """
    root, gain = math.sqrt(information), information - paths.information
    bottom = max(low * root, drift * information - REACH * root)
    top = min(high * root, drift * information + REACH * root)
    if not top > bottom:
        return Paths(information, np.zeros(1), np.zeros(1))
    width = top - bottom
    wanted = POINTS + math.ceil(POINTS_PER_STEP * width / math.sqrt(step))
    points, weights = _rule(min(POINTS * math.ceil(wanted / POINTS), MOST_POINTS))
    score = bottom + width * points
    away = (score[:, None] - paths.score[None, :] - drift * gain) / math.sqrt(gain)
    density = np.exp(-0.5 * away**2) @ paths.mass / math.sqrt(2 * math.pi * gain)
    return Paths(information, score, width * weights * density)


def smallest_step(information: Sequence[float]) -> float:
    """Smallest gain of information from one look to the next."""
    return float(np.diff([0.0, *information]).min())


def crossing(
    information: Sequence[float],
    low: Sequence[float] | Floats,
    high: Sequence[float] | Floats,
    drift: float = 0.0,
) -> Crossing:
    """Probabilities of ending at each look.

    Parameters
    ----------
    information
        Shares of the information at the looks, rising.
    low, high
        Bounds of the standardised statistic at the looks; infinite where there is none.
    drift
        Expected statistic at full information; 0 is no effect.
    """
    paths, step = beginning(), smallest_step(information)
    above, below = [], []
    for share, bottom, top in zip(
        information, np.array(low).tolist(), np.array(high).tolist(), strict=True
    ):
        above.append(chance_above(paths, share, top, drift))
        below.append(chance_below(paths, share, bottom, drift))
        paths = go_on(paths, share, bottom, top, drift, step)
    return Crossing(np.array(above), np.array(below))


def _standardised(paths: Paths, information: float, z: float, drift: float) -> Floats:
    gain = information - paths.information
    return (z * math.sqrt(information) - paths.score - drift * gain) / math.sqrt(gain)


@lru_cache(maxsize=256)
def _rule(points: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and weights on 0 to 1."""
    nodes, weights = roots_legendre(points)
    return (nodes + 1) / 2, weights / 2
