"""The trap: what a series without a control shows of cells that do nothing, beside a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis.replicates import ReplicateSample, contrast
from funis.pipeline.design.bank import Bank
from funis.pipeline.design.plan import DesignPlan, Improvement
from funis.pipeline.design.replicates import improved, picked
from funis.pipeline.design.shares import groups_of, mean_share
from funis.report.content import Interval

Array = NDArray[np.float64]

ADVERTISED = (0.6, 0.9)
"""Share of patients that is said to improve."""

SHARE_BINS = np.linspace(0.0, 1.0, 21)
DIFFERENCE_BINS = np.linspace(-1.0, 1.0, 41)


@dataclass(frozen=True, slots=True)
class Spread:
    """How often something fell into each of some bins: shares that add up to 1."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A series without a control, given cells that do nothing, beside a trial of as many patients.

    Attributes
    ----------
    n : patients.
    share : of all patients who are improved.
    inside, above : chance that 60-90 %, and 60 % or more, of a series are improved.
    shares : of the improved, among series.
    differences : to the control, among trials of as many patients, half of them controls.
    finds : chance that such a trial finds a difference, at the level of the success rule.
    """

    improvement: Improvement
    n: int
    share: float
    inside: Interval
    above: Interval
    shares: Spread
    differences: Spread
    finds: Interval


def series_of(
    plan: DesignPlan, bank: Bank, sizes: Sequence[int], replicates: int
) -> tuple[Series, ...]:
    """Return what as many patients as the first arm has show, given cells that do nothing.

    Parameters
    ----------
    bank : of cells that do nothing.
    sizes : patients of each arm, the reference first.
    """
    numbers = np.arange(replicates)
    place = picked(plan, sizes, numbers)[1]
    size = place.shape[1]
    halves = picked(plan, (size // 2, size - size // 2), numbers)
    return tuple(_series(plan, bank, one, place, halves) for one in plan.series)


def _series(
    plan: DesignPlan, bank: Bank, one: Improvement, place: NDArray[np.int64],
    halves: Sequence[NDArray[np.int64]],
) -> Series:  # fmt: skip
    better, draws = improved(one, bank), range(len(bank.failed))
    group = groups_of(np.arange(len(draws)))
    share = np.stack([np.nanmean(better[draw, 1][place], axis=1) for draw in draws])
    inside = (share >= ADVERTISED[0]) & (share <= ADVERTISED[1])
    made = [
        contrast(
            "newcombe", ReplicateSample(better[draw, 1][halves[1]]),
            ReplicateSample(better[draw, 0][halves[0]]), confidence=1 - plan.rule.alpha,
        )
        for draw in draws
    ]  # fmt: skip
    difference = np.stack([found.estimate for found in made])
    finds = np.stack([(found.low > 0) | (found.high < 0) for found in made])
    return Series(
        one, place.shape[1], float(np.nanmean(better[:, 1])), mean_share(inside, group),
        mean_share(share >= ADVERTISED[0], group), _spread(share, SHARE_BINS),
        _spread(difference, DIFFERENCE_BINS), mean_share(finds, group),
    )  # fmt: skip


def _spread(values: Array, edges: Array) -> Spread:
    known = values[~np.isnan(values)]
    counts, _ = np.histogram(known + 1e-9, edges)
    total = max(int(counts.sum()), 1)
    return Spread(tuple(edges.round(3).tolist()), tuple((counts / total).tolist()))
