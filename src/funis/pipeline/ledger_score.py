"""`funis ledger score`: predictions of the ledger beside results that were reported later."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from funis.analysis import MeanSummary, Published, newcombe, published_results, welch
from funis.calibrate.ledger_file import ArmEntry, ContrastEntry, Entry, Ledger, Predicted
from funis.calibrate.planned import ALPHA
from funis.calibrate.predict import crps
from funis.evidence import Evidence, Study, read_study_file
from funis.models import load_model
from funis.models.endpoints import Endpoints
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE

SAME_WEEK = 1.0
"""Weeks that a result may lie from the predicted one."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A predicted number beside the reported one; shares from 0 to 1."""

    entry: str
    what: str
    observed: float
    predicted: Predicted

    @property
    def crps(self) -> float:
        """Continuous ranked probability score, from the quantiles that the entry keeps."""
        return crps(np.array(self.predicted.quantiles), self.observed)

    def inside(self, share: int) -> bool:
        """Return whether the number lies in the central interval of 80 or 95 percent."""
        one = self.predicted
        low, high = (one.low80, one.high80) if share == 80 else (one.low95, one.high95)
        return low - 1e-9 <= self.observed <= high + 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an arm met its rule, as far as what was reported says it."""

    entry: str
    arm: str
    probability: float
    met: bool

    @property
    def brier(self) -> float:
        """Square of what the probability was wrong by."""
        return (self.probability - self.met) ** 2


@dataclass(frozen=True, slots=True)
class LedgerScore:
    """Predictions beside results; what could not be scored, with the reason."""

    rows: tuple[Scored, ...]
    verdicts: tuple[Verdict, ...]
    skipped: tuple[tuple[str, str], ...]


def score_ledger(ledger: Ledger, files: Sequence[Path]) -> LedgerScore:
    """Score the entries of a ledger on studies that report what they predict.

    Parameters
    ----------
    files
        Files in the schema of the evidence. A study belongs to an entry by its id, or by its
        number in a trial register.

    Raises
    ------
    InputError
        A file that cannot be read; with file and line.
    """
    studies = [study for file in files for study in read_study_file(file)]
    rows: list[Scored] = []
    verdicts: list[Verdict] = []
    skipped: list[tuple[str, str]] = []
    for entry in ledger.entries:
        study = next((one for one in studies if _belongs(one, entry)), None)
        if study is None:
            skipped.append((entry.id, "no result in these files"))
            continue
        reported = _reported(study, entry)
        rows += _arm_rows(entry, reported)
        for contrast in entry.contrasts:
            found = _contrast(entry, contrast, reported)
            if isinstance(found, str):
                skipped.append((f"{entry.id} {contrast.arm}", found))
            else:
                rows.append(found[0])
                verdicts += found[1]
        skipped += [
            (f"{entry.id} {arm.id}", _where(entry)) for arm in entry.arms if arm.id not in reported
        ]
    return LedgerScore(tuple(rows), tuple(verdicts), tuple(skipped))


def _belongs(study: Study, entry: Entry) -> bool:
    same = study.registry is not None and study.registry == entry.registry
    return study.id == entry.study or same


def _where(entry: Entry) -> str:
    one = entry.endpoint
    return f"no {one.endpoint} ({one.measure}) within {SAME_WEEK:g} week of week {one.week:g}"


def _reported(study: Study, entry: Entry) -> dict[str, Published]:
    """Return what each arm reported of the predicted endpoint, the nearest week."""
    endpoints: Endpoints = load_model(entry.disease).endpoints
    published, _ = published_results(Evidence(entry.disease, (study,), (), ()), endpoints)
    one = entry.endpoint
    found: dict[str, Published] = {}
    for row in sorted(published, key=lambda row: abs(row.week - one.week)):
        same = (row.endpoint, row.measure) == (one.endpoint, one.measure)
        whole = row.subgroup is None and not row.contrast
        if same and whole and abs(row.week - one.week) <= SAME_WEEK:
            found.setdefault(row.arm, row)
    return found


def _arm_rows(entry: Entry, reported: Mapping[str, Published]) -> list[Scored]:
    arms: list[ArmEntry] = [arm for arm in entry.arms if arm.id in reported]
    return [Scored(entry.id, arm.id, reported[arm.id].estimate, arm.predicted) for arm in arms]


def _contrast(
    entry: Entry, contrast: ContrastEntry, reported: Mapping[str, Published]
) -> tuple[Scored, list[Verdict]] | str:
    """Return a reported difference beside the predicted one, or why there is none."""
    if contrast.arm not in reported or contrast.reference not in reported:
        return "one of its two arms is not reported"
    arm, reference = reported[contrast.arm], reported[contrast.reference]
    ratio = entry.endpoint.measure == "rate"
    observed = (
        arm.estimate / reference.estimate
        if ratio and reference.estimate
        else arm.estimate - reference.estimate
    )
    name = f"{contrast.arm} against {contrast.reference}"
    better = 1.0 if "higher" in entry.success.rule else -1.0
    met = _met(arm, reference, better)
    found = [] if met is None else [Verdict(entry.id, contrast.arm, contrast.probability, met)]
    return Scored(entry.id, name, observed, contrast.predicted), found


def _met(arm: Published, reference: Published, better: float) -> bool | None:
    """Return whether the difference is significant in the good direction; None: not known."""
    if arm.measure == "responder" and arm.n and reference.n:
        events = [round(one.estimate * (one.n or 0)) for one in (arm, reference)]
        found = newcombe(events[0], arm.n, events[1], reference.n, 1 - ALPHA)
    elif arm.measure in ("change", "value"):
        sides = [_summary(one) for one in (arm, reference)]
        if sides[0] is None or sides[1] is None:
            return None
        found = welch(sides[0], sides[1], 1 - ALPHA)[0]
    else:
        return None
    low, high = (found.low, found.high) if better > 0 else (-found.high, -found.low)
    return None if math.isnan(low) or math.isnan(high) else low > 0


def _summary(row: Published) -> MeanSummary | None:
    outcome = row.outcome
    if outcome is None or outcome.sd is None or not row.n:
        return None
    return MeanSummary(row.n, row.estimate, outcome.sd * abs(row.factor))


def score_document(found: LedgerScore) -> dict[str, Any]:
    """Return scores as plain data."""
    document: dict[str, Any] = {
        "research_use": RESEARCH_USE,
        "rows": [
            {
                "entry": row.entry, "what": row.what, "observed": row.observed,
                "predicted": row.predicted.median,
                "low80": row.predicted.low80, "high80": row.predicted.high80,
                "low95": row.predicted.low95, "high95": row.predicted.high95,
                "inside80": row.inside(80), "inside95": row.inside(95), "crps": row.crps,
            }
            for row in found.rows
        ],
        "rules": [
            {"entry": one.entry, "arm": one.arm, "probability": one.probability, "met": one.met,
             "brier": one.brier}
            for one in found.verdicts
        ],
        "skipped": [{"entry": name, "reason": reason} for name, reason in found.skipped],
    }  # fmt: skip
    return {name: finite(value) for name, value in document.items()}


def score_tables(found: LedgerScore) -> tuple[Table, ...]:
    """Return scores as tables: those outside their interval first."""
    rows = sorted(found.rows, key=lambda row: row.inside(80))
    return (
        Table(
            "Predictions beside what was reported, those outside their 80 % interval first",
            ("entry", "what", "reported", "predicted (80 %)", "inside", "CRPS"),
            tuple(
                (row.entry, row.what, f"{row.observed:.3g}",
                 f"{row.predicted.median:.3g} ({row.predicted.low80:.3g} to"
                 f" {row.predicted.high80:.3g})",
                 "80 %" if row.inside(80) else "95 %" if row.inside(95) else "NO",
                 f"{row.crps:.3g}")
                for row in rows
            ),
        ),
        Table(
            "Success rules", ("entry", "arm", "probability", "met", "Brier score"),
            tuple(
                (one.entry, one.arm, f"{100 * one.probability:.1f} %", "yes" if one.met else "no",
                 f"{one.brier:.3f}")
                for one in found.verdicts
            ),
        ),
        Table("Not scored", ("entry", "reason"), found.skipped),
    )  # fmt: skip
