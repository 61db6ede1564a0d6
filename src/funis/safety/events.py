"""Adverse events of virtual patients: a pure function of the seed and of what each was given.

Whether an event follows an administration is decided by the patient's own luck, which is the same
in every arm: what a mock infusion causes, the infusion of cells causes as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.population import exponential, uniform
from funis.safety.rates import Rates
from funis.safety.values import Safety, Term
from funis.units import MINUTES_PER_DAY

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Columns = dict[str, NDArray[np.generic]]

HOURS_PER_DAY = 24.0
DAYS_PER_YEAR = 365.25
AT_ONCE = 4
"""Events of one patient and term that are drawn at a time."""

NOTHING, PROCEDURE, CELLS = 0, 1, 2
SOURCES = ("background", "procedure", "cells")
CORDLIKE = ("umbilical_cord", "adipose", "placenta")
"""Tissues whose cells bear more tissue factor than those of marrow (oeller2018, hoang2024)."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Administrations of cells, and the mock ones of masked controls: one a row.

    Attributes
    ----------
    patient, attempt : (n,) keys of the patient.
    minute : (n,) since randomisation.
    route : (n,)
    cells : (n,) number of cells; 0 of a mock administration.
    number : (n,) which administration of the patient it is, from 1.
    tissue : (n,) tissue of the cells.
    allogeneic : (n,)
    """

    patient: Integers
    attempt: Integers
    minute: Integers
    route: NDArray[np.str_]
    cells: Array
    number: Integers
    tissue: NDArray[np.str_]
    allogeneic: Flags

    def rows(self, which: Flags | Integers) -> Given:
        """Return some administrations."""
        return Given(
            self.patient[which], self.attempt[which], self.minute[which], self.route[which],
            self.cells[which], self.number[which], self.tissue[which], self.allogeneic[which],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """Patients, each with the day until which events are recorded, and whether cells were given."""

    patient: Integers
    attempt: Integers
    until_day: Array
    cells: Flags


def follows(safety: Safety, rates: Rates, seed: int, given: Given, term: str) -> NDArray[np.int8]:
    """Return whether an event follows each administration, and what it is due to, (n,).

    0 nothing, 1 the procedure alone, 2 the cells. It depends on (seed, patient, attempt, minute,
    route, number of cells, term) and the place of the administration among the patient's.
    """
    found = np.zeros(len(given.patient), dtype=np.int8)
    for route in np.unique(given.route).tolist():
        known = rates.after.get((term, route))
        if known is None:
            continue
        mine = np.flatnonzero(given.route == route)
        own = given.rows(mine)
        key = f"{term} {route}"
        luck = uniform(seed, "adverse event", own.patient, own.minute, key, own.attempt)
        more = (known.cells - known.control) * _factor(safety, term, own)
        with_cells = known.control + np.where(own.cells > 0, more, 0.0)
        here = luck < -np.expm1(-with_cells)
        alone = luck < -np.expm1(-known.control)
        found[mine] = np.where(here, np.where(alone, PROCEDURE, CELLS), NOTHING)
    return found & _asked(safety.terms[term], given)


def draw_events(safety: Safety, rates: Rates, seed: int, given: Given, exposed: Exposed) -> Columns:
    """Draw the adverse events of some patients, sorted by patient and day.

    Parameters
    ----------
    safety
        What can happen.
    rates
        True rates of the trial.
    seed
        Seed of the trial.
    given
        What was administered to the patients.
    exposed
        The patients.

    Returns
    -------
    mapping
        subject, day, end_day, term, grade, serious, related, expected, dose (0 where it follows
        none), route (empty there) and source_kind, (event,) each.
    """
    parts = [
        *(_after(safety, rates, seed, given, term) for term in safety.terms.values() if term.after),
        *(_over_time(rates, seed, exposed, term) for term in safety.terms_over_time),
    ]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _recorded(whole, exposed, np.array(list(safety.terms)))


def dose_limiting(safety: Safety, events: Mapping[str, NDArray[np.generic]]) -> Flags:
    """Return which events are dose-limiting toxicities, (event,); ``since_dose`` is in days."""
    rule = safety.dose_limiting
    since = np.asarray(events["since_dose"], dtype=np.float64)
    graded = np.asarray(events["grade"], dtype=np.int64) >= rule.grade
    return np.asarray(graded & np.asarray(events["related"], dtype=bool) & (since <= rule.days))


def _asked(term: Term, given: Given) -> NDArray[np.int8]:
    """Return bits that let an event through, (n,): once a patient, and cells of others alone."""
    asked = np.ones(len(given.patient), dtype=np.bool_)
    if term.once:
        asked &= given.number == 1
    if term.allogeneic_only:
        asked &= given.allogeneic
    return np.where(asked, np.int8(3), np.int8(0))


def _factor(safety: Safety, term: str, given: Given) -> Array:
    """Return what modifiers that are on do to the share due to cells, (n,)."""
    factor = np.ones(len(given.patient))
    for one in safety.modifiers.values():
        if one.off or term not in one.terms:
            continue
        factor *= one.factor ** _units(one.id, one.reference, given)
    return factor


def _units(modifier: str, reference: float | None, given: Given) -> Array:
    """Return how many times a modifier acts on each administration, (n,)."""
    if modifier == "dose":
        return np.asarray(np.log10(np.maximum(given.cells, 1.0) / (reference or 1.0)))
    if modifier == "sensitisation":
        return np.asarray(given.number - 1, dtype=np.float64)
    if modifier == "tissue_factor":
        return np.isin(given.tissue, CORDLIKE).astype(np.float64)
    raise ValueError(f"the modifier '{modifier}' has no input in a protocol; its factor stays 1")


def _after(safety: Safety, rates: Rates, seed: int, given: Given, term: Term) -> Columns:
    cause = follows(safety, rates, seed, given, term.id)
    rows = np.flatnonzero(cause)
    own, key = given.rows(rows), np.char.add(f"{term.id} ", given.route[rows])
    onset = _between(seed, "adverse event onset", own, key, term.onset)
    start = own.minute / MINUTES_PER_DAY + onset / HOURS_PER_DAY
    luck = (own.patient, own.minute, key, own.attempt)
    return {
        **_events(seed, term, start, luck),
        "dose": own.number,
        "route": own.route.astype(str),
        "source_kind": np.asarray(SOURCES)[cause[rows]],
    }


def _over_time(rates: Rates, seed: int, exposed: Exposed, term: Term) -> Columns:
    """Draw what comes with time: arrivals of a Poisson process of the patient's own."""
    known = rates.over_time[term.id]
    rate = np.where(exposed.cells, known.cells, known.control) / DAYS_PER_YEAR
    parts = list(_arrivals(seed, term, exposed, rate))
    rows = np.concatenate([part[0] for part in parts])
    which = np.concatenate([part[1] for part in parts])
    start = np.concatenate([part[2] for part in parts])
    luck = (exposed.patient[rows], which, term.id, exposed.attempt[rows])
    return {
        **_events(seed, term, start, luck),
        "dose": np.zeros(len(rows), dtype=np.int64),
        "route": np.full(len(rows), ""),
        "source_kind": np.full(len(rows), SOURCES[0]),
    }


def _arrivals(
    seed: int, term: Term, exposed: Exposed, rate: Array
) -> Iterator[tuple[Integers, Integers, Array]]:
    """Yield rows of patients, numbers and days of their events."""
    rows, day, first = np.arange(len(rate)), np.zeros(len(rate)), 0
    while len(rows):
        which = np.arange(first, first + (1 if term.once else AT_ONCE))
        who = exposed.patient[rows, None], which, term.id, exposed.attempt[rows, None]
        gaps = exponential(seed, "adverse event over time", *who) / rate[rows, None]
        days = day[rows, None] + np.cumsum(gaps, axis=1)
        row, place = np.nonzero(days < exposed.until_day[rows, None])
        yield rows[row], which[place], days[row, place]
        day[rows] = days[:, -1]
        rows = rows[days[:, -1] < exposed.until_day[rows]]
        rows = rows[:0] if term.once else rows
        first += AT_ONCE


def _events(seed: int, term: Term, start: Array, luck: tuple[object, ...]) -> Columns:
    """Return patient, times, grade and flags of events of one term."""
    grade = _grade(term, uniform(seed, "adverse event grade", *luck))  # type: ignore[arg-type]
    chosen = uniform(seed, "adverse event serious", *luck) < term.serious_share  # type: ignore[arg-type]
    length = uniform(seed, "adverse event length", *luck)  # type: ignore[arg-type]
    hours = 0.0 if term.lasts is None else _stretch(term.lasts.low, term.lasts.high, length)
    count = len(start)
    return {
        "subject": np.asarray(luck[0], dtype=np.int64),
        "day": start,
        "end_day": start + hours / HOURS_PER_DAY,
        "term": np.full(count, term.id),
        "grade": grade,
        "serious": (grade == 5) | ((grade >= 3) & chosen),
        "related": np.full(count, bool(term.after)),
        "expected": np.full(count, term.expected),
    }


def _grade(term: Term, luck: Array) -> Integers:
    ends = np.cumsum(term.grades)[:-1]
    return np.asarray(np.searchsorted(ends, luck, side="right") + 1, dtype=np.int64)


def _between(seed: int, purpose: str, given: Given, key: NDArray[np.str_], spell: object) -> Array:
    luck = uniform(seed, purpose, given.patient, given.minute, key, given.attempt)
    low, high = getattr(spell, "low", 0.0), getattr(spell, "high", 0.0)
    return _stretch(low, high, luck)


def _stretch(low: float, high: float, luck: Array) -> Array:
    return np.asarray(low + (high - low) * luck)


def _recorded(whole: Columns, exposed: Exposed, order: NDArray[np.str_]) -> Columns:
    """Leave out what came after a patient left or died, and sort."""
    by_patient = np.argsort(exposed.patient, kind="stable")
    row = by_patient[np.searchsorted(exposed.patient[by_patient], whole["subject"])]
    day = np.asarray(whole["day"], dtype=np.float64)
    until = exposed.until_day.copy()
    fatal = np.asarray(whole["grade"]) == 5
    np.minimum.at(until, row[fatal], day[fatal])
    kept = (day < until[row]) | (fatal & (day <= until[row]))
    place = np.argsort(order)[np.searchsorted(np.sort(order), whole["term"])]
    ordered = np.lexsort((place, day, whole["subject"]))
    ordered = ordered[kept[ordered]]
    return {name: values[ordered] for name, values in whole.items()}
