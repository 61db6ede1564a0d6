"""Replicates: trials drawn from a bank, each by its own key, and what each decides.

Replicate k of a world is a trial under draw ``k % draws``. Its patients are picked by the key
(seed, k // draws), so they are the same under every draw that shares a part of the bank, in every
form of the model and for any number of patients: a larger trial begins with a smaller one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis import endpoint_values, event_counts
from funis.analysis.replicates import ReplicateSample, contrast
from funis.pipeline.design.bank import Bank
from funis.pipeline.design.plan import SITES, DesignPlan
from funis.population import uniform

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

AT_ONCE = 500
"""Replicates that are picked at once: memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The endpoint of every patient of a bank, after intercurrent events, (draw, arm, patient).

    ``years`` are those at risk, for a rate.
    """

    values: Array
    baseline: Array
    years: Array | None

    def sample(self, draw: int, arm: int, place: Integers) -> ReplicateSample:
        """Return some patients of a draw under an arm, (replicate, patient)."""
        years = None if self.years is None else self.years[draw, arm][place]
        values = self.values[draw, arm][place]
        return ReplicateSample(values, self.baseline[draw, arm][place], years)


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What replicates of one world and size decide, (draw, replicate, arm of the rule)."""

    estimate: Array
    low: Array
    high: Array
    success: NDArray[np.bool_]

    @property
    def any_arm(self) -> NDArray[np.bool_]:
        """Whether an arm succeeds, (draw, replicate)."""
        return np.asarray(self.success.any(axis=2))


def outcomes(plan: DesignPlan, bank: Bank) -> Outcomes:
    """Return the endpoint of the success rule of every patient of a bank."""
    table = bank.tables[plan.request.endpoint]
    if plan.request.measure == "rate":
        values, years = event_counts(table, bank.weeks, bank.events, plan.handling)
        return Outcomes(_without(values, bank), table[..., 0], _without(years, bank))
    values = endpoint_values(table, bank.weeks, bank.events, plan.handling)
    return Outcomes(_without(values, bank), table[..., 0], None)


def _without(values: Array, bank: Bank) -> Array:
    return np.where(bank.failed, np.nan, values)


def picked(plan: DesignPlan, sizes: Sequence[int], numbers: Integers) -> tuple[Integers, ...]:
    """Return the places in a part of the bank of each replicate's patients, by arm.

    A replicate has as many sites as its patients fill; patients of an arm go to them in turn.

    Parameters
    ----------
    sizes : patients of each arm.
    numbers : (replicate,) their numbers.

    Returns
    -------
    tuple of arrays
        (replicate, patient), one an arm.
    """
    seed, per_site = plan.trial.protocol.seed, plan.site_size
    sites = max(-(-sum(sizes) // plan.patients_per_site), 1)
    row = numbers[:, None]
    found = []
    for arm, size in enumerate(sizes):
        who = np.arange(size, dtype=np.int64)[None, :]
        slot = who % sites
        site = (uniform(seed, "site of a replicate", row, slot) * SITES).astype(np.int64)
        place = uniform(seed, "patient of a replicate", row, who, arm) * per_site
        found.append(site * per_site + place.astype(np.int64))
    return tuple(found)


def decide(plan: DesignPlan, found: Outcomes, sizes: Sequence[int], replicates: int) -> Decided:
    """Conduct replicates of one size under every draw, and judge each by the success rule."""
    parts = [
        _decided(plan, found, sizes, np.arange(first, min(first + AT_ONCE, replicates)))
        for first in range(0, replicates, AT_ONCE)
    ]
    return Decided(
        np.concatenate([one.estimate for one in parts], axis=1),
        np.concatenate([one.low for one in parts], axis=1),
        np.concatenate([one.high for one in parts], axis=1),
        np.concatenate([one.success for one in parts], axis=1),
    )


def _decided(plan: DesignPlan, found: Outcomes, sizes: Sequence[int], numbers: Integers) -> Decided:
    places = picked(plan, sizes, numbers)
    draws = range(len(found.values))
    rows = [judged(plan, [found.sample(d, a, p) for a, p in enumerate(places)]) for d in draws]
    estimate, low, high = (np.stack([row[k] for row in rows]) for k in range(3))
    return Decided(estimate, low, high, succeeds(plan, low, high))


def judged(plan: DesignPlan, samples: Sequence[ReplicateSample]) -> tuple[Array, Array, Array]:
    """Return estimate and interval of every arm against the reference, (replicate, arm) each."""
    made = [
        contrast(plan.method, one, samples[0], confidence=1 - plan.rule.alpha)
        for one in samples[1:]
    ]
    return (
        np.stack([one.estimate for one in made], axis=1),
        np.stack([one.low for one in made], axis=1),
        np.stack([one.high for one in made], axis=1),
    )


def succeeds(plan: DesignPlan, low: Array, high: Array) -> NDArray[np.bool_]:
    """Return whether the whole interval lies beyond the required difference."""
    rule = plan.rule
    worst = low - rule.null if rule.direction == "greater" else rule.null - high
    return np.asarray(worst > rule.minimal_difference)


def improved(plan: DesignPlan, bank: Bank) -> Array | None:
    """Return who of the patients is better than at the start, (draw, arm, patient).

    As an uncontrolled series counts it: whoever was seen at the week of the endpoint and whose
    score moved by the least that counts. Not-a-number for those who were not seen.
    """
    if plan.series is None:
        return None
    score, least, lower = plan.series
    table = bank.tables[score]
    change = table[..., -1] - table[..., 0]
    better = (-change if lower else change) >= least
    return np.where(np.isnan(change), np.nan, better.astype(np.float64))
