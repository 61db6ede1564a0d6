"""``funis evidence``: what is published, and what it adds up to."""

from __future__ import annotations

import typer

from funis.apps.meta import meta

commands = typer.Typer(
    help="Look at published evidence, and pool it.",
    no_args_is_help=False,
    rich_markup_mode="rich",
)
commands.command("meta")(meta)


@commands.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Look at published evidence, and pool it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
