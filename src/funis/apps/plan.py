"""``funis plan``: a protocol on paper for a virtual patient, with its predicted course."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json

if TYPE_CHECKING:
    from funis.pipeline.planning import Asked


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
    holds: Annotated[
        bool, typer.Option("--holds", help="List every time from thaw to vein that was measured.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Set other doses, routes and schedules beside it.")
    ] = False,
    no_course: Annotated[
        bool,
        typer.Option(
            "--no-course", help="Leave out what has to be simulated: the rest is instant."
        ),
    ] = False,
    form: Annotated[
        bool,
        typer.Option("--form", help="Print what the consultation may hold and why it is asked."),
    ] = False,
    field: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Check this one field, such as severity.crp."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for page, PDF, calendar, FHIR and plan.json."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="A made-up day 0 of calendar.ics (default: 2000-01-01)."),
    ] = None,
    json: Json = False,
) -> int:
    """Plan a protocol for a virtual patient: criteria, preparation, calendar, predicted course."""
    from funis.checks import InputError, Issue
    from funis.pipeline.planning import Asked, plan_consultation
    from funis.pipeline.planning.tables import head_lines, plan_tables, tail_lines
    from funis.report import RESEARCH_USE
    from funis.store import check_run_folder

    if form and field is not None:
        raise InputError(Issue(None, None, "--form", "asked for beside --field", "one of the two"))
    asked = Asked(protocol, arm, compare, hold, course=not no_course, holds=holds)
    if form or field is not None:
        return _form(consultation, asked, field, json)
    with terminal.one_document(json) as put:
        from funis.report.plan.ics import made_up_day

        day_0 = made_up_day(start)
        if out is not None:
            check_run_folder(out)
        found = plan_consultation(consultation, asked, terminal.progress(json))
        if out is not None:
            from funis.pipeline.runs.request import plan_request
            from funis.report.plan import write_plan

            own = Path(consultation) if Path(consultation).is_file() else None
            request = plan_request(consultation, asked, day_0)
            write_plan(found, out, day_0, request=request, consultation=own)
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


def _form(consultation: str, asked: Asked, field: str | None, json: bool) -> int:
    """Print the form of a consultation, or what is wrong with one field of it."""
    from funis.pipeline.planning.form import checked_field, consultation_form, disease_of
    from funis.pipeline.planning.tables import form_tables
    from funis.report.plan.document import form_document

    with terminal.one_document(json) as put:
        if field is not None:
            fault = checked_field(consultation, field)
            if json:
                return put({"field": field, "fault": fault})
            typer.echo(fault or "nothing is wrong with it")
            return terminal.SUCCESS
        found = consultation_form(disease_of(consultation), asked.protocol, asked.arm)
        if json:
            return put(form_document(found))
        terminal.show_tables(form_tables(found))
    return terminal.SUCCESS
