"""What the methods compare, and what they find: arrays over replicates of a trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Kind = Literal["responder", "number", "rate", "time", "ordered"]
"""What an endpoint gives a method: yes or no, a number, events, a time, or a level."""


@dataclass(frozen=True, slots=True, eq=False)
class ReplicateSample:
    """One arm in many replicates of a trial; not-a-number where a patient is left out.

    Attributes
    ----------
    values : array of shape (replicates, patients)
        The endpoint; 0 and 1 for a response, events for a rate.
    baseline : array of shape (replicates, patients) or None
        Covariate of the analysis of covariance and of repeated measures.
    years : array of shape (replicates, patients) or None
        Time at risk of a rate [year].
    stratum : array of shape (replicates, patients) or None
        Whole numbers that name strata.
    visits : array of shape (replicates, patients, visits) or None
        Repeated measures, the one that is compared last. For a win ratio what is compared, the
        most important first; more is better.
    time, event : array of shape (replicates, patients) or None
        Time to the first event or to its censoring, and 1 where it was an event.
    """

    values: Floats
    baseline: Floats | None = None
    years: Floats | None = None
    stratum: Floats | None = None
    visits: Floats | None = None
    time: Floats | None = None
    event: Floats | None = None

    def __len__(self) -> int:
        """Return the number of replicates."""
        return len(self.values)

    def rows(self, part: slice) -> ReplicateSample:
        """Return some of the replicates."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return replace(self, **{k: one[part] for k, one in own.items() if one is not None})


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """Arm beside reference in each replicate, all of shape (replicates,).

    Attributes
    ----------
    estimate, low, high
        Difference or ratio with its interval; not-a-number where there is none.
    z
        Signed standard normal statistic: above 0 where the arm has more. A t statistic is put
        where the normal distribution has the same tail.
    p
        Two-sided.
    error
        Standard error, of a ratio that of its logarithm.
    """

    estimate: Floats
    low: Floats
    high: Floats
    z: Floats
    p: Floats
    error: Floats

    def row(self, index: int) -> tuple[float, float, float, float]:
        """Return estimate, low, high and p of one replicate."""
        found = (self.estimate, self.low, self.high, self.p)
        return tuple(float(column[index]) for column in found)  # type: ignore[return-value]


def join(parts: list[Contrasts]) -> Contrasts:
    """Put contrasts of several chunks of replicates together."""
    names = Contrasts.__dataclass_fields__
    return Contrasts(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def normal_quantile(confidence: float) -> float:
    """Return the quantile of the normal distribution for a two-sided interval."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def two_sided(z: Floats) -> Floats:
    """Return the two-sided p value of a normal statistic."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)), dtype=np.float64)


def by_student(estimate: Floats, error: Floats, freedom: Floats, confidence: float) -> Contrasts:
    """Return a difference with Student's interval and test."""
    from scipy.special import ndtri, stdtr, stdtrit

    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = estimate / error
    half = stdtrit(freedom, 0.5 + confidence / 2) * error
    tail = stdtr(freedom, -np.abs(statistic))
    tail = np.where((error == 0) & (estimate == 0), 0.5, tail)
    z = -np.sign(estimate) * ndtri(np.maximum(tail, 1e-300))
    return Contrasts(estimate, estimate - half, estimate + half, z, 2 * tail, error)


def by_normal_ratio(logarithm: Floats, error: Floats, confidence: float) -> Contrasts:
    """Return a ratio with Wald's interval and test on the log scale."""
    half = normal_quantile(confidence) * error
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z = np.where(error > 0, logarithm / error, 0.0)
        ends = [np.exp(logarithm + sign * half) for sign in (0, -1, 1)]
    return Contrasts(ends[0], ends[1], ends[2], z, two_sided(z), error)


def strata_of(arm: ReplicateSample, reference: ReplicateSample) -> list[tuple[Flags, Flags]]:
    """Return for each stratum who belongs to it in both arms; one of everybody without strata."""
    if arm.stratum is None or reference.stratum is None:
        return [(np.ones(arm.values.shape, bool), np.ones(reference.values.shape, bool))]
    names = np.unique(np.concatenate([arm.stratum.ravel(), reference.stratum.ravel()]))
    return [(arm.stratum == one, reference.stratum == one) for one in names[~np.isnan(names)]]


def chunks(replicates: int, size: int) -> list[slice]:
    """Cut replicates into pieces, each of which holds not much more than ten million numbers."""
    step = max(1, int(1e7 // max(size, 1)))
    return [slice(start, start + step) for start in range(0, replicates, step)]
