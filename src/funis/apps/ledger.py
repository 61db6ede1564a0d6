"""``funis ledger``: predictions of trials that nobody has reported yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json, StudyPatients, Workers

commands = typer.Typer(
    help="Dated, hashed predictions of trials that nobody has reported.", no_args_is_help=False
)

LedgerFile = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="The ledger (default: that of the library)."),
]


@commands.callback(invoke_without_command=True)
def ledger(context: typer.Context, ledger: LedgerFile = None, json: Json = False) -> int:
    """Show predictions of trials that nobody has reported; a changed one is an error."""
    if context.invoked_subcommand is not None:
        return terminal.SUCCESS
    from funis.calibrate.ledger_file import LEDGER
    from funis.pipeline.ledger_view import ledger_document, ledger_of, ledger_tables

    with terminal.one_document(json) as put:
        found = ledger_of(ledger or LEDGER)
        if json:
            return put(ledger_document(found))
        terminal.show_tables(ledger_tables(found))
    return terminal.SUCCESS


@commands.command()
def predict(
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Day of the prediction.")],
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Registered trials (default: all)."),
    ] = None,
    ensembles: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of ensembles, as `funis calibrate --out` writes them (default: the "
            "library's).",
        ),
    ] = None,
    ledger: LedgerFile = None,
    patients: StudyPatients = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Predict registered trials and append the entries; no entry is ever overwritten."""
    from funis.calibrate.ensemble import LIBRARY
    from funis.calibrate.ledger_file import LEDGER
    from funis.pipeline.ledger import predict_registered
    from funis.pipeline.ledger_view import ledger_document, ledger_tables

    with terminal.one_document(json) as put:
        found = predict_registered(
            tuple(ids or ()), date, path=ledger or LEDGER, ensembles=ensembles or LIBRARY,
            patients=patients, workers=workers, progress=terminal.progress(json),
        )  # fmt: skip
        if json:
            return put(ledger_document(found))
        terminal.show_tables(ledger_tables(found))
    return terminal.SUCCESS


@commands.command()
def check(ledger: LedgerFile = None, json: Json = False) -> int:
    """Check that no prediction was changed, dropped or slipped in."""
    from funis.calibrate.ledger_file import LEDGER
    from funis.pipeline.ledger_view import check_document, ledger_of

    with terminal.one_document(json) as put:
        found = ledger_of(ledger or LEDGER)
        checked = check_document(found)
        if json:
            return put(checked)
        typer.echo(
            f"{found.path}: {checked['entries']} predictions, as they were written;"
            f" {checked['by_ensembles_that_ship']} by the ensembles that ship now"
        )
    return terminal.SUCCESS


@commands.command()
def score(
    studies: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="Results, in the schema of the evidence; repeatable."),
    ],
    ledger: LedgerFile = None,
    json: Json = False,
) -> int:
    """Score predictions on results that were reported after them."""
    from funis.calibrate.ledger_file import LEDGER
    from funis.pipeline.ledger_score import score_document, score_ledger, score_tables
    from funis.pipeline.ledger_view import ledger_of

    with terminal.one_document(json) as put:
        found = score_ledger(ledger_of(ledger or LEDGER), studies)
        if json:
            return put(score_document(found))
        terminal.show_tables(score_tables(found))
    return terminal.SUCCESS


def credibility(
    disease: Annotated[str, typer.Argument(metavar="DISEASE", help="Id of a disease, such as ra.")],
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the page to a Markdown file, whole or not."),
    ] = None,
    patients: StudyPatients = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Say how far a disease's model can be trusted: what failed first, every figure computed."""
    from funis.pipeline.credibility import credibility, credibility_document, credibility_page
    from funis.pipeline.run import check_writable
    from funis.store import write_text

    with terminal.one_document(json) as put:
        if into is not None:
            check_writable(into, file=True)
        found = credibility(
            disease, patients=patients, workers=workers, progress=terminal.progress(json)
        )
        page = credibility_page(found)
        if into is not None:
            write_text(into, page)
        if json:
            return put(credibility_document(found))
        typer.echo(page if into is None else f"Credibility: {into}")
    return terminal.SUCCESS


def petab(
    disease: Annotated[str, typer.Argument(metavar="DISEASE", help="Id of a disease, such as ra.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the problem.")],
    patients: StudyPatients = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Write the calibration problem of a disease in PEtab, as far as PEtab can say it."""
    from funis.pipeline.petab import lint, petab_problem, write_problem
    from funis.store import check_run_folder

    with terminal.one_document(json) as put:
        check_run_folder(out)
        problem = petab_problem(
            disease, patients=patients, workers=workers, progress=terminal.progress(json)
        )
        write_problem(problem, out)
        passed = lint(out)
        if json:
            put({"folder": str(out), "measurements": len(problem.measurements),
                 "left_out": len(problem.left_out), "linted": passed})  # fmt: skip
        else:
            words = {None: "petab is not installed", True: "passes its linter"}
            typer.echo(
                f"{out}: {len(problem.measurements)} measurements, {len(problem.left_out)} rows"
                f" left out (README.md); {words.get(passed, 'FAILS its linter')}"
            )
    return terminal.NOT_PASSED if passed is False else terminal.SUCCESS
