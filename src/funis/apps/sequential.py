"""``funis boundaries`` and ``funis escalation``: designs that look at their data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from funis.apps import terminal
from funis.apps.options import Json

SPENDING_HELP = (
    "Constants obrien_fleming, pocock, wang_tsiatis; or spending lan_demets_obrien_fleming, "
    "lan_demets_pocock, kim_demets, hwang_shih_decani."
)
FUTILITY_HELP = (
    "RULE:VALUE, e.g. beta_spending:0.1 (beta), conditional_power:0.2 or predictive_power:0.1 "
    "(end below it), z:0,0.5 (bounds). Default: none."
)
Into = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Put the tables at their marked place in a Markdown file."),
]


def boundaries(
    looks: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Shares of the information, rising to 1."),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            metavar="A", help="Type I error: of one side, or of both with either (default: 0.025)."
        ),
    ] = None,
    spending: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{SPENDING_HELP} Default: lan_demets_obrien_fleming."),
    ] = None,
    parameter: Annotated[
        float | None,
        typer.Option(
            metavar="P", help="That of wang_tsiatis, kim_demets (power) or hwang_shih_decani."
        ),
    ] = None,
    side: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Good values: greater, less; or either (default: greater)."
        ),
    ] = None,
    futility: Annotated[str | None, typer.Option(metavar="RULE", help=FUTILITY_HELP)] = None,
    binding: Annotated[
        bool, typer.Option("--binding", help="Let bounds of success count on futility.")
    ] = False,
    power: Annotated[float, typer.Option(metavar="P", help="Power of the planned effect.")] = 0.9,
    trial: Annotated[
        str | None,
        typer.Option(metavar="TRIAL", help="Take all of it from a trial with a block interim."),
    ] = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Print the bounds of a group-sequential trial, and where it ends with and without effect."""
    from funis.pipeline.boundaries import bounds_of_trial, bounds_table, interim_of, side_of
    from funis.pipeline.tables import fill_marked, marked_place

    mark = _mark("boundaries", looks=looks, alpha=alpha, spending=spending, parameter=parameter,
                 side=side, futility=futility, trial=trial)  # fmt: skip
    with terminal.one_document(json) as put:
        if into is not None:
            marked_place(into, mark)
        if trial is not None:
            _refuse_beside_trial(looks, alpha, spending, parameter, side, futility, binding)
            done = bounds_of_trial(trial, power)
        else:
            interim = interim_of(
                looks or "0.5,1",
                spending or "lan_demets_obrien_fleming",
                parameter,
                futility,
                binding,
            )
            one_sided = 0.025 if alpha is None else alpha
            done = bounds_table(interim, one_sided, side_of(side or "greater"), power)
        if into is not None:
            fill_marked(into, mark, "\n".join(table.markdown() for table in done.tables()))
        if json:
            return put(done.document())
        terminal.show_tables(done.tables())
    return terminal.SUCCESS


def _refuse_beside_trial(*given: object) -> None:
    from funis.checks import InputError, Issue

    if any(value not in (None, False) for value in given):
        message = "a design is given beside a trial that has its own"
        raise InputError(Issue(None, None, "trial", message, "--trial without other options"))


def escalation(
    toxicity: Annotated[
        str,
        typer.Option(
            metavar="N,N", help="True probability of a dose-limiting toxicity at each level."
        ),
    ],
    rule: Annotated[
        str, typer.Option(metavar="NAME", help="3+3 (exact) or crm (simulated).")
    ] = "3+3",
    target: Annotated[
        float, typer.Option(metavar="P", help="Probability that crm aims at.")
    ] = 0.25,
    halfwidth: Annotated[
        float,
        typer.Option(metavar="W", help="Half the indifference interval of crm's skeleton."),
    ] = 0.05,
    patients: Annotated[int, typer.Option(metavar="N", help="Patients of crm.")] = 30,
    cohort: Annotated[int, typer.Option(metavar="N", help="Patients of a cohort of crm.")] = 3,
    replicates: Annotated[int, typer.Option(metavar="R", help="Replicates of crm.")] = 1000,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of crm's replicates.")] = 1,
    limit: Annotated[
        float, typer.Option(metavar="P", help="Rate above which the stopping rule ends a trial.")
    ] = 0.3,
    probability: Annotated[
        float, typer.Option(metavar="P", help="Posterior probability that it asks for.")
    ] = 0.9,
    into: Into = None,
    json: Json = False,
) -> int:
    """Print what a dose escalation does under true toxicities, and when toxicity ends a trial."""
    from funis.pipeline.escalation import Question, escalation_table
    from funis.pipeline.tables import fill_marked, marked_place

    mark = f"funis escalation --toxicity {toxicity} --rule {rule}"
    with terminal.one_document(json) as put:
        if into is not None:
            marked_place(into, mark)
        done = escalation_table(
            toxicity,
            rule,
            Question(target, halfwidth, patients, cohort, replicates, seed, limit, probability),
        )
        if into is not None:
            fill_marked(into, mark, "\n".join(table.markdown() for table in done.tables()))
        if json:
            return put(done.document())
        terminal.show_tables(done.tables())
    return terminal.SUCCESS


def _mark(command: str, **given: object) -> str:
    """The command as it is written with what was given."""
    words = [f"--{name} {value}" for name, value in given.items() if value is not None]
    return " ".join(["funis", command, *words])


def adaptive(
    rates: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="True response rates, control first."),
    ] = None,
    means: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="True means, control first, in spreads between patients."),
    ] = None,
    patients: Annotated[int, typer.Option(metavar="N", help="Planned patients of all arms.")] = 200,
    looks: Annotated[
        str, typer.Option(metavar="N,N", help="Shares of the information, rising to 1.")
    ] = "0.5,1",
    alpha: Annotated[float, typer.Option(metavar="A", help="One-sided type I error.")] = 0.025,
    futility: Annotated[str | None, typer.Option(metavar="RULE", help=FUTILITY_HELP)] = None,
    delay: Annotated[
        float,
        typer.Option(metavar="D", help="Days to a patient's outcome; one patient comes a day."),
    ] = 28.0,
    replicates: Annotated[int, typer.Option(metavar="R", help="Replicates.")] = 1000,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the replicates.")] = 1,
    into: Into = None,
    json: Json = False,
) -> int:
    """Conduct one trial under every change at a look: error or power, patients, shares of arms."""
    from funis.checks import InputError, Issue
    from funis.pipeline.adaptive import AdaptiveQuestion, adaptive_table
    from funis.pipeline.boundaries import interim_of, numbers
    from funis.pipeline.tables import fill_marked, marked_place

    mark = _mark("adaptive", rates=rates, means=means, patients=patients, looks=looks,
                 replicates=replicates)  # fmt: skip
    with terminal.one_document(json) as put:
        if (rates is None) == (means is None):
            message = "neither or both of --rates and --means"
            raise InputError(Issue(None, None, None, message, "one of them, e.g. --rates 0.3,0.5"))
        if into is not None:
            marked_place(into, mark)
        key, text = ("rates", rates) if rates is not None else ("means", means or "")
        asked = AdaptiveQuestion(
            "proportion" if rates is not None else "mean",
            numbers(key, text),
            patients,
            interim_of(looks, "lan_demets_obrien_fleming", None, futility, False),
            alpha,
            delay,
            replicates,
            seed,
        )
        done = adaptive_table(asked)
        if into is not None:
            fill_marked(into, mark, "\n".join(table.markdown() for table in done.tables()))
        if json:
            return put(done.document())
        terminal.show_tables(done.tables())
    return terminal.SUCCESS
