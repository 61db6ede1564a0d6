"""One study in full: its record, its signs of bias, the model's counterpart, its residuals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from funis.evidence import Study
from funis.models import disease_ids
from funis.pipeline.evidence_page import record_lines, record_tables
from funis.pipeline.studies.predicted import kept_predictions, of_study
from funis.pipeline.studies.represented import Modelled, modelled
from funis.pipeline.studies.table import entry_of
from funis.pipeline.studies.values import StudyEntry
from funis.pipeline.tables import Table

BASELINE, OUTCOMES = "Baseline", "Outcomes"


@dataclass(frozen=True, slots=True)
class Residual:
    """A published number of the study beside its prediction from all other studies."""

    arm: str
    endpoint: str
    week: float
    published: str
    predicted: str
    without: str
    inside: str


@dataclass(frozen=True, slots=True)
class StudyPage:
    """Everything that a page shows of one study.

    Attributes
    ----------
    facts : tuple of (name, text)
        What stands above the tables of `funis evidence show`.
    residuals : tuple of Residual or None
        None where the disease's studies have not been predicted yet; those outside first.
    """

    entry: StudyEntry
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    modelled: Modelled
    residuals: tuple[Residual, ...] | None
    predictable: bool

    @property
    def study(self) -> Study:
        """The record."""
        return self.entry.study


def study_page(study_id: str, predictions: Mapping[str, Any] | None = None) -> StudyPage:
    """Return one study in full.

    Parameters
    ----------
    predictions
        Document of `funis validate` of its disease; what is kept of it when None.

    Raises
    ------
    InputError
        No such study.
    """
    entry = entry_of(study_id)
    study = entry.study
    known = predictions
    if known is None and study.disease in disease_ids():
        known = kept_predictions(study.disease)
    found = None if known is None else _residuals(known, study_id)
    return StudyPage(
        entry, _facts(study), _tables(study), modelled(study_id), found, entry.represented
    )


def _facts(study: Study) -> tuple[tuple[str, str], ...]:
    """Return the named lines of a record; its title, citation and type stand elsewhere."""
    lines = (line.partition(": ") for line in record_lines(study)[3:])
    return tuple((name, text) if text else ("", name) for name, _, text in lines)


def _tables(study: Study) -> tuple[Table, ...]:
    start = tuple(row for row in study.outcomes if row.baseline)
    rest = tuple(row for row in study.outcomes if not row.baseline)
    tables = {table.title: table for table in record_tables(replace(study, outcomes=rest))}
    first = {table.title: table for table in record_tables(replace(study, outcomes=start))}
    if start:
        tables[BASELINE] = replace(first[OUTCOMES], title=BASELINE)
    order = ("Arms", BASELINE, OUTCOMES)
    titles = [name for name in order if name in tables]
    return tuple(tables[name] for name in (*titles, *(t for t in tables if t not in titles)))


def _residuals(document: Mapping[str, Any], study: str) -> tuple[Residual, ...]:
    rows = of_study(dict(document), study)["rows"]
    return tuple(_residual(row) for row in rows)


def _residual(row: Mapping[str, Any]) -> Residual:
    share = row["measure"] == "responder"
    predicted, low, high = (_number(row[key], share) for key in ("predicted", "low80", "high80"))
    inside = "in the 80 % interval" if row["inside80"] else "in the 95 % interval only"
    return Residual(
        row["arm"], row["our_endpoint"], row["week"], _number(row["observed"], share),
        f"{predicted} ({low} to {high})", _number(row["without_effect"], share),
        inside if row["inside95"] else "OUTSIDE the 95 % interval",
    )  # fmt: skip


def _number(value: float, share: bool) -> str:
    return f"{100 * value:.0f} %" if share else f"{value:.3g}"
