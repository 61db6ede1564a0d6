"""Marginal distributions: from a latent standard normal to a parameter's own scale."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

if TYPE_CHECKING:
    from funis.models.schema import Distribution

__all__ = ["marginal", "truncate"]

Array = NDArray[np.float64]


def marginal(distribution: "Distribution", centre: Array, latent: Array) -> Array:
    """Return the values of one parameter for latents (n,).

    The map is increasing in the latent for every kind, so a positive correlation of latents is a
    positive rank correlation of values. Bounds cut the distribution (the rest is scaled up);
    nothing is moved onto a bound. `centre` is the median before the cut.

    Parameters
    ----------
    distribution
        `kind`, `sd`, `low`, `high`, `levels`, `probabilities` are read.
    centre
        (n,) medians; the probability for a bernoulli.
    latent
        (n,) standard normal numbers.

    Raises
    ------
    ValueError
        An unknown kind.
    """
    kind = distribution.kind
    if kind == "fixed":
        return centre
    if kind in SCALES:
        return _location_scale(distribution, centre, latent)
    if kind == "bernoulli":
        return np.asarray(ndtr(-latent) < centre, dtype=np.float64)
    if kind == "categorical":
        return _categorical(distribution, latent)
    if kind == "uniform":
        low, high = _bounds(distribution)
        return np.asarray(low + (high - low) * ndtr(latent))
    raise ValueError(f"unknown kind of distribution: {kind!r}")


def truncate(latent: Array, low: Array, high: Array) -> Array:
    """Return standard normals cut to (low, high), increasing in the uncut latents.

    Parameters
    ----------
    latent, low, high
        (n,), all in standard deviations; bounds may be infinite.
    """
    mirror = np.where(low > 0, -1.0, 1.0)  # the lower tail is the precise one
    lower = np.minimum(mirror * low, mirror * high)
    upper = np.maximum(mirror * low, mirror * high)
    below = ndtr(lower)
    share = below + ndtr(mirror * latent) * (ndtr(upper) - below)
    return np.asarray(mirror * np.clip(ndtri(share), lower, upper))


def _same(values: Array) -> Array:
    return values


SCALES: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "normal": (_same, _same),
    "lognormal": (np.log, np.exp),
    "logitnormal": (logit, expit),
}


def _location_scale(distribution: "Distribution", centre: Array, latent: Array) -> Array:
    forward, backward = SCALES[distribution.kind]
    spread = float(distribution.sd or 0.0)
    if spread == 0.0:
        return centre
    location = forward(centre)
    low, high = _bounds(distribution)
    if np.isfinite(low) or np.isfinite(high):
        latent = truncate(
            latent,
            (_bound(forward, low, distribution.kind) - location) / spread,
            (_bound(forward, high, distribution.kind) - location) / spread,
        )
    return np.clip(backward(location + spread * latent), low, high)  # rounding only


def _bound(forward: Callable[[Array], Array], bound: float, kind: str) -> Array:
    """Return a bound on the latent's scale; beyond the support it is infinite."""
    if kind != "normal" and bound <= 0:
        return np.array(-np.inf)
    if kind == "logitnormal" and bound >= 1:
        return np.array(np.inf)
    return forward(np.array(bound))


def _bounds(distribution: "Distribution") -> tuple[float, float]:
    low = -np.inf if distribution.low is None else float(distribution.low)
    high = np.inf if distribution.high is None else float(distribution.high)
    return low, high


def _categorical(distribution: "Distribution", latent: Array) -> Array:
    """Return the level whose share of the cumulated probabilities holds the latent."""
    levels = np.asarray(distribution.levels, dtype=np.float64)
    cumulated = np.cumsum(np.asarray(distribution.probabilities, dtype=np.float64))
    place = np.searchsorted(cumulated / cumulated[-1], ndtr(latent), side="right")
    place = np.minimum(place, cumulated.size - 1)
    return np.asarray(levels[place])
