"""Ordered levels: the proportional-odds model with the arm as its only covariate."""

from __future__ import annotations

import numpy as np

from funis.analysis.methods.values import (
    Contrasts,
    Floats,
    ReplicateSample,
    by_normal_ratio,
    chunks,
    join,
)


def ordinal(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Odds ratio of a higher level, common to all cuts, with Wald's interval and test.

    References
    ----------
    McCullagh 1980, J R Stat Soc B 42:109.
    """
    size = (arm.values.shape[1] + reference.values.shape[1]) ** 2
    return join(
        [
            _ordinal(arm.rows(part), reference.rows(part), confidence)
            for part in chunks(len(arm), size)
        ]
    )


def _ordinal(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    first, second, levels = level_counts(arm, reference)
    beta, error = _fit(first, second, levels)
    lone = (levels < 2) | ~np.isfinite(error) | (np.abs(beta) > 15)
    found = by_normal_ratio(np.where(lone, np.nan, beta), np.where(lone, np.nan, error), confidence)
    z, p = np.where(lone, 0.0, found.z), np.where(lone, 1.0, found.p)
    return Contrasts(found.estimate, found.low, found.high, z, p, found.error)


def level_counts(arm: ReplicateSample, reference: ReplicateSample) -> tuple[Floats, Floats, Floats]:
    """Return patients at each level that occurs, of both arms, and the number of levels."""
    values = np.concatenate([arm.values, reference.values], axis=1)
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    step = np.zeros(values.shape)
    step[:, 1:] = (ordered[:, 1:] != ordered[:, :-1]) & ~np.isnan(ordered[:, 1:])
    rank = np.zeros(values.shape)
    np.put_along_axis(rank, order, np.cumsum(step, axis=1), axis=1)
    levels = rank.max(axis=1) + 1
    found = []
    for start, sample in ((0, arm), (arm.values.shape[1], reference)):
        own = rank[:, start : start + sample.values.shape[1]].astype(np.int64)
        counted = np.zeros((len(values), int(levels.max())))
        rows = np.broadcast_to(np.arange(len(values))[:, None], own.shape)
        np.add.at(counted, (rows, own), ~np.isnan(sample.values))
        found.append(counted)
    return found[0], found[1], levels


def _fit(first: Floats, second: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Return the logarithm of the odds ratio and its error, by Fisher's scoring."""
    replicates, count = first.shape
    cuts = count - 1
    used = np.arange(1, count)[None, :] < levels[:, None]
    whole = first + second
    total = np.maximum(whole.sum(axis=1, keepdims=True), 1)
    above = np.cumsum(whole[:, ::-1], axis=1)[:, ::-1][:, 1:] / total
    above = np.clip(above, 1e-9, 1 - 1e-9)
    theta = np.concatenate([np.log(above / (1 - above)), np.zeros((replicates, 1))], axis=1)
    for _ in range(25):
        score, information = _derivatives(theta, (first, second), used)
        step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        theta = theta + np.clip(step, -2, 2)
        if np.max(np.abs(step), initial=0.0) < 1e-9:
            break
    _, information = _derivatives(theta, (first, second), used)
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.linalg.inv(information)[:, cuts, cuts])
    return theta[:, cuts], error


def _derivatives(
    theta: Floats,
    groups: tuple[Floats, Floats],
    used: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> tuple[Floats, Floats]:
    replicates, cuts = used.shape
    score = np.zeros((replicates, cuts + 1))
    information = np.zeros((replicates, cuts + 1, cuts + 1))
    for shift, counted in zip((1.0, 0.0), groups, strict=True):
        above = np.where(used, 1 / (1 + np.exp(-(theta[:, :-1] + shift * theta[:, -1:]))), 0.0)
        slope = np.zeros((replicates, cuts + 2))
        slope[:, 1:-1] = above * (1 - above)
        ends = np.concatenate([np.ones((replicates, 1)), above, np.zeros((replicates, 1))], axis=1)
        share = np.maximum(ends[:, :-1] - ends[:, 1:], 1e-12)
        change = np.zeros((replicates, cuts + 1, cuts + 1))
        index = np.arange(cuts)
        change[:, index + 1, index] = slope[:, 1:-1]
        change[:, index, index] = -slope[:, 1:-1]
        change[:, :, cuts] = shift * (slope[:, :-1] - slope[:, 1:])
        score += np.einsum("rkp,rk->rp", change, counted / share)
        n = counted.sum(axis=1)[:, None]
        weight = np.where(share > 1e-12, n / share, 0.0)
        information += np.einsum("rkp,rk,rkq->rpq", change, weight, change, optimize=True)
    idle = np.concatenate([~used, np.zeros((replicates, 1), dtype=bool)], axis=1)
    places = np.arange(cuts + 1)
    information[:, places, places] += np.where(idle, 1.0, 1e-12)
    return np.where(idle, 0.0, score), information
