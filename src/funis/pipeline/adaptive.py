"""``funis adaptive``: what changes at a look do to error, power and size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from funis.analysis.intervals import wilson
from funis.analysis.sequential import Adapted, AdaptivePlan, simulate_adaptive
from funis.checks import InputError, Issue
from funis.pipeline.inputs import require, require_whole
from funis.pipeline.tables import Table
from funis.population import normal, uniform
from funis.protocol import Allocation, Interim, Resize, Selection
from funis.report import RESEARCH_USE

CHUNK = 250
PLANNED_POWER = 0.9
Measure = Literal["proportion", "mean"]


@dataclass(frozen=True, slots=True)
class AdaptiveQuestion:
    """Arms as they are in truth, and the trial that is conducted.

    ``arms`` are response rates, or means with a standard deviation of 1; the first is the
    control. One patient arrives a day; ``delay`` is the time to his outcome [day].
    """

    measure: Measure
    arms: tuple[float, ...]
    patients: int
    interim: Interim
    alpha: float
    delay: float
    replicates: int
    seed: int


@dataclass(frozen=True, eq=False)
class AdaptiveRow:
    """One way of changing a trial: how often it succeeds, and with how many patients."""

    change: str
    success: int
    each: tuple[float, ...]
    replicates: int
    patients: float
    best_share: float

    def document(self) -> dict[str, Any]:
        """Return the row as JSON types."""
        share = wilson(self.success, self.replicates)
        return {
            "change": self.change,
            "success": {"estimate": share.estimate, "low": share.low, "high": share.high},
            "each_arm": list(self.each),
            "patients": self.patients,
            "share_in_best_arm": self.best_share,
        }

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        share = wilson(self.success, self.replicates)
        return (
            self.change,
            f"{share.estimate:.4f} ({share.low:.4f} to {share.high:.4f})",
            ", ".join(f"{x:.4f}" for x in self.each),
            f"{self.patients:.1f}",
            f"{self.best_share:.3f}",
        )


@dataclass(frozen=True, eq=False)
class AdaptiveTable:
    """Every change that suits the arms, on the same outcomes."""

    asked: AdaptiveQuestion
    rows: tuple[AdaptiveRow, ...]

    def document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        asked = self.asked
        return {
            "research_use": RESEARCH_USE,
            "measure": asked.measure,
            "arms": list(asked.arms),
            "patients": asked.patients,
            "looks": list(asked.interim.looks),
            "alpha": asked.alpha,
            "replicates": asked.replicates,
            "rows": [row.document() for row in self.rows],
        }

    def tables(self) -> list[Table]:
        """Return the rows as a table of text."""
        asked = self.asked
        what = "rates" if asked.measure == "proportion" else "means"
        title = f"{what} {', '.join(f'{x:g}' for x in asked.arms)} (control first),"
        title += f" {asked.patients} patients, {asked.replicates} replicates,"
        title += f" one-sided alpha {asked.alpha:g}"
        columns = ("change", "any arm succeeds (95 %)", "each", "patients", "share in best arm")
        return [Table(title, columns, tuple(row.cells() for row in self.rows))]


def adaptive_table(asked: AdaptiveQuestion) -> AdaptiveTable:
    """Conduct the trial under every change that suits its arms.

    Raises
    ------
    InputError
        What is out of range, one line each.
    """
    _check(asked)
    plans = list(_plans(asked))
    rows = [_row(asked, change, plan) for change, plan in plans]
    return AdaptiveTable(asked, tuple(rows))


def _check(asked: AdaptiveQuestion) -> None:
    require_whole(patients=asked.patients, replicates=asked.replicates)
    if len(asked.arms) < 2:
        message, expected = "one arm", "a control and at least one treated arm, e.g. 0.3,0.5"
        raise InputError(Issue(None, None, "arms", message, expected))
    inside = asked.measure == "mean" or all(0 <= rate <= 1 for rate in asked.arms)
    shown = ", ".join(f"{x:g}" for x in asked.arms)
    first = asked.patients * asked.interim.looks[0]
    fewest = 2 * len(asked.arms)
    require(
        rates=(inside, shown, "rates from 0 to 1"),
        alpha=(0 < asked.alpha < 0.5, asked.alpha, "a value above 0 and below 0.5"),
        delay=(asked.delay >= 0, asked.delay, "a number of days from 0 on"),
        looks=(first >= fewest, f"{first:g} patients at the first", f"at least {fewest}"),
    )


def _plans(asked: AdaptiveQuestion) -> Iterator[tuple[str, AdaptivePlan]]:
    several, treated = len(asked.interim.looks) > 1, len(asked.arms) - 1
    difference = _planned_difference(asked)

    def plan(**change: Any) -> AdaptivePlan:
        interim = Interim(
            asked.interim.looks,
            asked.interim.spending,
            asked.interim.parameter,
            asked.interim.futility,
            **change,
        )
        measure = asked.measure
        return AdaptivePlan(interim, asked.patients, asked.alpha, "greater", measure, difference)

    yield ("none" if treated == 1 else "none, arms not corrected for each other"), plan()
    if several and treated == 1:
        yield "size by promising zone", plan(resize=Resize("promising_zone"))
        yield "size by blinded spread", plan(resize=Resize("blinded"))
    if several and treated > 1:
        names = tuple(f"arm_{index}" for index in range(1, treated + 1))
        for test in ("dunnett", "simes", "bonferroni"):
            yield f"best arm kept, {test}", plan(selection=Selection(names, test=test))
    if asked.measure == "proportion":
        low, high = min(0.1, 1 / (treated + 1)), 0.9
        for rule in ("thall_wathen", "doubly_adaptive"):
            yield f"randomisation by {rule}", plan(allocation=Allocation(rule, 40, low, high))


def _planned_difference(asked: AdaptiveQuestion) -> float:
    """Difference for which the planned number of patients has the power 0.9 in one analysis."""
    control = asked.arms[0]
    variance = 1.0 if asked.measure == "mean" else max(control * (1 - control), 0.01)
    quantiles = float(ndtri(1 - asked.alpha) + ndtri(PLANNED_POWER))
    return quantiles * math.sqrt(2 * variance * len(asked.arms) / asked.patients)


def _row(asked: AdaptiveQuestion, change: str, plan: AdaptivePlan) -> AdaptiveRow:
    parts = [
        _conduct(asked, plan, first, min(CHUNK, asked.replicates - first))
        for first in range(0, asked.replicates, CHUNK)
    ]
    success = np.concatenate([part.success for part in parts])
    arm = [part.arm for part in parts]
    enrolled = float(np.mean(np.concatenate([part.enrolled for part in parts])))
    best = int(np.argmax(asked.arms))
    in_best = sum(int((one == best).sum()) for one in arm) / asked.replicates
    return AdaptiveRow(
        change,
        int(success.any(axis=1).sum()),
        tuple(float(x) for x in success.mean(axis=0)),
        asked.replicates,
        enrolled,
        in_best / enrolled,
    )


def _conduct(asked: AdaptiveQuestion, plan: AdaptivePlan, first: int, count: int) -> Adapted:
    resize = plan.interim.resize
    most = asked.patients if resize is None else math.floor(asked.patients * resize.at_most)
    key = (np.arange(first, first + count)[:, None, None], np.arange(most)[:, None])
    arms, truth = np.arange(len(asked.arms)), np.array(asked.arms)
    purpose = "adaptive outcome"
    if asked.measure == "proportion":
        outcome = (uniform(asked.seed, purpose, *key, arms) < truth).astype(float)
    else:
        outcome = normal(asked.seed, purpose, *key, arms) + truth
    arrival = np.arange(most, dtype=float)
    return simulate_adaptive(outcome, arrival, asked.delay, plan, asked.seed, first)
