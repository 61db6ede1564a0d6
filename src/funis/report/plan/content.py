"""What the pages of a plan show: sections of words, tables and pictures, for every format alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BANNER = "SIMULATED - NOT FOR ADMINISTRATION"
"""What stands on every page of a plan."""

Kind = Literal["", "number", "meets", "not", "cannot", "source"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, a smaller line below it, and what it is."""

    text: str
    note: str = ""
    kind: Kind = ""


@dataclass(frozen=True, slots=True)
class Column:
    """The heading of a column and its share of the width."""

    heading: str
    share: float
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; every row has one cell a column."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in two widths, and what it shows in words."""

    caption: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the plan, in the order of reading.

    Attributes
    ----------
    id, title : str
    paragraphs : tuple of str
        Before figures and tables.
    alerts : tuple of str
        What must be seen first.
    figures, tables : tuple
    after : tuple of str
        Small print below.
    banner : bool
        Whether the section repeats that nothing here is to be given to anybody.
    """

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    after: tuple[str, ...] = ()
    banner: bool = False


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """Return cells; plain text becomes a cell without note."""
    return tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells)
