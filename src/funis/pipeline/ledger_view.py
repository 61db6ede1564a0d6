"""The ledger as it is shown and checked: tables, plain data, and what was changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funis.calibrate.ledger_file import LEDGER, LIBRARY, Ledger, check_ledger, read_ledger
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE
from funis.store import hash_file

ENSEMBLES = LIBRARY / "ensembles"


def ledger_of(path: Path = LEDGER) -> Ledger:
    """Return the entries of a ledger whose hashes all hold.

    Raises
    ------
    InputError
        A prediction was changed, dropped or slipped in; with file and line.
    """
    ledger = read_ledger(path)
    check_ledger(ledger).raise_errors()
    return ledger


def check_document(ledger: Ledger) -> dict[str, Any]:
    """Return what a check found: how many predictions, and by which ensembles."""
    shipped = sum(
        (ENSEMBLES / f"{one.disease}.parquet").is_file()
        and hash_file(ENSEMBLES / f"{one.disease}.parquet") == one.ensemble.hash
        for one in ledger.entries
    )
    return {
        "entries": len(ledger.entries), "last_hash": ledger.last_hash,
        "by_ensembles_that_ship": shipped,
    }  # fmt: skip


def ledger_document(ledger: Ledger) -> dict[str, Any]:
    """Return a ledger as plain data."""
    return {"research_use": RESEARCH_USE, "entries": [dict(raw) for raw in ledger.raw]}


def ledger_tables(ledger: Ledger) -> tuple[Table, ...]:
    """Return a ledger as tables: trials, and their arms."""
    if not ledger.entries:
        return (Table(f"{ledger.path}: no prediction yet", ("entry",), ()),)
    trials = [
        (
            entry.id, entry.date, f"{entry.endpoint.endpoint} week {entry.endpoint.week:g}"
            f"{'' if entry.endpoint.registered else ' (usual)'}",
            _percent(entry.success.probability), _others(entry.success.by_structure),
            _percent(entry.success.if_cells_do_nothing),
            str(len(entry.assumed)), entry.hash[:12],
        )
        for entry in ledger.entries
    ]  # fmt: skip
    arms = [
        (
            entry.id, arm.id, str(arm.n), ", ".join(arm.drawn) or "known",
            f"{arm.predicted.median:.3g} ({arm.predicted.low80:.3g} to {arm.predicted.high80:.3g})",
            f"{arm.if_cells_do_nothing:.3g}",
        )
        for entry in ledger.entries
        for arm in entry.arms
    ]  # fmt: skip
    return (
        Table(
            "Predictions of trials that nobody has reported",
            ("entry", "date", "primary endpoint", "meets its rule", "other forms",
             "if cells do nothing", "assumed", "hash"),
            tuple(trials),
        ),
        Table(
            "What each arm may report",
            ("entry", "arm", "n", "drawn", "predicted (80 %)", "if cells do nothing"), tuple(arms),
        ),
    )  # fmt: skip


def _others(found: Mapping[str, float | None]) -> str:
    """Return the lowest and the highest probability under other forms of the model."""
    known = [value for value in found.values() if value is not None]
    return f"{100 * min(known):.1f} to {100 * max(known):.1f} %" if known else ""


def _percent(share: float | None) -> str:
    return "no rule" if share is None else f"{100 * share:.1f} %"
