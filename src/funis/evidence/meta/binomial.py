"""Proportions of single arms: a binomial likelihood with normal variation between studies.

No study needs a correction for zero events. The integral over a study's own logit is taken by
adaptive Gauss-Hermite quadrature, centred on its mode and scaled by its curvature there.

References
----------
Stijnen, Hamza and Özdemir 2010, Stat Med 29:3046 (the model); Liu and Pierce 1994, Biometrika
81:624 (adaptive quadrature).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial.hermite import hermgauss
from scipy.special import chdtrc, expit, gammaln, ndtri, stdtr, stdtrit, xlogy

from funis.evidence.meta.between import Array, typical_variance
from funis.evidence.meta.values import NO_RANGE, Effect, Heterogeneity, Pooled, Range

NODES = 41
"""Points of the quadrature; a test holds the result against direct integration."""

WIDEST_TAU = 20.0
"""Standard deviation between studies, on the logit, beyond which a limit counts as infinite."""

_NEWTON_STEPS = 60
_STEP = 1e-3
_NOTE = "weights and I2 are those of the normal approximation; the pool itself uses the counts"


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-likelihood of counts ``x`` of ``n`` by mean and spread of the logit."""

    x: Array
    n: Array
    nodes: int = NODES

    def __call__(self, mean: float, tau: float) -> float:
        """Return the log-likelihood, binomial coefficients included."""
        mode = self._mode(mean, tau)
        share = expit(mean + tau * mode)
        width = np.sqrt(2 / (self.n * share * (1 - share) * tau**2 + 1))
        points, weights = _quadrature(self.nodes)
        z = mode[:, None] + width[:, None] * points
        logs = self._height(mean + tau * z) - z**2 / 2 + points**2 + np.log(weights)
        top = logs.max(axis=1, keepdims=True)
        inside = np.log(np.exp(logs - top).sum(axis=1)) + top[:, 0] + np.log(width)
        return float(np.sum(inside - 0.5 * math.log(2 * math.pi) + self._coefficients()))

    def saturated(self) -> float:
        """Log-likelihood where every study has its own proportion."""
        share = self.x / self.n
        logs = xlogy(self.x, share) + xlogy(self.n - self.x, 1 - share)
        return float(np.sum(logs + self._coefficients()))

    def _height(self, logit: Array) -> Array:
        x, n = self.x[:, None], self.n[:, None]
        return np.asarray(x * logit - n * np.logaddexp(0.0, logit), dtype=np.float64)

    def _mode(self, mean: float, tau: float) -> Array:
        """Return the most likely standardised deviation of each study, by damped Newton steps."""
        z = np.zeros_like(self.x)
        for _ in range(_NEWTON_STEPS):
            share = expit(mean + tau * z)
            slope = tau * (self.x - self.n * share) - z
            step = slope / (self.n * share * (1 - share) * tau**2 + 1)
            z = z + np.clip(step, -1.0, 1.0)
            if np.max(np.abs(step)) < 1e-12:
                break
        return z

    def _coefficients(self) -> Array:
        x, n = self.x, self.n
        return np.asarray(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1), dtype=np.float64)


@cache
def _quadrature(nodes: int) -> tuple[Array, Array]:
    points, weights = hermgauss(nodes)
    return points, weights


def pool_counts(
    effects: tuple[Effect, ...],
    confidence: float = 0.95,
    *,
    nodes: int = NODES,
    profile: bool = True,
) -> Pooled:
    """Pool proportions by the binomial-normal model; its interval is Wald's with Student's t.

    Parameters
    ----------
    effects
        Proportions with their counts.
    confidence
        Confidence level.
    nodes
        Points of the quadrature.
    profile
        Whether to find the interval of the variance between studies, which takes longest.

    Raises
    ------
    ValueError
        If counts are missing, or nobody or everybody of all studies has the event.
    """
    x, n = _counts(effects)
    likelihood = Likelihood(x, n, nodes)
    mean, tau = _maximum(likelihood)
    error = _error(likelihood, mean, tau)
    freedom = len(effects) - 1
    quantile = float(stdtrit(freedom, 0.5 + confidence / 2))
    z = float(ndtri(0.5 + confidence / 2)) * error
    variances = np.array([effect.variance for effect in effects])
    weights = 1 / (variances + tau**2)
    spread = math.sqrt(tau**2 + error**2)
    return Pooled(
        measure="proportion",
        method="binomial",
        effects=effects,
        estimate=mean,
        error=error,
        low=mean - quantile * error,
        high=mean + quantile * error,
        p_value=2 * float(stdtr(freedom, -abs(mean / error))),
        interval="Wald on the logit, t with k - 1 degrees of freedom",
        prediction=Range(mean - quantile * spread, mean + quantile * spread)
        if len(effects) > 2
        else NO_RANGE,
        wald=Range(mean - z, mean + z),
        heterogeneity=_heterogeneity(likelihood, mean, tau, variances, confidence, profile),
        fixed=_fixed(x, n),
        weights=tuple(float(weight) for weight in weights / weights.sum()),
        leave_one_out=(),
        notes=(_NOTE,),
    )


def _counts(effects: tuple[Effect, ...]) -> tuple[Array, Array]:
    for effect in effects:
        if effect.events is None or effect.n is None:
            raise ValueError(f"{effect.study}: the counts behind the proportion are missing")
    x = np.array([float(effect.events or 0) for effect in effects])
    n = np.array([float(effect.n or 0) for effect in effects])
    if x.sum() == 0 or x.sum() == n.sum():
        word = "nobody" if x.sum() == 0 else "everybody"
        raise ValueError(f"{word} has the event in any study: the pooled logit is infinite")
    return x, n


def _maximum(likelihood: Likelihood) -> tuple[float, float]:
    """Return mean and spread of the highest likelihood; a spread of 0 is among the candidates."""
    from scipy.optimize import minimize

    start = math.log(likelihood.x.sum() / (likelihood.n - likelihood.x).sum())

    def loss(point: Array) -> float:
        return -likelihood(float(point[0]), abs(float(point[1])))

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000}
    found = minimize(loss, np.array([start, 0.7]), method="Nelder-Mead", options=options)
    if likelihood(start, 0.0) >= -float(found.fun) - 1e-10:
        return start, 0.0
    return float(found.x[0]), abs(float(found.x[1]))


def _error(likelihood: Likelihood, mean: float, tau: float) -> float:
    """Standard error of the mean from the observed information of mean and spread."""

    def second(a: tuple[float, float], b: tuple[float, float]) -> float:
        def at(i: int, j: int) -> float:
            shift = (i * a[0] + j * b[0], i * a[1] + j * b[1])
            return likelihood(mean + _STEP * shift[0], abs(tau + _STEP * shift[1]))

        return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * _STEP**2)

    along, across = (1.0, 0.0), (0.0, 1.0)
    mm = -second(along, along)
    if tau < 2 * _STEP:
        return 1 / math.sqrt(mm)
    mt, tt = -second(along, across), -second(across, across)
    return math.sqrt(tt / (mm * tt - mt**2))


def _heterogeneity(
    likelihood: Likelihood,
    mean: float,
    tau: float,
    variances: Array,
    confidence: float,
    profile: bool,
) -> Heterogeneity:
    common = math.log(likelihood.x.sum() / (likelihood.n - likelihood.x).sum())
    q = max(0.0, 2 * (likelihood.saturated() - likelihood(common, 0.0)))
    freedom = len(likelihood.x) - 1
    within = typical_variance(variances, np.ones((len(variances), 1)))
    limits = _profile(likelihood, mean, tau, confidence) if profile else NO_RANGE
    shares = [1.0 if math.isinf(t) else t / (t + within) for t in (limits.low, limits.high)]
    return Heterogeneity(
        tau2=tau**2,
        tau2_range=limits,
        interval="profile likelihood",
        q=q,
        freedom=freedom,
        p_value=float(chdtrc(freedom, q)),
        test="likelihood ratio against a proportion for each study",
        i2=tau**2 / (tau**2 + within),
        i2_range=Range(shares[0], shares[1]),
        h2=(tau**2 + within) / within,
    )


def _profile(likelihood: Likelihood, mean: float, tau: float, confidence: float) -> Range:
    """Interval of the variance between studies by the profile likelihood."""
    from scipy.optimize import minimize_scalar

    allowed = float(ndtri(0.5 + confidence / 2)) ** 2 / 2
    top = likelihood(mean, tau)

    def excess(spread: float) -> float:
        def loss(centre: float) -> float:
            return -likelihood(centre, spread)

        best = minimize_scalar(loss, bracket=(mean - 0.5, mean + 0.5), options={"xtol": 1e-8})
        return top + float(best.fun) - allowed

    return Range(_lower(excess, tau) ** 2, _upper(excess, tau) ** 2)


def _lower(excess: Callable[[float], float], tau: float) -> float:
    from scipy.optimize import brentq

    if tau == 0 or excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, tau, xtol=1e-7))


def _upper(excess: Callable[[float], float], tau: float) -> float:
    from scipy.optimize import brentq

    high = 2 * tau + 0.5
    while excess(high) < 0:
        if high > WIDEST_TAU:
            return math.inf
        high *= 2.0
    return float(brentq(excess, tau, high, xtol=1e-7))


def _fixed(x: Array, n: Array) -> Effect:
    events, patients = int(x.sum()), int(n.sum())
    estimate = math.log(events / (patients - events))
    variance = 1 / events + 1 / (patients - events)
    return Effect("fixed effect", "proportion", estimate, variance, patients, events)
