"""``funis plan``: a protocol on paper for a virtual patient, with its predicted course."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json


def plan(
    consultation: Annotated[
        str,
        typer.Argument(
            metavar="CONSULTATION",
            help="A consultation file of a virtual patient, a FHIR bundle of test data (.json), or"
            " the name of one of the library.",
        ),
    ],
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A trial or a regimen of the library (default: the disease's demo trial).",
        ),
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Arm of the trial or variant of the regimen (default: the first)."
        ),
    ] = None,
    hold: Annotated[
        float | None,
        typer.Option(metavar="MIN", help="Minutes from thaw to vein (default: the product's)."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Set other doses, routes and schedules beside it.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for page, PDF, calendar, FHIR and plan.json."),
    ] = None,
    json: Json = False,
) -> int:
    """Plan a protocol for a virtual patient: criteria, preparation, calendar, predicted course."""
    from funis.pipeline.planning import Asked, plan_consultation
    from funis.pipeline.planning.tables import head_lines, plan_tables, tail_lines
    from funis.report import RESEARCH_USE
    from funis.store import check_run_folder

    with terminal.one_document(json) as put:
        if out is not None:
            check_run_folder(out)
        asked = Asked(protocol, arm, compare, hold)
        found = plan_consultation(consultation, asked, terminal.progress(json))
        if out is not None:
            from funis.pipeline.runs.request import plan_request
            from funis.report.plan import write_plan

            own = Path(consultation)
            request = plan_request(consultation, asked)
            write_plan(found, out, request, own if own.is_file() else None)
        if json:
            from funis.report.plan.document import plan_document

            return put(plan_document(found))
        for line in head_lines(found):
            typer.echo(line)
        typer.echo("")
        terminal.show_tables(plan_tables(found))
        for line in tail_lines(found):
            typer.echo(f"- {line}")
        if out is not None:
            typer.echo(f"Plan: {out}/plan.html, plan.pdf, calendar.ics, fhir.json, plan.json")
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS
