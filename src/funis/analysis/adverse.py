"""Adverse events of a trial by arm: patients, risks, rates in time, and against the reference.

Computed from the tables of subjects, doses and adverse events alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol as Structure

import numpy as np
from numpy.typing import NDArray

from funis.analysis.intervals import Interval, newcombe, wilson
from funis.analysis.rates import (
    WEEKS_PER_YEAR,
    RateSummary,
    rate_interval,
    rate_ratio,
    summarise_rate,
)
from funis.analysis.samples import FAILED

if TYPE_CHECKING:
    import polars as pl

    Frame = pl.DataFrame

DAYS_PER_YEAR = 365.25
SEVERE = 3
ANY, SERIOUS, RELATED_SERIOUS, DOSE_LIMITING = "any", "serious", "related_serious", "dose_limiting"
SUMMARIES = (ANY, SERIOUS, RELATED_SERIOUS, DOSE_LIMITING)
"""Rows that take terms together; they stand before the terms."""

NONE = Interval(math.nan, math.nan, math.nan)


class SafetyTables(Structure):
    """Tables of a trial; whether its patients are virtual cannot be seen in them."""

    @property
    def subjects(self) -> Frame:
        """``subject, arm, status, discontinued_week, ...``."""

    @property
    def doses(self) -> Frame:
        """``subject, day, route, ...``."""

    @property
    def adverse_events(self) -> Frame:
        """``subject, arm, day, term, grade, serious, related, dose, ...``."""


@dataclass(frozen=True, slots=True)
class DoseLimit:
    """Which event is a dose-limiting toxicity: related, of this grade or worse, within days."""

    grade: int
    days: float


@dataclass(frozen=True, slots=True)
class AdverseEstimate:
    """One adverse event in one arm.

    Attributes
    ----------
    term : str
        A term, or one of ``SUMMARIES``.
    n, patients, events : int
        Patients of the arm, those with the event, and how often it came.
    years : float
        Patient-years of observation.
    risk : Interval
        Share of patients with it, by Wilson.
    rate : Interval
        Events a patient-year, robust to events that cluster in patients.
    serious, grade3plus, related : int
        Patients with such an event of the term.
    risk_ratio, risk_difference, rate_ratio : Interval
        Against the reference; not-a-number in the reference itself.
    by_dose : tuple of int
        Events that follow the first, second, ... dose.
    """

    arm: str
    term: str
    n: int
    patients: int
    events: int
    years: float
    risk: Interval
    rate: Interval
    serious: int
    grade3plus: int
    related: int
    by_dose: tuple[int, ...]
    risk_ratio: Interval = NONE
    risk_difference: Interval = NONE
    rate_ratio: Interval = NONE

    @property
    def none_seen_high(self) -> float:
        """Upper 95 % limit of the risk where nobody had it: the rule of three, 3 / n."""
        return min(1.0, 3.0 / self.n) if self.n and not self.patients else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Events of one row in one arm, by patient."""

    arm: str
    term: str
    events: NDArray[np.float64]
    years: NDArray[np.float64]
    serious: int
    grade3plus: int
    related: int
    by_dose: tuple[int, ...]

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.events)

    @property
    def patients(self) -> int:
        """Patients with the event."""
        return int((self.events > 0).sum())

    @property
    def rate(self) -> RateSummary:
        """Events and years."""
        return summarise_rate(self.events, self.years)


def adverse_estimates(
    data: SafetyTables,
    arms: Sequence[str],
    terms: Sequence[str],
    last_week: float,
    reference: str | None = None,
    limit: DoseLimit | None = None,
) -> tuple[AdverseEstimate, ...]:
    """Count adverse events by arm; patients whose computation failed are left out.

    Parameters
    ----------
    data
        The tables.
    arms, terms
        In the order of the result; terms that nobody had in any arm are kept with zeros.
    last_week
        Week until which patients are observed.
    reference
        Arm that the others are compared with.
    limit
        What is a dose-limiting toxicity; without it that row is left out.

    Returns
    -------
    tuple of AdverseEstimate
        By term, the summaries first, then by arm.
    """
    events = _marked(data, limit)
    people = followed_years(data, last_week)
    found: list[AdverseEstimate] = []
    for term in (*SUMMARIES, *terms):
        if term == DOSE_LIMITING and limit is None:
            continue
        counted = {arm: _count(arm, term, people, events) for arm in arms}
        against = counted.get(reference) if reference is not None else None
        found += [_estimate(one, against) for one in counted.values()]
    return tuple(found)


def followed_years(data: SafetyTables, last_week: float) -> Frame:
    """Return subject, arm and years of observation of each patient whose computation stood."""
    import polars as pl

    weeks = pl.col("discontinued_week").cast(pl.Float64).fill_null(last_week)
    kept = data.subjects.filter(pl.col("status") != FAILED)
    years = weeks.clip(upper_bound=last_week) / WEEKS_PER_YEAR
    return kept.select("subject", "arm", years.alias("years"))


def _marked(data: SafetyTables, limit: DoseLimit | None) -> Frame:
    """Return the events with the marks by which the summaries count them."""
    import polars as pl

    last = _since_dose(data)
    within = last <= (limit.days if limit else -1.0)
    limiting = pl.col("related") & (pl.col("grade") >= (limit.grade if limit else 6))
    return data.adverse_events.with_columns(
        pl.lit(True).alias(ANY),
        pl.col("serious").alias(SERIOUS),
        (pl.col("serious") & pl.col("related")).alias(RELATED_SERIOUS),
        (limiting & pl.Series(within)).alias(DOSE_LIMITING),
    )


def _since_dose(data: SafetyTables) -> NDArray[np.float64]:
    """Return days since the last dose before each event, infinite for none; mock doses too.

    A mock dose leaves no row among the doses: an event that follows one is within the limit.
    """
    import polars as pl

    routes = data.adverse_events["route"].drop_nulls().unique().to_list()
    cells = data.doses.filter(pl.col("route").is_in(routes)).select("subject", "day")
    doses = cells.sort("day").with_columns(pl.col("day").alias("dosed"))
    events = data.adverse_events.with_row_index("row").sort("day")
    joined = events.join_asof(doses, on="day", by="subject", check_sortedness=False).sort("row")
    since = joined["day"] - joined["dosed"]
    mock = joined["dose"].is_not_null() & since.is_null()
    return np.where(mock.to_numpy(), 0.0, since.fill_null(math.inf).to_numpy())


def _count(arm: str, term: str, people: Frame, events: Frame) -> _Counted:
    import polars as pl

    own = people.filter(pl.col("arm") == arm)
    chosen = events.filter(pl.col(term) if term in SUMMARIES else pl.col("term") == term)
    chosen = chosen.join(own.select("subject"), on="subject", how="inner")
    each = own.join(chosen.group_by("subject").len("events"), on="subject", how="left")

    def patients(mark: pl.Expr) -> int:
        return int(chosen.filter(mark)["subject"].n_unique())

    return _Counted(
        arm=arm,
        term=term,
        events=each["events"].fill_null(0).cast(pl.Float64).to_numpy(),
        years=each["years"].to_numpy(),
        serious=patients(pl.col("serious")),
        grade3plus=patients(pl.col("grade") >= SEVERE),
        related=patients(pl.col("related")),
        by_dose=tuple(
            np.bincount(chosen["dose"].drop_nulls().to_numpy(), minlength=1)[1:].tolist()
        ),
    )


def _estimate(one: _Counted, reference: _Counted | None) -> AdverseEstimate:
    compared: dict[str, Interval] = {}
    if reference is not None and reference.arm != one.arm:
        compared = {
            "risk_ratio": risk_ratio(one.patients, one.n, reference.patients, reference.n),
            "risk_difference": newcombe(one.patients, one.n, reference.patients, reference.n),
            "rate_ratio": rate_ratio(one.rate, reference.rate)[0],
        }
    return AdverseEstimate(
        arm=one.arm, term=one.term, n=one.n, patients=one.patients, events=int(one.events.sum()),
        years=float(one.years.sum()), risk=wilson(one.patients, one.n),
        rate=rate_interval(one.rate), serious=one.serious, grade3plus=one.grade3plus,
        related=one.related, by_dose=one.by_dose, **compared,
    )  # fmt: skip


def risk_ratio(events: int, n: int, events_reference: int, n_reference: int) -> Interval:
    """Ratio of two risks with its interval, on the log scale; nothing where neither has an event.

    Where one is zero 0.5 is added to every cell, as in `funis.evidence.meta.risk_ratio`.
    """
    from funis.evidence.meta import Counts
    from funis.evidence.meta import risk_ratio as effect_of

    if not n or not n_reference or events + events_reference == 0:
        return NONE
    if events == n and events_reference == n_reference:
        return Interval(1.0, math.nan, math.nan)
    effect = effect_of("", Counts(events, n), Counts(events_reference, n_reference))
    half = 1.959963984540054 * effect.error
    middle = effect.estimate
    return Interval(math.exp(middle), math.exp(middle - half), math.exp(middle + half))
