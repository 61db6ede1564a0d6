"""Replicates: trials drawn from a bank, each by its own key, and what each decides.

Replicate k of a world is a trial under draw ``k % draws``. Its patients are picked by the key
(seed, k // draws), so they are the same under every draw that shares a part of the bank and in
every form of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis import endpoint_values, event_counts
from funis.analysis.replicates import ReplicateSample, contrast
from funis.pipeline.design.bank import Bank
from funis.pipeline.design.plan import DesignPlan, Improvement
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

    Nobody is in a trial twice, so each replicate is as likely as a real trial of patients like
    those of the bank. It has as many sites as its patients fill; each site has every arm.

    Parameters
    ----------
    sizes : patients of each arm.
    numbers : (replicate,) their numbers.

    Returns
    -------
    tuple of arrays
        (replicate, patient), one an arm, in the order in which they arrive.
    """
    seed, size, total = plan.trial.protocol.seed, plan.site_size, sum(sizes)
    sites = min(max(-(-total // min(plan.patients_per_site, size)), 1), plan.sites)
    row, people = numbers[:, None], np.arange(plan.patients)
    order = np.argsort(uniform(seed, "site of a replicate", row, people[: plan.sites]), axis=1)
    luck = uniform(seed, "patient of a replicate", row, people)
    queue = np.argsort(luck.reshape(len(numbers), plan.sites, size), axis=2)
    slot = np.arange(total)
    rank, place = slot // sites, slot % sites  # the sites fill up side by side
    site = order[:, place]
    patient = site * size + queue[np.arange(len(numbers))[:, None], site, rank[None, :]]
    arm_of = _arms_in_turn(sizes, sites)
    return tuple(patient[:, arm_of == arm] for arm in range(len(sizes)))


def _arms_in_turn(sizes: Sequence[int], sites: int) -> Integers:
    """Return the arm of each slot: within a site every arm comes in turn, (slot,)."""
    total, given = sum(sizes), np.zeros(len(sizes))
    turn = np.empty(total, dtype=np.int64)
    for count in range(total):
        lacking = np.asarray(sizes) * (count + 1) / total - given
        turn[count] = int(np.argmax(lacking))
        given[turn[count]] += 1
    by_site = np.argsort(np.arange(total) % sites, kind="stable")
    arm_of = np.empty(total, dtype=np.int64)
    arm_of[by_site] = turn
    return arm_of


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


def improved(one: Improvement, bank: Bank) -> Array:
    """Return who is better than at the start, (draw, arm, patient).

    As an uncontrolled series counts it: not-a-number for those who were not seen in the end.
    """
    table = bank.tables[one.score]
    change = (table[..., 0] - table[..., -1]) if one.lower else (table[..., -1] - table[..., 0])
    better = change > 0 if one.least == 0 else change >= one.least
    return np.where(np.isnan(change), np.nan, better.astype(np.float64))
