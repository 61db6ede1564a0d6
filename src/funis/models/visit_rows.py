"""Conditions that ask for more than one visit of a patient: held for some weeks, or ever met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.bool_]

SAME_WEEK = 1e-6
"""Weeks that differ by less are the same [week]."""


@dataclass(frozen=True, slots=True, eq=False)
class VisitRows:
    """Which rows belong to one patient, and at which week; in any order.

    Attributes
    ----------
    patient : (row,) any whole number that tells the patients apart.
    week : (row,) since randomisation; only those above 0 count [week].
    seen : (row,) whether anything was measured; all when none are given.
    """

    patient: NDArray[np.int64]
    week: NDArray[np.float64]
    seen: Truth | None = None

    def before(self) -> VisitRows:
        """Return the same rows at the week of the patient's row before, -inf for the first."""
        order = self.order
        week = np.full(len(order), -np.inf)
        same = self.patient[order][1:] == self.patient[order][:-1]
        week[order[1:][same]] = self.week[order[:-1][same]]
        return VisitRows(self.patient, week)

    @property
    def order(self) -> NDArray[np.int64]:
        """Rows by patient, then week."""
        return np.lexsort((self.week, self.patient))

    @property
    def counted(self) -> NDArray[np.int64]:
        """Rows by patient, then week, of the visits after baseline that took place."""
        order = self.order
        keep = self.week[order] > SAME_WEEK
        return order[keep if self.seen is None else keep & self.seen[order]]


def remembered(holds: Truth, held_weeks: float, ever: bool, visits: VisitRows | None) -> Truth:
    """Where a condition counts, from where it holds.

    Parameters
    ----------
    holds : (row,)
    held_weeks
        It counts where it holds at every visit back to one that lies at least this much earlier.
    ever
        Whether it stays true from there on.
    visits
        Of the rows; without them nothing counts.

    Returns
    -------
    array of shape (row,)
        False at baseline and before. A visit that was missed neither breaks what holds nor counts
        for it.
    """
    found = np.zeros(len(holds), dtype=np.bool_)
    if visits is None or not len(holds):
        return found
    rows = visits.counted
    patient, week, now = visits.patient[rows], visits.week[rows], holds[rows]
    found[rows] = now & (week - _since(now, patient, week) >= held_weeks - SAME_WEEK)
    return _ever(found, visits) if ever else found


def _since(
    now: Truth, patient: NDArray[np.int64], week: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Week from which on a condition has held, at each visit where it holds."""
    begins = np.ones(len(now), dtype=np.bool_)
    begins[1:] = (patient[1:] != patient[:-1]) | ~now[:-1]
    place = np.maximum.accumulate(np.where(begins, np.arange(len(now)), 0))
    return week[place]


def _ever(found: Truth, visits: VisitRows) -> Truth:
    """Whether a condition counted at this or an earlier row of the patient."""
    order = visits.order
    patient = visits.patient[order]
    total = np.cumsum(found[order])
    first = np.searchsorted(patient, patient, side="left")
    before = np.where(first > 0, total[first - 1], 0)
    result = np.zeros(len(found), dtype=np.bool_)
    result[order] = total > before
    return result
