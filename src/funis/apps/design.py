"""``funis design`` and ``funis twin``: a trial many times, and one of those trials again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json, TrialName, Workers

Patients = Annotated[
    int | None,
    typer.Option(metavar="N", help="Patients that each draw is followed in (default: 256)."),
]
Ensemble = Annotated[
    str, typer.Option(metavar="NAME", help="Posterior of what cells do: borrowed, own or prior.")
]

EXPECTED = "** Expected, if cells do nothing / over the posterior.\n"
POWER = "* Power takes the numbers of the library for the truth: it is no forecast.\n"


def design(
    trial: TrialName,
    n: Annotated[
        str,
        typer.Option(
            "--n", metavar="SIZES", help="Patients in all arms: 60:240:20, or a list: 60,120."
        ),
    ],
    replicates: Annotated[
        int, typer.Option(metavar="R", help="Trials under each draw of the posterior.")
    ] = 2000,
    structures: Annotated[
        str,
        typer.Option(
            metavar="NAMES", help="Competing forms of the model beside the present one, or none."
        ),
    ] = "dose_emax,bistable_memory",
    ensemble: Ensemble = "borrowed",
    null: Annotated[
        bool, typer.Option("--null", help="Cells that do nothing alone: the type I error.")
    ] = False,
    patients: Patients = None,
    workers: Workers = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the page, design.json and a manifest."),
    ] = None,
    json: Json = False,
) -> int:
    """Say how often a trial of each size would succeed: type I error, power, assurance."""
    from funis.pipeline.design import design_trial
    from funis.pipeline.design.document import design_document, design_tables
    from funis.pipeline.design.page import write_folder
    from funis.pipeline.design.plan import PATIENTS
    from funis.pipeline.design.worlds import parse_sizes
    from funis.pipeline.inputs import named
    from funis.pipeline.run import check_writable
    from funis.report import RESEARCH_USE
    from funis.store import check_run_folder

    with terminal.one_document(json) as put:
        if out is not None:
            check_run_folder(out)
            check_writable(out)
        found = design_trial(
            trial, sizes=parse_sizes(n), replicates=replicates, structures=named(structures),
            ensemble=ensemble, null=null, patients=PATIENTS if patients is None else patients,
            workers=workers, progress=terminal.progress(json),
        )  # fmt: skip
        if out is not None:
            write_folder(found, out)
        if json:
            return put(design_document(found))
        terminal.show_tables(design_tables(found))
        typer.echo(POWER)
        if found.plan.interim is not None or found.points[0].type1.weeks is not None:
            typer.echo(EXPECTED)
        if out is not None:
            typer.echo(f"Page: {out}/design.html; numbers: {out}/design.json")
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS


def twin(
    trial: TrialName,
    n: Annotated[int, typer.Option("--n", metavar="N", help="Patients in all arms.")],
    replicate: Annotated[
        int, typer.Option(metavar="K", help="Number of the replicate in its world, from 0.")
    ],
    world: Annotated[
        str, typer.Option(metavar="NAME", help="posterior, truth (library's values) or null.")
    ] = "posterior",
    structure: Annotated[str, typer.Option(metavar="NAME", help="Form of the model.")] = "present",
    patient: Annotated[
        int | None, typer.Option(metavar="J", help="One patient, visit by visit.")
    ] = None,
    ensemble: Ensemble = "borrowed",
    patients: Patients = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Conduct one replicate of a design again: its patients, each beside his placebo twin."""
    from funis.pipeline.design.document import twin_document, twin_tables
    from funis.pipeline.design.plan import PATIENTS
    from funis.pipeline.design.twin import replicate_trial
    from funis.pipeline.inputs import require
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        if patient is not None:
            require(patient=(1 <= patient <= n, patient, f"1 to {n}"))
        found = replicate_trial(
            trial, n=n, replicate=replicate, world=world, structure=structure, ensemble=ensemble,
            patients=PATIENTS if patients is None else patients, workers=workers,
            progress=terminal.progress(json),
        )  # fmt: skip
        if json:
            return put(twin_document(found, patient))
        terminal.show_tables(twin_tables(found, patient))
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS
