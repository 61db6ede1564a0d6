"""``funis product``: products and lots, release, from vial to vein, yield."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from funis.apps import terminal
from funis.apps.options import Json

HELP = "Cell products and simulated lots: description, release, from vial to vein, yield."
NAME_HELP = "A product or lot of the library, or a lot file."


class ByName(TyperGroup):
    """Commands of a group, the first of which is meant where a name of a product stands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``show`` before what is no command and no option."""
        named = bool(args) and not args[0].startswith("-") and args[0] not in self.commands
        return super().parse_args(ctx, ["show", *args] if named else args)


commands = typer.Typer(help=HELP, no_args_is_help=False, cls=ByName)

Name = Annotated[str, typer.Argument(metavar="NAME", help=NAME_HELP)]


@commands.callback(invoke_without_command=True)
def root(context: typer.Context, json: Json = False) -> int:
    """Cell products and simulated lots; without a command: those of the library, and tissues."""
    if context.invoked_subcommand is not None:
        return terminal.SUCCESS
    from funis.pipeline.products import product_list, tissue_tables
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        entries = product_list()
        if json:
            return put({"research_use": RESEARCH_USE, "products": list(entries)})
        _show_list(entries)
        terminal.show_tables(tissue_tables())
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS


@commands.command()
def show(name: Name, json: Json = False) -> int:
    """Show a product or lot along the DOSES statement, each field with its status.

    `funis product NAME` is the same.
    """
    from funis.pipeline.products import product_page

    with terminal.one_document(json) as put:
        return _show(product_page(name), put, json)


@commands.command()
def release(
    lot: Annotated[str, typer.Argument(metavar="LOT", help=NAME_HELP)], json: Json = False
) -> int:
    """Judge a lot by every rule of release: pass, fail or not reported, each with its source."""
    from funis.pipeline.products import release_page

    with terminal.one_document(json) as put:
        return _show(release_page(lot), put, json)


@commands.command()
def deliver(
    name: Name,
    dose: Annotated[
        str,
        typer.Option(metavar="CELLS", help="Cells in the vials, living and dead: 70e6 or 1e6/kg."),
    ],
    weight: Annotated[
        float | None, typer.Option(metavar="KG", help="Body weight of a virtual patient.")
    ] = None,
    hold: Annotated[
        float | None,
        typer.Option(metavar="MIN", help="From thaw to the first drop (default: the usual)."),
    ] = None,
    infusion: Annotated[
        float | None,
        typer.Option(metavar="MIN", help="From the first drop to the last (default: the lot's)."),
    ] = None,
    celsius: Annotated[
        float | None,
        typer.Option(metavar="C", help="Temperature of the hold; 15 to 25 is as measured."),
    ] = None,
    json: Json = False,
) -> int:
    """Follow a dose from vial to vein: living and functional cells, losses, DMSO."""
    from funis.pipeline.products import deliver as follow

    with terminal.one_document(json) as put:
        found = follow(
            name, dose, weight_kg=weight, hold_minute=hold, hold_celsius=celsius,
            infusion_minute=infusion,
        )  # fmt: skip
        for warning in found.warnings:
            typer.echo(f"warning: {warning}", err=True)
        return _show(found, put, json)


@commands.command("yield")
def yield_(
    name: Name,
    trial: Annotated[
        str | None,
        typer.Option(metavar="TRIAL", help="A trial file, or the name of a trial of the library."),
    ] = None,
    json: Json = False,
) -> int:
    """Follow a donation over banks and lots to vials; count the donors that a trial needs."""
    from funis.pipeline.products import product_yield

    with terminal.one_document(json) as put:
        return _show(product_yield(name, trial), put, json)


def _show(found: Any, put: terminal.Put, json: bool) -> int:
    """Print a page as one document, or as its tables above the statement of research use."""
    from funis.report import RESEARCH_USE

    if json:
        return put(found.document())
    terminal.show_tables(found.tables())
    typer.echo(RESEARCH_USE)
    return terminal.SUCCESS


def _show_list(entries: tuple[dict[str, Any], ...]) -> None:
    from funis.pipeline.tables import Table

    rows = tuple(
        (
            entry["id"],
            "simulated lot" if entry["kind"] == "lot" else "product",
            entry["tissue"].replace("_", " "),
            f"{entry['not_reported']} of {entry['fields']}",
            entry["release"],
            entry["name"],
        )
        for entry in entries
    )
    columns = ("id", "", "tissue", "not reported", "release", "name")
    terminal.show_tables([Table(f"{len(rows)} products and lots", columns, rows)])
