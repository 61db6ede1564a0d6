"""Replicates: trials drawn from a bank, each by its own key, and what each decides.

Replicate k of a world is a trial under draw ``k % draws``. Its patients are picked by the key
(seed, k // draws), so they are the same under every draw that shares a part of the bank and in
every form of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis import Handling, endpoint_values, event_counts
from funis.analysis.outcomes import FEW_VALUES
from funis.analysis.replicates import ReplicateSample, contrast
from funis.analysis.strategies import first_met
from funis.pipeline.design.adaptive import adapted_trials, naive_intervals
from funis.pipeline.design.bank import Bank
from funis.pipeline.design.decisions import judged
from funis.pipeline.design.plan import BY_SITE, DesignPlan, Improvement
from funis.population import uniform

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

AT_ONCE = 500
"""Replicates that are picked at once: memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The endpoint of every patient of a bank, after intercurrent events, (draw, arm, patient).

    Attributes
    ----------
    values, baseline : of the endpoint.
    years : at risk, for a rate.
    stratum : of the patients, whole numbers.
    visits : (draw, arm, patient, visit) what a method of repeated measures or of wins compares.
    time, event : to the first visit that meets a condition, or to censoring.
    """

    values: Array
    baseline: Array | None = None
    years: Array | None = None
    stratum: Array | None = None
    visits: Array | None = None
    time: Array | None = None
    event: Array | None = None

    def sample(self, draw: int, arm: int, place: Integers) -> ReplicateSample:
        """Return some patients of a draw under an arm, (replicate, patient)."""
        further = {one.name: getattr(self, one.name) for one in fields(self)[1:]}
        known = {k: one[draw, arm][place] for k, one in further.items() if one is not None}
        return ReplicateSample(self.values[draw, arm][place], **known)


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What replicates of one world and size decide, (draw, replicate, arm of the rule).

    ``patients`` are those enrolled before the trial ended, (draw, replicate).
    """

    estimate: Array
    low: Array
    high: Array
    success: NDArray[np.bool_]
    patients: Array

    @property
    def any_arm(self) -> NDArray[np.bool_]:
        """Whether an arm succeeds, (draw, replicate)."""
        return np.asarray(self.success.any(axis=2))


def outcomes(plan: DesignPlan, bank: Bank) -> Outcomes:
    """Return what the method of the success rule compares, of every patient of a bank."""
    table, how = bank.tables[plan.request.endpoint], plan.handling
    if plan.request.measure == "rate":
        values, years = event_counts(table, bank.weeks, bank.events, how)
        return Outcomes(_solved(values, bank), years=_solved(years, bank))
    values = _solved(endpoint_values(table, bank.weeks, bank.events, how), bank)
    known: dict[str, Array] = {}
    if plan.method in ("ancova", "mmrm"):
        known["baseline"] = table[..., 0]
    if plan.request.strata:
        known["stratum"] = _stratum(plan, bank)
    if plan.method == "mmrm":
        known["visits"] = _at_visits(plan, bank)
    if plan.method == "win_ratio":
        known["visits"] = _layers(plan, bank)
    if plan.request.of_time:
        time, event = first_met(table, bank.weeks, bank.events, how)
        known |= {"time": _solved(time, bank), "event": _solved(event, bank)}
    return Outcomes(values, **known)


def _solved(values: Array, bank: Bank) -> Array:
    return np.where(bank.failed, np.nan, values)


def _stratum(plan: DesignPlan, bank: Bank) -> Array:
    """Return the stratum of each patient; a number with many values is cut at its median."""
    sites = np.arange(plan.patients, dtype=np.float64) // plan.site_size
    joint = np.zeros(bank.failed.shape)
    for name in plan.request.strata:
        start = (
            np.broadcast_to(sites, joint.shape) if name == BY_SITE else bank.tables[name][..., 0]
        )
        if len(np.unique(start[~np.isnan(start)])) > FEW_VALUES and name != BY_SITE:
            start = (start > np.nanmedian(start)).astype(np.float64)
        joint = joint * 1000 + start
    return joint


def _at_visits(plan: DesignPlan, bank: Bank) -> Array:
    """Return the endpoint at every visit after baseline, (draw, arm, patient, visit)."""
    table, how = bank.tables[plan.request.endpoint], plan.handling
    found = [
        endpoint_values(table, bank.weeks, bank.events, _at(how, week))
        for week in bank.weeks
        if week > 0
    ]
    return np.stack([_solved(one, bank) for one in found], axis=-1)


def _at(how: Handling, week: float) -> Handling:
    return replace(how, request=replace(how.request, week=week))


def _layers(plan: DesignPlan, bank: Bank) -> Array:
    """Return what a win ratio compares, the most important first, more being better."""
    found = []
    for how, side in plan.layers:
        table = bank.tables[how.request.endpoint]
        found.append(side * _solved(endpoint_values(table, bank.weeks, bank.events, how), bank))
    return np.stack(found, axis=-1)


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


def decide(
    plan: DesignPlan, found: Outcomes, sizes: Sequence[int], replicates: int, first_draw: int = 0
) -> Decided:
    """Conduct replicates of one size under some draws, and judge each by the success rule.

    Parameters
    ----------
    first_draw : number in its world of the first of the draws.
    """
    replicates = plan.replicates(replicates)
    if plan.adaptive:
        return adapted(plan, found, sizes, replicates, first_draw)
    parts = [
        _decided(plan, found, sizes, np.arange(first, min(first + AT_ONCE, replicates)))
        for first in range(0, replicates, AT_ONCE)
    ]
    return joined(parts, axis=1)


def joined(parts: Sequence[Decided], axis: int = 0) -> Decided:
    """Return what was decided of several draws (axis 0) or replicates (axis 1) as one."""
    return Decided(
        *(
            np.concatenate([getattr(one, field.name) for one in parts], axis=axis)
            for field in fields(Decided)
        )
    )


def true_effects(plan: DesignPlan, found: Outcomes) -> Array:
    """Return what each draw's trials estimate, (draw, arm of the rule).

    The analysis of the protocol, of everybody in the draw's part of the bank under each arm.
    """
    everybody = np.arange(found.values.shape[2])[None, :]
    arms = range(1, found.values.shape[1])
    return np.array(
        [
            [_true_effect(plan, found, draw, arm, everybody) for arm in arms]
            for draw in range(len(found.values))
        ]
    )


def _true_effect(plan: DesignPlan, found: Outcomes, draw: int, arm: int, who: Integers) -> float:
    one, reference = found.sample(draw, arm, who), found.sample(draw, 0, who)
    return float(contrast(plan.method, one, reference, confidence=1 - plan.rule.alpha).estimate[0])


def adapted(
    plan: DesignPlan, found: Outcomes, sizes: Sequence[int], replicates: int, first_draw: int = 0
) -> Decided:
    """Conduct replicates of a trial that changes while it runs, patient by patient."""
    place = picked(plan, (plan.most(sum(sizes)),), np.arange(replicates))[0]
    rows = []
    for draw, values in enumerate(found.values, first_draw):
        outcome = np.moveaxis(values[:, place], 0, -1)
        made, samples = adapted_trials(plan, outcome, sum(sizes), draw * replicates)
        rows.append((*naive_intervals(plan, samples), made.success, made.enrolled.astype(float)))
    return Decided(*(np.stack(column) for column in zip(*rows, strict=True)))


def _decided(plan: DesignPlan, found: Outcomes, sizes: Sequence[int], numbers: Integers) -> Decided:
    places = picked(plan, sizes, numbers)
    draws = range(len(found.values))
    rows = [judged(plan, [found.sample(d, a, p) for a, p in enumerate(places)]) for d in draws]
    return Decided(
        np.stack([row.estimate for row in rows]),
        np.stack([row.low for row in rows]),
        np.stack([row.high for row in rows]),
        np.stack([row.success for row in rows]),
        np.stack([row.patients for row in rows]),
    )


def improved(one: Improvement, bank: Bank) -> Array:
    """Return who is better than at the start, (draw, arm, patient).

    As an uncontrolled series counts it: not-a-number for those who were not seen in the end.
    """
    table = bank.tables[one.score]
    change = (table[..., 0] - table[..., -1]) if one.lower else (table[..., -1] - table[..., 0])
    better = change > 0 if one.least == 0 else change >= one.least
    return np.where(np.isnan(change), np.nan, better.astype(np.float64))
