"""The true risk of a further study, from counts of studies: a posterior where nobody had the event.

The binomial-normal model of `funis.evidence.meta.binomial` with priors, integrated over a grid: a
maximum of the likelihood says nothing where all counts are zero, and too much of the spread where a
few small studies differ.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp, ndtr, ndtri

from funis.evidence.meta.between import Array
from funis.evidence.meta.effects import Counts

SHARES = (0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995)
"""Shares of belief whose quantiles are kept."""

SPREAD_SCALE = 1.0
"""Scale of the half-normal prior of the standard deviation between studies, on the logit.

Half of it lies below 0.67: odds that differ about two-fold between typical studies (assumed).
"""

_SHARE_SCORES = [float(score) for score in ndtri(np.asarray(SHARES))]
_MEANS = np.linspace(-26.0, 8.0, 273)
_SPREADS = np.linspace(0.05, 4.0, 24)
_SCORES = np.linspace(-6.0, 6.0, 121)
_LOGITS = np.linspace(-30.0, 20.0, 1001)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What is believed of the true risk of a further study.

    Attributes
    ----------
    mean : float
        The expected risk: that of a patient of a further study.
    logits : tuple of float
        Quantiles of its logit at ``SHARES``.
    low, high : float
        Its 95 % range.
    spread : float
        Mean standard deviation between studies, on the logit.
    """

    mean: float
    logits: tuple[float, ...]
    low: float
    high: float
    spread: float


def predict_risk(studies: Sequence[Counts], spread_scale: float = SPREAD_SCALE) -> Predicted:
    """Return the posterior predictive distribution of a risk.

    The mean has Jeffreys' prior of a proportion, Beta(1/2, 1/2), and the standard deviation
    between studies a half-normal one. With one study and a scale near 0 it is Jeffreys' posterior.

    Parameters
    ----------
    studies
        Patients with the event, and patients, of at least one study.
    spread_scale
        Scale of the half-normal prior, on the logit.

    References
    ----------
    The likelihood: Stijnen, Hamza and Ozdemir 2010, Stat Med 29:3046.
    """
    spreads = _SPREADS * spread_scale
    weights = _weights(studies, spreads, spread_scale)
    below = np.zeros_like(_LOGITS)
    for spread, column in zip(spreads, weights.T, strict=True):
        below += ndtr((_LOGITS[:, None] - _MEANS) / spread) @ column
    logits = tuple(float(x) for x in np.interp(SHARES, below, _LOGITS))
    low, high = (float(expit(logits[SHARES.index(share)])) for share in (0.025, 0.975))
    mean = float(np.diff(below) @ expit(0.5 * (_LOGITS[1:] + _LOGITS[:-1])))
    return Predicted(mean, logits, low, high, float(weights.sum(axis=0) @ spreads))


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile between those at ``SHARES``, straight in normal scores, beyond too."""
    at = float(ndtri(share))
    place = min(max(bisect_left(_SHARE_SCORES, at) - 1, 0), len(_SHARE_SCORES) - 2)
    first, second = _SHARE_SCORES[place], _SHARE_SCORES[place + 1]
    return values[place] + (values[place + 1] - values[place]) * (at - first) / (second - first)


def _weights(studies: Sequence[Counts], spreads: Array, scale: float) -> Array:
    """Return the posterior weight of each mean and spread; they add up to 1."""
    prior = 0.5 * (_MEANS - 2 * np.logaddexp(0.0, _MEANS))  # Beta(1/2, 1/2) on the logit
    logs = np.stack([_likelihood(studies, spread) + prior for spread in spreads], axis=1)
    logs -= 0.5 * (spreads / scale) ** 2
    return np.asarray(np.exp(logs - logsumexp(logs)))


def _likelihood(studies: Sequence[Counts], spread: float) -> Array:
    """Return the log-likelihood at each mean, each study's own logit integrated out."""
    logit = _MEANS[:, None] + spread * _SCORES
    height = -0.5 * _SCORES**2 - math.log(float(np.exp(-0.5 * _SCORES**2).sum()))
    missed = np.logaddexp(0.0, logit)
    total = np.zeros(len(_MEANS))
    for one in studies:
        own = one.events * logit - one.n * missed + height
        top = own.max(axis=1)
        total += np.log(np.exp(own - top[:, None]).sum(axis=1)) + top
    return total
