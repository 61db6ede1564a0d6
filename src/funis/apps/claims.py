"""``funis evidence claims`` and ``funis evidence testimonials``: claims under judgement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json

if TYPE_CHECKING:
    from funis.pipeline.claims import ClaimResult

Workers = Annotated[
    int | None, typer.Option(metavar="N", help="Processes (default: one a processor).")
]
Patients = Annotated[
    int | None, typer.Option(metavar="N", help="Virtual patients of each trial (default: 128).")
]


def claims(
    row: Annotated[int | None, typer.Option(metavar="N", help="One row of the register.")] = None,
    verdict: Annotated[
        str | None, typer.Option(metavar="VERDICT", help="Claims with this verdict alone.")
    ] = None,
    disease: Annotated[
        str | None, typer.Option(metavar="DISEASE", help="Claims with a part on this disease.")
    ] = None,
    patients: Patients = None,
    workers: Workers = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all claims as a page (Markdown).")
    ] = None,
    json: Json = False,
) -> int:
    """Judge what is claimed of the cells by evidence and model, and at potency 0."""
    from funis.pipeline.claims import judge_claims, size_of
    from funis.pipeline.claims.document import claims_document
    from funis.pipeline.claims.shown import check_wanted, filter_results
    from funis.pipeline.run import check_writable

    with terminal.one_document(json) as put:
        if into is not None:
            _check_whole(row, verdict, disease)
            check_writable(into, file=True)
        size = size_of(patients)
        check_wanted(verdict, disease)
        found = judge_claims(row, size=size, workers=workers, progress=terminal.progress(json))
        found = filter_results(found, verdict, disease)
        if into is not None:
            _write(into, found, size.patients)
        if json:
            return put(claims_document(found))
        _show(found, row)
        if into is not None:
            typer.echo(f"Page: {into}")
    return terminal.SUCCESS


def _check_whole(row: int | None, verdict: str | None, disease: str | None) -> None:
    """Refuse a page of some claims."""
    from funis.checks import InputError, Issue

    if (row, verdict, disease) != (None, None, None):
        message = "a page holds every claim"
        expected = "--into without --row, --verdict or --disease"
        raise InputError(Issue(None, None, "into", message, expected))


def _write(into: Path, found: tuple[ClaimResult, ...], patients: int) -> None:
    from funis.claims import library_register
    from funis.pipeline.claims.page import claims_page
    from funis.store import write_text

    write_text(into, claims_page(found, library_register(), patients))


def _show(found: tuple[ClaimResult, ...], row: int | None) -> None:
    from funis.pipeline.claims.text import (
        closing_lines,
        parts_table,
        published_table,
        summary_table,
    )
    from funis.report import RESEARCH_USE

    if row is None:
        terminal.show_tables([summary_table(found)])
    for one in found if row is not None else ():
        terminal.show_tables([parts_table(one), published_table(one)])
        typer.echo("\n".join(closing_lines(one)))
    typer.echo(RESEARCH_USE)


def accounts(
    disease: Annotated[
        str | None, typer.Argument(metavar="DISEASE", help="Id of a disease (default: all).")
    ] = None,
    patients: Annotated[
        int | None, typer.Option(metavar="N", help="Virtual patients on placebo (default: 300).")
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Show how accounts of improvement arise in patients who got no acting cell."""
    from funis.pipeline.claims import accounts_of
    from funis.pipeline.claims.document import accounts_document
    from funis.pipeline.claims.text import chain_lines
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        found = accounts_of(
            disease, patients=patients, workers=workers, progress=terminal.progress(json)
        )
        if json:
            return put(accounts_document(found))
        for chain in found:
            typer.echo("\n".join(chain_lines(chain)))
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS
