"""What the forest plot and the funnel plot of a meta-analysis show."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from funis.evidence.meta import METHODS, SCALES
from funis.pipeline.meta.numbers import capital, range_words, shown_interval, stratum_interval
from funis.pipeline.meta.text import asymmetry_lines, no_effect, not_pooled, people_words
from funis.pipeline.meta.values import TREATED, Member, MetaAnalysis, Stratum
from funis.report.content import Interval
from funis.report.forest import Forest, ForestPanel, ForestRow, ForestStratum
from funis.report.funnel import Funnel
from funis.report.numerals import count, p_value

_NAMED = re.compile(r"^([a-z]+?)(\d{4})")


def forest(found: MetaAnalysis) -> Forest:
    """Return the content of a forest plot: contrasts first, single arms below on their own axis."""
    panels = []
    for measure in dict.fromkeys(stratum.measure for stratum in found.strata):
        scale = SCALES[measure]
        strata = tuple(_forest_stratum(one) for one in found.strata if one.measure == measure)
        unit = f" [{found.unit}]" if found.unit and measure in ("md", "mean") else ""
        panels.append(
            ForestPanel(
                measure=capital(scale.name + unit),
                treated=capital(TREATED[found.of]),
                log=scale.transform == "log",
                percent=measure in ("proportion", "rd"),
                null=scale.null,
                favours=_favours(found) if scale.contrast else None,
                strata=strata,
            )
        )
    subtitle = (
        f"Week {found.week:g}, at most {found.window:g} weeks away;"
        " strata are never pooled together"
    )
    title = f"{found.disease.upper()}: {found.name}"
    return Forest(title, subtitle, tuple(panels), (_pooled_here(found), found.evidence))


def _pooled_here(found: MetaAnalysis) -> str:
    """Say how much of the picture rests on chance allocation."""
    pooled = [stratum for stratum in found.strata if stratum.pooled is not None]
    controlled = [one for one in pooled if SCALES[one.measure].contrast]
    people = sum(one.patients for one in controlled if one.kind == "randomised contrast")
    alone = sum(one.patients for one in pooled if not SCALES[one.measure].contrast)
    return (
        f"Pooled here: {count(people)} patients of randomised comparisons,"
        f" {count(sum(one.patients for one in controlled) - people)} of other comparisons,"
        f" {count(alone)} patients without a control."
    )


def funnels(found: MetaAnalysis) -> tuple[Funnel, ...]:
    """Return the content of a funnel plot: one panel for each stratum that was pooled."""
    return tuple(funnel_of(one) for one in found.strata if one.pooled is not None)


def funnel_of(stratum: Stratum) -> Funnel:
    """Return the funnel of a stratum that was pooled."""
    pooled = stratum.pooled
    assert pooled is not None
    scale = SCALES[stratum.measure]
    prefix = {"log": "Log ", "logit": "Logit of the ", "identity": ""}[scale.transform]
    return Funnel(
        title=f"{stratum.label} ({len(pooled.effects)} studies)",
        axis=capital(prefix + scale.name),
        labels=_labels(stratum.members),
        estimates=tuple(effect.estimate for effect in pooled.effects),
        errors=tuple(effect.error for effect in pooled.effects),
        centre=pooled.estimate,
        lines=tuple(asymmetry_lines(stratum)),
    )


def _forest_stratum(stratum: Stratum) -> ForestStratum:
    pooled = stratum.pooled
    scale = SCALES[stratum.measure]
    weights: Sequence[float | None] = pooled.weights if pooled else [None] * len(stratum.members)
    rows = tuple(
        ForestRow(
            label, f"{member.week:g}", member.cells, member.control,
            shown_interval(member.effect), weight, member.effect.study, about(member),
        )
        for label, member, weight in zip(
            _labels(stratum.members), stratum.members, weights, strict=True
        )
    )  # fmt: skip
    interval = prediction = None
    if pooled is not None:
        interval = stratum_interval(stratum)
        if not math.isnan(pooled.prediction.low):
            low, high = (scale.shown(x) for x in (pooled.prediction.low, pooled.prediction.high))
            prediction = Interval(None, low, high)
    size = len(stratum.members)
    studies = "1 study" if size == 1 else f"{size} studies"
    return ForestStratum(
        title=stratum.label,
        subtitle=people_words(stratum, studies),
        uncontrolled=not scale.contrast,
        rows=rows,
        pooled=interval,
        prediction=prediction,
        lines=_forest_lines(stratum),
    )


def about(member: Member) -> tuple[str, ...]:
    """Return what a reader may ask of a study: cells, route, dose, design, what was corrected."""
    product = member.product.replace("_", " ")
    known = member.dose not in ("none", "unknown")
    dose = " or ".join(map(_dose_words, member.dose.split(", "))) if known else ""
    route = "route not stated" if member.route == "unknown" else f"by {member.route}"
    design = f"{member.design.replace('_', ' ')}, masking {member.blinding}"
    given = ", ".join(part for part in (product, route, dose) if part)
    return (given, design, f"read with {member.confidence} confidence", *member.notes)


def _dose_words(dose: str) -> str:
    """Return a dose such as ``2e+06/kg`` in words; one in words already stays as it is."""
    number, per, weight = dose.partition("/")
    try:
        return f"{float(number) / 1e6:g} million cells{per}{weight} a dose"
    except ValueError:
        return dose


def _forest_lines(stratum: Stratum) -> tuple[str, ...]:
    pooled = stratum.pooled
    if pooled is None:
        return (not_pooled(stratum),)
    found = pooled.heterogeneity
    lines = [
        f"{capital(METHODS[pooled.method])}; {pooled.interval}",
        f"Between studies: τ² = {found.tau2:.3f} ({range_words(found.tau2_range, 3)}), I² ="
        f" {100 * found.i2:.0f} %, Q = {found.q:.1f} on {found.freedom} df, "
        + p_value(found.p_value),
    ]
    lines += no_effect(stratum)
    if stratum.shared:
        lines.append(f"Some of these studies may share patients: {', '.join(stratum.shared)}")
    return tuple(lines)


def _labels(members: Sequence[Member]) -> tuple[str, ...]:
    """Author and year where the study's id is made of them, else the id; no label stands twice."""
    names = [study_label(member.effect.study) for member in members]
    return tuple(
        member.effect.study if names.count(name) > 1 else name
        for name, member in zip(names, members, strict=True)
    )


def study_label(study: str) -> str:
    """Return author and year where the id of a study is made of them, else the id."""
    found = _NAMED.match(study)
    return f"{found[1].capitalize()} {found[2]}" if found else study


def _favours(found: MetaAnalysis) -> tuple[str, str]:
    treated = TREATED[found.of]
    if found.better == "neither":
        return f"lower with {treated}", f"higher with {treated}"
    if found.better == "lower":
        return f"favours {treated}", "favours control"
    return "favours control", f"favours {treated}"
