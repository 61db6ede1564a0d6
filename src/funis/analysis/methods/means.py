"""Differences of means and of places: Welch, analysis of covariance, Wilcoxon."""

from __future__ import annotations

import numpy as np

from funis.analysis.methods.values import (
    Contrasts,
    Floats,
    ReplicateSample,
    by_student,
    chunks,
    join,
    normal_quantile,
    strata_of,
    two_sided,
)


def welch(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Welch's t interval and test.

    References
    ----------
    Welch 1947, Biometrika 34:28.
    """
    (n, mean, variance), (m, other, variance_other) = _moments(arm), _moments(reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = variance / n, variance_other / m
        freedom = (first + second) ** 2 / (first**2 / (n - 1) + second**2 / (m - 1))
        error = np.sqrt(first + second)
    freedom = np.where(error == 0, 1.0, freedom)
    return by_student(mean - other, error, freedom, confidence)


def _moments(sample: ReplicateSample) -> tuple[Floats, Floats, Floats]:
    known = ~np.isnan(sample.values)
    n = known.sum(axis=1).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, sample.values, 0).sum(axis=1) / n
        apart = np.where(known, sample.values - mean[:, None], 0)
        return n, mean, (apart**2).sum(axis=1) / np.where(n > 1, n - 1, np.nan)


def ancova(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Difference of means adjusted for baseline and strata, by least squares.

    One slope for both arms and one variance; t interval and test with the residual degrees of
    freedom.

    References
    ----------
    Ordinary least squares; Senn 2006, Stat Med 25:4334, on baseline as covariate in trials.
    """
    design, values, known = design_matrix(arm, reference)
    design = design * known[:, :, None]
    values = np.where(known, values, 0.0)
    inverse = np.linalg.pinv(np.einsum("rni,rnj->rij", design, design), hermitian=True)
    slopes = np.einsum("rij,rnj,rn->ri", inverse, design, values, optimize=True)
    left = values - np.einsum("rni,ri->rn", design, slopes)
    rank = np.linalg.matrix_rank(inverse, hermitian=True)
    freedom = known.sum(axis=1) - rank.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt((left**2).sum(axis=1) / freedom * inverse[:, 1, 1])
    return by_student(slopes[:, 1], error, np.where(freedom > 0, freedom, np.nan), confidence)


def design_matrix(
    arm: ReplicateSample, reference: ReplicateSample
) -> tuple[Floats, Floats, Floats]:
    """Return covariates (constant, arm, baseline, strata), values, and who is complete."""
    values = np.concatenate([arm.values, reference.values], axis=1)
    treated = np.zeros(values.shape)
    treated[:, : arm.values.shape[1]] = 1.0
    columns = [np.ones(values.shape), treated]
    if arm.baseline is not None and reference.baseline is not None:
        start = np.concatenate([arm.baseline, reference.baseline], axis=1)
        columns.append(start - np.nanmean(start))
    columns += [
        np.concatenate(pair, axis=1).astype(float) for pair in strata_of(arm, reference)[1:]
    ]
    design = np.stack(columns, axis=2)
    known = ~(np.isnan(values) | np.isnan(design).any(axis=2))
    return np.nan_to_num(design), values, known.astype(float)


def wilcoxon(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Hodges and Lehmann's shift with its interval, and Wilcoxon's rank-sum test.

    Normal approximation with mid-ranks and the variance for ties, without continuity correction.

    References
    ----------
    Hodges and Lehmann 1963, Ann Math Stat 34:598; interval by Moses, as in Hollander and Wolfe,
    Nonparametric Statistical Methods, section 4.3.
    """
    size = 3 * arm.values.shape[1] * reference.values.shape[1]
    parts = [
        _wilcoxon(arm.rows(part), reference.rows(part), confidence)
        for part in chunks(len(arm), size)
    ]
    return join(parts)


def _wilcoxon(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    apart = arm.values[:, :, None] - reference.values[:, None, :]
    n, m = (np.sum(~np.isnan(one.values), axis=1).astype(float) for one in (arm, reference))
    pairs = n * m
    above = (np.sum(apart > 0, axis=(1, 2)) - np.sum(apart < 0, axis=(1, 2))) / 2
    whole = n + m
    with np.errstate(invalid="ignore", divide="ignore"):
        ties = _ties(np.concatenate([arm.values, reference.values], axis=1))
        error = np.sqrt(pairs / 12 * (whole + 1 - ties / (whole * (whole - 1))))
        z = np.where(error > 0, above / error, 0.0)
    sorted_pairs = np.sort(apart.reshape(len(apart), -1), axis=1)
    reach = np.floor(pairs / 2 - normal_quantile(confidence) * error)
    low = _at(sorted_pairs, np.maximum(reach, 0))
    high = _at(sorted_pairs, pairs - 1 - np.maximum(reach, 0))
    middle = (_at(sorted_pairs, (pairs - 1) // 2) + _at(sorted_pairs, pairs // 2)) / 2
    z = np.where(pairs > 0, z, np.nan)
    half = (high - low) / 2 / normal_quantile(confidence)
    return Contrasts(middle, low, high, z, two_sided(z), half)


def _at(rows: Floats, place: Floats) -> Floats:
    """Return one element of each row, not-a-number where the place lies outside."""
    last = rows.shape[1] - 1
    index = np.clip(np.nan_to_num(place), 0, last).astype(np.int64)
    return rows[np.arange(len(rows)), index]


def _ties(values: Floats) -> Floats:
    """Sum of t^3 - t over groups of t equal values, in each row."""
    ordered = np.sort(values, axis=1)
    starts = np.ones(ordered.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    group = np.cumsum(starts, axis=1) - 1
    size = np.zeros(ordered.shape)
    rows = np.broadcast_to(np.arange(len(ordered))[:, None], ordered.shape)
    np.add.at(size, (rows, group), ~np.isnan(ordered))
    return np.asarray((size**3 - size).sum(axis=1))
