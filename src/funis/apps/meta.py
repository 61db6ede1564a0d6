"""``funis evidence meta``: published studies of stromal cells, pooled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funis.apps import terminal
from funis.apps.options import DiseaseName, Json

if TYPE_CHECKING:
    from funis.pipeline.meta.values import MetaAnalysis


def meta(
    disease: DiseaseName,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Endpoint to pool (default: list what can be pooled)."),
    ] = None,
    week: Annotated[
        float | None,
        typer.Option(metavar="W", help="Week (default: the one that holds most studies)."),
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(metavar="W", help="Weeks away that still count as the same (default: 4)."),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="md, smd, rd, rr, or, rate; proportion, mean for arms with cells alone"
            " (default: rr, md or rate, and single arms by themselves).",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="reml, pm or dl (default: reml; proportions binomial-normal)."
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Regress on dose, route or product.")
    ] = None,
    of: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="cells; or drugs, each mechanism apart; or placebo arms alone."
        ),
    ] = "cells",
    study: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A study that is pooled; repeatable (default: all)."),
    ] = None,
    any_route: Annotated[
        bool, typer.Option("--any-route", help="Pool cells given by any route, not by vein alone.")
    ] = False,
    forest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a forest plot as SVG.")
    ] = None,
    funnel: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a funnel plot as SVG.")
    ] = None,
    json: Json = False,
) -> int:
    """Pool published studies of stromal cells: randomised, controlled, single-arm, each apart."""
    from funis.pipeline.meta import choices, meta_analysis
    from funis.pipeline.meta.document import choices_document, document
    from funis.pipeline.meta.text import choices_table, whose
    from funis.pipeline.run import check_writable

    with terminal.one_document(json) as put:
        if endpoint is None:
            _check_alone(week, window, measure, method, by, any_route, forest, funnel, study)
            found = choices(disease, of)
            if json:
                return put(choices_document(disease, of, found))
            terminal.show_tables([choices_table(disease, found, whose(of))])
            return terminal.SUCCESS
        for path in (forest, funnel):
            if path is not None:
                check_writable(path, file=True)
        done = meta_analysis(
            disease,
            endpoint,
            week=week,
            window=window,
            measure=measure,
            method=method,
            by=by,
            any_route=any_route,
            of=of,
            studies=study,
        )
        _draw(done, forest, funnel)
        if json:
            return put(document(done))
        _show(done, forest, funnel)
    return terminal.SUCCESS


def _check_alone(*given: object) -> None:
    """Refuse options that say how to pool where no endpoint says what."""
    from funis.checks import InputError, Issue

    if any(value not in (None, False) for value in given):
        message = "an option says how to pool, but no endpoint is named"
        raise InputError(Issue(None, None, "endpoint", message, "--endpoint NAME"))


def _draw(done: MetaAnalysis, forest: Path | None, funnel: Path | None) -> None:
    from funis.pipeline.meta import pictures
    from funis.report.forest import forest_plot
    from funis.report.funnel import funnel_plot
    from funis.store import write_text

    if forest is not None:
        write_text(forest, forest_plot(pictures.forest(done)))
    if funnel is not None:
        title = f"{done.disease.upper()}: {done.name}, week {done.week:g}"
        write_text(funnel, funnel_plot(title, pictures.funnels(done), (done.evidence,)))


def _show(done: MetaAnalysis, forest: Path | None, funnel: Path | None) -> None:
    from funis.pipeline.meta import text
    from funis.report import RESEARCH_USE

    typer.echo(f"{text.headline(done)}\n")
    shown = text.tables(done)
    for stratum, table in zip(done.strata, shown, strict=False):
        terminal.show_tables([table])
        for line in text.stratum_lines(stratum):
            typer.echo(line)
        typer.echo("")
    terminal.show_tables(shown[len(done.strata) :])
    typer.echo(f"{done.evidence}\n{RESEARCH_USE}")
    for name, path in (("Forest plot", forest), ("Funnel plot", funnel)):
        if path is not None:
            typer.echo(f"{name}: {path}")
