"""From a bank to what each candidate does against no cells: draws and patients, all paired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.design.bank import Bank
from funis.pipeline.design.replicates import outcomes
from funis.pipeline.optimise.plan import SearchPlan
from funis.population import uniform

Array = NDArray[np.float64]

SAMPLES = 40
"""Samples of the patients under each draw: so that an interval holds their luck as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What candidates do against the untreated twin in one setting; more is better.

    Attributes
    ----------
    response, course : (candidate,) means: at the week of the endpoint, and over the horizon.
    response_samples, course_samples : (draw, sample, candidate); the same patients for all.
    failed : courses that no solver solved; their patients are left out of all candidates.
    """

    response: Array
    course: Array | None
    response_samples: Array
    course_samples: Array | None
    failed: int


def effects_of(plan: SearchPlan, bank: Bank) -> Effects:
    """Return the effects of all candidates in one setting."""
    lost = np.asarray(np.any(bank.failed, axis=1))
    weights = sampled(plan.design.trial.protocol.seed, len(lost), lost.shape[1])
    once = np.ones_like(weights[:, :1])
    weeks = np.asarray(bank.weeks)
    response = _against_twin(_response(plan, bank), lost)
    course = _course(plan, bank)
    against = None if course is None else _against_twin(course, lost)
    return Effects(
        _mean(response, once).mean(axis=(0, 1)),
        None if against is None
        else _over_time(against, once, weeks).mean(axis=(0, 1)),
        _mean(response, weights),
        None if against is None else _over_time(against, weights, weeks),
        int(bank.failed.sum()),
    )  # fmt: skip


def sampled(seed: int, draws: int, patients: int) -> Array:
    """Return how often each patient stands in each sample, (draw, sample, patient)."""
    place = np.arange(SAMPLES * patients)
    luck = uniform(seed, "patients of a search", np.arange(draws)[:, None], place)
    picked = (luck * patients).astype(np.int64).reshape(draws, SAMPLES, patients)
    return np.asarray((picked[..., None] == np.arange(patients)).sum(axis=2), dtype=np.float64)


def _response(plan: SearchPlan, bank: Bank) -> Array:
    """Return the endpoint of each patient so that more is better, (draw, arm, patient)."""
    found = outcomes(plan.design, bank)
    return plan.sign * (found.values if found.years is None else found.values / found.years)


def _course(plan: SearchPlan, bank: Bank) -> Array | None:
    """Return the score at each visit so that more is better, (draw, arm, patient, visit)."""
    return None if plan.score is None else plan.score_sign * bank.tables[plan.score]


def _against_twin(values: Array, lost: NDArray[np.bool_]) -> Array:
    """Return candidates minus their twin; whoever failed in one is left out of all."""
    difference = np.asarray(values[:, 1:] - values[:, :1])
    out = lost[:, None] if values.ndim == 3 else lost[:, None, :, None]
    return np.where(out, np.nan, difference)


def _mean(values: Array, weights: Array) -> Array:
    """Return weighted means over patients, (draw, sample, candidate, ...)."""
    there = ~np.isnan(values)
    total = np.einsum("dsp,dap...->dsa...", weights, np.where(there, values, 0.0), optimize=True)
    count = np.einsum("dsp,dap...->dsa...", weights, there.astype(np.float64), optimize=True)
    return np.asarray(np.divide(total, count, out=np.zeros_like(total), where=count > 0))


def _over_time(values: Array, weights: Array, weeks: Array) -> Array:
    """Return the mean over patients averaged over time, (draw, sample, candidate)."""
    by_week = _mean(values, weights)
    return np.asarray(np.trapezoid(by_week, weeks, axis=-1) / weeks[-1])
