"""``funis serve``: the workbench in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps.options import Workers

FOLDER = Path("funis-workbench")


def serve(
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen to.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="Port; 0 takes a free one.")] = 8420,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of runs, index and job queue.")
    ] = FOLDER,
    workers: Workers = None,
) -> int:
    """Open the workbench: everything in a browser, on this machine alone."""
    import uvicorn

    from funis.apps.web.app import create_app
    from funis.apps.web.settings import Settings

    settings = Settings(folder, host, port, workers)
    typer.echo(f"funis workbench: http://{host}:{port}/open?token={settings.token}")
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning")
    return 0
