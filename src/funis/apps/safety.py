"""``funis safety``: adverse events, how often, and from what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal


def safety(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[TRIAL|DISEASE]", help="A trial or a disease (default: all)."),
    ] = None,
    route: Annotated[
        str | None, typer.Option(metavar="ROUTE", help="This route alone, such as iv.")
    ] = None,
    refit: Annotated[
        bool,
        typer.Option("--refit", help="Compute the pools from the evidence again, and write them."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --refit: where to (default: the library)."),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            metavar="RISK", help="Show a Bayesian rule that stops above this risk of toxicity."
        ),
    ] = None,
    sure: Annotated[
        float, typer.Option(metavar="P", help="With --limit: probability that stops the trial.")
    ] = 0.9,
    patients: Annotated[
        int, typer.Option(metavar="N", help="With --limit: patients at most.")
    ] = 60,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Put the tables at their place in a Markdown file."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> int:
    """Show adverse events: risk with and without cells, ratio, grades, and the rows behind them."""
    from funis.checks import InputError, Issue
    from funis.pipeline.safety.hazards import MARK, hazards
    from funis.pipeline.safety.refit import refit as compute
    from funis.pipeline.tables import fill_marked, marked_place

    with terminal.one_document(json) as put:
        if out is not None and not refit:
            message = "--out without --refit"
            raise InputError(Issue(None, None, "--out", message, "both, or neither"))
        if limit is not None:
            return _stopping(put, limit, sure, patients, json)
        if into is not None:
            marked_place(into, MARK)
        if refit:
            compute(out=out)
        found = hazards(target, route=route)
        if into is not None:
            text = "\n".join(table.markdown() for table in found.tables())
            fill_marked(into, MARK, text)
        if json:
            return put(found.document())
        terminal.show_tables(found.tables()[:2] if into is None else ())
    return terminal.SUCCESS


def _stopping(put: terminal.Put, limit: float, sure: float, patients: int, json: bool) -> int:
    from funis.pipeline.safety.stopping import stopping

    found = stopping(limit, sure, patients)
    if json:
        return put(found.document())
    terminal.show_tables(found.tables())
    return terminal.SUCCESS
