"""What trials report of an arm, or of two arms, as smooth functions of ratios of sums.

A mean is a sum over patients divided by their number, a rate one of events divided by one of years.
So one pair of columns holds what any statistic needs of each patient, and the error of chance of
a statistic follows from what each patient moves it by (its influence), whatever it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.rows import LOGISTIC_SD

Array = NDArray[np.float64]

Kind = Literal[
    "share", "mean", "rate", "geometric",
    "share_difference", "mean_difference", "odds_ratio", "rate_ratio",
]  # fmt: skip

LOGIT: tuple[Kind, ...] = ("share", "odds_ratio")
LOG: tuple[Kind, ...] = ("rate", "rate_ratio")
RATIOS: tuple[Kind, ...] = ("odds_ratio", "rate_ratio")
"""Kinds that are published as ratios, whose logarithm is compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What some statistics of an arm need, patient by patient.

    Attributes
    ----------
    top, bottom : (point, patient, column)
    """

    top: Array
    bottom: Array

    def ratios(self) -> Array:
        """Return the sum of the top over that of the bottom, (point, column)."""
        return np.asarray(self.top.sum(axis=1) / np.maximum(self.bottom.sum(axis=1), 1e-12))

    def influences(self) -> Array:
        """Return what each patient moves a ratio by, (point, patient, column)."""
        whole = np.maximum(self.bottom.sum(axis=1, keepdims=True), 1e-12)
        return np.asarray((self.top - self.ratios()[:, None, :] * self.bottom) / whole)


def joined(parts: Sequence[Columns]) -> Columns:
    """Put patients together."""
    return Columns(
        np.concatenate([part.top for part in parts], axis=1),
        np.concatenate([part.bottom for part in parts], axis=1),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """One statistic under each point, on the scale on which its error is normal.

    Attributes
    ----------
    values : (point,)
    influence : (point, patient)
    unit : one standard deviation between patients on this scale.
    """

    values: Array
    influence: Array
    unit: float

    def less(self, other: Statistic, unit: float) -> Statistic:
        """Return the difference to the same statistic of the same patients in another arm."""
        return Statistic(self.values - other.values, self.influence - other.influence, unit)


def levelled(few: Statistic, many: Statistic) -> Statistic:
    """Return a statistic under each point: that of many patients at one, and what others change.

    What a point changes is the same in few patients but for little, as luck is the same; so chance
    is nearly that of the many (two levels of Giles 2008, Operations Research 56:607).

    Parameters
    ----------
    few
        Under every point, the centre last.
    many
        At the centre alone, the few first.
    """
    changed = few.influence[:-1] - few.influence[-1]
    influence = np.tile(many.influence[0], (len(changed), 1))
    influence[:, : changed.shape[1]] += changed
    return Statistic(few.values[:-1] - few.values[-1] + many.values[0], influence, many.unit)


def statistic(kind: Kind, arm: Columns, reference: Columns | None = None) -> Statistic:
    """Return a statistic of one arm, or the difference of two.

    Parameters
    ----------
    arm, reference
        The columns of the statistic alone: one; two for a geometric mean (start, then end).
    """
    if kind == "geometric":
        return _geometric(arm)
    first = _linked(kind, arm)
    if reference is None:
        return first
    second = _linked(kind, reference)
    return first.less(second, (first.unit + second.unit) / 2)


def linked(kind: Kind, value: float, patients: float = math.inf) -> float:
    """Return a published value on the scale on which its error is normal.

    Parameters
    ----------
    patients
        Patients behind a share; half of one keeps it away from 0 and 1.
    """
    if kind == "share":
        limit = max(0.5 / patients, 1e-9)
        share = min(max(value, limit), 1 - limit)
        return math.log(share / (1 - share))
    return math.log(max(value, 1e-9)) if kind in LOG or kind in RATIOS else value


def unlinked(kind: Kind, value: float) -> float:
    """Return what `linked` made a number of."""
    if kind == "share":
        return 1 / (1 + math.exp(-value))
    return math.exp(value) if kind in LOG or kind in RATIOS else value


def error_from_interval(kind: Kind, estimate: float, low: float, high: float) -> float:
    """Return the standard error behind a 95 % interval; of a share near 0 or 1 by its slope."""
    if kind == "share" and (low <= 0 or high >= 1):
        middle = min(max(estimate, (high - low) / 4), 1 - (high - low) / 4)
        return (high - low) / (2 * NORMAL_95) / (middle * (1 - middle))
    return (linked(kind, high) - linked(kind, low)) / (2 * NORMAL_95)


NORMAL_95 = 1.959963984540054


def _linked(kind: Kind, columns: Columns) -> Statistic:
    ratio, influence = columns.ratios()[:, 0], columns.influences()[:, :, 0]
    patients = columns.top.shape[1]
    if kind in LOGIT:
        share = np.clip(ratio, 0.5 / patients, 1 - 0.5 / patients)
        slope = 1 / (share * (1 - share))
        return Statistic(np.log(share / (1 - share)), influence * slope[:, None], LOGISTIC_SD)
    if kind in LOG:
        rate = np.maximum(ratio, 1e-3)
        return Statistic(np.log(rate), influence / rate[:, None], 1.0)
    if kind == "share_difference":
        return Statistic(ratio, influence, float(np.mean(ratio * (1 - ratio))) * LOGISTIC_SD)
    return Statistic(ratio, influence, _spread(influence))


def _geometric(columns: Columns) -> Statistic:
    """Return the change of a geometric mean, from the means of the logarithms."""
    raised = np.exp(columns.ratios())
    moved = columns.influences() * raised[:, None, :]
    influence = moved[:, :, 1] - moved[:, :, 0]
    return Statistic(raised[:, 1] - raised[:, 0], influence, _spread(influence))


def _spread(influence: Array) -> float:
    """Return the standard deviation between patients behind the influences of a mean."""
    patients = influence.shape[1]
    return max(float(np.sqrt(np.mean(np.sum(influence**2, axis=1)) * patients)), 1e-9)


SCALES: Mapping[str, Kind] = {
    "risk_difference_pp": "share_difference",
    "mean_difference": "mean_difference",
    "odds_ratio": "odds_ratio",
    "rate_ratio": "rate_ratio",
}
"""Scales of the pharmacology gate that can be compared."""

MEASURES: Mapping[str, Kind] = {
    "responder": "share",
    "change": "mean",
    "value": "mean",
    "rate": "rate",
}
"""What a request of one arm is."""
