"""``funis model``: the equations, parameters, structures and tests of a disease, as a reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funis.apps import terminal
from funis.apps.options import DiseaseName, Json, Workers
from funis.apps.product import ByName
from funis.checks import InputError, Issue

if TYPE_CHECKING:
    from funis.pipeline.model_view import ModelView
    from funis.pipeline.tables import Table

HELP = "The model of a disease: equations, parameters, structures, scores, what failed."
STATUS_HELP = "Parameters of one status alone: measured, derived, calibrated or assumed."

commands = typer.Typer(help=HELP, no_args_is_help=False, cls=ByName)


@commands.callback(invoke_without_command=True)
def root(context: typer.Context, json: Json = False) -> int:
    """The models of the library; without a command: a line each, with how much failed."""
    if context.invoked_subcommand is not None:
        return terminal.SUCCESS
    from funis.pipeline.model_view.document import card_documents, statements

    with terminal.one_document(json) as put:
        cards = card_documents()
        if json:
            return put({**statements(), "models": list(cards)})
        for card in cards:
            typer.echo(f"{card['id']:<4} {card['name']}: {card['failed']} failures,"
                       f" first: {card['first_failure'] or 'none'}")  # fmt: skip
    return terminal.SUCCESS


@commands.command()
def show(
    disease: DiseaseName,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Values with status, source and place.")
    ] = False,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help=STATUS_HELP)] = None,
    find: Annotated[
        str, typer.Option(metavar="WORDS", help="Parameters whose id, name or source hold words.")
    ] = "",
    equations: Annotated[bool, typer.Option("--equations", help="Every equation.")] = False,
    structures: Annotated[
        bool, typer.Option("--structures", help="Structural alternatives and what they change.")
    ] = False,
    scores: Annotated[
        bool, typer.Option("--scores", help="Scores, responses and components.")
    ] = False,
    tests: Annotated[
        bool, typer.Option("--tests", help="Credibility, validation and gates, failures first.")
    ] = False,
    why: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Why this number: a parameter, structure:NAME or product:PRODUCT:FIELD.",
        ),
    ] = None,
    equation: Annotated[
        str | None, typer.Option(metavar="NAME", help="One equation and what stands around it.")
    ] = None,
    diagram: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the diagram as SVG.")
    ] = None,
    sbml: Annotated[Path | None, typer.Option(metavar="FILE", help="Write SBML.")] = None,
    antimony: Annotated[Path | None, typer.Option(metavar="FILE", help="Write Antimony.")] = None,
    json: Json = False,
) -> int:
    """Show the model of a disease: what failed and what it rests on, or the parts asked for.

    `funis model DISEASE` is the same.
    """
    from funis.pipeline.model_view import model_view

    if why is not None and equation is not None:
        raise InputError(Issue(None, None, "--equation", "stands beside --why", "one of the two"))
    asked = {"parameters": parameters or bool(status or find), "equations": equations,
             "structures": structures, "scores": scores, "tests": tests}  # fmt: skip
    with terminal.one_document(json) as put:
        view = model_view(disease)
        written = _write(view, {"svg": diagram, "sbml": sbml, "antimony": antimony})
        if why is not None or equation is not None:
            return _one(view, disease, why, equation, put if json else None)
        if json:
            return put(_document(view, asked, status, find))
        if not written or any(asked.values()):
            terminal.show_tables(_tables(view, asked, status, find))
    return terminal.SUCCESS


def _write(view: ModelView, paths: dict[Any, Path | None]) -> bool:
    """Write the files that were asked for; return whether there was any."""
    from funis.pipeline.model_view.document import model_file
    from funis.pipeline.run import check_writable
    from funis.store import write_text

    wanted = {kind: path for kind, path in paths.items() if path is not None}
    for path in wanted.values():
        check_writable(path, file=True)
    for kind, path in wanted.items():
        write_text(path, model_file(view, kind))
        typer.echo(f"{kind}: {path}", err=True)
    return bool(wanted)


def _one(view: ModelView, disease: str, why: str | None, equation: str | None, put: Any) -> int:
    """Show one number or one equation."""
    from dataclasses import asdict

    from funis.pipeline.model_view.document import statements, why_document
    from funis.pipeline.model_view.listing import node_tables, why_tables
    from funis.pipeline.model_view.why import why_parameter

    if why is not None:
        found = why_parameter(disease, why)
        if put is not None:
            return int(put(why_document(found)))
        terminal.show_tables(why_tables(found))
        return terminal.SUCCESS
    assert equation is not None
    one = view.equation(equation)
    if put is not None:
        return int(put({**statements(), **asdict(one), "left": one.left}))
    terminal.show_tables(node_tables(view, equation))
    return terminal.SUCCESS


def _document(
    view: ModelView, asked: dict[str, bool], status: str | None, find: str
) -> dict[str, Any]:
    from funis.pipeline.model_view import document

    whole = document.model_document(view)
    if not any(asked.values()):
        return {**whole, "credibility": document.trust_document(view)}
    keys = {"equations": ("equations", "functions"), "structures": ("structures",),
            "scores": ("measures",)}  # fmt: skip
    kept = {**document.statements(), **document.overview_document(view)}
    for name, wanted in keys.items():
        kept |= {key: whole[key] for key in wanted if asked[name]}
    if asked["parameters"]:
        kept["parameters"] = document.numbers_document(_chosen(view, status, find))
    if asked["tests"]:
        kept["credibility"] = document.trust_document(view)
    return kept


def _tables(
    view: ModelView, asked: dict[str, bool], status: str | None, find: str
) -> Iterator[Table]:
    from funis.pipeline.model_view import listing

    if not any(asked.values()):
        yield from listing.overview_tables(view)
    if asked["parameters"]:
        yield listing.number_table(_chosen(view, status, find), len(view.numbers))
    if asked["equations"]:
        yield from listing.equation_tables(view)
    if asked["structures"]:
        yield listing.form_table(view)
    if asked["scores"]:
        yield listing.measure_table(view)
    if asked["tests"]:
        yield from listing.trust_tables(view)


def _chosen(view: ModelView, status: str | None, find: str) -> Any:
    from funis.pipeline.model_view.numbers import chosen, known_status

    return chosen(view.numbers, status=known_status(status), words=find)


@commands.command()
def diff(
    disease: DiseaseName,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Folder of the other model, or a disease's id.")
    ],
    dose: Annotated[
        list[str] | None,
        typer.Option(metavar="DOSE", help="What both are given (default: 70e6:iv@0,28)."),
    ] = None,
    weeks: Annotated[float, typer.Option(metavar="W", help="Length of the courses.")] = 24.0,
    patients: Annotated[int, typer.Option(metavar="N", help="Virtual patients of the bands.")] = 40,
    courses: Annotated[
        bool, typer.Option("--courses/--no-courses", help="Simulate both, or compare texts alone.")
    ] = True,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Compare a disease with a model of your own: equations, parameters, courses of both."""
    from funis.pipeline.model_view.difference import DOSES, compare_folder

    with terminal.one_document(json) as put:
        found = compare_folder(
            disease, folder, doses=dose or DOSES, weeks=weeks, patients=patients, courses=courses,
            workers=workers, progress=terminal.progress(json),
        )  # fmt: skip
        if json:
            return put(found.document())
        terminal.show_tables(found.tables())
    return terminal.SUCCESS
