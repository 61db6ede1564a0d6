"""A registered trial that nobody has reported, taken for one whose cells did nothing.

Every arm reports what the model expects of it when cells do nothing: the arm with cells what it
would show without them, a comparator what it does. Nothing is added for an open design.
"""

from __future__ import annotations

from dataclasses import replace

from funis.calibrate.likelihood import StudyRows, size_of
from funis.calibrate.rows import Row, from_unit
from funis.evidence import Outcome
from funis.evidence import Study as PublishedStudy
from funis.models.endpoints import Endpoints


def without_effect(rows: StudyRows) -> StudyRows:
    """Return the rows of a trial with the numbers that it reports if cells do nothing."""
    surface = rows.surface
    means = surface.without.mean(axis=0)
    told = tuple(
        replace(row, observed=from_unit(row, float(mean), float(spread)))
        for row, mean, spread in zip(surface.rows, means, surface.spread, strict=True)
    )
    return replace(rows, surface=replace(surface, rows=told))


def as_published(rows: StudyRows, endpoints: Endpoints) -> PublishedStudy:
    """Return the record of such a trial with its numbers, as if it had been published."""
    spreads = dict(zip(rows.surface.rows, rows.surface.spread, strict=True))
    outcomes = tuple(_outcome(row, float(spreads[row]), endpoints) for row in rows.rows)
    return replace(rows.study, outcomes=outcomes)


def _outcome(row: Row, spread: float, endpoints: Endpoints) -> Outcome:
    name, n = row.request.endpoint, size_of(row)
    kind = "change" if row.measure == "change" else None
    if row.measure == "responder":
        events = round(row.observed * n)
        return Outcome(row.arm, name, week=row.request.week, n=n, events=events)
    meaning = endpoints.meaning(name, kind)
    factor = 1.0 if meaning is None else meaning.factor
    return Outcome(
        row.arm, name, kind=kind, week=row.request.week, n=n, mean=row.observed / factor,
        sd=spread / abs(factor),
    )  # fmt: skip
