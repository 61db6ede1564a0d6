"""``funis export``: data and protocols in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal


def export(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Folder that funis run wrote; with --format usdm also a trial.",
        ),
    ],
    format: Annotated[
        str, typer.Option(metavar="NAME", help="parquet, csv, xpt, dataset-json or usdm.")
    ] = "parquet",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write (default: RUN-NAME, beside the run)."),
    ] = None,
    trial: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The trial that was run, where its file was moved."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> int:
    """Write a run as analysis tables (ADaM-like), or its protocol as CDISC USDM."""
    from funis.pipeline.export import export as write

    with terminal.one_document(json) as put:
        done = write(run, format, out=out, trial=trial)
        if json:
            return put({"folder": str(done.folder), "format": format, "rows": dict(done.rows),
                        "remarks": list(done.remarks)})  # fmt: skip
        for remark in done.remarks:
            typer.echo(f"! {remark}")
        for name, rows in done.rows.items():
            typer.echo(f"{name:<16} {rows:>9} {'row' if rows == 1 else 'rows'}")
        typer.echo(f"Export: {done.folder} (README.md says what it is)")
    return terminal.SUCCESS
