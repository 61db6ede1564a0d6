"""``funis tests``: how often each offered method errs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal

MARK = "funis tests"


def measure_sizes(
    methods: Annotated[
        list[str] | None,
        typer.Argument(metavar="[METHOD]...", help="Methods by name (default: all)."),
    ] = None,
    replicates: Annotated[
        int, typer.Option(metavar="N", help="Invented trials of each row.")
    ] = 10000,
    seed: Annotated[int, typer.Option(metavar="SEED", help="Of the invented trials.")] = 1,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the tables into the marked place of a page."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> int:
    """Measure type I error, power and cover of the methods of analysis on invented trials."""
    from funis.pipeline.sizes import sizes_document, sizes_text
    from funis.pipeline.tables import fill_marked, marked_place

    with terminal.one_document(json) as put:
        if into is not None:
            marked_place(into, MARK)
        found = sizes_document(replicates, seed, methods)
        if into is not None:
            fill_marked(into, MARK, sizes_text(found))
        if json:
            return put(found)
        typer.echo(sizes_text(found), nl=False)
    return terminal.SUCCESS
