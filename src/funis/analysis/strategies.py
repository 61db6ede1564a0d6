"""The strategies for intercurrent events on arrays: what `samples` does to tables, for replicates.

All arrays have any leading shape; the last axis of a table is the visit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis.rates import WEEKS_PER_YEAR
from funis.analysis.samples import EVENT_WEEKS
from funis.models.endpoints import Endpoints
from funis.protocol import EndpointRequest, Estimand

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Handling:
    """How one request deals with events and missing visits.

    Attributes
    ----------
    request : what is asked for.
    strategies : intercurrent event -> strategy.
    ever : whether the response stays once it was met.
    worst : what a composite strategy counts: 0 for a response, 1 where being met is bad.
    """

    request: EndpointRequest
    strategies: Mapping[str, str]
    ever: bool = False
    worst: float = 0.0


def handling(request: EndpointRequest, estimand: Estimand, endpoints: Endpoints) -> Handling:
    """Return how the estimand of a protocol deals with events in one request."""
    responder = request.measure == "responder"
    declared = estimand.intercurrent_events if responder else estimand.continuous_events
    default = "composite" if responder else "hypothetical"
    strategies = {event: str(declared.get(event) or default) for event in EVENT_WEEKS}
    ever = any(item.ever for item in endpoints.responders if item.id == request.endpoint)
    bad = responder and endpoints.better(request.endpoint) == "lower"
    return Handling(request, strategies, ever, 1.0 if bad else 0.0)


def endpoint_values(
    table: Array, weeks: Sequence[float], events: Mapping[str, Array], how: Handling
) -> Array:
    """Return the value of each patient: 0 or 1 of a response, not-a-number where left out.

    Parameters
    ----------
    table
        (..., visit) of the endpoint, not-a-number where nobody looked.
    events
        Intercurrent event -> (...) week, infinite for never.
    """
    request, seen = how.request, np.asarray(weeks, dtype=np.float64)
    until = np.full(table.shape[:-1], request.week)
    found = last_seen(table, seen, until) if how.ever else table[..., _place(seen, request.week)]
    base = table[..., 0] if request.measure == "change" else 0.0
    values = np.asarray(found - base)
    before = {event: week < request.week for event, week in events.items()}
    for event, early in before.items():
        if how.strategies[event] == "while_on_treatment" and early.any():
            values = np.where(early, last_seen(table, seen, events[event]) - base, values)
    if request.measure == "responder":
        values = np.where(np.isnan(values), 0.0 if how.ever else how.worst, values)
    for event, early in before.items():
        if how.strategies[event] == "composite":
            values = np.where(early, how.worst, values)
    for event, early in before.items():
        if how.strategies[event] == "hypothetical":
            values = np.where(early, np.nan, values)
    return values


def event_counts(
    table: Array, weeks: Sequence[float], events: Mapping[str, Array], how: Handling
) -> tuple[Array, Array]:
    """Return events since randomisation and years at risk of each patient, (...) each."""
    end = np.full(table.shape[:-1], how.request.week)
    for event, strategy in how.strategies.items():
        if strategy != "treatment_policy":
            end = np.minimum(end, events[event])
    seen = np.asarray(weeks, dtype=np.float64)
    place = _last_place(table, seen, end)
    nobody = place < 0
    count = np.take_along_axis(table, np.maximum(place, 0)[..., None], axis=-1)[..., 0]
    years = np.where(nobody, np.nan, seen[np.maximum(place, 0)] / WEEKS_PER_YEAR)
    return np.where(nobody, np.nan, count - table[..., 0]), years


def last_seen(table: Array, weeks: Array, end: Array) -> Array:
    """Return the last value up to a week of each patient's own, the baseline visit left out."""
    place = _last_place(table, weeks, end)
    found = np.take_along_axis(table, np.maximum(place, 0)[..., None], axis=-1)[..., 0]
    return np.where(place < 0, np.nan, found)


def _last_place(table: Array, weeks: Array, end: Array) -> NDArray[np.int64]:
    """Return the last visit after baseline that was seen up to a week, -1 for none."""
    there = ~np.isnan(table) & (weeks > 0) & (weeks <= end[..., None])
    last = table.shape[-1] - 1 - np.argmax(there[..., ::-1], axis=-1)
    return np.where(there.any(axis=-1), last, -1)


def _place(weeks: Array, week: float) -> int:
    return int(np.flatnonzero(weeks == week)[0])
