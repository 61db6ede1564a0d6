"""The page of a dose and schedule search, as one HTML file that loads nothing."""

from __future__ import annotations

from dataclasses import dataclass

from funis.report.statement import RESEARCH_USE, SIMULATED
from funis.report.strips import Shape, legend_mark
from funis.report.trial import environment


@dataclass(frozen=True, slots=True)
class Figure:
    """A panel with its heading."""

    heading: str
    picture: str


@dataclass(frozen=True, slots=True)
class FigureRow:
    """The panels of all settings against one thing that a regimen costs."""

    title: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """How a dose or a schedule looks in the panels."""

    shape: Shape
    style: str
    words: str


@dataclass(frozen=True, slots=True)
class SearchTable:
    """A table of text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What the page of a search shows, its answer first."""

    title: str
    disease: str
    facts: tuple[str, ...]
    first_line: str
    optimum: bool
    caveats: tuple[str, ...]
    effect: str
    rows: tuple[FigureRow, ...]
    keys: tuple[Key, ...]
    tables: tuple[SearchTable, ...]


def render_search(page: SearchPage) -> str:
    """Return the page as HTML."""
    context = {
        "page": page, "research_use": RESEARCH_USE, "simulated": SIMULATED,
        "legend_mark": legend_mark,
    }  # fmt: skip
    return environment().get_template("search.html.j2").render(context)
