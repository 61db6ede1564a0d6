"""Mixed model for repeated measures: unstructured covariance, REML, Kenward and Roger.

Every covariate (constant, arm, baseline, strata) has a coefficient at each visit, so that sums of
squares by pattern of missing visits are all that is needed, and many replicates are fitted at
once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis.methods.means import ancova, design_matrix
from funis.analysis.methods.values import (
    Contrasts,
    Floats,
    ReplicateSample,
    by_student,
    chunks,
    join,
)

STEPS = 60
"""Steps of scoring before a fit counts as not converged."""

ENOUGH = 1e-7
"""Largest change of the covariance, relative to its scale, at which a fit has converged."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """Sums over the patients who were seen at the same visits, (replicate, ...)."""

    seen: NDArray[np.bool_]
    n: Floats
    xx: Floats
    xy: Floats
    yy: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RepeatedFit:
    """The difference between arms at the last visit in each replicate, (replicate,).

    ``error`` is Kenward and Roger's, ``freedom`` their degrees of freedom, ``covariance`` that of
    the visits.
    """

    estimate: Floats
    error: Floats
    freedom: Floats
    covariance: Floats
    converged: NDArray[np.bool_]


def mmrm(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Difference at the last visit by the mixed model for repeated measures.

    A replicate in which the fit does not converge falls back to the analysis of covariance of the
    last visit.

    References
    ----------
    Mallinckrodt, Lane, Schnell et al 2008, Drug Inf J 42:303. Errors and degrees of freedom:
    Kenward and Roger 1997, Biometrics 53:983, linear in the elements of the covariance.
    """
    first, second = _measured(arm), _measured(reference)
    visits = first.visits.shape[2]  # type: ignore[union-attr]
    fits = [
        fit_repeated(first.rows(part), second.rows(part))
        for part in chunks(len(arm), 40 * visits**5 + arm.values.shape[1] * 20)
    ]
    found = join([
        by_student(fit.estimate, fit.error, fit.freedom, confidence) for fit in fits
    ])  # fmt: skip
    good = np.concatenate([fit.converged for fit in fits])
    if good.all():
        return found
    other = ancova(first, second, confidence)
    names = Contrasts.__dataclass_fields__
    return Contrasts(*(np.where(good, getattr(found, x), getattr(other, x)) for x in names))


def _measured(sample: ReplicateSample) -> ReplicateSample:
    """Return the sample with its last visit as value."""
    visits = sample.values[:, :, None] if sample.visits is None else sample.visits
    return ReplicateSample(visits[:, :, -1], sample.baseline, stratum=sample.stratum, visits=visits)


def fit_repeated(arm: ReplicateSample, reference: ReplicateSample) -> RepeatedFit:
    """Fit the model in each replicate."""
    if arm.visits is None or reference.visits is None:
        raise ValueError("repeated measures need visits")
    patterns = _patterns(arm, reference)
    sigma, converged = _restricted(patterns, _start(patterns))
    estimate, error, freedom = _kenward_roger(patterns, sigma)
    good = converged & np.isfinite(error) & (error > 0) & (freedom > 0)
    return RepeatedFit(estimate, error, np.where(good, freedom, np.nan), sigma, good)


def _patterns(arm: ReplicateSample, reference: ReplicateSample) -> list[_Pattern]:
    y = np.concatenate([arm.visits, reference.visits], axis=1)
    whole = [
        ReplicateSample(np.zeros(one.values.shape), one.baseline, stratum=one.stratum)
        for one in (arm, reference)
    ]
    x, _, known = design_matrix(whole[0], whole[1])
    seen = ~np.isnan(y) & (known > 0)[:, :, None]
    y = np.where(seen, y, 0.0)
    code = (seen * 2 ** np.arange(y.shape[2])).sum(axis=2)
    found = []
    for one in np.unique(code[code > 0]):
        own = (code == one).astype(float)
        xs = x * own[:, :, None]
        ys = y * own[:, :, None]
        found.append(
            _Pattern(
                np.array([bool(int(one) >> visit & 1) for visit in range(y.shape[2])]),
                own.sum(axis=1),
                xs.transpose(0, 2, 1) @ x,
                xs.transpose(0, 2, 1) @ y,
                ys.transpose(0, 2, 1) @ y,
            )
        )
    return found


def _start(patterns: list[_Pattern]) -> Floats:
    """Start from the variance of each visit alone."""
    visits = len(patterns[0].seen)
    variance = np.ones((len(patterns[0].n), visits))
    for visit in range(visits):
        here = [one for one in patterns if one.seen[visit]]
        if not here:
            continue
        xx = np.sum([one.xx for one in here], axis=0)
        xy = np.sum([one.xy[:, :, visit] for one in here], axis=0)
        yy = np.sum([one.yy[:, visit, visit] for one in here], axis=0)
        slope = np.einsum("rij,rj->ri", np.linalg.pinv(xx, hermitian=True), xy)
        n = sum(one.n for one in here)
        left = yy - (slope * xy).sum(axis=1)
        variance[:, visit] = np.maximum(left / np.maximum(n - xx.shape[1], 1), 1e-12)
    return np.asarray(variance[:, :, None] * np.eye(visits))


def _basis(visits: int) -> Floats:
    """Return the symmetric matrices whose sum, by elements, is a covariance."""
    pairs = [(i, j) for i in range(visits) for j in range(i, visits)]
    basis = np.zeros((len(pairs), visits, visits))
    for number, (i, j) in enumerate(pairs):
        basis[number, i, j] = basis[number, j, i] = 1.0
    return basis


def _inverse(pattern: _Pattern, sigma: Floats) -> Floats:
    """Inverse of the covariance of the visits seen, zero elsewhere."""
    inverse = np.zeros_like(sigma)
    seen = np.flatnonzero(pattern.seen)
    part = np.ix_(np.arange(len(sigma)), seen, seen)
    inverse[part] = np.linalg.inv(sigma[part])
    return inverse


def _coefficients(patterns: list[_Pattern], inverses: list[Floats]) -> tuple[Floats, Floats]:
    """Return coefficients (replicate, covariate, visit) and their covariance."""
    replicates, covariates, visits = patterns[0].xy.shape
    size = covariates * visits
    normal = np.zeros((replicates, covariates, visits, covariates, visits))
    right = np.zeros((replicates, covariates, visits))
    for one, inverse in zip(patterns, inverses, strict=True):
        normal += np.einsum("rab,rij->raibj", one.xx, inverse)
        right += one.xy @ inverse
    flat = normal.reshape(replicates, size, size)
    phi = np.asarray(np.linalg.pinv(flat, rcond=1e-10, hermitian=True), dtype=np.float64)
    slopes = np.einsum("rij,rj->ri", phi, right.reshape(replicates, size))
    return slopes.reshape(right.shape), phi.reshape(normal.shape)


def _restricted(patterns: list[_Pattern], sigma: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Find the covariance by scoring on the restricted likelihood."""
    basis = _basis(sigma.shape[1])
    converged = np.zeros(len(sigma), dtype=bool)
    for _ in range(STEPS):
        inverses = [_inverse(one, sigma) for one in patterns]
        slopes, phi = _coefficients(patterns, inverses)
        slope = np.zeros_like(sigma)
        information = np.zeros((len(sigma), len(basis), len(basis)))
        for one, inverse in zip(patterns, inverses, strict=True):
            cross = one.xy.transpose(0, 2, 1) @ slopes
            left = one.yy - cross - cross.transpose(0, 2, 1)
            left = left + slopes.transpose(0, 2, 1) @ one.xx @ slopes
            left = left + np.einsum("raibj,rab->rij", phi, one.xx)
            slope += inverse @ left @ inverse - one.n[:, None, None] * inverse
            information += one.n[:, None, None] * _traces(inverse, inverse, basis) / 2
        score = np.einsum("rij,mij->rm", slope, basis) / 2
        step = np.einsum("rij,rj->ri", np.linalg.pinv(information, hermitian=True), score)
        sigma, change = _moved(sigma, np.einsum("rm,mij->rij", step, basis))
        converged = change < ENOUGH
        if converged.all():
            break
    return sigma, converged


def _moved(sigma: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Go as much of a step as leaves a covariance; the change relative to its scale."""
    scale = np.abs(sigma).max(axis=(1, 2))
    share = np.ones(len(sigma))
    for _ in range(20):
        trial = sigma + share[:, None, None] * step
        floor = 1e-8 * scale
        bad = ~(np.linalg.eigvalsh(np.nan_to_num(trial, nan=-1.0))[:, 0] > floor)
        if not bad.any():
            break
        share = np.where(bad, share / 2, share)
    trial = np.where(bad[:, None, None], sigma, trial)
    change = np.abs(step).max(axis=(1, 2)) / scale
    return trial, np.where(bad, np.inf, change)


def _traces(first: Floats, second: Floats, basis: Floats) -> Floats:
    """Trace of first x basis_i x second x basis_j, (replicate, i, j)."""
    left = np.einsum("rab,ibc->riac", first, basis)
    right = np.einsum("rcd,jda->rjca", second, basis)
    return np.asarray(np.einsum("riac,rjca->rij", left, right, optimize=True))


def _kenward_roger(patterns: list[_Pattern], sigma: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the contrast of arms at the last visit, its error and degrees of freedom."""
    basis = _basis(sigma.shape[1])
    inverses = [_inverse(one, sigma) for one in patterns]
    slopes, phi = _coefficients(patterns, inverses)
    replicates, covariates, visits = slopes.shape
    size = covariates * visits
    weight = phi[:, :, :, 1, visits - 1]
    matrix = np.zeros((replicates, len(basis), covariates, visits, covariates, visits))
    information = np.zeros((replicates, len(basis), len(basis)))
    second = np.zeros_like(information)
    for one, inverse in zip(patterns, inverses, strict=True):
        middle = np.einsum("rij,mjk,rkl->rmil", inverse, basis, inverse, optimize=True)
        matrix -= np.einsum("rab,rmij->rmaibj", one.xx, middle)
        spread = np.einsum("raibj,rab->rij", phi, one.xx)
        information += one.n[:, None, None] * _traces(inverse, inverse, basis)
        information -= 2 * _traces(inverse @ spread @ inverse, inverse, basis)
        own = weight.transpose(0, 2, 1) @ one.xx @ weight
        second += _traces(inverse @ own @ inverse, inverse, basis)
    flat = matrix.reshape(replicates, len(basis), size, size)
    phis = phi.reshape(replicates, 1, size, size)
    turned = phis @ flat
    information += np.einsum("riab,rjba->rij", turned, turned, optimize=True)
    spread = np.linalg.pinv((information + information.transpose(0, 2, 1)) / 4, hermitian=True)
    along = np.einsum("rmab,rb->rma", flat, weight.reshape(replicates, size))
    second -= np.einsum("ria,rab,rjb->rij", along, phis[:, 0], along, optimize=True)
    slope = np.einsum("rma,ra->rm", along, weight.reshape(replicates, size))
    plain = phi[:, 1, visits - 1, 1, visits - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = 2 * plain**2 / np.einsum("ri,rij,rj->r", slope, spread, slope)
        error = np.sqrt(plain + 2 * (spread * second).sum(axis=(1, 2)))
    return slopes[:, 1, visits - 1], error, freedom
