"""What the gate did to the distributions: accepted draws beside raw ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.population.draws import RawDraws

__all__ = ["MarginalRow", "compare_marginals", "kolmogorov_smirnov"]


@dataclass(frozen=True, slots=True)
class MarginalRow:
    """One parameter before and after the gate; the distance is Kolmogorov-Smirnov's, 0 to 1."""

    name: str
    raw_mean: float
    raw_sd: float
    accepted_mean: float
    accepted_sd: float
    distance: float


def compare_marginals(draws: RawDraws, accepted: NDArray[np.bool_]) -> tuple[MarginalRow, ...]:
    """Return a row for every parameter that varies between the raw draws."""
    rows = []
    for name in draws.names:
        raw = draws.column(name)
        kept = raw[accepted]
        if raw.size and np.ptp(raw) > 0.0:
            rows.append(
                MarginalRow(name, *_moments(raw), *_moments(kept), kolmogorov_smirnov(raw, kept))
            )
    return tuple(rows)


def kolmogorov_smirnov(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the largest distance between two empirical distribution functions; nan if empty."""
    if not first.size or not second.size:
        return float("nan")
    places = np.concatenate([first, second])
    shares = [
        np.searchsorted(np.sort(values), places, side="right") / values.size
        for values in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def _moments(values: NDArray[np.float64]) -> tuple[float, float]:
    if values.size < 2:
        return (float("nan"), float("nan")) if not values.size else (float(values[0]), 0.0)
    return float(values.mean()), float(values.std(ddof=1))
