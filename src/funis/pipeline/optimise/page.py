"""The page of a search: the answer first, then effect against events and against cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from funis.pipeline.optimise.candidates import Candidate
from funis.pipeline.optimise.document import search_document, search_tables
from funis.pipeline.optimise.judge import interval
from funis.pipeline.optimise.search import Judged, SearchResult
from funis.pipeline.optimise.words import caveats, effect_words, first_line, setting_words
from funis.report.front import Dot, Frame, front_panel, ranges
from funis.report.search import (
    Figure,
    FigureRow,
    Key,
    SearchPage,
    SearchTable,
    render_search,
)
from funis.report.strips import SHAPES, Shape
from funis.report.styles import COLOURS
from funis.store import write_text


def write_search(result: SearchResult, folder: Path) -> Path:
    """Write the page and the document of a search to a folder, and return the page's path.

    Raises
    ------
    InputError
        If the place cannot be written to.
    """
    document = json.dumps(search_document(result), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / "optimise.json", f"{document}\n")
    page = folder / "optimise.html"
    write_text(page, render_search(search_page(result)))
    return page


def search_page(result: SearchResult) -> SearchPage:
    """Return what the page shows."""
    trial, plan = result.plan.design.trial, result.plan
    stratum = () if plan.stratum is None else (f"only {plan.stratum}",)
    facts = (
        f"{len(plan.candidates)} regimens", *stratum, f"{result.patients} virtual patients",
        f"{result.draws} draws in each of {len(result.settings)} settings",
        f"seed {trial.protocol.seed}",
    )  # fmt: skip
    tables = tuple(SearchTable(t.title, t.columns, t.rows) for t in search_tables(result))
    return SearchPage(
        trial.protocol.title, trial.model.name, facts, first_line(result),
        result.verdict.optimum is not None, caveats(result), effect_words(result),
        (_row(result, "events"), _row(result, "cells")), _keys(plan.candidates), tables,
    )  # fmt: skip


TITLES = {
    "events": ("Effect against adverse events", "expected adverse events a patient after doses"),
    "cells": ("Effect against the supply of cells", "million cells a patient"),
}


def _row(result: SearchResult, cost: str) -> FigureRow:
    title, across = TITLES[cost]
    dots = [_dots(result, one, cost) for one in result.settings]
    x, y = ranges([dot for some in dots for dot in some if np.isfinite(dot.x)])
    figures = []
    for number, (setting, some) in enumerate(zip(result.settings, dots, strict=True)):
        heading = setting_words(setting.world.structure, setting.world.id)
        about = f"{title} of {len(some)} regimens, {heading}"
        frame = Frame(f"{cost}{number}", heading, about, across, x, y)
        figures.append(Figure(heading, front_panel(some, frame)))
    return FigureRow(title, tuple(figures))


def _dots(result: SearchResult, setting: Judged, cost: str) -> list[Dot]:
    means, (low, high) = result.means(setting), interval(result.samples(setting))
    verdict = result.verdict
    few = len(verdict.alike) < len(result.plan.candidates)
    looks = looks_of(result.plan.candidates)
    found = []
    for place, one in enumerate(result.plan.candidates):
        events = float(np.mean(result.events[:, place]))
        marked = place == verdict.optimum or (few and place in verdict.alike)
        style, shape = looks[place]
        x = events if cost == "events" else result.uses[place].cells
        ends = float(low[place]), float(high[place])
        found.append(Dot(one.label, x, float(means[place]), *ends, style, shape, marked))
    return found


def looks_of(candidates: Sequence[Candidate]) -> list[tuple[str, Shape]]:
    """Return colour and shape of each: by the amount, and by route and maintenance."""
    amounts = list(dict.fromkeys(one.amount for one in candidates))
    kinds = list(dict.fromkeys(_kind(one) for one in candidates))
    return [
        (
            f"a{amounts.index(one.amount) % COLOURS + 1}",
            SHAPES[kinds.index(_kind(one)) % len(SHAPES)],
        )
        for one in candidates
    ]


def _kind(one: Candidate) -> str:
    after = "no maintenance" if one.maintenance is None else f"again every {one.maintenance:g} wk"
    return f"{one.route}, {after}"


def _keys(candidates: Sequence[Candidate]) -> tuple[Key, ...]:
    looks = looks_of(candidates)
    both = list(zip(candidates, looks, strict=True))
    colours = {one.amount: style for one, (style, _) in both}
    shapes = {_kind(one): shape for one, (_, shape) in both}
    return (
        *(Key("bar", style, name) for name, style in colours.items()),
        *(Key(shape, "a0", name) for name, shape in shapes.items()),
    )
