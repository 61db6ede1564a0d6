"""Entropy balancing: weights nearest to equal ones that meet given moments.

The weights are an exponential tilt of equal weights; Newton's method on the dual finds the tilt
(Hainmueller 2012, doi:10.1093/pan/mpr025).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue

__all__ = ["balance", "effective_size"]

Array = NDArray[np.float64]

STEPS = 200
HALVINGS = 60
TOLERANCE = 1e-10
ROUNDING = 1e-12
SOLVED = 1e-6


def balance(features: Array, goals: Array, names: Sequence[str]) -> Array:
    """Return weights (n,) that sum to 1 and give every feature its goal as weighted mean.

    Parameters
    ----------
    features
        (n, n_features).
    goals
        (n_features,).
    names
        What each feature is, for the error.

    Raises
    ------
    InputError
        No weights can meet the goals; says which goal is out of reach, or the one that stays
        furthest away when all are asked for together.
    """
    n, size = features.shape
    if not size:
        return np.full(n, 1.0 / n)
    _check_reach(features, goals, names)
    spread = features.std(axis=0)
    gaps = (features - goals) / np.where(spread > 0, spread, 1.0)
    tilt = np.zeros(size)
    for _ in range(STEPS):
        weights = _weights(gaps, tilt)
        gradient = (weights[:, None] * gaps).sum(axis=0)
        if np.abs(gradient).max() < TOLERANCE:
            return weights
        tilt = _newton_step(gaps, tilt, weights, gradient)
    weights = _weights(gaps, tilt)
    rest = (weights[:, None] * gaps).sum(axis=0)
    if np.abs(rest).max() < SOLVED:
        return weights
    worst = int(np.abs(rest).argmax())
    reached = float((weights * features[:, worst]).sum())
    message = f"the targets cannot be met together: {names[worst]} stays at {reached:.4g}"
    raise InputError(Issue(None, None, "targets", message, expected=f"{goals[worst]:.4g}"))


def effective_size(weights: Array) -> float:
    """Return the effective number of patients, 1 / sum of squared weights (Kish)."""
    share = weights / weights.sum()
    return float(1.0 / (share**2).sum())


def _check_reach(features: Array, goals: Array, names: Sequence[str]) -> None:
    low, high = features.min(axis=0), features.max(axis=0)
    for place, name in enumerate(names):
        inside = low[place] < goals[place] < high[place]
        if not inside and not low[place] == goals[place] == high[place]:
            message = f"the target {goals[place]:.4g} of {name} is out of reach"
            reach = f"a number between {low[place]:.4g} and {high[place]:.4g}"
            raise InputError(Issue(None, None, "targets", message, expected=reach))


def _weights(gaps: Array, tilt: Array) -> Array:
    power = (gaps * tilt).sum(axis=1)
    weights = np.exp(power - power.max())
    return np.asarray(weights / weights.sum())


def _dual(gaps: Array, tilt: Array) -> float:
    power = (gaps * tilt).sum(axis=1)
    top = float(power.max())
    return top + float(np.log(np.exp(power - top).sum()))


def _newton_step(gaps: Array, tilt: Array, weights: Array, gradient: Array) -> Array:
    """Return the next tilt: a Newton step, halved until the dual falls."""
    centred = gaps - gradient
    rows = [((weights * column)[:, None] * centred).sum(axis=0) for column in centred.T]
    hessian = np.stack(rows) + 1e-12 * np.eye(tilt.size)
    step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
    slope, here, length = float((gradient * step).sum()), _dual(gaps, tilt), 1.0
    for _ in range(HALVINGS):
        fallen = _dual(gaps, tilt - length * step) <= here - 1e-4 * length * slope
        if fallen or slope < ROUNDING:
            break
        length /= 2.0
    return np.asarray(tilt - length * step)
