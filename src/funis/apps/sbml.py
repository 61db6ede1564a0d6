"""``funis sbml``: any SBML model as a time course, and the SBML Test Suite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funis.apps import terminal

if TYPE_CHECKING:
    from funis.pipeline.sbml import Conformance

commands = typer.Typer(help="Simulate SBML models of any origin.", no_args_is_help=False)

MOST_SHOWN = 8
"""Cases of one construct that are named."""


@commands.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Simulate SBML models of any origin."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@commands.command()
def run(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An SBML file.")],
    settings: Annotated[
        Path, typer.Option(metavar="FILE", help="Times, variables, tolerances: key: value lines.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV file to write.")],
) -> int:
    """Simulate an SBML model and write its time course as CSV."""
    from funis.pipeline.sbml import run_sbml

    course = run_sbml(model, settings, out=out)
    typer.echo(f"Time course: {out} ({len(course.times)} times of {', '.join(course.names)})")
    return terminal.SUCCESS


@commands.command()
def conformance(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the cases of the SBML Test Suite.")
    ],
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="W",
            help="Processes (default: one a processor). They do not change the result.",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> int:
    """Hold the solver against the SBML Test Suite: each case passes, is refused or is wrong."""
    from funis.pipeline.inputs import require_whole
    from funis.pipeline.sbml import conformance as hold

    with terminal.one_document(json) as put:
        require_whole(workers=workers)
        found = hold(folder, workers=workers, progress=terminal.progress(json))
        if json:
            put(found.document())
        else:
            _show(found)
    return terminal.SUCCESS if found.passed else terminal.NOT_PASSED


def _show(found: Conformance) -> None:
    """Print wrong cases first, then the counts, then refusals by construct."""
    wrong = found.found("wrong")
    for name, where in wrong.items():
        typer.echo(f"! {name} is wrong: {where}")
    refused = found.refused()
    count = sum(len(names) for names in refused.values())
    passed = len(found.found("pass"))
    typer.echo(f"{len(found.cases)} cases: {passed} pass, {count} refused, {len(wrong)} wrong")
    for construct, names in refused.items():
        more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
        typer.echo(f"  refused {len(names)}: {construct} ({', '.join(names[:MOST_SHOWN])}{more})")
