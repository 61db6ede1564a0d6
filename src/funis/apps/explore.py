"""``funis explore``: one place of the controls, as the page Explore shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json


def explore(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            help="A disease, such as ra, or a link of the page Explore, in quotes:"
            " 'disease=ra&route=iv&dose=70e6&times=4&every=28'.",
        ),
    ],
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every curve as CSV.")
    ] = None,
    protocol: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the regimen as a trial file of funis run."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture as SVG.")
    ] = None,
    json: Json = False,
) -> int:
    """Give a regimen to virtual patients beside their twins without cells, as the page does."""
    from funis.pipeline.explore import explore as explored
    from funis.pipeline.explore import explore_protocol, parse_link
    from funis.pipeline.explore.document import document, tidy_csv
    from funis.pipeline.explore.figure import figure_svg
    from funis.pipeline.explore.text import explore_lines, explore_tables
    from funis.pipeline.run import check_writable
    from funis.store import write_text

    with terminal.one_document(json) as put:
        for path in (csv, protocol, figure):
            if path is not None:
                check_writable(path, file=True)
        state = parse_link(place)
        view = explored(state)
        if csv is not None:
            write_text(csv, tidy_csv(view))
        if protocol is not None:
            write_text(protocol, explore_protocol(state))
        if figure is not None:
            write_text(figure, figure_svg(view))
        if json:
            return put(document(view))
        for line in explore_lines(view):
            typer.echo(line)
        typer.echo()
        terminal.show_tables(explore_tables(view))
        for words, path in (("Curves", csv), ("Trial file", protocol), ("Picture", figure)):
            if path is not None:
                typer.echo(f"{words}: {path}")
    return terminal.SUCCESS
