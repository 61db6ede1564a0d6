"""The placebo population beside what was published of placebo arms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funis.analysis import Results, mean_interval, score_table, summarise
from funis.checks import InputError, Issue
from funis.evidence import Evidence, NaturalRow, extra_value
from funis.models.endpoints import Endpoints, EvidenceName
from funis.protocol import EndpointRequest
from funis.report.content import Interval, TargetRow
from funis.trial import TrialData

SAME_WEEK = 0.5
"""A visit at most this far away is the week of a target [week]."""


@dataclass(frozen=True, slots=True)
class Target:
    """A published statistic of placebo arms, in our units and at a visit of a trial.

    Attributes
    ----------
    row
        As published.
    request
        The endpoint to estimate.
    estimate, low, high
        Published value and the interval of its mean; not-a-number where not printed.
    spread_low, spread_high
        Range between trials, which a prediction is held against; not-a-number where not printed.
    geometric
        Whether the published change is one of geometric means.
    factor
        Ours = factor times published.
    """

    row: NaturalRow
    request: EndpointRequest
    estimate: float
    low: float
    high: float
    spread_low: float
    spread_high: float
    geometric: bool
    factor: float

    @property
    def limits(self) -> tuple[float, float]:
        """What a simulated value is judged by: the range between trials, else the interval."""
        if not math.isnan(self.spread_low):
            return self.spread_low, self.spread_high
        return self.low, self.high


def targets(evidence: Evidence, endpoints: Endpoints, weeks: Sequence[float]) -> tuple[Target, ...]:
    """Return the placebo statistics that a trial with these visits can be held against."""
    found = []
    for row in evidence.targets:
        name = endpoints.evidence_name(row.endpoint or "")
        week = min(weeks, key=lambda other: abs(other - (row.week or 0.0)))
        if name is None or name.endpoint is None or row.week is None:
            continue
        if abs(week - row.week) <= SAME_WEEK:
            found.append(_target(row, name, week))
    return tuple(found)


def all_targets(evidence: Evidence, endpoints: Endpoints) -> tuple[Target, ...]:
    """Return every placebo statistic that is marked as a target, at its own week.

    Raises
    ------
    InputError
        A target that the disease does not have, without a week, or without anything to judge by.
    """
    weeks = [row.week for row in evidence.targets if row.week is not None]
    found = {t.row.id: t for t in targets(evidence, endpoints, weeks)} if weeks else {}
    for row in evidence.targets:
        target = found.get(row.id)
        if target is None:
            raise InputError(_fault(row, "is marked as a target but names no endpoint at a week"))
        if math.isnan(target.limits[0]):
            raise InputError(_fault(row, "is marked as a target without an interval or a spread"))
    return tuple(found.values())


def _fault(row: NaturalRow, words: str) -> Issue:
    expected = "an endpoint of evidence_names, a week, and ci95 or a range between trials"
    return Issue(None, None, row.id, f"the row '{row.id}' {words}", expected)


def simulated(
    target: Target, results: Results, data: TrialData, endpoints: Endpoints, arm: str
) -> Interval:
    """Return the same statistic of one arm of a trial, with its 95 % interval."""
    if target.geometric:
        return _geometric_change(target, data, endpoints, arm)
    found = results.estimate(arm, target.request.key)
    known = [_known(value) for value in (found.estimate, found.low, found.high)]
    return Interval(*known)


def library_trial(name: str | None, disease: str) -> str | None:
    """Return the trial of the library whose patients a row is judged in; none for the demo's.

    The key ``trial`` names it, and begins with the disease; any other name is a published trial.
    """
    return name if name is not None and name.startswith(f"{disease}_") else None


def judged_here(trials: Sequence[str | None], trial: str) -> list[bool]:
    """Return which rows of the evidence a trial can be held against, given the trial each names.

    Rows that name it; and those that name none, unless the trial has a population of its own, that
    is, some row names it.
    """
    own = trial in trials
    return [name == trial or (name is None and not own) for name in trials]


def met(target: Target, found: Interval) -> bool:
    """Return whether the simulated value itself lies where the target asks for it."""
    low, high = target.limits
    return found.estimate is not None and low <= found.estimate <= high


def inside(target: Target, interval: Interval) -> bool:
    """Return whether the simulated interval meets what the target is judged by."""
    low, high = target.limits
    if interval.low is None or interval.high is None:
        return False
    return interval.low <= high and interval.high >= low


def target_rows(
    found: Sequence[Target], results: Results, data: TrialData, endpoints: Endpoints, arm: str
) -> tuple[TargetRow, ...]:
    """Return the targets as rows of a report, without those that too few patients can judge."""
    pairs = [(target, simulated(target, results, data, endpoints, arm)) for target in found]
    return tuple(
        _row(target, interval, endpoints) for target, interval in pairs if interval.low is not None
    )


def target_name(target: Target, endpoints: Endpoints) -> str:
    """Return a target in words."""
    request = target.request
    name = request.endpoint
    if name in endpoints.numbers:
        name = f"{endpoints.number(name).name.split(' (')[0]}, {request.measure}"
    return f"{name} at week {request.week:g}"


def _target(row: NaturalRow, name: EvidenceName, week: float) -> Target:
    estimate, low, high = _published(row, name)
    spread_low, spread_high = _spread(row, name)
    return Target(
        row, EndpointRequest(name.endpoint or "", week, name.measure, "exploratory"),
        estimate, low, high, spread_low, spread_high,
        "geometric" in str(extra_value(row.extra, "statistic", "")), name.factor,
    )  # fmt: skip


def _spread(row: NaturalRow, name: EvidenceName) -> tuple[float, float]:
    """Return the range between trials: printed, else the one that the evidence file assumes."""
    if row.range_across_trials_pct is not None:
        low, high = (x / 100 for x in row.range_across_trials_pct)
        return low, high
    assumed = extra_value(row.extra, "spread_assumed")
    if not isinstance(assumed, tuple):
        return math.nan, math.nan
    factor = 0.01 if name.measure == "responder" else name.factor
    low, high = sorted(factor * float(x) for x in assumed)
    return low, high


def _published(row: NaturalRow, name: EvidenceName) -> tuple[float, float, float]:
    factor = name.factor if name.measure != "responder" else 0.01
    value = row.pct if name.measure == "responder" else row.mean
    if value is None:
        pooled = dict(extra_value(row.extra, "pooled_simple", ()) or ())  # type: ignore[call-overload]
        value = pooled.get("pct")
    low, high = sorted(factor * x for x in row.ci95) if row.ci95 else (math.nan, math.nan)
    return math.nan if value is None else factor * float(value), low, high


def _geometric_change(target: Target, data: TrialData, endpoints: Endpoints, arm: str) -> Interval:
    """Return the change of the geometric mean, with an interval by the delta method."""
    import polars as pl

    name, week = target.request.endpoint, target.request.week
    own = data.observations.filter((pl.col("arm") == arm) & (pl.col("component") == name))
    table = score_table(own, endpoints).filter(pl.col(name) > 0)
    start = table.filter(pl.col("week") == 0).select("subject", before=pl.col(name).log())
    end = table.filter(pl.col("week") == week).select("subject", after=pl.col(name).log())
    pairs = start.join(end, on="subject")
    before, after = pairs["before"].to_numpy(), pairs["after"].to_numpy()
    if len(before) < 2:
        return Interval(None, None, None)
    first, last = float(np.exp(before.mean())), float(np.exp(after.mean()))
    linear = mean_interval(summarise(last * after - first * before))
    half = (linear.high - linear.low) / 2
    return Interval(last - first, last - first - half, last - first + half)


def _row(target: Target, found: Interval, endpoints: Endpoints) -> TargetRow:
    row = target.row
    patients = "" if row.n is None else f", n = {row.n:,}"
    trials = "" if row.trials is None else f"{row.trials} trials"
    between = ""
    if not math.isnan(target.spread_low):
        low, high = (_share(target, x) for x in (target.spread_low, target.spread_high))
        between = f"between trials {low} to {high}"
    basis = ", ".join(part for part in (f"{trials}{patients}".strip(", "), between) if part)
    kind = "change of the geometric mean" if target.geometric else ""
    responder = target.request.measure == "responder"
    unit = "" if responder else endpoints.number(target.request.endpoint).unit
    return TargetRow(
        name=target_name(target, endpoints),
        simulated=found,
        published=Interval(_known(target.estimate), _known(target.low), _known(target.high)),
        inside=inside(target, found),
        unit=f"{unit} per patient-year" if target.request.measure == "rate" else unit,
        percent=responder,
        basis=basis,
        source=row.source or "",
        note="; ".join(part for part in (kind, row.population or "") if part),
    )


def _share(target: Target, value: float) -> str:
    return f"{100 * value:g}%" if target.request.measure == "responder" else f"{value:g}"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
