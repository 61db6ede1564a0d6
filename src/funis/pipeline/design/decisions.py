"""What replicates decide: by the success rule, its multiplicity, and looks at the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from funis.analysis.closed import rejected
from funis.analysis.replicates import Contrasts, ReplicateSample, contrast
from funis.analysis.sequential import boundaries, looked
from funis.pipeline.design.plan import DesignPlan

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Replicates of one draw.

    Attributes
    ----------
    estimate, low, high : (replicate, arm of the rule).
    success : (replicate, arm of the rule).
    patients : (replicate,) enrolled before the trial ended.
    """

    estimate: Array
    low: Array
    high: Array
    success: Flags
    patients: Array


def judged(plan: DesignPlan, samples: Sequence[ReplicateSample]) -> Judged:
    """Judge the arms of replicates, the reference first, as `funis run` would judge each.

    Parameters
    ----------
    samples : one an arm, patients in the order of their arrival.
    """

    @cache
    def at(level: float) -> tuple[Contrasts, ...]:
        return tuple(
            contrast(plan.method, one, samples[0], confidence=1 - level) for one in samples[1:]
        )

    def met(level: float) -> Flags:
        found = at(level)
        beyond = succeeds(plan, _columns(found, "low"), _columns(found, "high"))
        return beyond & (_columns(found, "p") <= level) if plan.tested else beyond

    alpha, size = plan.rule.alpha, sum(one.values.shape[1] for one in samples)
    shown, count = at(alpha), len(samples) - 1
    success, patients = (
        rejected(met, alpha, count, plan.rule.multiplicity),
        np.full(len(samples[0]), float(size)),
    )
    if plan.interim is not None:
        success, patients = _with_looks(plan, samples)
    return Judged(
        _columns(shown, "estimate"), _columns(shown, "low"), _columns(shown, "high"), success,
        patients,
    )  # fmt: skip


def _with_looks(plan: DesignPlan, samples: Sequence[ReplicateSample]) -> tuple[Flags, Array]:
    """Return success of each arm at a look, and patients until every arm has ended.

    An arm that ended enrols no more; the reference goes on until the last arm ends.
    """
    assert plan.interim is not None
    bounds = boundaries(plan.interim, plan.rule.alpha / 2, plan.rule.direction)
    found = [looked(plan.method, one, samples[0], bounds) for one in samples[1:]]
    shares = np.stack([bounds.information[one.stopped_at] for one in found], axis=1)
    arms = [one.values.shape[1] for one in samples]
    used = np.ceil(shares * arms[1:] - 1e-9).sum(axis=1)
    reference = np.ceil(shares.max(axis=1) * arms[0] - 1e-9)
    return np.stack([one.success for one in found], axis=1), used + reference


def succeeds(plan: DesignPlan, low: Array, high: Array) -> Flags:
    """Return whether the whole interval lies beyond the required difference."""
    rule = plan.rule
    worst = low - rule.null if rule.direction == "greater" else rule.null - high
    return np.asarray(worst > rule.minimal_difference)


def _columns(found: Sequence[Contrasts], name: str) -> Array:
    return np.stack([getattr(one, name) for one in found], axis=1)
