"""``funis draft``: a trial as it is being written; the page Trial asks the same functions."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funis.apps import terminal
from funis.apps.options import Json

if TYPE_CHECKING:
    from funis.pipeline.draft import Draft, DraftCheck


def draft(
    trial: Annotated[
        str,
        typer.Argument(
            metavar="[TRIAL]", help="A trial file, a trial of the library, - for standard input."
        ),
    ] = "",
    new: Annotated[
        str | None, typer.Option(metavar="DISEASE", help="Begin with the least trial of it.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(metavar="JSON", help="A change, as docs/commands.md lists them. Repeatable."),
    ] = None,
    options: Annotated[
        str | None,
        typer.Option(metavar="DISEASE", help="Print what a form may offer for a disease."),
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the text of the trial.")] = False,
    json: Json = False,
) -> int:
    """Change a trial as data, check it, and say what it means in numbers."""
    from funis.pipeline.draft import changed, check_draft
    from funis.pipeline.draft.document import draft_document, options_document
    from funis.pipeline.draft.options import draft_options

    with terminal.one_document(json or options is not None) as put:
        if options is not None:
            return put(options_document(draft_options(options)))
        found, place = _draft(trial, new), None
        for one in change or ():
            after = changed(found, _change(one))
            found, place = after.draft, after.place
        checked = check_draft(found)
        if json:
            put(draft_document(checked, place))
        else:
            _show(checked, text)
    return terminal.USAGE if checked.issues.errors else terminal.SUCCESS


def _draft(trial: str, new: str | None) -> Draft:
    from funis.checks import InputError, Issue
    from funis.pipeline.check import STDIN
    from funis.pipeline.draft import Draft, empty_draft
    from funis.pipeline.inputs import find_trial

    if bool(trial) == (new is not None):
        expected = "a trial, or --new with a disease"
        raise InputError(Issue(None, None, "trial", "one trial is needed", expected))
    if new is not None:
        return empty_draft(new)
    if trial == STDIN:
        return Draft(terminal.standard_input(), STDIN)
    path = find_trial(trial)
    name = trial if path == Path(trial) else path.name
    return Draft(path.read_text(encoding="utf-8-sig"), name)


def _change(text: str) -> dict[str, Any]:
    from funis.checks import InputError, Issue

    try:
        found = json_.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        expected = '{"kind": "move_dose", "arm": 1, "intervention": 0, "dose": 0, "day": 14}'
        raise InputError(Issue(None, None, "change", f"'{text}' is no change", expected))
    return found


def _show(checked: DraftCheck, text: bool) -> None:
    """Print the text alone where it is asked for: it can be piped on."""
    from funis.pipeline.draft.document import draft_tables
    from funis.report import RESEARCH_USE

    for issue in checked.issues:
        typer.echo(str(issue), err=True)
    if text:
        typer.echo(checked.draft.text, nl=False)
        return
    if checked.outline is not None and checked.passed:
        terminal.show_tables(draft_tables(checked.outline))
    typer.echo(RESEARCH_USE)
