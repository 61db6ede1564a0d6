"""``funis serve``: the workbench in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Workers
from funis.apps.web.settings import DEFAULT_PORT, LOCAL
from funis.checks import InputError, Issue

FOLDER = Path("funis-workbench")


def serve(
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help=f"Address to listen to (default: {LOCAL}).")
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = DEFAULT_PORT,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of runs and of the queue of jobs.")
    ] = FOLDER,
    expose: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Let other machines in, under this name. There is no encryption."
        ),
    ] = None,
    workers: Workers = None,
) -> int:
    """Open the workbench: everything in a browser, on this machine alone."""
    from funis.apps.web.server import serve_workbench
    from funis.apps.web.settings import Settings
    from funis.pipeline.inputs import require_whole

    require_whole(workers=workers)
    if expose is not None and host is None:
        problem = f"nobody else reaches {LOCAL}, which is listened to without --host"
        expected = "--host as well: an address of this machine, or 0.0.0.0 for all of them"
        raise InputError(Issue(None, None, f"--expose {expose}", problem, expected))
    names = () if expose is None else (expose,)
    settings = Settings(folder, LOCAL if host is None else host, port, workers, names=names)
    try:
        serve_workbench(settings, typer.echo)
    except KeyboardInterrupt:
        typer.echo("closed; jobs that were in work go on when it is opened again", err=True)
    return terminal.SUCCESS
