"""Options that several commands share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TrialName = Annotated[
    str,
    typer.Argument(metavar="TRIAL", help="A trial file, or the name of a trial of the library."),
]
DiseaseName = Annotated[
    str, typer.Argument(metavar="DISEASE", help="Id or folder of a disease, such as ra.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="W", help="Processes (default: one a processor). They do not change the result."
    ),
]
StudyPatients = Annotated[
    int | None,
    typer.Option("--patients", metavar="N", help="Virtual patients of each study (default: 256)."),
]
Into = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Put the tables at their marked place in a Markdown file."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
