"""What the report says of a design, a sentence or two a part; empty where the part is not used."""

from __future__ import annotations

from collections.abc import Sequence

from funis.analysis import Interval, PeriodEffects
from funis.pipeline.layers import LayerShare
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.protocol import Crossover, Design, Escalation, Missing, Protocol
from funis.report.content import LayerRow
from funis.report.numerals import decimal
from funis.trial import Study, TrialData
from funis.trial.allocation import stratum_names
from funis.trial.layers import LAYERS, Layer
from funis.trial.masking import bias_of
from funis.units import DAYS_PER_WEEK

MECHANISMS = {
    "completely_at_random": "by chance alone",
    "at_random": "by what was last seen",
    "not_at_random": "by what would have been seen",
}

LAYER_WORDS: dict[Layer, str] = {
    "cells": "what the cells do",
    "knowledge": "what knowing or guessing the arm adds",
    "expectation": "expectation of patients",
    "inflation": "scores raised at entry",
}


def masking_text(design: Design) -> str:
    """Return who knows what, and what that adds."""
    kind = design.masking.replace("_", " ").capitalize()
    bias = bias_of(design)
    if bias is None or bias.sd == 0:
        more = "Nothing is added for knowing the arm." if design.masking != "double_blind" else ""
        return f"{kind}. {more}".strip()
    who = "Patients who are given cells know it and"
    if design.unmasking is not None:
        terms = ", ".join(design.unmasking.by)
        who = (
            f"{100 * design.unmasking.share:g} % of patients guess: cells after {terms}, no cells"
            f" without (source: {design.unmasking.source}). Those who guess cells"
        )
    less = ", those who guess none as much less" if design.unmasking is not None else ""
    return (
        f"{kind}. {who} report {bias.sd:g} standard deviations more{less} (source: {bias.source})."
    )


def allocation_text(study: Study) -> str:
    """Return how patients were randomised, and the sizes that came of it."""
    design = study.design
    assert design is not None
    if design.escalation is not None or len(study.arms) < 2:
        return ""
    plan, names = design.allocation, study.arm_ids
    ratio = ":".join(str(one) for one in plan.shares(names))
    block = plan.block or sum(plan.shares(names))
    how = "by independent draws" if plan.method == "complete" else f"in permuted blocks of {block}"
    text = f"Randomised {ratio} ({', '.join(names)}) {how}"
    if plan.strata:
        conditions = "; ".join(one.text for one in plan.strata)
        text += f" within {len(stratum_names(study))} strata ({conditions})"
    return f"{text}."


def enrolment_text(study: Study, data: TrialData) -> str:
    """Return how long enrolment and the trial last."""
    plan = None if study.design is None else study.design.enrolment
    if plan is None:
        return ""
    days = data.subjects["arrival_day"].to_numpy()
    last = float(days.max()) / DAYS_PER_WEEK
    end = last + study.protocol.visits.last_week
    return (
        f"{plan.patients_per_month:g} patients a month arrive in {plan.sites} sites once all are"
        f" open: the last one is randomised in week {last:.0f} and last seen in week {end:.0f}."
    )


def sites_text(design: Design, data: TrialData) -> str:
    """Return in what sites differ, and how many doses went wrong."""
    sites = design.sites
    if sites is None:
        return ""
    hold = (
        ""
        if sites.hold_mean_minute is None
        else f"Between sites the time from thaw to infusion is {sites.hold_mean_minute:g} minutes"
        f" (sd {sites.hold_sd_minute:g}). "
    )
    wrong = int(data.subjects["protocol_deviations"].sum())
    return (
        f"{hold}Of the administrations of cells, {100 * sites.missed_rate:g} % are missed and"
        f" {100 * sites.halved_rate:g} % halved: {wrong} in this run (source: {sites.source})."
    )


def missing_text(protocol: Protocol) -> str:
    """Return which visits are not seen, and why."""
    if not protocol.missing:
        return ""
    return f"{'; '.join(_missing(one) for one in protocol.missing)}."


def _missing(one: Missing) -> str:
    what = "the visit" if one.lost == "visit" else "the patient from then on"
    when = "" if one.when is None else f", where {one.when.text}"
    chance = f"{100 * one.probability:g} % of visits{when}"
    return f"{one.id} ({chance}, {MECHANISMS[one.mechanism]}; {what}; source: {one.source})"


def leaving_text(protocol: Protocol, data: TrialData) -> str:
    """Return why patients left, by what."""
    if "discontinued_by" not in data.subjects.columns:
        return ""
    found = data.subjects["discontinued_by"].drop_nulls().to_list()
    reasons = [f"{name} {found.count(name)}" for name in sorted(set(found))]
    return f"{', '.join(reasons) or 'nobody'}."


def crossover_text(protocol: Protocol, periods: Sequence[PeriodEffects]) -> str:
    """Return what periods and carry-over did."""
    turns = protocol.crossover
    if turns is None:
        return ""
    found = [_period(one) for one in periods]
    return f"{_sequences(turns)} {' '.join(found)}"


def _sequences(turns: Crossover) -> str:
    order = "; ".join(f"{name}: {', '.join(arms)}" for name, arms in turns.sequences.items())
    return (
        f"Crossover of {turns.periods} periods of {turns.period_week:g} weeks with"
        f" {turns.washout_week:g} weeks between them ({order}). Weeks count from the start of a"
        " period; an arm counts the patients of its periods; differences are within patients."
        " Figures of courses show an arm given once from the start, without changing over."
    )


def _period(one: PeriodEffects) -> str:
    text = f"{one.endpoint}: last period minus first {_words(one.period)}"
    if one.carry_over is not None:
        text += f"; sum of both periods, first sequence minus second {_words(one.carry_over)}"
        text += " (an interval away from 0 may be carry-over: the difference is then biased)"
    return f"{text}."


def _words(interval: Interval) -> str:
    return f"{interval.estimate:.3g} ({interval.low:.3g} to {interval.high:.3g})"


def escalation_text(
    plan: Escalation,
    labels: Sequence[str],
    given: Sequence[int],
    harmed: Sequence[int],
    level: int | None,
) -> str:
    """Return the course of an escalation and the level that it recommends."""
    rows = "; ".join(
        f"{label}: {bad} of {n} patients with a dose-limiting toxicity"
        for label, n, bad in zip(labels, given, harmed, strict=True)
    )
    end = "No level is tolerated." if level is None else f"Recommended: {labels[level]}."
    name = "3+3" if plan.method == "three_plus_three" else "Continual reassessment method"
    return f"{name}. {rows}. {end}"


def layer_rows(shares: Sequence[LayerShare]) -> tuple[LayerRow, ...]:
    """Return the first primary endpoint layer by layer, arm by arm."""
    arms = dict.fromkeys(one.arm for one in shares)
    return tuple(
        LayerRow(
            arm, LAYER_WORDS[one.removed[-1]] if one.removed else "", one.estimate, one.improved
        )
        for arm in arms
        for one in shares
        if one.arm == arm
    )


def layers_text(study: Study, shares: Sequence[LayerShare]) -> str:
    """Return how the table of layers is read, and which part of a difference is by knowledge."""
    same = "The same patients with the same luck, conducted again"
    if any(one.removed == LAYERS for one in shares):
        return (
            f"{same} without one layer after the other. What is left in the last row is the course"
            " of the disease, what patients take anyway, chance, and regression to the mean:"
            " patients enter when they are at their worst. None of that is an effect of cells."
        )
    text = f"{same}: between the rows of an arm lies what knowing or guessing it adds to reports."
    return " ".join([text, *_differences(study, shares)])


def _differences(study: Study, shares: Sequence[LayerShare]) -> list[str]:
    """Return each arm against the reference, with and without what knowing the arm adds."""
    reference = study.protocol.reference
    assert reference is not None
    found = {(one.arm, bool(one.removed)): one.estimate for one in shares}
    texts = []
    for arm in study.protocol.arms:
        if arm is not reference:
            with_it, without = (found[arm.id, k] - found[reference.id, k] for k in (False, True))
            texts.append(
                f"{arm.label} minus {reference.label}: {decimal(with_it, 3, sign=True)} as"
                f" reported, {decimal(without, 3, sign=True)} without;"
                f" {decimal(with_it - without, 3, sign=True)} of it is not by treatment."
            )
    return texts


def layers_of(study: Study) -> str:
    """Return what is taken apart, in words."""
    request = study.protocol.primary[0]
    name = endpoint_name(request.endpoint, study.model.endpoints)
    kind = {"change": "Mean change in", "responder": "Share of patients with"}
    return f"{kind.get(request.measure, 'Mean of')} {name} at week {request.week:g}"
