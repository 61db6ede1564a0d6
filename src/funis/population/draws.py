"""Raw draws: parameters and covariates of patients from their distributions and correlations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funis.population.copula import correlate
from funis.population.marginals import marginal
from funis.population.streams import normal, uniform

if TYPE_CHECKING:
    from funis.models import Model

__all__ = ["RawDraws", "draw", "join_draws"]


@dataclass(frozen=True, slots=True, eq=False)
class RawDraws:
    """Parameters of patients as drawn, before any gate.

    Parameters
    ----------
    index
        (n,) patient indices, the key of everything that was drawn.
    names
        Parameters and covariates, in the order of the model.
    values
        (n, n_parameters), in the units of the model.
    ensemble_draw
        (n,) row of the ensemble that each patient came from; 0 without an ensemble.
    """

    index: NDArray[np.int64]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    ensemble_draw: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.values.shape != (self.index.size, len(self.names)):
            raise ValueError(f"values must be (n, n_parameters); got {self.values.shape}")
        for column in (self.index, self.values, self.ensemble_draw):
            column.setflags(write=False)

    def __len__(self) -> int:
        """Number of patients."""
        return int(self.index.size)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return the values (n,) of one parameter."""
        return np.ascontiguousarray(self.values[:, self.names.index(name)])

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "RawDraws":
        """Return the chosen rows, in their order."""
        return RawDraws(self.index[rows], self.names, self.values[rows], self.ensemble_draw[rows])


def draw(model: "Model", n: int, seed: int, ensemble: Any = None, first: int = 0) -> RawDraws:
    """Draw the parameters and covariates of `n` patients.

    Every parameter with a distribution has a latent standard normal keyed by seed, patient,
    ensemble row and parameter name, so neither a larger `n`, another `first` nor an added
    uncorrelated parameter changes a number. `model.correlations` join the latents by a Gaussian
    copula: a declared correlation is that of the latents.

    Parameters
    ----------
    model
        Its `parameters` and `correlations` are read.
    n
        Number of patients.
    seed
        Seed of the draws.
    ensemble
        Posterior rows (`names`, `values` (n_draws, n_names), `weights`) whose values take the
        place of the model's medians; each patient has a row, chosen by key and weight.
    first
        Index of the first patient.

    Raises
    ------
    InputError
        Correlations that name no distributed parameter or contradict each other.
    """
    index = np.arange(first, first + n, dtype=np.int64)
    rows = _ensemble_rows(ensemble, seed, index)
    spread = [item.id for item in model.parameters if _is_spread(item.distribution)]
    latents = normal(seed, "parameter", index, rows, np.array(spread, dtype=str)[:, None])
    latent = correlate(dict(zip(spread, latents, strict=True)), model.correlations)
    values = np.empty((n, len(model.parameters)))
    for place, item in enumerate(model.parameters):
        centre = _centre(item.id, item.value, ensemble, rows)
        if item.distribution is not None and item.id in latent:
            centre = marginal(item.distribution, centre, latent[item.id])
        values[:, place] = centre
    return RawDraws(index, tuple(item.id for item in model.parameters), values, rows)


def join_draws(parts: Sequence[RawDraws]) -> RawDraws:
    """Return draws of one model one after the other."""
    return RawDraws(
        np.concatenate([part.index for part in parts]),
        parts[0].names,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.ensemble_draw for part in parts]),
    )


def _is_spread(distribution: Any) -> bool:
    return distribution is not None and distribution.kind != "fixed"


def _ensemble_rows(ensemble: Any, seed: int, index: NDArray[np.int64]) -> NDArray[np.int64]:
    if ensemble is None:
        return np.zeros(index.size, dtype=np.int64)
    cumulated = np.cumsum(np.asarray(ensemble.weights, dtype=np.float64))
    luck = uniform(seed, "ensemble row", index) * cumulated[-1]
    return np.asarray(np.searchsorted(cumulated, luck, side="right"), dtype=np.int64)


def _centre(name: str, value: float, ensemble: Any, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the median of one parameter for every patient."""
    if ensemble is None or name not in ensemble.names:
        return np.full(rows.size, float(value))
    column = np.asarray(ensemble.values, dtype=np.float64)[:, ensemble.names.index(name)]
    return np.ascontiguousarray(column[rows])
