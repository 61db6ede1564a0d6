"""Simulation-based calibration: whether the posterior knows what it does not know.

A true value is drawn from the prior, published numbers are made from it (by the engine's own
result at a point, with studies, arms and patients as luck has them), and the posterior is asked
where the truth lies in it. Over many repeats that place is uniform if the method is right (Talts
2018, arXiv 1804.06788).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import kstest

from funis.calibrate.likelihood import Data, StudyRows
from funis.calibrate.points import NO_CELLS, Points
from funis.calibrate.posterior import Grid, Table, table_of
from funis.calibrate.settings import Settings

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Places of the truth in its posterior.

    Attributes
    ----------
    names : parameters.
    places : (repeat, parameter) from 0 to 1.
    """

    names: tuple[str, ...]
    places: Array

    def p_value(self, name: str) -> float:
        """Return the probability of places as uneven as these (Kolmogorov and Smirnov)."""
        return float(kstest(self.places[:, self.names.index(name)], "uniform").pvalue)

    def counts(self, name: str, bins: int = 10) -> tuple[int, ...]:
        """Return how many places fall into each of some bins."""
        found, _ = np.histogram(self.places[:, self.names.index(name)], bins, (0.0, 1.0))
        return tuple(int(count) for count in found)


def ranks(
    studies: Sequence[StudyRows], data: Data, points: Points, grid: Grid, settings: Settings,
    repeats: int, seed: int,
) -> Ranks:  # fmt: skip
    """Return the places of true values in posteriors of numbers made from them.

    Parameters
    ----------
    studies, data
        Of a disease: which studies there are, how large, what was printed of them.
    points
        Those that the studies were simulated under; the truths are taken from them in turn.
    """
    luck = np.random.default_rng(seed)
    found = []
    truths = _believed(points, settings)
    for repeat in range(repeats):
        point = int(truths[repeat % len(truths)])
        made = replace(data, observed=published(studies, data, point, settings, luck))
        truth = np.array([points.factors[point, points.names.index(n)] for n in grid.names])
        found.append(places(table_of(made, grid, settings), np.log(truth), luck))
    return Ranks(grid.names, np.array(found))


def _believed(points: Points, settings: Settings) -> NDArray[np.int64]:
    """Return the points that the prior believes in."""
    keep = np.ones(len(points), dtype=np.bool_)
    for prior in settings.stage(3):
        if prior.most is not None:
            keep &= points.factors[:, points.names.index(prior.parameter)] <= prior.most
    return np.flatnonzero(keep)


def published(
    studies: Sequence[StudyRows], data: Data, point: int, settings: Settings,
    luck: np.random.Generator,
) -> Array:  # fmt: skip
    """Return numbers as they would be published if a point were the truth, (row,)."""
    simulated = np.concatenate(
        [(one.surface.without + one.surface.effect)[point, one.counted] for one in studies]
    )
    study_sd = abs(settings.study_scale * luck.standard_normal())
    row_sd = abs(settings.row_scale * luck.standard_normal())
    study, row, arm = (_shared(numbers, luck) for numbers in (data.family, data.group, data.arm))
    bias = data.design @ np.array(
        [
            one.mean + one.sd * luck.standard_normal()
            for one in (settings.open_label, settings.single_arm)
        ]
    )
    other = _shared(data.arm, luck) * data.sign * data.unsure
    chance = np.linalg.cholesky(data.sampling + 1e-12 * np.eye(len(bias))) @ luck.standard_normal(
        len(bias)
    )
    between = data.sign * (study_sd * study + row_sd * (row + arm))
    return np.asarray(simulated + between + bias + other + chance)


def _shared(numbers: NDArray[np.int64], luck: np.random.Generator) -> Array:
    """Return one standard normal number for all rows of one number, (row,)."""
    found = {number: luck.standard_normal() for number in np.unique(numbers).tolist()}
    return np.array([found[number] for number in numbers.tolist()])


def places(table: Table, truth: Array, luck: np.random.Generator) -> list[float]:
    """Return the posterior probability of less than the truth, for each number of cells."""
    grid = table.grid
    weight = table.log_likelihood[1:] + grid.prior[1:, None, None]
    weight = np.exp(weight - logsumexp(weight))
    potency = weight.sum(axis=(1, 2))
    found = [_below(grid.log_potency[1:], potency, float(truth[grid.names.index(NO_CELLS)]), luck)]
    others = weight.sum(axis=(0, 2))
    for place in range(grid.others.shape[1]):
        values = np.log(grid.others[:, place])
        order = np.argsort(values)
        found.append(_below(values[order], others[order], float(truth[place + 1]), luck))
    return found


def _below(values: Array, weights: Array, truth: float, luck: np.random.Generator) -> float:
    """Return the weight below the truth; the node that holds it counts by a random part."""
    edges = (values[1:] + values[:-1]) / 2
    node = int(np.searchsorted(edges, truth))
    low = edges[node - 1] if node > 0 else -np.inf
    high = edges[node] if node < len(edges) else np.inf
    inside = np.isfinite(low) and np.isfinite(high)
    part = (truth - low) / (high - low) if inside else luck.random()
    return float(np.clip(weights[:node].sum() + part * weights[node], 0, 1))
