"""The predicted distribution of a reported number, at the size of its arm, and how well it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.likelihood import OVERDISPERSION, Data, size_of
from funis.calibrate.posterior import Draws
from funis.calibrate.rows import LOGISTIC_SD, Row
from funis.calibrate.settings import Settings
from funis.calibrate.surface import features
from funis.models.endpoints import Endpoints

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A number that a study printed, and what was predicted of it.

    Attributes
    ----------
    row : Row
    draws : (draw,) of the reported statistic, in its unit.
    scale : what the score is divided by: the spread between patients; 1 for a share.
    """

    row: Row
    draws: Array
    scale: float

    def quantile(self, probability: float) -> float:
        """Return a quantile of the prediction."""
        return float(np.quantile(self.draws, probability))

    def inside(self, share: float) -> bool:
        """Return whether the published number lies in the central interval."""
        low, high = self.quantile(0.5 - share / 2), self.quantile(0.5 + share / 2)
        return bool(low - 1e-9 <= self.row.observed <= high + 1e-9)

    @property
    def crps(self) -> float:
        """Continuous ranked probability score, in the unit of the number."""
        return crps(self.draws, self.row.observed)

    @property
    def scaled_crps(self) -> float:
        """Score divided by the scale, so that rows of any unit can be averaged."""
        return self.crps / self.scale


def crps(draws: Array, observed: float) -> float:
    """Return the continuous ranked probability score of draws.

    It is the mean distance to the observed value less half the mean distance between draws
    (Gneiting and Raftery 2007, 10.1198/016214506000001437, equation 21).
    """
    ordered = np.sort(draws)
    n = len(ordered)
    among = 2 * np.sum((2 * np.arange(1, n + 1) - n - 1) * ordered) / n**2
    return float(np.mean(np.abs(ordered - observed)) - among / 2)


def predictions(
    data: Data, draws: Draws, settings: Settings, endpoints: Endpoints,
    luck: np.random.Generator,
) -> list[Prediction]:  # fmt: skip
    """Return the predicted distribution of each row.

    Parameters
    ----------
    luck
        Keyed generator: studies differ, and so do the patients who were in them.
    """
    names = tuple(prior.parameter for prior in settings.stage(3))
    at = features(draws.points, names)
    mean = data.mean + at @ data.weights
    mean = mean + _common(data, draws, np.abs(at[:, 0]), settings, luck)
    return [
        Prediction(
            row,
            reported(row, mean[:, k], float(data.spread[k]), endpoints, luck),
            1.0 if row.measure == "responder" else float(data.spread[k]),
        )
        for k, row in enumerate(data.rows)
    ]


def _common(
    data: Data, draws: Draws, size: Array, settings: Settings, luck: np.random.Generator
) -> Array:
    """Return what studies, designs and the earlier stages add, (draw, row)."""
    count = len(draws)
    families = {name: luck.standard_normal(count) for name in np.unique(data.family).tolist()}
    groups = {name: luck.standard_normal(count) for name in np.unique(data.group).tolist()}
    arms = {name: luck.standard_normal(count) for name in np.unique(data.arm).tolist()}
    study = np.stack([families[name] for name in data.family.tolist()], axis=1)
    row = np.stack([groups[name] for name in data.group.tolist()], axis=1)
    row = row + np.stack([arms[name] for name in data.arm.tolist()], axis=1)
    spread = draws.study_sd[:, None] * study + draws.row_sd[:, None] * row
    mean = np.array([settings.open_label.mean, settings.single_arm.mean])
    sd = np.array([settings.open_label.sd, settings.single_arm.sd])
    bias = (mean + sd * luck.standard_normal((count, 2))) @ data.design.T
    relative = (size / np.sqrt(data.reference))[:, None]
    regimen = relative * (luck.standard_normal((count, len(data.mean))) @ _root(data.residual).T)
    earlier = luck.standard_normal((count, len(data.mean))) @ _root(data.base).T
    return np.asarray(spread * data.sign + bias + regimen + earlier)


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def reported(
    row: Row, unit: Array, spread: float, endpoints: Endpoints, luck: np.random.Generator
) -> Array:
    """Return the statistic as a study of this size would report it."""
    n = size_of(row)
    if row.measure == "responder":
        share = 1 / (1 + np.exp(-unit * LOGISTIC_SD))
        return np.asarray(luck.binomial(n, share) / n, dtype=np.float64)
    if row.measure == "rate":
        years = n * max(row.request.week, 1.0) / 52.18
        events = np.exp(unit) * years
        shape = np.maximum(events / (OVERDISPERSION - 1), 1e-9)
        return np.asarray(luck.poisson(luck.gamma(shape, OVERDISPERSION - 1)) / years)
    value = unit * spread + luck.standard_normal(len(unit)) * spread / np.sqrt(n)
    return np.asarray(np.clip(value, *_limits(row, endpoints)), dtype=np.float64)


def _limits(row: Row, endpoints: Endpoints) -> tuple[float, float]:
    item = endpoints.number(row.request.endpoint)
    low, high = float(item.low), float(item.high)
    return (low, high) if row.measure == "value" else (low - high, high - low)
