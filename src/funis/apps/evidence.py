"""``funis evidence``: what was published, one record in full, and the user's own studies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from funis.apps import claims, studies, terminal
from funis.apps.meta import meta
from funis.apps.options import Json, StudyPatients, Workers

commands = typer.Typer(help="Look up and add published evidence.", no_args_is_help=False)
commands.command("meta")(meta)
commands.command("studies")(studies.studies)
commands.command("model")(studies.model)
commands.command("forest")(studies.forest)
commands.command("claims")(claims.claims)
commands.command("testimonials")(claims.accounts)


@commands.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Look up and add published evidence."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@commands.command()
def overview(json: Json = False) -> int:
    """Show the state of the evidence of every disease, and what is not known."""
    from funis.pipeline.evidence_overview import overview as found
    from funis.pipeline.evidence_overview import overview_document, overview_tables
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        if json:
            return put(overview_document(found()))
        terminal.show_tables(overview_tables(found()))
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS


@commands.command("list")
def list_(
    disease: Annotated[
        str | None, typer.Option(metavar="DISEASE", help="Studies of one disease, such as ra.")
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(metavar="DESIGN", help="randomised, single-arm, meta-analysis, ..."),
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(metavar="PRODUCT", help="Tissue (UC, BM, AD, ...), drug, or a drug by name."),
    ] = None,
    json: Json = False,
) -> int:
    """List the studies of the library and your own."""
    from funis.pipeline.evidence import list_evidence

    with terminal.one_document(json) as put:
        entries = list_evidence(disease, design, product)
        if json:
            return put([dict(entry) for entry in entries])
        _show_list(entries)
    return terminal.SUCCESS


@commands.command()
def show(
    record: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a study, or of a row of natural history.")
    ],
    json: Json = False,
) -> int:
    """Show everything that was read of one study, with its sources."""
    from funis.pipeline.evidence import find_record, plain_record
    from funis.pipeline.evidence_page import record_lines, record_tables

    with terminal.one_document(json) as put:
        found = find_record(record)
        if json:
            return put(plain_record(found))
        for line in record_lines(found):
            typer.echo(line)
        typer.echo("")
        terminal.show_tables(record_tables(found))
    return terminal.SUCCESS


@commands.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A list of studies (YAML).")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Studies of your own with the same ids give way.")
    ] = False,
    json: Json = False,
) -> int:
    """Check a file of studies and copy it into your own folder, beside the library."""
    from funis.pipeline.evidence import add_evidence

    with terminal.one_document(json) as put:
        added = add_evidence(file, replace=replace)
        for issue in added.warnings:
            typer.echo(str(issue), err=True)
        if json:
            put(
                {
                    "file": str(added.path),
                    "studies": list(added.ids),
                    "warnings": [str(issue) for issue in added.warnings],
                }
            )
        else:
            typer.echo(f"{added.path}: {', '.join(added.ids)}")
    return terminal.SUCCESS


@commands.command()
def impact(
    disease: Annotated[str, typer.Argument(metavar="DISEASE", help="Id of a disease, such as ra.")],
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A study that is left out; repeatable."),
    ] = None,
    with_: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="Studies that are added; repeatable."),
    ] = None,
    unreported_null: Annotated[
        bool,
        typer.Option(
            "--unreported-null",
            help="Registered randomised trials past their end that nobody has reported enter as"
            " trials that found no effect.",
        ),
    ] = False,
    trial: Annotated[
        str | None,
        typer.Option(
            metavar="TRIAL",
            help="The planned trial, a file or a name (default: the demo trial of the disease).",
        ),
    ] = None,
    patients: StudyPatients = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Show what studies change: pooled effect, what cells do, a planned trial's chance."""
    from funis.pipeline.impact import evidence_impact, impact_document, impact_tables

    with terminal.one_document(json) as put:
        found = evidence_impact(
            disease, without=tuple(without or ()), files=tuple(with_ or ()),
            unreported_null=unreported_null, trial=trial, patients=patients, workers=workers,
            progress=terminal.progress(json),
        )  # fmt: skip
        if json:
            return put(impact_document(found))
        terminal.show_tables(impact_tables(found))
    return terminal.SUCCESS


@commands.command()
def rewrite(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with evidence files in any form.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the closed form.")],
) -> int:
    """Write evidence files in the closed form: leftovers under extra, every number kept."""
    from funis.pipeline.evidence import rewrite_evidence

    for path, changed in rewrite_evidence(folder, out):
        typer.echo(f"{path}: {'rewritten' if changed else 'as it was'}")
    return terminal.SUCCESS


def _show_list(entries: tuple[dict[str, Any], ...]) -> None:
    from funis.pipeline.tables import Table

    rows = tuple(
        (
            f"{entry['id']}{' (own)' if entry['origin'] == 'user' else ''}",
            entry["disease"],
            entry["design"],
            str(entry["product"] or "").replace("_", " "),
            "" if entry["n"] is None else str(entry["n"]),
            str(entry["outcomes"]),
            "yes" if entry["fitted"] else "context",
        )
        for entry in entries
    )
    columns = ("study", "disease", "design", "product", "n", "outcomes", "fitted")
    terminal.show_tables([Table(f"{len(rows)} studies", columns, rows)])
