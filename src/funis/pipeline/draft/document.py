"""What `funis draft` prints: one JSON document, and tables for a terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from funis.checks import Issue
from funis.pipeline.draft.check import DraftCheck, Fix
from funis.pipeline.draft.options import Options, measure_rules
from funis.pipeline.draft.outline import ArmOutline, Outline
from funis.pipeline.run import finite
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE


def draft_document(found: DraftCheck, place: int | None = None) -> dict[str, Any]:
    """Return a draft, its issues and its outline as plain data.

    Parameters
    ----------
    place
        Where what was changed stands now, a place in its list.
    """
    document = {
        "research_use": RESEARCH_USE,
        "name": found.draft.name,
        "text": found.draft.text,
        "passed": found.passed,
        "issues": [_issue(*pair) for pair in zip(found.issues, found.fixes, strict=True)],
        "outline": None if found.outline is None else asdict(found.outline),
        "data": found.data,
        "place": place,
    }
    return {name: finite(value) for name, value in document.items()}


def _issue(issue: Issue, fix: Fix | None) -> dict[str, Any]:
    return {
        "severity": issue.severity, "line": issue.line, "key": issue.key,
        "message": issue.message, "expected": issue.expected, "nearest": issue.nearest,
        "fix": None if fix is None else {"path": list(fix.path), "value": fix.value},
    }  # fmt: skip


def options_document(options: Options) -> dict[str, Any]:
    """Return what a form may offer as plain data."""
    return {"research_use": RESEARCH_USE, **asdict(options), **measure_rules()}


def draft_tables(outline: Outline) -> list[Table]:
    """Return a draft in numbers: the trial, and what a patient of each arm gets."""
    patients = "" if outline.patients is None else f"{outline.patients} patients, "
    title = f"{outline.title}: {patients}{len(outline.visits)} visits, {outline.weeks:g} weeks"
    columns = ("Arm", "Doses of cells", "Cells a patient", "Days", "Other")
    return [Table(title, columns, tuple(_row(arm) for arm in outline.arms))]


def _row(arm: ArmOutline) -> tuple[str, ...]:
    cells = [one for one in arm.given if one.kind == "cells"]
    other = [one.what for one in arm.given if one.kind != "cells"]
    days = "; ".join(", ".join(f"{day:g}" for day in one.days) for one in cells)
    return (arm.id, str(arm.doses) if cells else "", cells_text(arm), days, ", ".join(other))


def cells_text(arm: ArmOutline) -> str:
    """Return the cells that a patient of an arm gets up to the last visit, as words."""
    amounts = ((arm.cells, " million"), (arm.cells_per_kg, " million/kg"))
    return " + ".join(f"{one / 1e6:g}{unit}" for one, unit in amounts if one)
