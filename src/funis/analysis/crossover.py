"""Crossover trials: each patient compared with himself, period effects taken out.

Tables of a crossover name sequences as arms. `by_period` cuts them into periods, whose arm is the
treatment of the period and whose week counts from its start; then every patient-period is a row
like that of a patient. Contrasts come from a linear model with an effect of each patient, of each
period and of each treatment (with two sequences of two periods: the t test of Hills and Armitage
1979, Br J Clin Pharmacol 8:7). A carry-over cannot be told from a difference between sequences, so
it is shown and never tested away (Freeman 1989, Stat Med 8:1421).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.analysis.decisions import judge
from funis.analysis.estimates import estimate
from funis.analysis.intervals import CONFIDENCE, Interval, welch
from funis.analysis.intervals import summarise as summary_of
from funis.analysis.results import Contrast, Decision, Results
from funis.analysis.samples import FAILED, SampleTable, TrialTables
from funis.models.endpoints import Endpoints
from funis.protocol import Crossover, EndpointRequest, Protocol

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

METHOD = "linear model with an effect of patient, period and treatment; t interval and test"
DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class PeriodTables:
    """Tables of a crossover cut into periods: a subject is a patient in one period.

    ``subjects`` bears the further columns ``patient``, ``sequence`` and ``period`` (from 1).
    """

    subjects: pl.DataFrame
    doses: pl.DataFrame
    observations: pl.DataFrame
    adverse_events: pl.DataFrame


@dataclass(frozen=True, slots=True)
class PeriodEffects:
    """What a crossover says beside the treatment: of one endpoint, with 95 % intervals.

    Attributes
    ----------
    period : Interval
        The last period minus the first, whatever was given.
    carry_over : Interval or None
        Sum over periods, first sequence minus second; None where there are more than two.
    """

    endpoint: str
    period: Interval
    carry_over: Interval | None


@dataclass(frozen=True, slots=True)
class Fit:
    """Effects of treatments and periods within patients; the first of each is 0."""

    effects: Floats
    covariance: Floats
    freedom: int
    patients: int

    def interval(self, weights: Floats, confidence: float = CONFIDENCE) -> tuple[Interval, float]:
        """Return a weighted sum of the effects with its interval and two-sided p value."""
        from scipy.stats import t

        value = float(weights @ self.effects)
        error = math.sqrt(max(float(weights @ self.covariance @ weights), 0.0))
        if self.freedom < 1 or not math.isfinite(error):
            return Interval(value, math.nan, math.nan), math.nan
        reach = float(t.ppf((1 + confidence) / 2, self.freedom)) * error
        p_value = math.nan if error == 0 else float(2 * t.sf(abs(value) / error, self.freedom))
        return Interval(value, value - reach, value + reach), p_value


def by_period(data: TrialTables, crossover: Crossover) -> PeriodTables:
    """Cut the tables of a crossover into periods.

    Whoever left before a period is not in it; an event of an earlier period counts as before it.
    """
    import polars as pl

    starts = crossover.starts
    subjects = [
        _period_subjects(data.subjects, number, start, crossover)
        for number, start in enumerate(starts)
    ]
    whole = pl.concat(subjects)
    seen = _cut(data.observations, "week", starts, crossover.period_week, crossover)
    step = starts[1] - starts[0]
    days = [start * DAYS_PER_WEEK for start in starts]
    long = step * DAYS_PER_WEEK
    doses = _cut(getattr(data, "doses", None), "day", days, long, crossover)
    events = _cut(getattr(data, "adverse_events", None), "day", days, long, crossover)
    seen = seen.join(whole.select("subject"), on="subject", how="semi")
    return PeriodTables(whole, doses, seen, events)


def _cut(
    table: pl.DataFrame | None,
    time: str,
    starts: Sequence[float],
    long: float,
    crossover: Crossover,
) -> pl.DataFrame:
    """Return the rows of each period with their time from its start; no table gives an empty one.

    A visit belongs to a period up to its end, a day up to the start of the next one.
    """
    import polars as pl

    if table is None:
        return pl.DataFrame()
    parts, at = [], pl.col(time)
    for number, start in enumerate(starts):
        inside = at <= start + long if time == "week" else at < start + long
        rows = _renamed(table.filter((at >= start) & inside), number, crossover)
        later = [name for name in (time, "end_day") if name in table.columns]
        parts.append(rows.with_columns(pl.col(name) - start for name in later))
    return pl.concat(parts)


def _arms_of(crossover: Crossover, number: int) -> dict[str, str]:
    return {sequence: order[number] for sequence, order in crossover.sequences.items()}


def _renamed(table: pl.DataFrame, number: int, crossover: Crossover) -> pl.DataFrame:
    """Return rows of one period, with the treatment as arm and the patient-period as subject."""
    import polars as pl

    arms = _arms_of(crossover, number)
    return table.with_columns(
        pl.col("arm").replace_strict(arms, return_dtype=pl.String),
        pl.col("subject") * crossover.periods + number,
    )


def _period_subjects(
    subjects: pl.DataFrame, number: int, start: float, crossover: Crossover
) -> pl.DataFrame:
    import polars as pl

    end = start + crossover.period_week
    left, rescued = pl.col("discontinued_week"), pl.col("rescued_week")
    there = left.is_null() | (left > start) | (pl.col("status") == FAILED)
    own = subjects.filter(there).with_columns(
        patient=pl.col("subject"), sequence=pl.col("arm"), period=pl.lit(number + 1)
    )
    own = _renamed(own, number, crossover)
    return own.with_columns(
        discontinued_week=pl.when(left <= end).then(left - start),
        rescued_week=pl.when(rescued <= end).then(rescued - start),
        status=pl.when((pl.col("status") == "discontinued") & (left > end))
        .then(pl.lit("completed"))
        .otherwise(pl.col("status")),
    )


def estimate_crossover(
    protocol: Protocol,
    data: TrialTables,
    endpoints: Endpoints,
    *,
    requests: Sequence[EndpointRequest] | None = None,
) -> tuple[Results, tuple[PeriodEffects, ...]]:
    """Estimate each treatment by patient-periods, and contrasts within patients.

    Rates are compared as ratios, log scale, within patients (two sequences of two periods).

    Returns
    -------
    Results
        As of a parallel trial; contrasts and decisions are those within patients.
    tuple of PeriodEffects
        Of the primary endpoints.
    """
    assert protocol.crossover is not None
    tables = by_period(data, protocol.crossover)
    whole = estimate(protocol, tables, endpoints, requests=requests)
    asked = protocol.endpoints if requests is None else requests
    table = SampleTable(tables, endpoints, protocol.estimand)
    rows = {one.key: _rows(protocol, table, tables, one) for one in asked}
    contrasts = [
        _within(contrast, rows[contrast.endpoint], protocol) for contrast in whole.contrasts
    ]
    decisions = [_decided(one, rows[one.endpoint], protocol) for one in whole.success]
    told = tuple(_period_effects(one.key, rows[one.key], protocol) for one in protocol.primary)
    return replace(whole, contrasts=tuple(contrasts), success=tuple(decisions)), told


@dataclass(frozen=True, slots=True)
class Rows:
    """One endpoint, a row a patient and period: values without those that are left out."""

    values: Floats
    patient: Integers
    period: Integers
    arm: Integers
    sequence: NDArray[np.str_]
    rate: bool
    arms: int

    @property
    def fit(self) -> Fit:
        """Effects within patients."""
        return fit_within(self.values, self.patient, self.period, self.arm, self.arms)


def _rows(
    protocol: Protocol, table: SampleTable, tables: PeriodTables, request: EndpointRequest
) -> Rows:
    names = [arm.id for arm in protocol.arms]
    samples = table.samples(request, names)
    joined = table.subjects.select("arm", "subject").join(
        tables.subjects.select("subject", "patient", "period", "sequence"),
        on="subject",
        how="left",
        maintain_order="left",
    )
    owner = joined["arm"].to_numpy()
    values = np.full(len(owner), np.nan)
    for name, sample in samples.items():
        values[owner == name] = sample.values
    kept = ~np.isnan(values)
    return Rows(
        values[kept],
        joined["patient"].to_numpy()[kept],
        joined["period"].to_numpy()[kept] - 1,
        np.array([names.index(arm) for arm in owner[kept]], dtype=np.int64),
        joined["sequence"].to_numpy()[kept].astype(str),
        request.measure == "rate",
        len(names),
    )


def fit_within(
    values: Floats, patient: Integers, period: Integers, arm: Integers, arms: int
) -> Fit:
    """Fit effects of arms and periods with an effect of each patient, by least squares.

    Patients seen in one period alone tell nothing.

    Parameters
    ----------
    values, patient, period, arm
        (row,) one row a patient and period.
    arms
        Number of treatments.
    """
    periods = int(period.max(initial=0)) + 1
    columns = [arm == one for one in range(1, arms)] + [period == one for one in range(1, periods)]
    _, index = np.unique(patient, return_inverse=True)
    design = _centred(np.array(columns, dtype=np.float64).reshape(len(columns), -1).T, index)
    response = _centred(values[:, None], index)[:, 0]
    inverse = np.linalg.pinv(design.T @ design)
    effects = inverse @ design.T @ response
    patients = int(index.max(initial=-1)) + 1
    freedom = len(values) - patients - int(np.linalg.matrix_rank(design)) if len(values) else 0
    left = response - design @ effects
    variance = float(left @ left) / freedom if freedom > 0 else math.nan
    effects = np.concatenate([[0.0], effects])
    covariance = np.zeros((len(effects), len(effects)))
    covariance[1:, 1:] = variance * inverse
    return Fit(effects, covariance, freedom, int(np.sum(np.bincount(index, minlength=1) > 1)))


def _centred(columns: Floats, index: Integers) -> Floats:
    """Return columns minus the mean of each patient's rows."""
    if len(index) == 0:
        return columns
    counts = np.bincount(index)
    means = np.stack([np.bincount(index, column) / counts for column in columns.T], axis=1)
    return np.asarray(columns - means[index])


def rate_ratio_within(
    events: Floats, period: Integers, arm: Integers, confidence: float = CONFIDENCE
) -> tuple[Interval, float]:
    """Return the ratio of the rates of arm 1 to arm 0 in a crossover of two periods.

    Given how many events each patient has, they fall into his two periods by the ratio alone; the
    effect of the period cancels between the sequences. Half an event is added where a cell is 0.
    """
    from scipy.special import ndtr, ndtri

    cells = np.array([[events[(arm == a) & (period == p)].sum() for p in (0, 1)] for a in (0, 1)])
    cells = cells + 0.5 if np.any(cells == 0) else cells
    # sequence "1 then 0" has cells (1, 0) and (0, 1), sequence "0 then 1" has (0, 0) and (1, 1)
    log = 0.5 * math.log(cells[1, 0] / cells[0, 1]) + 0.5 * math.log(cells[1, 1] / cells[0, 0])
    error = 0.5 * math.sqrt(float((1 / cells).sum()))
    reach = float(ndtri((1 + confidence) / 2)) * error
    p_value = float(2 * ndtr(-abs(log) / error))
    return Interval(*(math.exp(x) for x in (log, log - reach, log + reach))), p_value


def _compared(
    rows: Rows, arm: int, reference: int, confidence: float
) -> tuple[Interval, float, int]:
    if rows.rate:
        paired = np.isin(rows.patient, _paired(rows.patient))
        both = paired & np.isin(rows.arm, (arm, reference))
        found = rate_ratio_within(
            rows.values[both],
            rows.period[both],
            (rows.arm[both] == arm).astype(np.int64),
            confidence,
        )
        return (*found, int(both.sum()) // 2)
    fit = rows.fit
    weights = np.zeros(len(fit.effects))
    weights[[arm, reference]] = (1.0, -1.0)
    return (*fit.interval(weights, confidence), fit.patients)


def _paired(patient: Integers) -> Integers:
    unique, counts = np.unique(patient, return_counts=True)
    return np.asarray(unique[counts > 1])


def _within(contrast: Contrast, rows: Rows, protocol: Protocol) -> Contrast:
    names = [arm.id for arm in protocol.arms]
    places = names.index(contrast.arm), names.index(contrast.reference)
    interval, p_value, n = _compared(rows, *places, CONFIDENCE)
    how = "ratio of rates within patients, log scale" if rows.rate else METHOD
    return replace(
        contrast,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        n_arm=n,
        n_reference=n,
        method=how,
        p_value=None if math.isnan(p_value) else p_value,
    )


def _decided(decision: Decision, rows: Rows, protocol: Protocol) -> Decision:
    assert protocol.success is not None
    names = [arm.id for arm in protocol.arms]
    places = names.index(decision.arm), names.index(decision.reference)
    interval, _, _ = _compared(rows, *places, 1 - decision.alpha)
    verdict = judge(interval, protocol.success)
    return replace(
        decision,
        success=verdict == "success",
        verdict=verdict,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
    )


def _period_effects(endpoint: str, rows: Rows, protocol: Protocol) -> PeriodEffects:
    fit = rows.fit
    weights = np.zeros(len(fit.effects))
    weights[-1] = 1.0
    period, _ = fit.interval(weights)
    assert protocol.crossover is not None
    order = list(protocol.crossover.sequences)
    if len(order) != 2:
        return PeriodEffects(endpoint, period, None)
    sums = [_sums(rows, rows.sequence == name) for name in order]
    carried, _ = welch(summary_of(sums[0]), summary_of(sums[1]))
    return PeriodEffects(endpoint, period, carried)


def _sums(rows: Rows, own: NDArray[np.bool_]) -> Floats:
    """Return the sum over both periods of each patient who was seen in both."""
    _, index = np.unique(rows.patient[own], return_inverse=True)
    both = np.bincount(index) > 1
    return np.asarray(np.bincount(index, rows.values[own])[both])
