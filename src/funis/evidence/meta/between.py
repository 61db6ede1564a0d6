"""The variance between trials: four estimators and its interval, with or without covariates.

All of them rest on P = W - W X (X'W X)^-1 X'W with weights W = 1 / (v + tau2): the generalised Q
is y'P y, and the columns of X are ones (a pool) or ones and covariates (a regression).

References
----------
Veroniki et al. 2016, Res Synth Methods 7:55 (estimators and their intervals); Viechtbauer 2007,
Stat Med 26:37 (the Q-profile interval); Viechtbauer 2010, J Stat Softw 36(3) (with covariates).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from funis.evidence.meta.values import Method, Range

Array = NDArray[np.float64]

_POINTS = 60


def projection(variances: Array, design: Array, tau2: float) -> Array:
    """Return the matrix P at a variance between trials."""
    weights = 1 / (variances + tau2)
    weighted = weights[:, None] * design
    inverse = np.linalg.inv(design.T @ weighted)
    return np.asarray(np.diag(weights) - weighted @ inverse @ weighted.T, dtype=np.float64)


def generalised_q(effects: Array, variances: Array, design: Array, tau2: float = 0.0) -> float:
    """Return y'P y: Cochran's Q at ``tau2`` of 0."""
    return float(effects @ projection(variances, design, tau2) @ effects)


def typical_variance(variances: Array, design: Array) -> float:
    """Return the variance within a typical trial, which I2 and H2 compare with.

    References
    ----------
    Higgins and Thompson 2002, Stat Med 21:1539, in the form (k - p) / trace(P).
    """
    freedom = design.shape[0] - design.shape[1]
    return float(freedom / np.trace(projection(variances, design, 0.0)))


def between_variance(method: Method, effects: Array, variances: Array, design: Array) -> float:
    """Estimate the variance between trials (``fixed``: none at all)."""
    if method == "fixed":
        return 0.0
    if method == "dl":
        return _moments(effects, variances, design)
    if method == "pm":
        freedom = design.shape[0] - design.shape[1]
        return _tau2_where_q_is(freedom, effects, variances, design)
    return _likeliest(effects, variances, design, restricted=method == "reml")


def q_profile(effects: Array, variances: Array, design: Array, confidence: float = 0.95) -> Range:
    """Interval of the variance between trials: where Q meets the quantiles of chi-squared."""
    freedom = design.shape[0] - design.shape[1]
    tail = (1 - confidence) / 2
    upper, lower = float(chdtri(freedom, tail)), float(chdtri(freedom, 1 - tail))
    return Range(
        _tau2_where_q_is(upper, effects, variances, design),
        _tau2_where_q_is(lower, effects, variances, design),
    )


def _moments(effects: Array, variances: Array, design: Array) -> float:
    freedom = design.shape[0] - design.shape[1]
    trace = np.trace(projection(variances, design, 0.0))
    return max(0.0, float((generalised_q(effects, variances, design) - freedom) / trace))


def _tau2_where_q_is(wanted: float, effects: Array, variances: Array, design: Array) -> float:
    """Return the tau2 at which Q is as wanted; Q falls with tau2, and 0 is the floor."""
    from scipy.optimize import brentq

    def excess(tau2: float) -> float:
        return generalised_q(effects, variances, design, tau2) - wanted

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, _above(excess, variances), xtol=1e-14, rtol=1e-13))


def _above(excess: Callable[[float], float], variances: Array) -> float:
    top = float(np.max(variances))
    while excess(top) > 0:
        top *= 4.0
    return top


def _likeliest(effects: Array, variances: Array, design: Array, *, restricted: bool) -> float:
    """Return the tau2 of the highest likelihood: the best of a grid, then the root of the slope."""
    from scipy.optimize import brentq

    def slope(tau2: float) -> float:
        p = projection(variances, design, tau2)
        weights = np.trace(p) if restricted else np.sum(1 / (variances + tau2))
        return float(effects @ p @ p @ effects - weights)

    def height(tau2: float) -> float:
        return _log_likelihood(effects, variances, design, tau2, restricted=restricted)

    top = 4 * float(np.var(effects) + np.max(variances))
    grid = np.concatenate(([0.0], np.geomspace(1e-6 * top, top, _POINTS)))
    best = int(np.argmax([height(float(tau2)) for tau2 in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _POINTS)])
    if best == 0 and slope(0.0) <= 0:
        return 0.0
    if slope(low) <= 0 or slope(high) >= 0:
        return float(grid[best])
    return float(brentq(slope, low, high, xtol=1e-14, rtol=1e-13))


def _log_likelihood(
    effects: Array, variances: Array, design: Array, tau2: float, *, restricted: bool
) -> float:
    total = variances + tau2
    value = -0.5 * (np.sum(np.log(total)) + generalised_q(effects, variances, design, tau2))
    if restricted:
        value -= 0.5 * np.linalg.slogdet(design.T @ (design / total[:, None]))[1]
    return float(value)
