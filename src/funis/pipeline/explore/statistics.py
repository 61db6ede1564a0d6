"""Bands over patients, and intervals of a mean difference over draws of what cells do."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.models.factors import NO_CELLS, Points

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

BAND = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Ends of the bands: 90 % and 50 % of the patients, and their median."""

LOW, HIGH = 0.025, 0.975
NORMAL_95 = 1.959964
"""Half width of a 95 % interval, in standard errors."""

PENALTY = 1.0
"""Of the slopes of `Draws`, in units of a standard deviation of a factor (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Draws of the posterior, by what an effect of cells is fitted to.

    The effect of a draw in a patient is taken as s (a + b z): s = p / (1 + p) of its potency p, so
    that cells that do nothing have none; z are the logarithms of the other factors. Fitted to
    patients who have a draw each, it tells the mean effect under every draw.

    Attributes
    ----------
    own : (patient, term) of each one's draw: s, then s z.
    whole : (row, term) of the posterior; all rows weigh the same.
    """

    own: Array
    whole: Array

    @classmethod
    def of(cls, points: Points, own: Integers, whole: Integers) -> Draws:
        """Return draws by their rows: that of each patient, and those of the posterior."""
        terms = _terms(points)
        return cls(terms[own], terms[whole])

    def of_patients(self, good: NDArray[np.bool_]) -> Draws:
        """Return the draws of some patients."""
        return Draws(self.own[good], self.whole)

    def carried(self, effects: Array) -> tuple[Array, Array]:
        """Return mean effects under every draw, and what is left to chance of a patient.

        Parameters
        ----------
        effects : (patient, ...)

        Returns
        -------
        arrays
            (row, ...), and the standard error of the mean over patients, (...).
        """
        flat, own = effects.reshape(len(effects), -1), self.own
        penalty = np.diag(np.r_[1e-9, np.full(own.shape[1] - 1, PENALTY)])
        slopes = np.linalg.solve(own.T @ own + penalty, own.T @ flat)
        spare = max(1, len(own) - own.shape[1])
        left = np.sqrt(((flat - own @ slopes) ** 2).sum(axis=0) / spare / len(own))
        shape = effects.shape[1:]
        return (self.whole @ slopes).reshape(-1, *shape), left.reshape(shape)


def _terms(points: Points) -> Array:
    """Return s, and s z of every factor that differs, (row, term)."""
    place = points.names.index(NO_CELLS)
    potency = points.factors[:, place]
    acts = potency > 0
    logs = np.log(np.delete(points.factors, place, axis=1))
    spread = logs[acts].std(axis=0) if acts.any() else np.zeros(logs.shape[1])
    logs, spread = logs[:, spread > 0], spread[spread > 0]
    share = (potency / (1 + potency))[:, None]
    middle = logs[acts].mean(axis=0) if acts.any() else 0.0
    return np.hstack([share, share * (logs - middle) / spread])


def bands(values: Array) -> Array:
    """Return the quantiles of `BAND` over patients, (quantile, ...), of (patient, ...).

    Linear between order statistics, as `funis.analysis.band`, in one sort; of what is not a number
    nothing is told.
    """
    flat = np.sort(np.ascontiguousarray(values.reshape(len(values), -1).T), axis=1)
    if np.isnan(flat[:, -1]).any():
        found = _of_numbers(flat)
    else:
        found = np.stack([_between(flat, share) for share in BAND])
    return found.reshape(len(BAND), *values.shape[1:])


def _of_numbers(rows: Array) -> Array:
    """Return quantiles of the numbers of each row; not-a-number where a row has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanquantile(rows, BAND, axis=1))


def _between(ordered: Array, share: float) -> Array:
    place = share * (ordered.shape[1] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[1] - 1)
    return np.asarray(ordered[:, low] + (place - low) * (ordered[:, high] - ordered[:, low]))


def mean_interval(effects: Array, draws: Draws | None) -> Array:
    """Return mean, low and high of paired differences, (3, ...), of (patient, ...).

    With draws that differ the truth is one of them: 95 % of the mean effects under every draw of
    the posterior lie in the interval, see `Draws`, which is widened by what is left to chance of
    the patients. Without draws it is that of a mean over patients.

    Parameters
    ----------
    draws : of these patients; None where draws do not differ.
    """
    mean = effects.mean(axis=0)
    if draws is None:
        half = NORMAL_95 * effects.std(axis=0, ddof=1) / np.sqrt(len(effects))
        return np.stack([mean, mean - half, mean + half])
    found, left = draws.carried(effects)
    low, high = _ends(found)
    down = np.hypot(np.maximum(mean - low, 0), NORMAL_95 * left)
    up = np.hypot(np.maximum(high - mean, 0), NORMAL_95 * left)
    return np.stack([mean, mean - down, mean + up])


def _ends(rows: Array) -> tuple[Array, Array]:
    """Return the ends of the middle 95 % of rows, each of them one of the rows."""
    places = [max(int(np.ceil(share * len(rows))) - 1, 0) for share in (LOW, HIGH)]
    ordered = np.partition(rows, places, axis=0)
    return ordered[places[0]], ordered[places[1]]


def share_interval(moved: Array, draws: Draws | None) -> Array:
    """Return mean, low and high of a paired difference of shares, (3, ...), of (patient, ...).

    No narrower than as many patients allow: those who respond in one course alone are counted as
    shares with Wilson's interval, and added as squares. That nobody differs among these patients
    does not mean that nobody would.

    Parameters
    ----------
    moved : 1, 0 or -1 in each patient.
    """
    mean, low, high = mean_interval(moved, draws)
    gained, lost = (_wilson((moved == side).mean(axis=0), len(moved)) for side in (1, -1))
    down = np.hypot(gained[0] - gained[1], lost[2] - lost[0])
    up = np.hypot(gained[2] - gained[0], lost[0] - lost[1])
    ends = [np.minimum(low, mean - down), np.maximum(high, mean + up)]
    return np.stack([mean, *(np.clip(end, -1.0, 1.0) for end in ends)])


def _wilson(share: Array, size: int) -> Array:
    """Return shares with Wilson's 95 % interval, (3, ...); `funis.analysis.wilson` for columns."""
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = NORMAL_95 * np.sqrt(share * (1 - share) / size + z2 / (4 * size**2)) / (1 + z2 / size)
    low = np.where(share == 0, 0.0, centre - half)
    return np.stack([share, low, np.where(share == 1, 1.0, centre + half)])
