"""Replicates of a trial that changes while it runs: size, arms or randomisation at a look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.analysis.replicates import ReplicateSample, contrast
from funis.analysis.sequential import Adapted, AdaptivePlan, simulate_adaptive
from funis.pipeline.design.plan import DesignPlan

Array = NDArray[np.float64]


def adaptive_plan(plan: DesignPlan, patients: int) -> AdaptivePlan:
    """Return what is fixed before the first patient of a trial that changes."""
    assert plan.interim is not None
    least = plan.rule.minimal_difference
    return AdaptivePlan(
        plan.interim, patients, plan.rule.alpha / 2, plan.rule.direction,
        "proportion" if plan.request.measure == "responder" else "mean",
        least if least > 0 else None,
    )  # fmt: skip


def adapted_trials(
    plan: DesignPlan, outcome: Array, patients: int, first: int
) -> tuple[Adapted, Sequence[ReplicateSample]]:
    """Conduct replicates whose patients would have some outcome under every arm.

    Parameters
    ----------
    outcome : (replicate, patient, arm), patients in the order of their arrival.
    patients : that were planned.
    first : number of the first replicate.

    Returns
    -------
    What became of them, and the patients of each arm as samples.
    """
    assert plan.patients_per_week is not None
    arrival = np.arange(outcome.shape[1]) / plan.patients_per_week
    made = simulate_adaptive(
        outcome, arrival, plan.request.week, adaptive_plan(plan, patients),
        plan.trial.protocol.seed, first,
    )  # fmt: skip
    samples = [
        ReplicateSample(np.where(made.arm == arm, outcome[..., arm], np.nan))
        for arm in range(outcome.shape[2])
    ]
    return made, samples


def naive_intervals(plan: DesignPlan, samples: Sequence[ReplicateSample]) -> list[Array]:
    """Return estimate, low and high as if nothing had been changed, (replicate, arm) each."""
    level = 1 - plan.rule.alpha
    found = [contrast(plan.method, one, samples[0], confidence=level) for one in samples[1:]]
    return [
        np.stack([getattr(one, name) for one in found], axis=1)
        for name in ("estimate", "low", "high")
    ]
