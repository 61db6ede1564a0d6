"""How heavy the tail of importance weights is: the Pareto k that says whether they can be used.

Seen in: the R packages loo (R/psis.R, R/gpdfit.R) and posterior by the authors of Vehtari, Simpson,
Gelman, Yao and Gabry, Pareto smoothed importance sampling, Journal of Machine Learning Research
25(72), 2024 (jmlr.org/papers/v25/19-556.html).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

USABLE_K = 0.7
"""Above it, importance weights are not to be relied on (limit for 2,200 weights and more)."""

PRIOR_K, PRIOR_WEIGHT = 0.5, 10.0
"""The estimate of k is drawn towards one half as if by ten weights more."""

LEAST_TAIL = 5


def pareto_k(log_weights: Array) -> float:
    """Return the shape of the generalised Pareto distribution of the largest weights.

    The tail holds a fifth of the weights, at most three times the root of their number. Minus
    infinity where all weights of the tail are alike, infinite where too few are above zero.
    """
    known = np.sort(log_weights[np.isfinite(log_weights)])
    size = math.ceil(min(0.2 * len(log_weights), 3 * math.sqrt(len(log_weights))))
    if size < LEAST_TAIL or len(known) <= size:
        return math.inf
    raised = np.exp(known - known[-1])
    tail = raised[-size:] - raised[-size - 1]
    if tail[-1] - tail[0] < 1e-12:
        return -math.inf
    return generalised_pareto(tail[tail > 0])[0]


def generalised_pareto(values: Array) -> tuple[float, float]:
    """Return shape and scale of the generalised Pareto distribution of values above zero.

    The estimate of Zhang and Stephens (2009, Technometrics 51, 316-325): the profile likelihood of
    shape / scale is averaged over a grid of quantiles of its prior.
    """
    ordered = np.sort(values)
    n = len(ordered)
    count = 30 + int(math.sqrt(n))
    places = np.arange(1, count + 1) - 0.5
    quarter = ordered[int(n / 4 + 0.5) - 1]
    grid = 1 / ordered[-1] + (1 - np.sqrt(count / places)) / 3 / quarter
    shape = np.array([np.mean(np.log1p(-b * ordered)) for b in grid])
    profile = n * (np.log(-grid / shape) - shape - 1)
    weights = np.exp(profile - profile.max())
    best = float(grid @ weights / weights.sum())
    found = float(np.mean(np.log1p(-best * ordered)))
    scale = -found / best
    return (n * found + PRIOR_WEIGHT * PRIOR_K) / (n + PRIOR_WEIGHT), scale
