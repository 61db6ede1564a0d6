"""``funis calibrate`` and ``funis validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Into, Json, Workers

Resume = Annotated[
    bool,
    typer.Option(
        "--resume/--afresh",
        help="Take the studies that an earlier run simulated from the cache; the result is the "
        "same.",
    ),
]


def calibrate(
    diseases: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DISEASE]...", help="Ids of diseases (default: all)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the ensembles, in Parquet.")
    ] = None,
    resume: Resume = False,
    sbc: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Also make N sets of numbers from known truths and ask for them.",
        ),
    ] = 0,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Calibrate what cells do to the published studies of a disease, with its uncertainty."""
    from funis.models import disease_ids
    from funis.pipeline.calibrate import (
        calibrate,
        calibration,
        calibration_document,
        calibration_tables,
        places,
        places_table,
    )

    with terminal.one_document(json) as put:
        names = tuple(diseases or disease_ids())
        found = calibrate(
            names, out=out, workers=workers, resume=resume,
            progress=terminal.progress(json),
        )  # fmt: skip
        checked = {name: places(calibration(name, workers=workers), sbc) for name in names if sbc}
        if json:
            return put(calibration_document(found, checked))
        terminal.show_tables(calibration_tables(found))
        if checked:
            terminal.show_tables([places_table(checked)])
        return terminal.SUCCESS


def validate(
    disease: Annotated[
        str | None, typer.Argument(metavar="[DISEASE]", help="Id of a disease (default: all).")
    ] = None,
    studies: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Studies from outside, in the schema of the evidence; repeatable. Without it each "
            "study of the library is left out in turn.",
        ),
    ] = None,
    resume: Resume = True,
    workers: Workers = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Hold published numbers against what is predicted of them, and against simpler predictors."""
    from funis.pipeline.validate import validate, validation_document, validation_tables

    with terminal.one_document(json) as put:
        found = validate(
            disease, studies=tuple(studies or ()), workers=workers, resume=resume,
            progress=terminal.progress(json),
        )  # fmt: skip
        if json:
            return put(validation_document(found))
        tables = validation_tables(found)
        if into is not None:
            from funis.pipeline.tables import fill_marked

            mark = "funis validate" + ("" if disease is None else f" {disease}")
            fill_marked(into, mark, "\n".join(table.markdown() for table in tables))
        terminal.show_tables(tables)
        return terminal.SUCCESS
