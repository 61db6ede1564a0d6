"""What the gates of a disease model find, as values with their tables and plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from funis.pipeline.run import finite
from funis.pipeline.tables import Table, interval_text
from funis.population import MarginalRow
from funis.population.pool import MomentRow
from funis.report import RESEARCH_USE
from funis.report.content import DrugGateRow, Interval

REQUIRED_SHARE = 0.7
"""Share of raw draws that must pass (model.md, Part 0)."""

REQUIRED_SIZES = 0.7
"""Share of hard rows whose size must be right."""

DRUG_VERDICTS = {
    "passed": "passed",
    "size": "direction right, size not",
    "failed": "UNEXPLAINED: claims of this pathway withdrawn",
    "guide": "guide",
    "": "not judged",
}


@dataclass(frozen=True, slots=True)
class PopulationGate:
    """What became of raw draws, and what the gate and the weights did to them."""

    disease: str
    draws: int
    seed: int
    reasons: Mapping[str, int]
    marginals: tuple[MarginalRow, ...]
    moments: tuple[MomentRow, ...]
    effective_size: float

    @property
    def passed(self) -> bool:
        """Whether enough draws are plausible and every one of them was solved."""
        accepted, failed = self.reasons["accepted"], self.reasons["failed_to_solve"]
        return accepted >= REQUIRED_SHARE * self.draws and failed == 0

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        share = {name: f"{100 * n / self.draws:.1f} %" for name, n in self.reasons.items()}
        reasons = [
            (name.replace("_", " "), str(n), share[name]) for name, n in self.reasons.items()
        ]
        title = (
            f"Of {self.draws} raw draws (seed {self.seed}) at least {100 * REQUIRED_SHARE:g} % must"
            f" be accepted and none may fail to solve: {_word(self.passed)}"
        )
        farthest = sorted(self.marginals, key=lambda row: -row.distance)
        marginals = [
            (row.name, f"{row.raw_mean:.4g} ({row.raw_sd:.4g})",
             f"{row.accepted_mean:.4g} ({row.accepted_sd:.4g})", f"{row.distance:.3f}")
            for row in farthest
        ]  # fmt: skip
        moments = [
            (f"{row.name}, {row.moment}", f"{row.unweighted:.4g}", f"{row.weighted:.4g}",
             f"{row.target:.4g}", row.source)
            for row in self.moments
        ]  # fmt: skip
        weighted = f"Weights: an effective {self.effective_size:.0f} of {self.reasons['accepted']}"
        return (
            Table(title, ("outcome", "draws", "share"), tuple(reasons)),
            Table("Marginals before and after the gate, mean (sd), the farthest apart first",
                  ("parameter", "raw", "accepted", "distance (KS)"), tuple(marginals)),
            Table(weighted, ("statistic", "unweighted", "weighted", "target", "source"),
                  tuple(moments)),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return _document(self, "population", self.passed)


@dataclass(frozen=True, slots=True)
class PlaceboRow:
    """One published placebo statistic beside the same in virtual patients on placebo."""

    name: str
    simulated: Interval
    published: Interval
    between_trials: tuple[float, float] | None
    percent: bool
    geometric: bool
    within_interval: bool | None
    passed: bool
    source: str


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """A response across simulated trials of published size, beside the published spread."""

    name: str
    trials: int
    patients_per_trial: int
    low: float
    high: float
    published_low: float
    published_high: float


@dataclass(frozen=True, slots=True)
class PlaceboGate:
    """The placebo arm of a trial, with many patients, beside published placebo arms."""

    disease: str
    trial: str
    patients: int
    failed: int
    seed: int
    rows: tuple[PlaceboRow, ...]
    spreads: tuple[SpreadRow, ...]

    @property
    def passed(self) -> bool:
        """Whether every statistic meets what it is judged by."""
        return all(row.passed for row in self.rows)

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        rows = [
            (
                row.name, interval_text(row.simulated, row.percent),
                interval_text(row.published, row.percent), _between(row),
                "" if row.within_interval is None else "yes" if row.within_interval else "no",
                _word(row.passed),
            )
            for row in self.rows
        ]  # fmt: skip
        spreads = [
            (row.name, f"{row.trials} trials of {row.patients_per_trial}",
             f"{100 * row.low:.1f} to {100 * row.high:.1f} %",
             f"{100 * row.published_low:.1f} to {100 * row.published_high:.1f} %")
            for row in self.spreads
        ]  # fmt: skip
        title = (
            f"{self.patients} virtual patients on placebo (trial {self.trial}, seed {self.seed}, "
            f"{self.failed} failed) beside published placebo arms: {_word(self.passed)}. Judged by "
            f"the range between trials where it was printed, else by the interval of the mean"
        )
        columns = (
            "statistic",
            "simulated",
            "published",
            "between trials",
            "in the interval",
            "verdict",
        )
        return (
            Table(title, columns, tuple(rows)),
            Table("Spread between simulated trials",
                  ("statistic", "simulated", "smallest to largest", "published"), tuple(spreads)),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return _document(self, "placebo", self.passed)


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An arm against placebo: one endpoint at one week; ``kind`` is drug or cells."""

    arm: str
    label: str
    kind: str
    endpoint: str
    week: float
    effect: Interval
    percent: bool


@dataclass(frozen=True, slots=True)
class StrengthRow:
    """Cells beside the drug that they may not exceed: mean effects in the same patients."""

    label: str
    endpoint: str
    cells: float
    drug: float
    passed: bool


@dataclass(frozen=True, slots=True)
class PharmacologyGate:
    """Targeted drugs, and the cells of a trial, against placebo in the same immune core."""

    disease: str
    patients: int
    seed: int
    failed: int
    effects: tuple[EffectRow, ...]
    published: tuple[DrugGateRow, ...]
    strength: tuple[StrengthRow, ...]
    strongest: str | None = None

    @property
    def hard(self) -> tuple[DrugGateRow, ...]:
        """The published rows whose size is judged."""
        return tuple(row for row in self.published if row.tier == "hard")

    @property
    def right_sizes(self) -> int:
        """Hard rows whose size is right."""
        return sum(row.verdict == "passed" for row in self.hard)

    @property
    def passed(self) -> bool:
        """Whether directions are right, sizes mostly, and no cells exceed the strongest drug."""
        missed = any(row.verdict == "failed" for row in self.published)
        sized = self.right_sizes >= REQUIRED_SIZES * len(self.hard)
        compared = bool(self.strength) or self.strongest is None
        return not missed and sized and compared and all(row.passed for row in self.strength)

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        return (self._effects(), self._published(), self._strength())

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        return _document(self, "pharmacology", self.passed)

    def _effects(self) -> Table:
        columns = tuple(dict.fromkeys(row.endpoint for row in self.effects))
        cells = {
            (row.label, row.endpoint): interval_text(row.effect, row.percent)
            for row in self.effects
        }
        labels = dict.fromkeys(row.label for row in self.effects)
        rows = tuple(
            (label, *(cells.get((label, column), "") for column in columns)) for label in labels
        )
        title = f"Effect against placebo, {self.patients} virtual patients an arm, seed {self.seed}"
        return Table(title, ("arm", *columns), rows)

    def _published(self) -> Table:
        worst = {"failed": 0, "size": 1, "passed": 2, "guide": 3, "": 4}
        rows = tuple(
            (row.drug, f"{row.source}: {row.measure}", interval_text(row.simulated, row.percent),
             interval_text(row.published, row.percent), interval_text(row.at_size, row.percent),
             DRUG_VERDICTS[row.verdict], row.note)
            for row in sorted(self.published, key=lambda row: worst[row.verdict])
        )  # fmt: skip
        columns = (
            "drug", "published row", "simulated", "published", "at the published size", "verdict",
            "tier",
        )  # fmt: skip
        wrong = sum(row.verdict == "failed" for row in self.published)
        title = (
            f"Pharmacology gate: {_word(self.passed)}. Direction wrong in {wrong} rows (none may); "
            f"size right in {self.right_sizes} of {len(self.hard)} hard rows (at least "
            f"{100 * REQUIRED_SIZES:g} % asked)"
        )
        return Table(title, columns, rows)

    def _strength(self) -> Table:
        rows = tuple(
            (row.label, row.endpoint, f"{row.cells:.2f}", f"{row.drug:.2f}", _word(row.passed))
            for row in self.strength
        )
        title = (
            "No default may make cells stronger than an anti-TNF or, where that is no treatment, "
            f"the best drug: {self.strongest or 'none known'} (same patients under each arm, "
            "noise off)"
        )
        return Table(title, ("cells", "endpoint", "cells", "drug", "verdict"), rows)


def _between(row: PlaceboRow) -> str:
    if row.between_trials is None:
        return ""
    low, high = row.between_trials
    return f"{100 * low:g} to {100 * high:g} %" if row.percent else f"{low:g} to {high:g}"


def _word(passed: bool) -> str:
    return "passed" if passed else "NOT PASSED"


def _document(gate: Any, name: str, passed: bool) -> dict[str, Any]:
    content = {"research_use": RESEARCH_USE, "gate": name, "passed": passed}
    return {**content, **{key: finite(value) for key, value in dataclasses.asdict(gate).items()}}
