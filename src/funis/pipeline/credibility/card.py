"""The generated tables of a model card, read back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from funis.pipeline.gate_values import DRUG_VERDICTS
from funis.pipeline.tables import Table

BAD_VERDICTS = ("NOT PASSED", DRUG_VERDICTS["failed"], DRUG_VERDICTS["size"])
"""Words in the verdict column of a gate that say that a row failed."""

_BLOCK = re.compile(r"<!-- generated: funis gate (\w+) .*?-->(.*?)<!-- end -->", re.DOTALL)
_VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class GateTables:
    """One gate as its card shows it.

    Attributes
    ----------
    gate : str
        population, placebo, pharmacology or routes.
    passed : bool or None
        Judged by the words of its titles; None where it judges nothing.
    """

    gate: str
    tables: tuple[Table, ...]

    @property
    def title(self) -> str:
        """The sentence that says how it ended."""
        judged = (table.title for table in self.tables if _word(table.title) is not None)
        return next(judged, self.tables[0].title)

    @property
    def passed(self) -> bool | None:
        """Whether the gate was passed."""
        words = [_word(table.title) for table in self.tables]
        known = [word for word in words if word is not None]
        return all(known) if known else None

    @property
    def failures(self) -> tuple[str, ...]:
        """Rows whose verdict is bad, each in one line."""
        return tuple(
            line for table in self.tables if _VERDICT in table.columns for line in _bad(table)
        )

    def share(self, outcome: str) -> str | None:
        """Return the last cell of the row that begins with some words."""
        rows = (row for table in self.tables for row in table.rows)
        return next((row[-1] for row in rows if row[0] == outcome), None)


def card_gates(card: Path) -> dict[str, GateTables]:
    """Return the gates that a card shows, by name."""
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    found = {}
    for name, block in _BLOCK.findall(text):
        tables = read_tables(block.strip().splitlines())
        if tables:
            found[name] = GateTables(name, tables)
    return found


def _word(title: str) -> bool | None:
    if "NOT PASSED" in title:
        return False
    return True if ": passed" in title else None


def _bad(table: Table) -> list[str]:
    place = table.columns.index(_VERDICT)
    rows = [row for row in table.rows if row[place] in BAD_VERDICTS]
    return [
        "; ".join(
            f"{column} {cell}" if at > 1 else cell
            for at, (column, cell) in enumerate(zip(table.columns, row, strict=True))
            if cell
        )
        for row in rows
    ]


def read_tables(lines: Sequence[str]) -> tuple[Table, ...]:
    """Return the tables of a block: a title, and the rows below it."""
    tables: list[Table] = []
    title, rows = "", []
    for line in [*lines, "."]:
        if line.startswith("|"):
            rows.append(_cells(line))
        elif line.strip():
            if rows:
                tables.append(_table(title, rows))
            title, rows = line.strip(), []
    return tuple(tables)


def _cells(line: str) -> tuple[str, ...]:
    """Return the cells of a row; the first and the last may be empty."""
    inside = line.strip().removeprefix("|").removesuffix("|")
    return tuple(cell.strip() for cell in inside.split(" | "))


def _table(title: str, rows: list[tuple[str, ...]]) -> Table:
    columns = rows[0]
    width = len(columns)
    body = tuple((*row, *([""] * (width - len(row))))[:width] for row in rows[2:])
    return Table(title, columns, body)
