"""Contrasts of many replicates at once (the few that stand so far)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ReplicateSample:
    """Values of one arm in many replicates, (replicate, patient); not-a-number where left out."""

    values: Array
    baseline: Array | None = None
    years: Array | None = None
    stratum: Array | None = None
    visits: Array | None = None
    time: Array | None = None
    event: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """A contrast in each replicate, (replicate,) each."""

    estimate: Array
    low: Array
    high: Array
    z: Array
    p: Array


def contrast(
    method: str, arm: ReplicateSample, reference: ReplicateSample, *, confidence: float = 0.95
) -> Contrasts:
    """Compare two arms in every replicate."""
    if method == "newcombe":
        return _newcombe(arm.values, reference.values, confidence)
    return _welch(arm.values, reference.values, confidence)


def _newcombe(first: Array, second: Array, confidence: float) -> Contrasts:
    n1, n2 = (np.sum(~np.isnan(x), axis=1) for x in (first, second))
    p1, p2 = np.nansum(first, axis=1) / n1, np.nansum(second, axis=1) / n2
    quantile = norm.ppf(0.5 + confidence / 2)
    (l1, u1), (l2, u2) = _wilson(p1, n1, quantile), _wilson(p2, n2, quantile)
    difference = p1 - p2
    low = difference - np.hypot(p1 - l1, u2 - p2)
    high = difference + np.hypot(u1 - p1, p2 - l2)
    pooled = (p1 * n1 + p2 * n2) / (n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, difference / error, 0.0)
    return Contrasts(difference, low, high, z, 2 * norm.sf(np.abs(z)))


def _wilson(p: Array, n: Array, quantile: float) -> tuple[Array, Array]:
    middle = (p + quantile**2 / (2 * n)) / (1 + quantile**2 / n)
    half = quantile / (1 + quantile**2 / n) * np.sqrt(p * (1 - p) / n + quantile**2 / (4 * n**2))
    return middle - half, middle + half


def _welch(first: Array, second: Array, confidence: float) -> Contrasts:
    n1, n2 = (np.sum(~np.isnan(x), axis=1) for x in (first, second))
    v1, v2 = np.nanvar(first, axis=1, ddof=1) / n1, np.nanvar(second, axis=1, ddof=1) / n2
    difference = np.nanmean(first, axis=1) - np.nanmean(second, axis=1)
    freedom = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    error = np.sqrt(v1 + v2)
    half = t.ppf(0.5 + confidence / 2, freedom) * error
    z = difference / error
    return Contrasts(difference, difference - half, difference + half, z, 2 * t.sf(abs(z), freedom))
