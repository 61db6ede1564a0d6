"""``funis evidence studies``, ``model`` and ``forest``: studies filtered, in the model, pooled."""

from __future__ import annotations

from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import DiseaseName, Json

StudyId = Annotated[str, typer.Argument(metavar="ID", help="Id of a study.")]


def studies(
    disease: Annotated[
        str | None, typer.Option(metavar="DISEASE", help="Studies of one disease, such as ra.")
    ] = None,
    study_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="randomised, single-arm, ...")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="TISSUE", help="umbilical_cord, bone_marrow, ..., drug.")
    ] = None,
    route: Annotated[str | None, typer.Option(metavar="ROUTE", help="iv, it, local, ...")] = None,
    randomised: Annotated[
        bool, typer.Option("--randomised", help="Randomised studies alone.")
    ] = False,
    blinded: Annotated[
        bool, typer.Option("--blinded", help="Single- or double-blind studies alone.")
    ] = False,
    from_year: Annotated[int | None, typer.Option(metavar="YEAR", help="Published since.")] = None,
    to_year: Annotated[int | None, typer.Option(metavar="YEAR", help="Published until.")] = None,
    least_dose: Annotated[
        float | None, typer.Option(metavar="CELLS", help="Least cells of one infusion.")
    ] = None,
    most_dose: Annotated[
        float | None, typer.Option(metavar="CELLS", help="Most cells of one infusion.")
    ] = None,
    text: Annotated[
        str, typer.Option(metavar="WORDS", help="Words in id, title, citation, register, notes.")
    ] = "",
    represented: Annotated[
        bool | None,
        typer.Option(
            "--represented/--not-represented",
            help="Studies that the model can be asked about, or those that it cannot.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Filter studies: patients, follow-up, main outcome with its interval, signs of bias."""
    from funis.pipeline.studies import StudyFilter, filter_studies
    from funis.pipeline.studies.document import studies_document, studies_table
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        wanted = StudyFilter(
            disease, study_type, source, route, randomised, blinded, from_year, to_year,
            least_dose, most_dose, text, represented,
        )  # fmt: skip
        found = filter_studies(wanted)
        if json:
            return put(studies_document(found))
        terminal.show_tables([studies_table(found)])
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS


def model(study: StudyId, json: Json = False) -> int:
    """Show how the model represents a study: arms, doses, numbers, and what has no counterpart."""
    from funis.pipeline.studies.represented import modelled, modelled_document, modelled_tables
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        found = modelled(study)
        if json:
            return put(modelled_document(found))
        if found.reason:
            typer.echo(f"{found.study} is not represented: {found.reason}\n")
        terminal.show_tables(modelled_tables(found))
        typer.echo(RESEARCH_USE)
    return terminal.SUCCESS


def forest(
    disease: DiseaseName,
    endpoint: Annotated[str, typer.Option(metavar="NAME", help="Endpoint, such as ACR20.")],
    study: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A study that is pooled; repeatable (default: all)."),
    ] = None,
    week: Annotated[
        float | None, typer.Option(metavar="W", help="Week (default: that of most studies).")
    ] = None,
    measure: Annotated[
        str | None, typer.Option(metavar="NAME", help="md, smd, rd, rr, or, proportion, mean.")
    ] = None,
    of: Annotated[str, typer.Option(metavar="NAME", help="cells, drugs or placebo.")] = "cells",
    any_route: Annotated[
        bool, typer.Option("--any-route", help="Pool cells given by any route.")
    ] = False,
    json: Json = False,
) -> int:
    """Pool the named studies; control arms stand beside what has none; few studies are no error."""
    from funis.pipeline.meta.chosen import chosen_document, chosen_pool, control_table
    from funis.pipeline.meta.text import headline, stratum_lines, tables
    from funis.report import RESEARCH_USE

    with terminal.one_document(json) as put:
        found = chosen_pool(
            disease, endpoint, week=week, measure=measure, any_route=any_route, of=of,
            studies=study,
        )  # fmt: skip
        if json:
            return put(chosen_document(found))
        typer.echo("\n".join((headline(found.analysis), *found.warnings)))
        terminal.show_tables([*tables(found.analysis), *control_table(found)])
        for stratum in found.analysis.strata:
            typer.echo("\n".join((f"{stratum.label}:", *stratum_lines(stratum), "")))
        typer.echo(f"{found.analysis.evidence}\n{RESEARCH_USE}")
    return terminal.SUCCESS
