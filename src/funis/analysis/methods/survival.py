"""Times to a first event: Kaplan-Meier, log-rank, proportional hazards.

The only covariate is the arm, so that everything follows from the numbers at risk and of events
at each time. `lifelines` is not used: what it would serve is here in a form over replicates, and
statsmodels is the independent judge in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funis.analysis.intervals import Interval
from funis.analysis.methods.values import (
    Contrasts,
    Flags,
    Floats,
    ReplicateSample,
    by_normal_ratio,
    normal_quantile,
    strata_of,
    two_sided,
)


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """At each time: events and patients at risk, in the arm and in both, (replicate, time)."""

    events_arm: Floats
    events: Floats
    risk_arm: Floats
    risk: Floats


def event_table(
    arm: ReplicateSample, reference: ReplicateSample, inside: tuple[Flags, Flags]
) -> EventTable:
    """Count events and patients at risk at each time of a stratum."""
    times, events, own = [], [], []
    for number, one in enumerate((arm, reference)):
        if one.time is None or one.event is None:
            raise ValueError("a time to an event needs times")
        known = ~np.isnan(one.time) & inside[number]
        times.append(np.where(known, one.time, -np.inf))
        events.append(np.where(known, one.event, 0.0))
        own.append(np.where(known, 1.0 - number, 0.0))
    time, event, owner = (np.concatenate(parts, axis=1) for parts in (times, events, own))
    order = np.argsort(time, axis=1, kind="stable")
    time, event, owner = (np.take_along_axis(x, order, axis=1) for x in (time, event, owner))
    return _grouped(time, event, owner)


def _grouped(time: Floats, event: Floats, owner: Floats) -> EventTable:
    starts = np.ones(time.shape, dtype=bool)
    starts[:, 1:] = time[:, 1:] != time[:, :-1]
    group = np.cumsum(starts, axis=1) - 1
    rows = np.broadcast_to(np.arange(len(time))[:, None], time.shape)
    late = np.isfinite(time)
    left = np.cumsum(late[:, ::-1], axis=1)[:, ::-1]
    left_arm = np.cumsum((owner * late)[:, ::-1], axis=1)[:, ::-1]
    found = [np.zeros(time.shape) for _ in range(4)]
    np.add.at(found[0], (rows, group), event * owner)
    np.add.at(found[1], (rows, group), event)
    np.add.at(found[2], (rows, group), np.where(starts & late, left_arm, 0.0))
    np.add.at(found[3], (rows, group), np.where(starts & late, left, 0.0))
    return EventTable(*found)


def log_rank(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Log-rank test, of strata where there are some, beside the hazard ratio of ``cox``.

    References
    ----------
    Mantel 1966, Cancer Chemother Rep 50:163; Peto and Peto 1972, J R Stat Soc A 135:185.
    """
    over = variance = np.zeros(len(arm))
    for inside in strata_of(arm, reference):
        table = event_table(arm, reference, inside)
        risk = np.maximum(table.risk, 1)
        share = table.risk_arm / risk
        over = over + (table.events_arm - table.events * share).sum(axis=1)
        left = (table.risk - table.events) / np.maximum(risk - 1, 1)
        variance = variance + (table.events * share * (1 - share) * left).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(variance > 0, over / np.sqrt(variance), 0.0)
    found = cox(arm, reference, confidence)
    return Contrasts(found.estimate, found.low, found.high, z, two_sided(z), found.error)


def cox(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Hazard ratio by proportional hazards, ties by Efron's rule, Wald's interval and test.

    Strata have hazards of their own. Where only one arm has events the ratio is 0 or infinite,
    its interval is open, and there is no evidence from Wald's test.

    References
    ----------
    Cox 1972, J R Stat Soc B 34:187; Efron 1977, J Am Stat Assoc 72:557.
    """
    tables = [event_table(arm, reference, inside) for inside in strata_of(arm, reference)]
    beta = np.zeros(len(arm))
    for _ in range(30):
        score, information = _score(tables, beta)
        with np.errstate(invalid="ignore", divide="ignore"):
            step = np.where(information > 1e-12, score / information, 0.0)
        beta = np.clip(beta + np.clip(step, -1.5, 1.5), -12, 12)
        if np.max(np.abs(step), initial=0.0) < 1e-10:
            break
    _, information = _score(tables, beta)
    with np.errstate(divide="ignore"):
        error = np.where(information > 0, 1 / np.sqrt(information), np.nan)
    return _open(tables, by_normal_ratio(beta, error, confidence))


def _open(tables: list[EventTable], found: Contrasts) -> Contrasts:
    """Open the intervals where one arm has no events."""
    own = sum(table.events_arm.sum(axis=1) for table in tables)
    others = sum(table.events.sum(axis=1) for table in tables) - own
    nobody = np.asarray((own == 0) & (others == 0))
    lone = np.asarray((own == 0) ^ (others == 0))
    estimate = np.where(lone, np.where(own == 0, 0.0, np.inf), found.estimate)
    estimate = np.where(nobody, np.nan, estimate)
    low, high = np.where(lone, 0.0, found.low), np.where(lone, np.inf, found.high)
    low, high = np.where(nobody, np.nan, low), np.where(nobody, np.nan, high)
    z, p = (np.where(lone | nobody, x, y) for x, y in ((0.0, found.z), (1.0, found.p)))
    return Contrasts(estimate, low, high, z, p, found.error)


def _score(tables: list[EventTable], beta: Floats) -> tuple[Floats, Floats]:
    """Derivative of the partial likelihood, and its information."""
    score = information = np.zeros(len(beta))
    factor = np.exp(beta)[:, None]
    for table in tables:
        score = score + table.events_arm.sum(axis=1)
        for number in range(int(table.events.max(initial=0))):
            share = number / np.maximum(table.events, 1)
            own = (table.risk_arm - share * table.events_arm) * factor
            rest = table.risk - table.risk_arm - share * (table.events - table.events_arm)
            with np.errstate(invalid="ignore", divide="ignore"):
                part = np.where(table.events > number, own / (own + rest), 0.0)
            score = score - part.sum(axis=1)
            information = information + (part * (1 - part)).sum(axis=1)
    return score, information


def kaplan_meier(time: Floats, event: Floats, until: float, confidence: float) -> Interval:
    """Share of patients with an event up to a time, with its interval.

    Greenwood's variance, the interval on the log-log scale.

    Parameters
    ----------
    time, event : array of shape (patients,)
        Time of the event or of censoring, and 1 where it was an event.

    References
    ----------
    Kaplan and Meier 1958, J Am Stat Assoc 53:457; Kalbfleisch and Prentice 1980, section 1.3.
    """
    known = ~np.isnan(time)
    time, event = time[known], event[known]
    if not time.size:
        return Interval(np.nan, np.nan, np.nan)
    moments = np.unique(time[(event == 1) & (time <= until)])
    risk = np.array([(time >= moment).sum() for moment in moments], dtype=float)
    dead = np.array([((time == moment) & (event == 1)).sum() for moment in moments], dtype=float)
    alive = float(np.prod(1 - dead / risk))
    if alive == 0 or not moments.size:
        return Interval(1 - alive, np.nan, np.nan)
    spread = float(np.sqrt(np.sum(dead / (risk * (risk - dead)))) / abs(np.log(alive)))
    factor = np.exp(normal_quantile(confidence) * spread)
    return Interval(1 - alive, 1 - alive ** (1 / factor), 1 - alive**factor)
