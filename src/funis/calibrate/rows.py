"""Published numbers that a simulated arm can be held against, each on a scale of its own.

Every row is compared in units of the spread between patients: a mean divided by the standard
deviation of the simulated patients, a share as its logit times sqrt(3)/pi (the standard deviation
of a logistic variable is pi/sqrt(3)), a rate as its logarithm. So one number can say how much
studies differ in all their rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from funis.analysis import Published
from funis.protocol import EndpointRequest

LOGISTIC_SD = math.pi / math.sqrt(3)
"""Standard deviation of the standard logistic distribution."""

MOST_ROWS = 10
"""Rows of one study that count."""


@dataclass(frozen=True, slots=True)
class Row:
    """One published number of one arm, in our names and units.

    Attributes
    ----------
    study, arm : str
    reference : str or None
        Arm that the number is a difference to; None for the number of one arm.
    request : EndpointRequest
        Endpoint, week and measure.
    observed : float
        Published value; shares from 0 to 1.
    low, high : float
        Its interval, not-a-number where it cannot be known.
    n : int or None
        Patients behind it.
    published : str
        Name of the endpoint as published.
    """

    study: str
    arm: str
    reference: str | None
    request: EndpointRequest
    observed: float
    low: float
    high: float
    n: int | None
    published: str = ""

    @property
    def key(self) -> str:
        """Name of the row inside its study."""
        against = "" if self.reference is None else f" - {self.reference}"
        return f"{self.arm}{against}: {self.request.key}"

    @property
    def measure(self) -> str:
        """What kind of number it is: responder, change, value or rate."""
        return self.request.measure


def row_of(item: Published, reference: str | None = None) -> Row:
    """Return a published number as a row."""
    request = EndpointRequest(item.endpoint, item.week, item.measure, "exploratory")
    return Row(
        item.study, item.arm, reference, request, item.estimate, item.low, item.high, item.n,
        item.published_name,
    )  # fmt: skip


def is_baseline(row: Row) -> bool:
    """Return whether a row says who entered, not what became of them."""
    return row.request.week <= 0 and row.measure == "value"


def one_of_each(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return one row for each arm, endpoint and week, that of most patients, and the others."""
    best: dict[str, Row] = {}
    for row in rows:
        other = best.get(row.key)
        if other is None or (row.n or 0) > (other.n or 0):
            best[row.key] = row
    kept = [row for row in rows if best[row.key] is row]
    return kept, [row for row in rows if best[row.key] is not row]


def rows_that_count(
    rows: Sequence[Row], endpoints: Sequence[str], week: float, most: int = MOST_ROWS
) -> tuple[Row, ...]:
    """Return at most ten rows of a study.

    A study that printed sixty numbers of thirty patients knows no more than one that printed six.
    Every arm in turn; of an arm the endpoints in the order given, at the week nearest to the one
    given first, other weeks of them last.

    Parameters
    ----------
    endpoints
        In the order of their weight for a trial of the disease.
    week
        Of the primary endpoint of such a trial.
    """
    order = {name: place for place, name in enumerate(dict.fromkeys(endpoints))}
    ranked = []
    for arm in dict.fromkeys(row.arm for row in rows):
        turns: dict[str, int] = {}
        own = [row for row in rows if row.arm == arm]
        near = sorted(own, key=lambda row: (abs(row.request.week - week), row.request.week))
        keyed = []
        for row in near:
            name = row.request.endpoint
            turns[name] = turns.get(name, 0) + 1
            keyed.append((turns[name], order.get(name, len(order)), row))
        keyed.sort(key=lambda item: item[:2])
        ranked += [(place, item[2]) for place, item in enumerate(keyed)]
    return tuple(row for _, row in sorted(ranked, key=lambda item: item[0])[:most])


def to_unit(row: Row, value: float, spread: float, patients: float) -> float:
    """Return a value of a row in units of the spread between patients.

    Parameters
    ----------
    spread
        Standard deviation of the simulated patients, for means.
    patients
        Patients behind the value; half a patient keeps a share away from 0 and 1.
    """
    if row.measure == "responder":
        limit = 0.5 / max(patients, 1)
        share = min(max(value, limit), 1 - limit)
        return math.log(share / (1 - share)) / LOGISTIC_SD
    if row.measure == "rate":
        return math.log(max(value, 1e-3))
    return value / spread


def from_unit(row: Row, value: float, spread: float) -> float:
    """Return what `to_unit` made a number of."""
    if row.measure == "responder":
        return 1 / (1 + math.exp(-value * LOGISTIC_SD))
    if row.measure == "rate":
        return math.exp(value)
    return value * spread
