"""The posterior of what cells do, by quadrature: every number on a grid, none by a random walk.

Potency lies on a grid with a point at no effect; the other numbers of cells on low-discrepancy
points of their prior; the two spreads between studies on nodes of equal prior weight. The whole is
a table of weights, so a study is left out by summing again, exactly.

Diseases may borrow: with each disease's likelihood on the same grid of potency, a disease is either
without effect, or like the others (normal around a common mean), or alone (its prior), as in the
exchangeability-nonexchangeability approach (Neuenschwander, Wandel, Roychoudhury and Bailey, Robust
exchangeability designs for early phase clinical trials with multiple strata).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtri

from funis.calibrate.likelihood import Data, covariance, log_likelihood
from funis.calibrate.points import NO_CELLS, Points
from funis.calibrate.settings import Prior, Settings
from funis.calibrate.surface import features

Array = NDArray[np.float64]

GRID_SD = 3.0
GRID = 41
"""Nodes of log potency from three standard deviations below its prior on, beside no effect."""

NUISANCE = 128
"""Points of the other numbers of cells."""

STUDY_NODES = (0.1, 0.3, 0.5, 0.7, 0.9)
ROW_NODES = (1 / 6, 0.5, 5 / 6)
"""Probabilities at which the half-normal priors of the two spreads are cut."""

MEANS = np.linspace(-1.5, 1.5, 13)
SPREADS = np.array([0.1, 0.3, 0.5, 0.8, 1.2])
NULLS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
ALIKE = 0.5
"""Prior probability that a disease with an effect is like the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the posterior is computed.

    Attributes
    ----------
    log_potency : (node,) -inf first, which is no effect.
    prior : (node,) log prior of one disease alone.
    others : (nuisance, parameter) factors of the other numbers.
    names : parameters of stage 3, potency first.
    study_sd, row_sd : (spread,) pairs of the two spreads between studies.
    at : (node, nuisance, feature).
    """

    names: tuple[str, ...]
    log_potency: Array
    prior: Array
    others: Array
    study_sd: Array
    row_sd: Array
    at: Array


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Log likelihood of a disease on the grid, (node, nuisance, spread).

    ``others`` is what other diseases say of the spreads between studies, (spread,) log likelihood.
    """

    grid: Grid
    log_likelihood: Array
    others: Array | None = None

    @property
    def weighted(self) -> Array:
        """Log likelihood with what other diseases say of the spreads, (node, nuisance, spread)."""
        if self.others is None:
            return self.log_likelihood
        return np.asarray(self.log_likelihood + self.others - logsumexp(self.others))

    @property
    def by_potency(self) -> Array:
        """Log likelihood of potency, the rest integrated over its prior, (node,)."""
        return np.asarray(logsumexp(self.weighted, axis=(1, 2)))

    @property
    def by_spread(self) -> Array:
        """Log likelihood of the spreads from the disease's own rows, the rest integrated."""
        return np.asarray(
            logsumexp(self.log_likelihood + self.grid.prior[:, None, None], axis=(0, 1))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Draws of a posterior: factors of parameters, and the spreads between studies.

    Attributes
    ----------
    points : Points
        Factors, a row a draw.
    study_sd, row_sd : (draw,)
    """

    points: Points
    study_sd: Array
    row_sd: Array

    def __len__(self) -> int:
        """Number of draws."""
        return len(self.points)

    def without_cells(self) -> Draws:
        """Return the same draws with cells that do nothing."""
        return Draws(self.points.without_cells(), self.study_sd, self.row_sd)


def grid_of(settings: Settings) -> Grid:
    """Return the grid of a disease."""
    from scipy.stats import norm

    priors = {prior.parameter: prior for prior in settings.stage(3)}
    potency = priors.pop(NO_CELLS)
    end = GRID_SD if potency.most is None else np.log(potency.most) / potency.sd_log
    nodes = np.linspace(-GRID_SD, end, GRID)
    mass = norm.pdf(nodes) / norm.pdf(nodes).sum()
    log_potency = np.concatenate([[-np.inf], nodes * potency.sd_log])
    prior = np.log(np.concatenate([[potency.no_effect or 1e-300], (1 - potency.no_effect) * mass]))
    others = _nuisance(list(priors.values()))
    names = (NO_CELLS, *priors)
    study, row = np.meshgrid(
        _half_normal(settings.study_scale, STUDY_NODES),
        _half_normal(settings.row_scale, ROW_NODES), indexing="ij",
    )  # fmt: skip
    at = _features(names, log_potency, others)
    return Grid(names, log_potency, prior, others, study.ravel(), row.ravel(), at)


def table_of(data: Data, grid: Grid, settings: Settings) -> Table:
    """Return the log likelihood of the rows on the grid."""
    nodes, nuisance, _ = grid.at.shape
    found = np.zeros((nodes, nuisance, len(grid.study_sd)))
    if not len(data.observed):
        return Table(grid, found)
    effects = grid.at @ data.weights
    relative = grid.at[:, 0, 0] ** 2 / data.reference
    for place, (study_sd, row_sd) in enumerate(zip(grid.study_sd, grid.row_sd, strict=True)):
        matrix = covariance(data, float(study_sd), float(row_sd), settings)
        found[:, :, place] = log_likelihood(data, effects, relative, matrix, settings)
    return Table(grid, found)


def own_posterior(table: Table) -> Array:
    """Return the probability of each node from the disease's own rows, (node,)."""
    return _normalised(table.grid.prior + table.by_potency)


def borrowed_posteriors(tables: Mapping[str, Table]) -> dict[str, Array]:
    """Return the probability of each node of each disease, with what the others say."""
    shapes = {name: _hyper_likelihood(table) for name, table in tables.items()}
    total = sum(shape.total for shape in shapes.values())
    total = total + _hyper_prior()
    weight = _normalised(total)
    return {
        name: np.tensordot(weight, shape.posterior, axes=4 - 1) for name, shape in shapes.items()
    }


def draw(table: Table, potency: Array, count: int, luck: Array) -> Draws:
    """Return draws of the posterior, evenly through it (systematic resampling).

    Parameters
    ----------
    potency
        (node,) probability of each node, own or borrowed.
    luck
        (2,) numbers from 0 to 1.
    """
    joint = joint_mass(table, potency).ravel()
    at = (np.arange(count) + luck[0]) / count
    place = np.minimum(np.searchsorted(np.cumsum(joint) / joint.sum(), at), len(joint) - 1)
    node, rest = np.divmod(place, table.log_likelihood[0].size)
    nuisance, spread = np.divmod(rest, table.log_likelihood.shape[2])
    grid = table.grid
    factors = np.column_stack([np.exp(grid.log_potency[node]), grid.others[nuisance]])
    return Draws(Points(grid.names, factors), grid.study_sd[spread], grid.row_sd[spread])


def joint_mass(table: Table, potency: Array) -> Array:
    """Return the probability of each point of the grid, (node, nuisance and spread)."""
    flat = table.weighted.reshape(len(potency), -1)
    within = np.exp(flat - logsumexp(flat, axis=1, keepdims=True))
    return np.asarray(potency[:, None] * within)


def effective_share(old: Array, new: Array) -> float:
    """Return the share of draws that still counts when draws of one mass are weighted to another.

    The effective number of Kish, for weights that are the ratio of the two.
    """
    at = old > 0
    return float(1 / np.sum(new[at] ** 2 / old[at]))


def contraction(table: Table) -> dict[str, float]:
    """Return 1 - variance ratio of each number of cells against its prior, from own rows alone.

    Of the logarithms, potency given that cells do anything; exact sums over the grid.
    """
    grid = table.grid
    nodes = own_posterior(table)
    flat = table.log_likelihood.max(axis=(1, 2), keepdims=True)
    within = np.exp(table.log_likelihood - flat).sum(axis=2)
    others = nodes @ (within / within.sum(axis=1, keepdims=True))
    equal = np.full(len(others), 1 / len(others))
    acting = np.exp(grid.prior[1:])
    found = {grid.names[0]: _drop(grid.log_potency[1:], nodes[1:], acting)}
    for place, name in enumerate(grid.names[1:]):
        found[name] = _drop(np.log(grid.others[:, place]), others, equal)
    return found


def _drop(values: Array, after: Array, before: Array) -> float:
    variances = []
    for weights in (after, before):
        share = weights / weights.sum()
        variances.append(float(share @ (values - share @ values) ** 2))
    return 1 - variances[0] / variances[1]


def _nuisance(priors: Sequence[Prior]) -> Array:
    from scipy.stats import qmc

    if not priors:
        return np.ones((1, 0))
    uniform = qmc.Sobol(len(priors), seed=0).random(NUISANCE)
    return np.asarray(np.exp(ndtri(uniform) * np.array([prior.sd_log for prior in priors])))


def _half_normal(scale: float, probabilities: Sequence[float]) -> Array:
    return np.asarray(scale * ndtri(0.5 + np.array(probabilities) / 2))


def _features(names: tuple[str, ...], log_potency: Array, others: Array) -> Array:
    blocks = []
    for node in log_potency:
        potency = np.full((len(others), 1), np.exp(node))
        blocks.append(features(Points(names, np.hstack([potency, others])), names))
    return np.stack(blocks)


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """A disease under every value of what diseases have in common, (mean, spread, null)."""

    total: Array
    posterior: Array


def _hyper_likelihood(table: Table) -> _Shape:
    from scipy.stats import norm

    likelihood = table.by_potency
    nodes = table.grid.log_potency[1:]
    own = np.exp(table.grid.prior[1:] - logsumexp(table.grid.prior[1:]))
    alike = norm.pdf(nodes, MEANS[:, None, None], SPREADS[None, :, None])
    alike = alike / alike.sum(axis=2, keepdims=True)
    mixed = ALIKE * alike + (1 - ALIKE) * own
    joint = np.empty((len(MEANS), len(SPREADS), len(NULLS), len(nodes) + 1))
    joint[..., 0] = NULLS
    joint[..., 1:] = (1 - NULLS)[None, None, :, None] * mixed[:, :, None, :]
    log_joint = np.log(np.maximum(joint, 1e-300)) + likelihood
    total = logsumexp(log_joint, axis=3)
    return _Shape(np.asarray(total), np.exp(log_joint - total[..., None]))


def _hyper_prior() -> Array:
    from scipy.stats import norm

    mean = norm.logpdf(MEANS, 0, 0.5)
    spread = norm.logpdf(SPREADS, 0, 0.5)
    return np.asarray(mean[:, None, None] + spread[None, :, None] + np.zeros(len(NULLS)))


def _normalised(log_weight: Array) -> Array:
    return np.asarray(np.exp(log_weight - logsumexp(log_weight)))
