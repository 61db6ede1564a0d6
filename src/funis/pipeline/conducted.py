"""Trials of every design: how an escalation goes on, how tables are analysed, what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from funis.analysis import PeriodEffects, Results, by_period, estimate, estimate_crossover
from funis.analysis.escalation import Crm, ThreePlusThree, calibrated_skeleton, mtd
from funis.analysis.escalation import next_level as level_after
from funis.pipeline.layers import LayerShare
from funis.pipeline.reporting.design_text import (
    allocation_text,
    crossover_text,
    enrolment_text,
    escalation_text,
    layer_rows,
    layers_of,
    layers_text,
    leaving_text,
    masking_text,
    missing_text,
    sites_text,
)
from funis.protocol import EndpointRequest, Escalation
from funis.report.content import DesignRow, TrialReport
from funis.trial import Study, TrialData

HALFWIDTH = 0.05
"""Half width of the indifference interval by which the skeleton is calibrated (Lee and Cheung)."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """The results of a trial, and the tables that they are of.

    Attributes
    ----------
    tables
        Those of the trial; of a crossover, cut into periods with the treatments as arms.
    """

    results: Results
    tables: TrialData
    periods: tuple[PeriodEffects, ...] = ()


def analysed(study: Study, data: TrialData, requests: Sequence[EndpointRequest] | None) -> Analysed:
    """Analyse the tables of a trial as its design asks for."""
    protocol, points = study.protocol, study.model.endpoints
    if protocol.crossover is None:
        return Analysed(estimate(protocol, data, points, requests=requests), data)
    results, periods = estimate_crossover(protocol, data, points, requests=requests)
    tables = by_period(data, protocol.crossover)
    return Analysed(
        results,
        TrialData(tables.subjects, tables.doses, tables.observations, tables.adverse_events),
        periods,
    )


def next_level(plan: Escalation, tried: Sequence[int], toxic: Sequence[bool]) -> int | None:
    """Return the level of the next cohort of an escalation; None ends it."""
    return level_after(rules_of(plan), list(tried), [int(one) for one in toxic])


def recommended(plan: Escalation, tried: Sequence[int], toxic: Sequence[bool]) -> int | None:
    """Return the highest level that is tolerated by the data; None where none is."""
    return mtd(rules_of(plan), list(tried), [int(one) for one in toxic])


@cache
def rules_of(plan: Escalation) -> ThreePlusThree | Crm:
    """Return the rules of an escalation; the skeleton of a CRM is calibrated to its target."""
    levels = len(plan.levels)
    if plan.method == "three_plus_three":
        return ThreePlusThree(levels)
    skeleton = calibrated_skeleton(plan.target, HALFWIDTH, (levels - 1) // 2, levels)
    return Crm(skeleton, plan.target, plan.most, plan.cohort)


def told_of_design(
    report: TrialReport,
    study: Study,
    data: TrialData,
    found: Analysed,
    shares: Sequence[LayerShare],
) -> TrialReport:
    """Return a report with what it says of the design; the same where none is declared."""
    rows = tuple(DesignRow(*row) for row in _design_rows(study, data, found) if row[1])
    if not shares:
        return replace(report, design=rows)
    return replace(
        report,
        design=rows,
        layers=layer_rows(shares),
        layers_of=layers_of(study),
        layers_text=layers_text(study, shares),
    )


def _design_rows(study: Study, data: TrialData, found: Analysed) -> list[tuple[str, str]]:
    protocol, design = study.protocol, study.design
    rows = [("Left the trial", leaving_text(protocol, data)), ("Not seen", missing_text(protocol))]
    if design is None:
        return rows
    return [
        ("Masking", masking_text(design)),
        ("Randomisation", allocation_text(study)),
        ("Enrolment", enrolment_text(study, data)),
        ("Sites", sites_text(design, data)),
        *rows,
        ("Crossover", crossover_text(protocol, found.periods)),
        (
            "Dose escalation",
            "" if design.escalation is None else _escalation(study, design.escalation, data),
        ),
    ]


def _escalation(study: Study, plan: Escalation, data: TrialData) -> str:
    rows = data.subjects.sort("subject")
    tried = [plan.levels.index(arm) for arm in rows["arm"].to_list()]
    toxic = rows["dose_limiting"].to_list()
    level = recommended(plan, tried, toxic)
    given = np.bincount(tried, minlength=len(plan.levels)).tolist()
    harmed = np.bincount(np.array(tried)[toxic], minlength=len(plan.levels)).tolist()
    labels = [study.protocol.arm(name).label for name in plan.levels]
    return escalation_text(plan, labels, given, harmed, level)
