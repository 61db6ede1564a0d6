"""``funis optimise``: doses and schedules of a trial's product, in the same patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json, TrialName, Workers


def optimise(
    trial: TrialName,
    doses: Annotated[
        str,
        typer.Option(metavar="CELLS", help="Cells of one dose (default: 15e6,50e6,100e6,150e6)."),
    ] = "",
    per_kg: Annotated[
        str, typer.Option(metavar="CELLS", help="Cells of one dose a kg of body weight.")
    ] = "",
    routes: Annotated[
        str, typer.Option(metavar="NAMES", help="Routes of the disease (default: the trial's).")
    ] = "",
    numbers: Annotated[
        str, typer.Option(metavar="N,N", help="Doses of the first course.")
    ] = "1,2,4",
    interval_weeks: Annotated[str, typer.Option(metavar="W,W", help="Weeks between them.")] = "4",
    maintenance: Annotated[
        str, typer.Option(metavar="W,W", help="The same dose again every so many weeks, or none.")
    ] = "none,26,52",
    horizon: Annotated[float, typer.Option(metavar="W", help="Week at which it ends.")] = 104.0,
    stratum: Annotated[
        str | None,
        typer.Option(metavar="CONDITION", help='A criterion more at baseline, "crp >= 15".'),
    ] = None,
    by: Annotated[
        str,
        typer.Option(metavar="NAME", help="Judged over the horizon: course; or once: response."),
    ] = "course",
    patients: Annotated[
        int, typer.Option(metavar="N", help="Patients, the same in all candidates.")
    ] = 32,
    draws: Annotated[
        int, typer.Option(metavar="N", help="Draws of the posterior in each setting.")
    ] = 24,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write optimise.html and optimise.json.")
    ] = None,
    json: Json = False,
) -> int:
    """Search dose, route, number, interval and maintenance; name an optimum only if one stands."""
    from funis.pipeline.optimise import optimise_trial
    from funis.pipeline.optimise.candidates import (
        Grid,
        counts_of,
        maintenance_of,
        numbers_of,
    )
    from funis.pipeline.optimise.document import search_document, search_tables
    from funis.pipeline.optimise.page import write_search
    from funis.pipeline.optimise.words import caveats, first_line
    from funis.pipeline.run import check_writable
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        if out is not None:
            check_writable(out / "optimise.html", file=True)
        grid = Grid(
            numbers_of("doses", doses) if doses else (),
            numbers_of("per_kg", per_kg) if per_kg else (),
            tuple(word.strip() for word in routes.split(",") if word.strip()),
            counts_of("numbers", numbers), numbers_of("interval_weeks", interval_weeks),
            maintenance_of("maintenance", maintenance), horizon,
        )  # fmt: skip
        found = optimise_trial(
            trial, grid, stratum=stratum, by=by, patients=patients, draws=draws, workers=workers,
            progress=terminal.progress(json),
        )  # fmt: skip
        page = None if out is None else write_search(found, out)
        if json:
            return put(search_document(found))
        typer.echo(f"{first_line(found)}\n")
        for line in caveats(found):
            typer.echo(f"- {line}")
        typer.echo("")
        terminal.show_tables(search_tables(found))
        if page is not None:
            typer.echo(f"Page: {page}")
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS
