"""Weights that give virtual patients the baseline that a study printed (exponential tilting)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_SHARE = 0.25
"""Least effective share of the patients; targets too far away are met only part of the way."""

STEPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Tilt:
    """Weights of patients, and how far they went towards what was asked.

    Attributes
    ----------
    weights : (patient,), sum 1.
    reached : share of the way to the targets, 1 where they are met.
    effective : effective share of the patients.
    """

    weights: Array
    reached: float
    effective: float


def tilt(moments: Array, targets: Array) -> Tilt:
    """Return the weights nearest to equal ones under which means are as asked.

    Parameters
    ----------
    moments
        (patient, moment) of the virtual patients.
    targets
        (moment,) means asked for.
    """
    n = len(moments)
    equal = Tilt(np.full(n, 1 / n), 1.0, 1.0)
    if moments.shape[1] == 0 or n == 0:
        return equal
    spread = np.where(moments.std(axis=0) > 0, moments.std(axis=0), 1.0)
    scaled, asked = moments / spread, targets / spread
    middle = scaled.mean(axis=0)
    best = Tilt(equal.weights, 0.0, 1.0)
    for step in range(1, STEPS + 1):
        share = step / STEPS
        weights = _weights(scaled - middle, share * (asked - middle))
        effective = float(1 / np.sum(weights**2) / n)
        got = weights @ scaled - middle
        if effective < LEAST_SHARE or not np.allclose(got, share * (asked - middle), atol=0.02):
            break
        best = Tilt(weights, share, effective)
    return best


def _weights(centred: Array, asked: Array) -> Array:
    """Return weights proportional to exp(a . x) whose means are as asked: the convex dual."""
    from scipy.optimize import minimize

    def dual(a: Array) -> tuple[float, Array]:
        exponent = centred @ a
        top = exponent.max()
        raised = np.exp(exponent - top)
        weights = raised / raised.sum()
        value = float(top + np.log(raised.mean()) - a @ asked)
        return value, weights @ centred - asked

    with np.errstate(
        all="ignore"
    ):  # what no patients reach runs away, and is refused by the caller
        found = minimize(dual, np.zeros(len(asked)), jac=True, method="BFGS")
        exponent = centred @ found.x
        raised = np.exp(exponent - exponent.max())
    return np.asarray(raised / raised.sum(), dtype=np.float64)
