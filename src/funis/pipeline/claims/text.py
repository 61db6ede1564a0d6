"""Claims and accounts as tables, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from funis.claims.values import Chain
from funis.pipeline.claims.judge import ClaimResult
from funis.pipeline.claims.testimony import needed
from funis.pipeline.claims.words import (
    interval_percent,
    model_words,
    number,
    published_lines,
    zero_words,
)
from funis.pipeline.tables import Table

SUMMARY = (
    "row",
    "claim",
    "kind",
    "verdict",
    "randomised (cord)",
    "model, if cells act",
    "potency 0",
)


def summary_table(found: Sequence[ClaimResult], title: str = "Claims") -> Table:
    """Return one line a claim."""
    rows = tuple(
        (
            str(one.claim.row),
            one.claim.claim.replace("*", ""),
            one.claim.kind,
            one.verdict,
            randomised_words(one),
            model_count(one),
            str(one.at_zero) if one.model[0] else "",
        )
        for one in found
    )
    return Table(title, SUMMARY, rows)


def randomised_words(result: ClaimResult) -> str:
    """Return the randomised patients behind a claim of effect, and those with cord cells."""
    if result.claim.kind != "efficacy":
        return ""
    return f"{result.randomised} ({result.randomised_cord})"


def model_count(result: ClaimResult) -> str:
    """Return in how many parts the model says what is claimed; nothing where it is not asked."""
    asked, supported = result.model
    return f"{supported} of {asked}" if asked else ""


def parts_table(result: ClaimResult) -> Table:
    """Return the parts of a claim: verdict, why, what the model says, and at potency 0."""
    rows = tuple(
        (
            one.part.part,
            one.judgement.verdict,
            one.judgement.why,
            model_words(one),
            zero_words(one),
        )
        for one in result.parts
    )
    title = f"{result.claim.row}. {result.claim.claim}: {result.verdict}"
    return Table(title, ("part", "verdict", "why", "model, if cells act", "potency 0"), rows)


def published_table(result: ClaimResult) -> Table:
    """Return what was published on each part, a line each."""
    rows = tuple((one.part.part, line) for one in result.parts for line in published_lines(one))
    return Table("Published", ("part", "numbers"), rows)


def closing_lines(result: ClaimResult) -> list[str]:
    """Return what could refute a claim, and what would change its verdict."""
    needs = "; ".join(dict.fromkeys(one.judgement.needs for one in result.parts))
    note = [f"Note: {result.claim.note}."] if result.claim.note else []
    own = ", ".join(result.own_studies)
    return [
        *note,
        *([f"Your own studies are among the numbers: {own}."] if own else []),
        f"Could be refuted by: {result.claim.refuted_by}.",
        f"Would change the verdict: {needs}.",
    ]


def accounts_table(found: Sequence[Chain], names: Mapping[str, str]) -> Table:
    """Return how accounts arise, a line a disease, by their names."""
    labels = tuple(step.label for step in found[0].steps) if found else ()
    rows = tuple(
        (
            names.get(one.disease, one.disease),
            outcome_words(one),
            *(interval_percent(step.share) for step in one.steps),
            _ratios(one),
        )
        for one in found
    )
    columns = ("disease", "better means", *labels, "telling ratio for 60 and 90 %")
    return Table("Accounts of patients who got no acting cell", columns, rows)


def outcome_words(chain: Chain) -> str:
    """Return what counts as better."""
    unit = f" {chain.unit}" if chain.unit not in ("", "score") else ""
    name = chain.name.split(" (")[0]
    return f"{name}: {number(chain.at_least)}{unit}, week {chain.week:g}"


def chain_lines(chain: Chain) -> list[str]:
    """Return one disease's way from patients to accounts, a line a step."""
    felt = "what patients feel" if chain.felt else "measured; patients do not feel it as such"
    lines = [f"{chain.disease}: better by {outcome_words(chain)} ({felt})"]
    lines += [f"  {step.label}: {interval_percent(step.share)}" for step in chain.steps]
    return [
        *lines,
        f"  times as often that the better have to tell for 60 and 90 %: {_ratios(chain)}",
    ]


def _ratios(chain: Chain) -> str:
    """Return how many times as often the better have to tell for 60 and 90 % of accounts."""
    values = needed(chain)
    if any(math.isinf(value) for value in values):
        return "no ratio suffices"
    return " and ".join(number(value) for value in values)
