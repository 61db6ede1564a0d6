"""Meta-regression: whether the effect goes with the dose, the route or the product.

References
----------
Viechtbauer 2010, J Stat Softw 36(3); Knapp and Hartung 2003, Stat Med 22:2693 (the tests).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from funis.evidence.meta.between import (
    Array,
    between_variance,
    generalised_q,
    typical_variance,
)
from funis.evidence.meta.pooling import CONFIDENCE, arrays, check_poolable
from funis.evidence.meta.values import Asymmetry, Coefficient, Effect, Method, Range, Regression

ENOUGH_STUDIES = 10
"""Studies below which a covariate is of little use (Cochrane Handbook, section 10.11.5.1); the same
number is taken for a test of asymmetry (assumed)."""

SPARE_STUDIES = 2
"""Studies that a regression needs beyond its coefficients; with fewer it is refused."""


def regress(
    effects: Sequence[Effect],
    covariates: Mapping[str, Sequence[float]],
    method: Method = "reml",
    confidence: float = CONFIDENCE,
) -> Regression:
    """Regress effects on covariates, with variation between trials beyond them.

    Parameters
    ----------
    effects
        Of one measure.
    covariates
        Name -> one number for each effect; a category is one column of 0 and 1 for each of its
        values but the first (`categories` makes them).
    method
        Estimator of the residual variance between trials.

    Raises
    ------
    ValueError
        Too few studies, a covariate that is the same in all, or columns that say the same.
    """
    check_poolable(effects)
    y, v = arrays(effects)
    design = _design(covariates, len(y))
    k, p = design.shape
    tau2 = between_variance(method, y, v, design)
    weighted = design / (v + tau2)[:, None]
    inverse = np.linalg.inv(design.T @ weighted)
    beta = inverse @ weighted.T @ y
    scale = generalised_q(y, v, design, tau2) / (k - p)
    covariance = scale * inverse
    q, within = generalised_q(y, v, design), typical_variance(v, design)
    total = between_variance(method, y, v, np.ones((k, 1)))
    f = _omnibus(beta, covariance)
    names = ("intercept", *covariates)
    return Regression(
        k=k,
        coefficients=tuple(
            _coefficient(name, float(beta[i]), float(covariance[i, i]), k - p, confidence)
            for i, name in enumerate(names)
        ),
        tau2=tau2,
        i2=tau2 / (tau2 + within),
        h2=(tau2 + within) / within,
        r2=max(0.0, 1 - tau2 / total) if total > 0 else 0.0,
        residual_q=q,
        residual_p=float(chdtrc(k - p, q)),
        f=f,
        f_freedom=(p - 1, k - p),
        f_p_value=float(fdtrc(p - 1, k - p, f)),
        notes=_power(k, p - 1),
    )


def categories(values: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Turn a category into columns of 0 and 1; the first value in order is the reference."""
    found = sorted(set(values))
    return {
        f"{value} (against {found[0]})": tuple(float(one == value) for one in values)
        for value in found[1:]
    }


def egger(effects: Sequence[Effect], confidence: float = CONFIDENCE) -> Asymmetry:
    """Egger's test: the effect against its standard error, weighted by inverse variances.

    Its t is that of the intercept in the regression of effect / error on 1 / error.

    Raises
    ------
    ValueError
        Fewer than three trials, or standard errors that are all the same.

    References
    ----------
    Egger et al. 1997, BMJ 315:629; Sterne and Egger 2005 (the weighted form).
    """
    check_poolable(effects)
    y, v = arrays(effects)
    k = len(y)
    if k < 3:
        raise ValueError(f"{k} studies: a test of asymmetry needs at least 3")
    design = np.column_stack((np.ones(k), np.sqrt(v)))
    if np.ptp(design[:, 1]) < 1e-9 * float(np.mean(design[:, 1])):
        raise ValueError("all standard errors are the same: no asymmetry can be seen")
    weighted = design / v[:, None]
    inverse = np.linalg.inv(design.T @ weighted)
    beta = inverse @ weighted.T @ y
    covariance = inverse * generalised_q(y, v, design) / (k - 2)
    t = float(beta[1]) / math.sqrt(covariance[1, 1])
    half = float(stdtrit(k - 2, 0.5 + confidence / 2)) * math.sqrt(covariance[0, 0])
    limit = float(beta[0])
    return Asymmetry(
        k=k,
        t=t,
        freedom=k - 2,
        p_value=2 * float(stdtr(k - 2, -abs(t))),
        limit=limit,
        limit_range=Range(limit - half, limit + half),
        notes=(*_no_power(k), *_linked(effects)),
    )


def _design(covariates: Mapping[str, Sequence[float]], k: int) -> Array:
    for name, values in covariates.items():
        if len(values) != k or not all(math.isfinite(value) for value in values):
            raise ValueError(f"{name} is not known for every study")
        if max(values) - min(values) <= 1e-9 * max(1.0, *(abs(value) for value in values)):
            raise ValueError(f"{name} is the same in all studies")
    p = 1 + len(covariates)
    if p == 1:
        raise ValueError("no covariate differs between the studies")
    if k < p + SPARE_STUDIES:
        raise ValueError(f"{k} studies are too few for {p} coefficients (at least {p + 2})")
    columns = [np.asarray(values, dtype=np.float64) for values in covariates.values()]
    design = np.column_stack([np.ones(k), *columns])
    if np.linalg.matrix_rank(design) < p:
        raise ValueError("two covariates say the same")
    return design


def _coefficient(
    name: str, estimate: float, variance: float, freedom: int, confidence: float
) -> Coefficient:
    error = math.sqrt(variance)
    if error == 0:
        raise ValueError("the studies lie exactly on a line: no error can be estimated")
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
    t = estimate / error
    p_value = 2 * float(stdtr(freedom, -abs(t)))
    return Coefficient(name, estimate, error, estimate - half, estimate + half, t, p_value)


def _omnibus(beta: Array, covariance: Array) -> float:
    part = beta[1:]
    return float(part @ np.linalg.solve(covariance[1:, 1:], part)) / len(part)


def _linked(effects: Sequence[Effect]) -> tuple[str, ...]:
    if effects[0].measure not in ("proportion", "rate"):
        return ()
    return (
        "the error of a proportion or a rate follows from its size, so asymmetry here is no sign of"
        " missing studies",
    )


def _power(k: int, covariates: int) -> tuple[str, ...]:
    if k >= ENOUGH_STUDIES * covariates:
        return ()
    return (
        f"{k} studies for {covariates} covariate{'s' if covariates > 1 else ''}: fewer than"
        f" {ENOUGH_STUDIES} each, so this explores and proves nothing",
    )


def _no_power(k: int) -> tuple[str, ...]:
    if k >= ENOUGH_STUDIES:
        return ()
    return (
        f"{k} studies: with fewer than {ENOUGH_STUDIES} the test has no power, and no finding of"
        " asymmetry is no evidence that nothing is missing",
    )
