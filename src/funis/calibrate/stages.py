"""Stages 1 and 2 of calibration: what placebo arms and targeted drugs say of the shared numbers.

Each stage has rows (published statistics), a quadratic surface through what was simulated of them,
a normal likelihood and importance weights over low-discrepancy points of its priors. A later
stage takes the draws of the earlier one as they are: its rows never move them. So its weights sum
to 1 for every draw of the earlier stage: the posterior is cut, p(early | its rows) p(late | early,
its rows), the formula as seen in xianblog.wordpress.com/tag/the-bugs-book on the cut of M. Plummer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, solve_triangular
from scipy.special import logsumexp, ndtr, ndtri
from scipy.stats import qmc

from funis.calibrate.arm_columns import Asked
from funis.calibrate.measures import NORMAL_95, Kind, Statistic
from funis.calibrate.pareto import pareto_k
from funis.calibrate.points import Points
from funis.calibrate.quadratic import Quadratic
from funis.calibrate.rows import LOGISTIC_SD
from funis.calibrate.settings import Prior, Settings

Array = NDArray[np.float64]
Keep = Callable[[Array], NDArray[np.bool_]]

CANDIDATES = 4096
"""Points that are weighted; of the prior, or of what replaces it where a stage is refitted."""

SPARE = 4
"""Points drawn for each that is wanted, as some are impossible."""

WIDER = 1.5
"""Standard deviations of a proposal relative to those of the weighted sample that it is from."""

GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class StageRow:
    """One published statistic of an arm, or difference of two, on the scale of its likelihood.

    Attributes
    ----------
    source : rows with the same one share patients.
    asked : the arm, and the one that it is compared with.
    observed, error : published value and its standard error; None where only ``sizes`` say it.
    between : standard deviation between trials, 0 where it was not printed.
    sizes : patients of the published arms.
    """

    id: str
    name: str
    trial: str
    source: str
    kind: Kind
    asked: tuple[Asked, ...]
    observed: float
    error: float | None
    between: float = 0.0
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What was simulated of some rows under some points.

    Attributes
    ----------
    values : (point, row)
    chance : (row, row) covariance of chance, as the virtual patients are a sample.
    unit : (row,) one standard deviation between patients.
    failed : patients that no solver solved.
    """

    values: Array
    chance: Array
    unit: Array
    failed: int = 0


def simulated_of(found: Sequence[Statistic], failed: int = 0) -> Simulated:
    """Return the statistics of one trial, whose patients are the same in all rows."""
    values = np.stack([one.values for one in found], axis=1)
    influence = np.stack([one.influence for one in found], axis=2)
    chance = np.einsum("pnr,pns->rs", influence, influence) / len(values)
    return Simulated(values, chance, np.array([one.unit for one in found]), failed)


def together(parts: Sequence[Simulated]) -> Simulated:
    """Return the rows of several trials, whose patients are others."""
    size = sum(len(part.unit) for part in parts)
    chance, at = np.zeros((size, size)), 0
    for part in parts:
        chance[at : at + len(part.unit), at : at + len(part.unit)] = part.chance
        at += len(part.unit)
    return Simulated(
        np.concatenate([part.values for part in parts], axis=1), chance,
        np.concatenate([part.unit for part in parts]), sum(part.failed for part in parts),
    )  # fmt: skip


def error_of(row: StageRow, unit: float) -> float:
    """Return the standard error of a row: printed, else that of arms of the published sizes."""
    if row.error is not None:
        return row.error
    inverse = sum(1 / size for size in row.sizes)
    if row.kind == "share_difference":
        return math.sqrt(unit / LOGISTIC_SD * inverse)
    return unit * math.sqrt(inverse)


def row_covariance(
    rows: Sequence[StageRow], found: Simulated, surface: Quadratic, settings: Settings
) -> Array:
    """Return how far published rows may lie from the surface by anything but the parameters.

    Published errors, the spread between trials and the discrepancy of the model are correlated
    within a source; errors of the surface and of the simulation are as they were found.
    """
    errors = np.array([error_of(row, unit) for row, unit in zip(rows, found.unit, strict=True)])
    between = np.array([row.between for row in rows])
    source = np.array([row.source for row in rows])
    alike = np.where(source[:, None] == source[None, :], settings.within, 0.0)
    np.fill_diagonal(alike, 1.0)
    discrepancy = settings.discrepancy * found.unit
    variance = [np.outer(sd, sd) for sd in (errors, between, discrepancy)]
    return np.asarray(alike * sum(variance) + found.chance + surface.covariance)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Points that are weighted.

    Attributes
    ----------
    logs : (candidate, parameter) logarithms of the factors.
    log_ratio : (candidate,) log of the prior density over that they were drawn with.
    """

    logs: Array
    log_ratio: Array


def from_prior(priors: Sequence[Prior], keep: Keep, count: int = CANDIDATES) -> Candidates:
    """Return low-discrepancy points of the prior, those left out that are impossible."""
    normal = _normal(len(priors), SPARE * count)
    logs = normal * np.array([prior.sd_log for prior in priors])
    logs = logs[keep(logs)][:count]
    return Candidates(logs, np.zeros(len(logs)))


def from_weights(
    priors: Sequence[Prior], keep: Keep, old: Candidates, weights: Array, count: int = CANDIDATES
) -> Candidates:
    """Return points of a normal distribution around a weighted sample, wider than it.

    Parameters
    ----------
    weights
        (candidate,) of the old points, sum 1.
    """
    sd = np.array([prior.sd_log for prior in priors])
    mean, matrix = weighted_moments(old.logs, weights)
    matrix = WIDER**2 * matrix + np.diag((0.05 * sd) ** 2)
    root = np.linalg.cholesky(matrix)
    normal = _normal(len(priors), SPARE * count)
    logs = mean + normal @ root.T
    drawn = -0.5 * np.sum(normal**2, axis=1) - np.log(np.diag(root)).sum()
    before = -0.5 * np.sum((logs / sd) ** 2, axis=1) - np.log(sd).sum()
    kept = np.flatnonzero(keep(logs))[:count]
    return Candidates(logs[kept], (before - drawn)[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """The posterior of a stage: a weight for each draw of the earlier stage and each candidate.

    Attributes
    ----------
    earlier : (draw, parameter) logarithms of the earlier stage's factors.
    candidates : of this stage.
    weights : (draw, candidate), every row sums to 1.
    pareto_k : of the weights averaged over draws.
    """

    earlier: Array
    candidates: Candidates
    weights: Array
    pareto_k: float

    @property
    def pooled(self) -> Array:
        """Weights averaged over the draws of the earlier stage, (candidate,)."""
        return np.asarray(self.weights.mean(axis=0))

    @property
    def effective(self) -> float:
        """Effective number of candidates (Kish)."""
        return float(1 / np.sum(self.pooled**2))

    @property
    def least_effective(self) -> float:
        """Effective number of candidates behind the worst draw of the earlier stage."""
        return float(1 / np.sum(self.weights**2, axis=1).max())


def weigh(
    observed: Array, surface: Quadratic, matrix: Array, columns: NDArray[np.int64],
    earlier: Array, candidates: Candidates,
) -> Weighted:  # fmt: skip
    """Weigh candidates by the likelihood of the rows.

    Parameters
    ----------
    matrix
        Of `row_covariance`.
    columns
        Parameters that the surface is a function of, among the earlier and the own ones.
    earlier
        (draw, parameter); one draw of none in the first stage.
    """
    log_weight = np.tile(candidates.log_ratio, (len(earlier), 1))
    if len(observed):
        factor = cho_factor(matrix, lower=True)[0]
        for number, draw in enumerate(earlier):
            values = surface.at(_joint(draw, candidates.logs)[:, columns])
            log_weight[number] += _log_density(observed - values, factor)
    weights = np.exp(log_weight - logsumexp(log_weight, axis=1, keepdims=True))
    pooled = np.log(np.maximum(weights.mean(axis=0), 1e-300))
    return Weighted(earlier, candidates, weights, pareto_k(pooled))


def draw_of(found: Weighted, count: int | None = None) -> Array:
    """Return equally weighted draws, spread evenly along their principal axis.

    Parameters
    ----------
    count
        Of the first stage; later ones have a draw for each of the earlier stage.

    Returns
    -------
    array
        (draw, parameter) logarithms of all factors so far.
    """
    scale = np.maximum(found.candidates.logs.std(axis=0), 1e-12)
    _, matrix = weighted_moments(found.candidates.logs / scale, found.pooled)
    axis = np.linalg.eigh(matrix)[1][:, -1]
    forward = np.sign(axis[np.argmax(np.abs(axis))])
    order = np.argsort(found.candidates.logs / scale @ axis * forward, kind="stable")
    summed = np.cumsum(found.weights[:, order], axis=1)
    if count is not None:
        draws, luck = [0] * count, (np.arange(count) + 0.5) / count
    else:
        draws = list(range(len(found.earlier)))
        luck = np.mod(np.arange(1.0, len(draws) + 1) * GOLDEN, 1.0)
    places = [
        order[min(np.searchsorted(summed[draw], value * summed[draw, -1]), len(order) - 1)]
        for draw, value in zip(draws, luck, strict=True)
    ]
    return np.hstack([found.earlier[draws], found.candidates.logs[places]])


def weighted_moments(logs: Array, weights: Array) -> tuple[Array, Array]:
    """Return mean and covariance of weighted points."""
    mean = weights @ logs
    centred = logs - mean
    return mean, np.asarray((centred * weights[:, None]).T @ centred)


def joint_moments(found: Weighted) -> tuple[Array, Array]:
    """Return mean and covariance of all factors' logarithms so far, the earlier stage's first."""
    pooled = found.pooled
    own_mean, own = weighted_moments(found.candidates.logs, pooled)
    means = found.weights @ found.candidates.logs
    before = found.earlier.mean(axis=0)
    apart = found.earlier - before
    cross = apart.T @ (means - own_mean) / len(apart)
    earlier = apart.T @ apart / len(apart)
    return np.concatenate([before, own_mean]), np.block([[earlier, cross], [cross.T, own]])


def contraction(prior: Candidates, found: Weighted) -> Array:
    """Return 1 less posterior over prior variance of each factor's logarithm, (parameter,)."""
    equal = np.full(len(prior.logs), 1 / len(prior.logs))
    _, before = weighted_moments(prior.logs, equal)
    _, after = weighted_moments(found.candidates.logs, found.pooled)
    return np.asarray(1 - np.diag(after) / np.diag(before))


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What a stage predicts of the published rows, on the scale of the likelihood, (row,).

    Attributes
    ----------
    probability : that the row is below the published value.
    signal : how far the factors move it, in standard deviations of everything else.
    """

    median: Array
    low: Array
    high: Array
    probability: Array
    signal: Array

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether the published value lies in the central 95 %."""
        return np.asarray((self.probability >= 0.025) & (self.probability <= 0.975))


def predicted(observed: Array, values: Array, matrix: Array) -> Predicted:
    """Return the distribution of the published rows over some points of equal weight, exactly.

    Each is a mixture of normal distributions, one a point.

    Parameters
    ----------
    values
        (point, row) of the surface.
    """
    sd = np.sqrt(np.diag(matrix))
    median, low, high = (_mixture_quantile(values, sd, share) for share in (0.5, 0.025, 0.975))
    below = ndtr((observed - values) / sd).mean(axis=0)
    return Predicted(median, low, high, below, values.std(axis=0) / sd)


def points_of(names: Sequence[str], logs: Array) -> Points:
    """Return logarithms of factors as points."""
    return Points(tuple(names), np.exp(logs))


def _mixture_quantile(values: Array, sd: Array, probability: float) -> Array:
    """Return a quantile of each row's mixture, by halving an interval that holds it."""
    low, high = values.min(axis=0) - 8 * sd, values.max(axis=0) + 8 * sd
    for _ in range(60):
        middle = (low + high) / 2
        below = ndtr((middle - values) / sd).mean(axis=0) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _log_density(left: Array, factor: Array) -> Array:
    """Return the log density of misses up to a constant, given a triangular root, (point,)."""
    solved = solve_triangular(factor, left.T, lower=True)
    return np.asarray(-0.5 * np.sum(solved**2, axis=0), dtype=np.float64)


def _joint(draw: Array, logs: Array) -> Array:
    return np.hstack([np.tile(draw, (len(logs), 1)), logs])


def _normal(count: int, points: int) -> Array:
    """Return low-discrepancy standard normal numbers (scrambled Sobol), (point, number)."""
    if count == 0:
        return np.zeros((1, 0))
    return np.asarray(ndtri(qmc.Sobol(count, seed=0).random(points)))


def normal_interval(median: float, error: float) -> tuple[float, float]:
    """Return the 95 % interval of a normal value."""
    return median - NORMAL_95 * error, median + NORMAL_95 * error
