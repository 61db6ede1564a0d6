"""Pools trials, real or virtual, into one number with its uncertainty: one function for both."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import chdtrc, ndtri, stdtr, stdtrit

from funis.evidence.meta.between import (
    Array,
    between_variance,
    generalised_q,
    q_profile,
    typical_variance,
)
from funis.evidence.meta.binomial import pool_counts
from funis.evidence.meta.values import (
    NO_RANGE,
    Effect,
    Heterogeneity,
    LeftOne,
    Measure,
    Method,
    Pooled,
    Range,
)

CONFIDENCE = 0.95
FEWEST_FOR_PREDICTION = 3

_UNMODIFIED = "Hartung-Knapp, t with k - 1 degrees of freedom"
_MODIFIED = "Hartung-Knapp modified (Röver 2015), t with k - 1 degrees of freedom"


def pool(
    effects: Sequence[Effect],
    method: Method | None = None,
    *,
    modified: bool = True,
    confidence: float = CONFIDENCE,
) -> Pooled:
    """Pool the effects of several trials.

    Parameters
    ----------
    effects
        At least two, of one measure. Strata (randomised, single-arm) are pooled one by one: this
        function does not know them.
    method
        ``fixed``, ``dl``, ``pm``, ``ml`` or ``reml`` on the scale of analysis, or ``binomial`` for
        proportions; by default ``binomial`` for proportions and ``reml`` for all else.
    modified
        Whether the Hartung-Knapp interval may not be narrower than that of its own variance: where
        trials agree more than chance allows, Q / (k - 1) below 1 counts as 1.
    confidence
        Confidence level.

    Raises
    ------
    ValueError
        One trial, several measures, a variance that is not above 0.

    References
    ----------
    DerSimonian and Laird 1986, Control Clin Trials 7:177; Paule and Mandel 1982, J Res Natl Bur
    Stand 87:377; Hartung and Knapp 2001, Stat Med 20:3875; Röver, Knapp and Friede 2015, BMC Med
    Res Methodol 15:99 (the modification); Higgins, Thompson and Spiegelhalter 2009, J R Stat Soc A
    172:137 (prediction); Stijnen, Hamza and Özdemir 2010, Stat Med 29:3046 (binomial-normal).
    """
    chosen = tuple(effects)
    measure = check_poolable(chosen)
    method = method or ("binomial" if measure == "proportion" else "reml")
    if method == "binomial":
        found = pool_counts(chosen, confidence)
    else:
        found = _pool_normal(chosen, method, modified, confidence)
    return replace(found, leave_one_out=_leave_one_out(chosen, method, modified, confidence))


def check_poolable(effects: Sequence[Effect]) -> Measure:
    """Return the one measure of effects that can be pooled.

    Raises
    ------
    ValueError
        If they cannot.
    """
    if len(effects) < 2:
        raise ValueError(f"{'one study' if effects else 'no study'}: nothing to pool")
    measures = sorted({effect.measure for effect in effects})
    if len(measures) > 1:
        raise ValueError(f"{' and '.join(measures)} cannot be pooled together")
    for effect in effects:
        if not (math.isfinite(effect.variance) and effect.variance > 0):
            raise ValueError(f"{effect.study}: a variance of {effect.variance:g} cannot be weighed")
        if not math.isfinite(effect.estimate):
            raise ValueError(f"{effect.study}: the effect is not a number")
    return measures[0]


def fixed_effect(effects: Sequence[Effect]) -> Effect:
    """Pool by inverse variances alone, as if all trials had one true effect."""
    y, v = arrays(effects)
    weights = 1 / v
    total = float(weights.sum())
    n = sum(effect.n or 0 for effect in effects) or None
    return Effect("fixed effect", effects[0].measure, float(weights @ y) / total, 1 / total, n)


def arrays(effects: Sequence[Effect]) -> tuple[Array, Array]:
    """Estimates and variances as arrays."""
    y = np.array([effect.estimate for effect in effects])
    v = np.array([effect.variance for effect in effects])
    return y, v


def _pool_normal(
    effects: tuple[Effect, ...], method: Method, modified: bool, confidence: float
) -> Pooled:
    y, v = arrays(effects)
    k = len(effects)
    design = np.ones((k, 1))
    tau2 = between_variance(method, y, v, design)
    weights = 1 / (v + tau2)
    total = float(weights.sum())
    estimate, plain = float(weights @ y) / total, math.sqrt(1 / total)
    ratio = float(weights @ (y - estimate) ** 2) / (k - 1)
    low_ratio = modified and ratio < 1 - 1e-9
    factor = 1.0 if method == "fixed" or low_ratio else ratio
    error = math.sqrt(factor) * plain
    freedom = math.inf if method == "fixed" else k - 1
    half = _t(confidence, freedom) * error
    z = float(ndtri(0.5 + confidence / 2)) * plain
    interval = _UNMODIFIED if method != "fixed" else "normal"
    notes: tuple[str, ...] = ()
    if low_ratio and method != "fixed":
        interval = _MODIFIED
        notes = (f"trials differ less than chance would have it: factor {ratio:.3g} set to 1",)
    return Pooled(
        measure=effects[0].measure,
        method=method,
        effects=effects,
        estimate=estimate,
        error=error,
        low=estimate - half,
        high=estimate + half,
        p_value=_p_value(estimate, error, freedom),
        interval=interval,
        prediction=_prediction(estimate, error, tau2, k, confidence),
        wald=Range(estimate - z, estimate + z),
        heterogeneity=_heterogeneity(y, v, tau2, confidence),
        fixed=fixed_effect(effects),
        weights=tuple(float(weight) / total for weight in weights),
        leave_one_out=(),
        notes=notes,
    )


def _prediction(estimate: float, error: float, tau2: float, k: int, confidence: float) -> Range:
    """Interval for a further trial, by t with k - 1 degrees of freedom, from three trials on."""
    if k < FEWEST_FOR_PREDICTION:
        return NO_RANGE
    half = _t(confidence, k - 1) * math.sqrt(tau2 + error**2)
    return Range(estimate - half, estimate + half)


def _heterogeneity(y: Array, v: Array, tau2: float, confidence: float) -> Heterogeneity:
    design = np.ones((len(y), 1))
    q, freedom = generalised_q(y, v, design), len(y) - 1
    limits = q_profile(y, v, design, confidence)
    within = typical_variance(v, design)
    shares = [t / (t + within) for t in (tau2, limits.low, limits.high)]
    return Heterogeneity(
        tau2=tau2,
        tau2_range=limits,
        interval="Q-profile",
        q=q,
        freedom=freedom,
        p_value=float(chdtrc(freedom, q)),
        test="Cochran's Q",
        i2=shares[0],
        i2_range=Range(shares[1], shares[2]),
        h2=(tau2 + within) / within,
    )


def _leave_one_out(
    effects: tuple[Effect, ...], method: Method, modified: bool, confidence: float
) -> tuple[LeftOne, ...]:
    if len(effects) < 3:
        return ()
    found = []
    for left in effects:
        rest = tuple(effect for effect in effects if effect is not left)
        try:
            if method == "binomial":
                one = pool_counts(rest, confidence, profile=False)
            else:
                one = _pool_normal(rest, method, modified, confidence)
        except ValueError:
            found.append(LeftOne(left.study, math.nan, math.nan, math.nan, math.nan))
            continue
        tau2 = one.heterogeneity.tau2
        found.append(LeftOne(left.study, one.estimate, one.low, one.high, tau2))
    return tuple(found)


def _t(confidence: float, freedom: float) -> float:
    if math.isinf(freedom):
        return float(ndtri(0.5 + confidence / 2))
    return float(stdtrit(freedom, 0.5 + confidence / 2))


def _p_value(estimate: float, error: float, freedom: float) -> float:
    if math.isinf(freedom):
        return math.erfc(abs(estimate / error) / math.sqrt(2))
    return 2 * float(stdtr(freedom, -abs(estimate / error)))
