"""Where products of mesenchymal stromal cells are allowed: the table beside every plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from funis.checks import InputError, Issue, StrictModel, read_yaml, validate
from funis.plan.values import RegulatoryRow

LIBRARY = Path(__file__).parents[1] / "library" / "regulatory.yaml"

Text = Annotated[str, Field(min_length=1)]


class RowSchema(StrictModel):
    """One product in one country."""

    product: Text
    country: Text
    indication: Text
    status: Text
    date_checked: Text
    source: Text

    @field_validator("date_checked")
    @classmethod
    def _is_day(cls, text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise InputError(
                Issue(None, None, None, f"'{text}' is no day", "a day such as 2026-01-31")
            ) from None


class RegulatorySchema(StrictModel):
    """The file."""

    stale_day: Annotated[int, Field(ge=1)]
    rows: Annotated[tuple[RowSchema, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Regulatory:
    """The table, and after how many days a row is stale."""

    rows: tuple[RegulatoryRow, ...]
    stale_day: int


def load_regulatory(path: str | Path = LIBRARY) -> Regulatory:
    """Read a regulatory table.

    Raises
    ------
    InputError
        One issue a fault, with file, line, key and what was expected.
    """
    read = validate(RegulatorySchema, read_yaml(path))
    return Regulatory(tuple(RegulatoryRow(**row.model_dump()) for row in read.rows), read.stale_day)


@cache
def library_regulatory() -> Regulatory:
    """Return the table of the library."""
    return load_regulatory()


def checked_on(rows: Sequence[RegulatoryRow]) -> date:
    """Return the day on which the row that was checked longest ago was checked."""
    return min(date.fromisoformat(row.date_checked) for row in rows)


def stale(row: RegulatoryRow, today: date, stale_day: int) -> bool:
    """Whether a row was checked more than so many days before today."""
    return (today - date.fromisoformat(row.date_checked)).days > stale_day


def stale_warnings(table: Regulatory, today: date) -> tuple[str, ...]:
    """Return one warning for each row that is stale.

    Parameters
    ----------
    table
        The regulatory table.
    today
        Day to hold it against; the caller's, so that the answer follows from its input.
    """
    return tuple(
        f"regulatory status of {row.product} ({row.country}) was checked on {row.date_checked}, "
        f"more than {table.stale_day} days ago: it may have changed"
        for row in table.rows
        if stale(row, today, table.stale_day)
    )


def statement(rows: Sequence[RegulatoryRow]) -> str:
    """Return the regulatory sentence with the day on which the table was checked."""
    day = checked_on(rows).isoformat() if rows else "the date checked"
    return (
        "No umbilical-cord MSC product and no intravenous MSC product known to us is approved "
        f"for these diseases (as of {day})."
    )
