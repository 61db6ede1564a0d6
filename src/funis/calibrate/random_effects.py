"""Random effects of trials by quadrature: what the next trial's true value may be.

The true value of trial i is ``offset_i + mean + spread * z_i`` with ``z_i`` standard normal, on the
scale of units of the spread between patients (`rows.to_unit`). Counts are binomial given it, other
numbers normal. Mean and spread are integrated over a grid, the trials' own values exactly for
normal numbers and by Gauss-Hermite quadrature for counts. With offsets of 0 this is the
meta-analytic-predictive prior of Neuenschwander 2010 (seen in the vignettes of the R package RBesT,
https://opensource.nibr.com/RBesT/articles/introduction.html); with offsets that a model predicts it
is what the model misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp
from scipy.stats import norm

from funis.calibrate.rows import LOGISTIC_SD

Array = NDArray[np.float64]

NODES = 16
"""Nodes of the quadrature over the true value of one trial."""

GRID = 41
"""Points of the grid over the mean, and over the spread."""

WIDTH = 5.0
"""Half width of the grid of the mean in prior standard deviations."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one trial reported, on the common scale.

    Attributes
    ----------
    offset : what is added to the mean for this trial.
    events, n : responders and patients, for counts; events is None for other numbers.
    value, error : number and its standard error, for other numbers.
    weight : share of one trial that this number counts for.
    """

    offset: float = 0.0
    events: float | None = None
    n: float = 0.0
    value: float = 0.0
    error: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """Belief about mean and spread of the trials: a grid with its weights.

    Attributes
    ----------
    mean, spread : (node,)
    weight : (node,) sum 1.
    """

    mean: Array
    spread: Array
    weight: Array

    def draws(self, count: int, luck: np.random.Generator) -> Array:
        """Return draws of the true value of the next trial, without its offset."""
        node = luck.choice(len(self.weight), size=count, p=self.weight)
        return self.mean[node] + self.spread[node] * luck.standard_normal(count)

    def draw_spread(self, count: int, luck: np.random.Generator) -> Array:
        """Return draws of the spread between trials."""
        return self.spread[luck.choice(len(self.weight), size=count, p=self.weight)]

    @property
    def mean_spread(self) -> float:
        """Posterior mean of the spread."""
        return float(self.weight @ self.spread)


def believe(
    seen: Sequence[Seen], *, centre: float, mean_sd: float, spread_scale: float, grid: int = GRID
) -> Belief:
    """Return what trials say about their mean and spread.

    Parameters
    ----------
    centre, mean_sd
        Normal prior of the mean; a standard deviation of 0 holds it fixed.
    spread_scale
        Scale of the half-normal prior of the spread.
    """
    means = _mean_grid(seen, centre, mean_sd, spread_scale, grid)
    spreads = np.linspace(0.0, _widest(seen, spread_scale, float(means.mean())), grid)
    mean, spread = (part.ravel() for part in np.meshgrid(means, spreads, indexing="ij"))
    log = norm.logpdf(spread, scale=spread_scale)
    log = log + np.where(spread == 0.0, np.log(0.5), 0.0)  # the end of the trapezium
    if mean_sd > 0:
        log = log + norm.logpdf(mean, centre, mean_sd)
    for one in seen:
        log = log + one.weight * log_likelihood(one, mean + one.offset, spread)
    return Belief(mean, spread, np.exp(log - logsumexp(log)))


def log_likelihood(one: Seen, mean: Array, spread: Array) -> Array:
    """Return how likely a trial's report is for each mean and spread."""
    if one.events is None:
        return np.asarray(norm.logpdf(one.value, mean, np.hypot(spread, one.error)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    logit = (mean[:, None] + spread[:, None] * nodes) * LOGISTIC_SD
    log = one.events * log_expit(logit) + (one.n - one.events) * log_expit(-logit)
    return np.asarray(logsumexp(log, b=weights / weights.sum(), axis=1))


def _mean_grid(
    seen: Sequence[Seen], centre: float, mean_sd: float, scale: float, grid: int
) -> Array:
    """Return points around where the trials and the prior put the mean."""
    if mean_sd == 0:
        return np.array([centre])
    if not seen:
        return np.linspace(centre - WIDTH * mean_sd, centre + WIDTH * mean_sd, grid)
    points = np.array([_point(one) for one in seen])
    errors = np.array([_error(one) for one in seen])
    apart = np.sqrt(np.mean(errors**2) + max(2 * scale, float(np.std(points))) ** 2)
    reach = WIDTH * apart / np.sqrt(len(points))
    middle = float(points.mean())
    return np.linspace(min(middle - reach, points.min()), max(middle + reach, points.max()), grid)


def _widest(seen: Sequence[Seen], scale: float, centre: float) -> float:
    """Return a spread beyond which nothing is believed."""
    points = [_point(one) - centre for one in seen]
    return float(max(4 * scale, 2 * np.abs(points).max(initial=0.0)))


def _point(one: Seen) -> float:
    """Return a trial's own value without its offset, half a patient away from 0 and 1."""
    if one.events is None:
        return one.value - one.offset
    share = (one.events + 0.5) / (one.n + 1.0)
    return float(np.log(share / (1 - share)) / LOGISTIC_SD) - one.offset


def _error(one: Seen) -> float:
    """Return about how far a trial's own value is off by chance."""
    if one.events is None:
        return one.error
    responders, others = one.events + 0.5, one.n - one.events + 0.5
    return float(np.sqrt(1 / responders + 1 / others) / LOGISTIC_SD)
