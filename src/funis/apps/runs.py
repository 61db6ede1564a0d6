"""``funis runs``: what is stored, two side by side, one made again or removed; ``funis why``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funis.apps import terminal
from funis.apps.options import Json, Workers

if TYPE_CHECKING:
    from funis.pipeline.runs import StoredRun

commands = typer.Typer(
    help="Stored runs: list, show, compare, make again, delete.", no_args_is_help=False
)

Folder = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder in which runs are looked for by their id.")
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Folder of a run, or its id as `funis runs` lists it.")
]
HERE = Path()


@commands.callback(invoke_without_command=True)
def root(context: typer.Context, json: Json = False) -> int:
    """Stored runs: list, show, compare, make again, delete."""
    return list_(HERE, json) if context.invoked_subcommand is None else terminal.SUCCESS


@commands.command("list")
def list_(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Folder that holds runs (default: this one).")
    ] = HERE,
    json: Json = False,
) -> int:
    """List the stored runs of a folder, the last written first."""
    from funis.pipeline.runs import list_runs
    from funis.pipeline.runs.tables import list_tables

    with terminal.one_document(json) as put:
        found = list_runs(folder)
        if json:
            return put({"runs": [_plain(run) for run in found]})
        terminal.show_tables(list_tables(found))
    return terminal.SUCCESS


@commands.command()
def show(run: RunName, folder: Folder = HERE, json: Json = False) -> int:
    """Say what a stored run is, what it found, and whether its files are as it wrote them."""
    from funis.pipeline.runs import damaged_files, run_at
    from funis.pipeline.runs.tables import run_tables
    from funis.pipeline.runs.why import figures_of

    with terminal.one_document(json) as put:
        found = run_at(run, folder)
        damaged, figures = damaged_files(found.folder), figures_of(found)
        if json:
            marks = [asdict(one) for one in figures]
            put({"run": _plain(found), "damaged": list(damaged), "figures": marks})
        else:
            terminal.show_tables(run_tables(found, damaged, figures))
    return terminal.NOT_PASSED if damaged else terminal.SUCCESS


@commands.command()
def compare(
    first: RunName,
    second: Annotated[str, typer.Argument(metavar="SECOND", help="The run beside it.")],
    folder: Folder = HERE,
    json: Json = False,
) -> int:
    """Set two stored runs side by side: settings, estimates with intervals, files."""
    from funis.pipeline.runs.compare import compare_runs
    from funis.pipeline.runs.tables import comparison_tables
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        found = compare_runs(first, second, folder=folder)
        if json:
            document = {name: value for name, value in asdict(found).items()
                        if name not in ("first", "second")}  # fmt: skip
            pair = {"first": _plain(found.first), "second": _plain(found.second)}
            return put({"sentence": found.sentence, **pair, **document})
        terminal.show_tables(comparison_tables(found))
        typer.echo(f"{found.sentence}.\n{found.how}\n{RESEARCH_USE}")
    return terminal.SUCCESS


@commands.command()
def reproduce(
    run: RunName,
    folder: Folder = HERE,
    trial: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The trial file, where it is not found any more."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to keep the new run in.")
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Make a stored run again and compare it file by file; status 1 where it differs."""
    from funis.pipeline.runs.reproduce import reproduce as again
    from funis.pipeline.runs.tables import reproduction_lines, reproduction_tables

    with terminal.one_document(json) as put:
        found = again(
            run, folder=folder, trial=trial, keep=keep, workers=workers,
            progress=terminal.progress(json),
        )  # fmt: skip
        status = terminal.SUCCESS if found.identical else terminal.NOT_PASSED
        if json:
            known = asdict(found) | {
                "run": _plain(found.run),
                "folder": str(keep) if keep else None,
            }
            put({"identical": found.identical, "sentence": found.sentence, **known})
            return status
        terminal.show_tables(reproduction_tables(found))
        for line in reproduction_lines(found):
            typer.echo(line)
    return status


@commands.command()
def delete(
    run: RunName,
    folder: Folder = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Remove a stored run for good; a folder with anything else in it is left alone."""
    from funis.pipeline.runs import delete_run, run_at

    found = run_at(run, folder)
    if not yes and not _agreed(f"Remove {found.folder} for good ({found.title})?"):
        typer.echo("nothing was removed", err=True)
        return terminal.NOT_PASSED
    delete_run(found.folder)
    typer.echo(f"removed {found.folder}")
    return terminal.SUCCESS


def why(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="Short code of a figure, such as ra-7F3K-2QXM.")
    ],
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder in which runs are looked through.")
    ] = HERE,
    json: Json = False,
) -> int:
    """Say why a figure is as it is: its run, seed, endpoint, formula, parameters, how to repeat."""
    from funis.pipeline.runs.tables import why_lines, why_tables
    from funis.pipeline.runs.why import why as reasons

    with terminal.one_document(json) as put:
        found = reasons(code, folder)
        if json:
            return put([asdict(one) | {"run": _plain(one.run)} for one in found])
        for one in found:
            for line in why_lines(one):
                typer.echo(line)
            terminal.show_tables(why_tables(one))
    return terminal.SUCCESS


def _agreed(question: str) -> bool:
    """Ask; where nobody can answer, nobody agrees."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        return False


def _plain(run: StoredRun) -> dict[str, Any]:
    """Return a run as plain data."""
    return {**asdict(run), "folder": str(run.folder)}
