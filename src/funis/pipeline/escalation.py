"""``funis escalation``: what a dose escalation does under true toxicities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from funis.analysis.escalation import (
    Crm,
    Escalated,
    StoppingRule,
    ThreePlusThree,
    calibrated_skeleton,
    exact_escalation,
    simulated_escalation,
    stopping_chance,
    stopping_counts,
)
from funis.checks import InputError, Issue, nearest
from funis.pipeline.boundaries import numbers
from funis.pipeline.inputs import require
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE

RULES = ("3+3", "crm")
COHORTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Question:
    """Settings of a continual reassessment and of the stopping rule."""

    target: float
    halfwidth: float
    patients: int
    cohort: int
    replicates: int
    seed: int
    limit: float
    probability: float


@dataclass(frozen=True, eq=False)
class EscalationTable:
    """An escalation under true toxicities, and a table of stopping counts."""

    rule: str
    truth: tuple[float, ...]
    skeleton: tuple[float, ...] | None
    found: Escalated
    stopping: StoppingRule
    counts: tuple[int | None, ...]
    stopped: tuple[float, ...]

    def document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        found = self.found
        return {
            "research_use": RESEARCH_USE,
            "rule": self.rule,
            "skeleton": None if self.skeleton is None else list(self.skeleton),
            "none_tolerated": found.none,
            "patients": float(found.patients.sum()),
            "toxicities": float(found.toxicities.sum()),
            "levels": [
                {
                    "level": level + 1,
                    "toxicity": truth,
                    "named": float(found.chosen[level]),
                    "patients": float(found.patients[level]),
                    "toxicities": float(found.toxicities[level]),
                }
                for level, truth in enumerate(self.truth)
            ],
            "stopping": {
                "limit": self.stopping.limit,
                "probability": self.stopping.probability,
                "counts": list(self.counts),
                "stopped_at_limit": list(self.stopped),
            },
        }

    def tables(self) -> list[Table]:
        """Return levels and stopping counts as tables of text."""
        found = self.found
        rows = tuple(
            (
                str(level + 1),
                f"{truth:g}",
                f"{found.chosen[level]:.4f}",
                f"{found.patients[level]:.2f}",
                f"{found.toxicities[level]:.2f}",
            )
            for level, truth in enumerate(self.truth)
        )
        total = ("none or all", "", f"{found.none:.4f}", f"{found.patients.sum():.2f}")
        title = f"Escalation by {self.rule}: level named the maximum tolerated one"
        columns = ("level", "true toxicity", "named", "patients", "toxicities")
        last = (*total, f"{found.toxicities.sum():.2f}")
        return [Table(title, columns, (*rows, last)), self._stopping()]

    def _stopping(self) -> Table:
        title = f"Toxicities that end a trial: probability above {self.stopping.probability:g}"
        title += f" that the rate is above {self.stopping.limit:g} (prior Beta(1, 1))"
        rows = tuple(
            (str(index + 1), "none" if count is None else str(count), f"{stopped:.4f}")
            for index, (count, stopped) in enumerate(zip(self.counts, self.stopped, strict=True))
            if (index + 1) % COHORTS_SHOWN == 0
        )
        columns = ("patients", "toxicities at least", "ended by then at the limit itself")
        return Table(title, columns, rows)


def escalation_table(toxicity: str, rule: str, asked: Question) -> EscalationTable:
    """Characteristics of an escalation, and the stopping counts of as many patients.

    Parameters
    ----------
    toxicity
        True probabilities, such as ``0.05,0.1,0.25``.
    rule
        ``3+3`` or ``crm``.
    asked
        Everything else.

    Raises
    ------
    InputError
        What is out of range, one line each.
    """
    truth = numbers("toxicity", toxicity)
    _check(truth, rule, asked)
    design: ThreePlusThree | Crm = ThreePlusThree(len(truth))
    skeleton = None
    if rule == "crm":
        middle = (len(truth) - 1) // 2
        skeleton = calibrated_skeleton(asked.target, asked.halfwidth, middle, len(truth))
        design = Crm(skeleton, asked.target, asked.patients, asked.cohort)
        found = simulated_escalation(design, truth, asked.replicates, asked.seed)
    else:
        found = exact_escalation(ThreePlusThree(len(truth)), truth)
    stopping = StoppingRule(asked.limit, asked.probability, first=asked.cohort)
    counts = stopping_counts(stopping, asked.patients)
    stopped = tuple(float(x) for x in stopping_chance(stopping, asked.patients, asked.limit))
    return EscalationTable(rule, truth, skeleton, found, stopping, counts, stopped)


def _check(truth: tuple[float, ...], rule: str, asked: Question) -> None:
    if rule not in RULES:
        message, expected = f"unknown rule '{rule}'", "one of " + ", ".join(RULES)
        raise InputError(Issue(None, None, "rule", message, expected, nearest(rule, RULES)))
    inside = all(0 <= value <= 1 for value in truth)
    most = min(asked.target, 1 - asked.target)
    require(
        toxicity=(inside, ", ".join(f"{x:g}" for x in truth), "probabilities from 0 to 1"),
        target=(0 < asked.target < 1, asked.target, "a value above 0 and below 1"),
        halfwidth=(0 < asked.halfwidth < most, asked.halfwidth, f"above 0 and below {most:g}"),
        patients=(asked.patients >= 1, asked.patients, "a whole number of at least 1"),
        cohort=(asked.cohort >= 1, asked.cohort, "a whole number of at least 1"),
        replicates=(asked.replicates >= 1, asked.replicates, "a whole number of at least 1"),
        limit=(0 < asked.limit < 1, asked.limit, "a value above 0 and below 1"),
        probability=(0 < asked.probability < 1, asked.probability, "a value above 0 and below 1"),
    )
