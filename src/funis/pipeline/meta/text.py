"""A meta-analysis as tables and sentences, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from funis.evidence.meta import METHODS, SCALES, Coefficient, Pooled
from funis.pipeline.meta.numbers import (
    capital,
    interval_words,
    percent_range,
    range_words,
    shown_interval,
    value_words,
)
from funis.pipeline.meta.values import (
    TREATED,
    WHOSE,
    Choice,
    Group,
    Member,
    MetaAnalysis,
    Stratum,
)
from funis.pipeline.tables import Table
from funis.report.content import Interval
from funis.report.numerals import count, decimal, p_value, percent


def choices_table(disease: str, found: Sequence[Choice], whose: str = WHOSE["cells"]) -> Table:
    """Return what can be pooled as a table."""
    rows = tuple(
        (
            one.endpoint,
            f"{one.week:g}",
            "; ".join(f"{kind}: {size} ({n} patients)" for kind, size, n in one.studies),
            "yes" if one.poolable else "no: one study",
        )
        for one in found
    )
    title = f"Results on {whose} in '{disease}', at the week that holds most studies"
    return Table(title, ("endpoint", "week", "studies", "can be pooled"), rows)


def whose(of: str) -> str:
    """Return whose results are pooled, in words."""
    return next((words for group, words in WHOSE.items() if group == of), of)


def tables(found: MetaAnalysis) -> tuple[Table, ...]:
    """Return a table a stratum, and one of what is left out."""
    shown = [_stratum_table(stratum) for stratum in found.strata]
    if found.left_out:
        rows = tuple(
            (item.study, item.arm, "" if item.week is None else f"{item.week:g}", item.reason)
            for item in found.left_out
        )
        shown.append(Table("Left out", ("study", "arm", "week", "reason"), rows))
    return tuple(shown)


def headline(found: MetaAnalysis) -> str:
    """Return what is pooled, as one line."""
    chosen = ", the week with most studies" if found.week_chosen else ""
    unit = f" [{found.unit}]" if found.unit else ""
    return (
        f"{found.disease}, {found.endpoint}: {found.name}{unit}, week {found.week:g}{chosen}"
        f" (each study's row nearest to it, at most {found.window:g} weeks away)"
    )


def stratum_lines(stratum: Stratum) -> tuple[str, ...]:
    """Return what was found in a stratum, a sentence a line."""
    pooled = stratum.pooled
    if pooled is None:
        return (not_pooled(stratum),)
    lines = [_method_line(pooled), _heterogeneity_line(pooled), *_outside(pooled)]
    lines += [f"{capital(note)}." for note in pooled.notes]
    lines += no_effect(stratum)
    if stratum.shared:
        names = ", ".join(stratum.shared)
        lines.append(f"Some of these studies may share patients: {names}.")
    lines += _regression_lines(stratum)
    lines += asymmetry_lines(stratum)
    return tuple(lines)


def _stratum_table(stratum: Stratum) -> Table:
    pooled = stratum.pooled
    scale = SCALES[stratum.measure]
    weights: Sequence[float | None] = pooled.weights if pooled else [None] * len(stratum.members)
    rows = [
        (
            member.effect.study,
            f"{member.week:g}",
            member.cells,
            member.control or "-",
            interval_words(shown_interval(member.effect), stratum.measure),
            "" if weight is None else percent(weight),
            _about(member, stratum.of),
        )
        for member, weight in zip(stratum.members, weights, strict=True)
    ]
    if pooled is not None:
        values = (pooled.estimate, pooled.low, pooled.high)
        shown = Interval(*(scale.shown(value) for value in values))
        rows.append(("pooled", "", "", "", interval_words(shown, stratum.measure), "100.0%", ""))
    columns = (
        "study",
        "week",
        TREATED[stratum.of],
        "control",
        f"{scale.name} (95 %)",
        "weight",
        "about",
    )
    return Table(stratum_title(stratum), columns, tuple(rows))


def stratum_title(stratum: Stratum) -> str:
    """Return the design, the number of studies and of patients, those randomised apart."""
    size = len(stratum.members)
    studies = "1 study" if size == 1 else f"{size} studies"
    return f"{stratum.label}; {people_words(stratum, studies)}"


def no_effect(stratum: Stratum) -> list[str]:
    """Say what arms without a comparison cannot show."""
    if SCALES[stratum.measure].contrast:
        return []
    text = "No comparison: what would have become of these patients otherwise is not known"
    if stratum.measure == "mean":
        text += ", and a mean depends on where they began"
    return [f"{text}."]


def not_pooled(stratum: Stratum) -> str:
    """Return why a stratum was not pooled."""
    return f"Not pooled: {stratum.reason.removesuffix(': nothing to pool')}."


def people_words(stratum: Stratum, studies: str) -> str:
    """Return how many patients are pooled, and how many were randomised."""
    pooled = "" if stratum.pooled is None else " pooled"
    text = f"{studies}, {count(stratum.patients)} patients{pooled}"
    return f"{text}; {count(stratum.randomised)} randomised patients"


def _about(member: Member, of: Group) -> str:
    facts = [member.product.replace("_", " ")]
    if member.log_dose is not None or of == "cells":
        facts += [member.route, f"{member.dose} cells"]
    return "; ".join([", ".join(facts), *member.notes])


def _method_line(pooled: Pooled) -> str:
    fixed = shown_interval(pooled.fixed)
    scale = pooled.scale
    test = f", {p_value(pooled.p_value)}" if scale.contrast else ""
    return (
        f"Method: {METHODS[pooled.method]}; interval: {pooled.interval}{test}. Fixed effect:"
        f" {interval_words(fixed, pooled.measure)}."
    )


def _heterogeneity_line(pooled: Pooled) -> str:
    found = pooled.heterogeneity
    between = range_words(found.tau2_range, 3)
    return (
        f"Between studies: tau2 = {found.tau2:.3f} ({between}, {found.interval}), I2 ="
        f" {100 * found.i2:.0f} % ({percent_range(found.i2_range)}), H2 = {found.h2:.2f}; Q ="
        f" {found.q:.2f} on {found.freedom} degrees of freedom, {p_value(found.p_value)}"
        f" ({found.test})."
    )


def _outside(pooled: Pooled) -> list[str]:
    if len(pooled.effects) < 3:
        return [
            "Two studies: the interval rests on one degree of freedom; no prediction interval, and"
            " nothing to leave out."
        ]
    scale, measure = pooled.scale, pooled.measure
    low, high = (scale.shown(x) for x in (pooled.prediction.low, pooled.prediction.high))
    ends = [one.estimate for one in pooled.leave_one_out if math.isfinite(one.estimate)]
    if not ends:
        return []
    least, most = scale.shown(min(ends)), scale.shown(max(ends))
    return [
        f"Prediction for a further study: {value_words(low, measure)} to"
        f" {value_words(high, measure)}. With one study left out the pool runs from"
        f" {value_words(least, measure)} to {value_words(most, measure)}."
    ]


def _regression_lines(stratum: Stratum) -> list[str]:
    found = stratum.regression
    if found is None:
        return [f"No regression: {stratum.regression_reason}."] if stratum.regression_reason else []
    lines = [
        f"Regression of {found.k} studies: R2 = {percent(found.r2, 0)}, F = {found.f:.2f} on"
        f" {found.f_freedom[0]} and {found.f_freedom[1]}, {p_value(found.f_p_value)};"
        f" residual tau2 = {found.tau2:.3f}."
    ]
    lines += [_coefficient_words(one) for one in found.coefficients]
    return [*lines, *(f"{capital(note)}." for note in found.notes)]


def _coefficient_words(one: Coefficient) -> str:
    limits = f"{one.low:.3f} to {one.high:.3f}"
    return f"  {one.name}: {one.estimate:.3f} ({limits}), {p_value(one.p_value)}"


def asymmetry_lines(stratum: Stratum) -> list[str]:
    """Return what the test of asymmetry says, or why there is none."""
    found = stratum.asymmetry
    if found is None:
        reason = stratum.asymmetry_reason
        return [f"No test of asymmetry: {reason}."] if reason else []
    return [
        f"Egger's test of asymmetry: t = {decimal(found.t)} on {found.freedom} degrees of freedom,"
        f" {p_value(found.p_value)}.",
        *(f"{capital(note)}." for note in found.notes),
    ]
