"""The table of studies as plain data and as text."""

from __future__ import annotations

from typing import Any

from funis.pipeline.studies.values import StudyEntry, StudyTable
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE
from funis.report.numerals import significant

COLUMNS = (
    "study", "disease", "study type", "cells", "n", "randomised", "weeks", "main outcome",
    "signs of bias", "in the model",
)  # fmt: skip


def studies_document(found: StudyTable) -> dict[str, Any]:
    """Return the table of studies as plain data; what is not known is None."""
    return {
        "research_use": RESEARCH_USE,
        "studies": [entry_document(entry) for entry in found.entries],
        "of": found.of,
        "randomised_patients": found.randomised_patients,
        "randomised_to_drugs": found.randomised_to_drugs,
        "randomised_of_unknown_size": found.of_unknown_size,
    }


def entry_document(entry: StudyEntry) -> dict[str, Any]:
    """Return one study of the table as plain data."""
    study, outcome = entry.study, entry.outcome
    return {
        "id": study.id,
        "title": study.title,
        "citation": study.citation,
        "year": entry.year,
        "disease": study.disease,
        "study_type": study.evidence_type,
        "blinding": study.design.blinding,
        "source": study.product.drug or study.product.source,
        "routes": list(entry.routes),
        "dose_cell": None if entry.doses is None else list(entry.doses),
        "n": study.population.n,
        "randomised_patients": entry.randomised_patients,
        "follow_up_week": entry.follow_up_week,
        "main_outcome": None if outcome is None else {
            "endpoint": outcome.endpoint, "name": outcome.name, "week": outcome.week,
            "measure": outcome.measure, "compared": outcome.compared,
            "estimate": outcome.interval.estimate, "low": outcome.interval.low,
            "high": outcome.interval.high, "text": outcome.text, "as_printed": outcome.printed,
        },
        "no_outcome": entry.no_outcome or None,
        "signs_of_bias": {"level": entry.bias.level, "reasons": list(entry.bias.reasons)},
        "represented": entry.represented,
        "not_represented": entry.not_represented or None,
        "confidence": study.confidence,
        "origin": study.origin,
        "link": entry.link or None,
    }  # fmt: skip


def studies_table(found: StudyTable) -> Table:
    """Return the table of studies as text."""
    title = (
        f"{len(found.entries)} of {found.of} studies; randomised patients:"
        f" {found.randomised_patients:,} in studies of cells,"
        f" {found.randomised_to_drugs:,} in studies of drugs"
        " (those that two studies share are counted in each)"
    )
    return Table(title, COLUMNS, tuple(_line(entry) for entry in found.entries))


def _line(entry: StudyEntry) -> tuple[str, ...]:
    study = entry.study
    return (
        f"{study.id}{' (own)' if study.origin == 'user' else ''}",
        study.disease,
        study.evidence_type,
        (study.product.drug or study.product.source or "").replace("_", " "),
        "" if study.population.n is None else str(study.population.n),
        str(entry.randomised_patients or ""),
        "" if entry.follow_up_week is None else f"{entry.follow_up_week:g}",
        outcome_words(entry),
        entry.bias.level,
        "yes" if entry.represented else "no",
    )


def outcome_words(entry: StudyEntry) -> str:
    """Return the main outcome with its measure, week and interval, or why there is none."""
    found = entry.outcome
    if found is None:
        return entry.no_outcome
    when = "" if found.week is None else f", week {found.week:g}"
    alone = "" if found.compared else ", no comparison"
    return f"{found.name}{when}: {found.measure} {found.text}{alone}"


def dose_words(entry: StudyEntry) -> str:
    """Return the least and most cells of one infusion in words; nothing where not known."""
    if entry.doses is None:
        return ""
    low, high = (f"{significant(cells / 1e6)} million" for cells in entry.doses)
    return low if low == high else f"{low.removesuffix(' million')} to {high}"
