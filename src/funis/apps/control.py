"""``funis control``: predicted control arms, and how well past ones were predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from funis.apps import terminal
from funis.apps.options import Json, Workers

MARK = "funis control --score"


def control(
    disease: Annotated[
        str | None,
        typer.Argument(metavar="[DISEASE]", help="Id or folder of a disease, such as ra."),
    ] = None,
    trial: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Trial of the library whose patients and criteria hold."),
    ] = None,
    criteria: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR",
            help="Entry criteria with ; between them, in place of the disease's (with --trial:"
            " beside the trial's).",
        ),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="NAME", help="Endpoint (default: the primary one).")
    ] = None,
    week: Annotated[
        float | None, typer.Option(metavar="W", help="Week (default: that of the trial).")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="responder, change, value or rate (default: what fits first)."
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="DRUGS", help="Drugs that all patients take, such as mtx,steroid; none."
        ),
    ] = None,
    year: Annotated[int | None, typer.Option(metavar="Y", help="Year of the trial.")] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", metavar="N", help="Patients of the arm (default: the trial's)."),
    ] = None,
    patients: Annotated[int, typer.Option(metavar="N", help="Virtual patients.")] = 400,
    score: Annotated[
        bool,
        typer.Option(
            "--score", help="Predict every control arm of the evidence from the other trials."
        ),
    ] = False,
    workers: Workers = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --score: put the tables at their place in a Markdown file."
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Predict what a control arm would report, with 80 and 95 % intervals at its size."""
    from funis.pipeline.control import predict_control

    with terminal.one_document(json) as put:
        if score:
            _alone(trial, criteria, endpoint, week, measure, background, year, n)
            return _score(put, disease, patients, workers, into, json)
        _need(disease, into)
        made = predict_control(
            str(disease), trial=trial, criteria=criteria, endpoint=endpoint, week=week,
            measure=measure, background=background, year=year, n=n, patients=patients,
            workers=workers, progress=terminal.progress(json),
        )  # fmt: skip
        if json:
            put(made.document())
        else:
            for line in made.lines():
                typer.echo(line)
            terminal.show_tables(made.tables())
    return terminal.SUCCESS


def _alone(*given: object) -> None:
    from funis.checks import InputError, Issue

    if any(value is not None for value in given):
        message = "--score with what a prediction is asked for"
        expected = "--score with DISEASE, --patients, --workers, --into and --json alone"
        raise InputError(Issue(None, None, "--score", message, expected))


def _need(disease: str | None, into: Path | None) -> None:
    from funis.checks import InputError, Issue
    from funis.models import disease_ids

    if disease is None:
        expected = f"one of {', '.join(disease_ids())}, or --score"
        raise InputError(Issue(None, None, "disease", "no disease is named", expected))
    if into is not None:
        raise InputError(Issue(None, None, "--into", "--into without --score", "both, or neither"))


def _score(
    put: terminal.Put, disease: str | None, patients: int, workers: int | None, into: Path | None,
    json: bool,
) -> int:  # fmt: skip
    from funis.pipeline.control_score import all_scores, score_document
    from funis.pipeline.control_tables import score_lines, score_tables
    from funis.pipeline.inputs import require_whole
    from funis.pipeline.run import finite
    from funis.pipeline.tables import fill_marked, marked_place

    require_whole(50, patients=patients)
    require_whole(workers=workers)
    if into is not None:
        marked_place(into, MARK)
    scores = all_scores(
        () if disease is None else (disease,), patients=patients, workers=workers,
        progress=terminal.progress(json),
    )  # fmt: skip
    lines, tables = score_lines(scores), score_tables(scores)
    if into is not None:
        fill_marked(into, MARK, "\n\n".join([*lines, *(table.markdown() for table in tables)]))
    if json:
        document: Any = finite(score_document(scores))
        return put(document)
    for line in lines:
        typer.echo(line)
    terminal.show_tables(tables)
    return terminal.SUCCESS
