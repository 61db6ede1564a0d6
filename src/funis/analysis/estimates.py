"""Estimates of an estimand from trial tables, real or virtual."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol as Structure

import numpy as np
from numpy.typing import NDArray

from funis.analysis.intervals import (
    CONFIDENCE,
    Interval,
    MeanSummary,
    mean_interval,
    newcombe,
    proportions_p_value,
    summarise,
    welch,
    wilson,
)
from funis.analysis.rates import (
    WEEKS_PER_YEAR,
    RateSummary,
    rate_interval,
    rate_ratio,
    summarise_rate,
)
from funis.analysis.results import (
    ArmCount,
    Contrast,
    ContrastMeasure,
    Decision,
    Estimate,
    EstimateMeasure,
    Results,
    Verdict,
)
from funis.analysis.scores import score_table
from funis.models.endpoints import Endpoints
from funis.protocol import SUMMARY_OF, EndpointRequest, Estimand, Protocol, Success

if TYPE_CHECKING:
    import polars as pl

EVENT_WEEKS: Mapping[str, str] = {
    "discontinuation": "discontinued_week",
    "rescue": "rescued_week",
}
"""Intercurrent events, and the columns of ``subjects`` that hold their week."""

FAILED = "failed"


class TrialTables(Structure):
    """Tables of a trial; whether its patients are virtual cannot be seen in them."""

    @property
    def subjects(self) -> "pl.DataFrame":
        """``subject, arm, status, status_reason, discontinued_week, rescued_week, ...``."""

    @property
    def observations(self) -> "pl.DataFrame":
        """``subject, arm, week, component, value, ...``."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Values of one endpoint in one arm: 0 and 1 for responses, not-a-number where left out.

    Of a rate, ``values`` are the events of each patient and ``years`` the time at risk.
    """

    arm: str
    values: NDArray[np.float64]
    responder: bool
    years: NDArray[np.float64] | None = None

    @property
    def present(self) -> NDArray[np.float64]:
        return self.values[~np.isnan(self.values)]

    @property
    def n(self) -> int:
        return int(self.present.size) if self.years is None else self.rate.n

    @property
    def events(self) -> float:
        return float(self.present.sum())

    @property
    def summary(self) -> MeanSummary:
        return summarise(self.values)

    @property
    def rate(self) -> RateSummary:
        years = np.full(len(self.values), np.nan) if self.years is None else self.years
        return summarise_rate(self.values, years)


def estimate(
    protocol: Protocol,
    data: TrialTables,
    endpoints: Endpoints,
    *,
    requests: Sequence[EndpointRequest] | None = None,
) -> Results:
    """Estimates, contrasts with the reference arm, and the decision, as the protocol declares.

    Responses: intercurrent events by the estimand's strategy (composite: no response from the
    event on), a missing visit counts as no response; Wilson's interval. Changes and values: the
    estimand's strategy for continuous endpoints, then observed cases; Student's t interval.
    Differences: Newcombe's and Welch's intervals. Rates: events and years up to the last visit
    that was seen, cut at an intercurrent event unless the strategy is treatment policy; ratios on
    the log scale, robust to overdispersion. A response that stays once it was met (``ever``) is
    that of the last visit seen. An event counts at visits after its week: what
    was measured at the visit of the event was measured before it.

    Parameters
    ----------
    protocol
        Declares arms, endpoints, estimand and success rule.
    data
        The tables of the trial; rows with status ``failed`` are counted and left out.
    endpoints
        Of the disease.
    requests
        Endpoints to estimate; those of the protocol when none are given.

    Raises
    ------
    ValueError
        If the tables name an arm that the protocol lacks, or an endpoint is unknown.
    """
    arms = [arm.id for arm in protocol.arms]
    unknown = sorted(set(data.subjects["arm"].unique().to_list()) - set(arms))
    if unknown:
        raise ValueError(f"the data hold an arm that the protocol lacks: '{unknown[0]}'")
    table = _Table(data, endpoints, protocol.estimand)
    reference = protocol.reference.id if protocol.reference is not None else None
    estimates: list[Estimate] = []
    contrasts: list[Contrast] = []
    for request in protocol.endpoints if requests is None else requests:
        samples = table.samples(request, arms)
        estimates += [_estimate(request, sample, table) for sample in samples.values()]
        if reference is not None:
            contrasts += [
                _contrast(request, sample, samples[reference])
                for arm, sample in samples.items()
                if arm != reference
            ]
    decisions = _decide(protocol, table, arms)
    return Results(tuple(estimates), tuple(contrasts), _counts(data, arms), decisions)


class _Table:
    """The tables joined: a row for each patient that did not fail, and the scores by visit."""

    def __init__(self, data: TrialTables, endpoints: Endpoints, estimand: Estimand) -> None:
        import polars as pl

        self.endpoints = endpoints
        self.estimand = estimand
        events = [pl.col(column).cast(pl.Float64) for column in EVENT_WEEKS.values()]
        self.subjects = (
            data.subjects.filter(pl.col("status") != FAILED)
            .select("arm", "subject", *events)
            .sort("arm", "subject")
        )
        self.scores = score_table(data.observations, endpoints)

    def responder(self, request: EndpointRequest) -> bool:
        """Whether the request is for a response; refuses what the disease does not have."""
        points = self.endpoints
        known = {"responder": points.conditions, "rate": points.event_counts}.get(
            request.measure, points.numbers
        )
        if request.endpoint not in known:
            raise ValueError(f"no endpoint '{request.endpoint}' to report as {request.measure}")
        return request.measure == "responder"

    def unit(self, request: EndpointRequest) -> str:
        if request.measure == "responder":
            return "proportion"
        unit = self.endpoints.number(request.endpoint).unit
        return f"{unit} per patient-year" if request.measure == "rate" else unit

    def ever(self, request: EndpointRequest) -> bool:
        """Whether the request is for a response that stays once it was met."""
        return any(item.ever for item in self.endpoints.responders if item.id == request.endpoint)

    def strategies(self, responder: bool) -> dict[str, str]:
        """Strategy for each intercurrent event."""
        estimand = self.estimand
        declared = estimand.intercurrent_events if responder else estimand.continuous_events
        default = "composite" if responder else "hypothetical"
        chosen = {event: str(declared.get(event) or default) for event in EVENT_WEEKS}
        if not responder and "composite" in chosen.values():
            raise ValueError("a composite strategy needs a response, not a mean")
        return chosen

    def samples(self, request: EndpointRequest, arms: Sequence[str]) -> dict[str, _Sample]:
        """Values of each arm after intercurrent events and missing visits are dealt with."""
        responder = self.responder(request)
        if request.measure == "rate":
            return self._rate_samples(request, arms)
        values = self._values(request)
        events = {event: self._event_week(event) for event in EVENT_WEEKS}
        strategies = self.strategies(responder)
        for event, weeks in events.items():
            if strategies[event] == "while_on_treatment":
                values = np.where(weeks < request.week, self._last_before(request, weeks), values)
        if responder:
            values = np.nan_to_num(values, nan=0.0)
        for event, weeks in events.items():
            if strategies[event] == "composite":
                values = np.where(weeks < request.week, 0.0, values)
        for event, weeks in events.items():
            if strategies[event] == "hypothetical":
                values = np.where(weeks < request.week, np.nan, values)
        owner = self.subjects["arm"].to_numpy()
        return {arm: _Sample(arm, values[owner == arm], responder) for arm in arms}

    def _rate_samples(self, request: EndpointRequest, arms: Sequence[str]) -> dict[str, _Sample]:
        """Events since randomisation and years at risk of each patient."""
        import polars as pl

        end = np.full(self.subjects.height, request.week)
        for event, strategy in self.strategies(responder=False).items():
            if strategy != "treatment_policy":
                end = np.minimum(end, self._event_week(event))
        rows = self._rows_up_to(end, self.scores.filter(pl.col(request.endpoint).is_not_null()))
        values = self._per_patient(request, rows)
        years = self._joined(rows.select("arm", "subject", value="week")) / WEEKS_PER_YEAR
        owner = self.subjects["arm"].to_numpy()
        return {arm: _Sample(arm, values[owner == arm], False, years[owner == arm]) for arm in arms}

    def _values(self, request: EndpointRequest) -> NDArray[np.float64]:
        """Value of each patient at the visit, not-a-number where missing."""
        import polars as pl

        if self.ever(request):
            end = np.full(self.subjects.height, request.week)
            return self._per_patient(request, self._rows_up_to(end, self.scores))
        return self._per_patient(request, self.scores.filter(pl.col("week") == request.week))

    def _last_before(
        self, request: EndpointRequest, weeks: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Value of each patient at the last visit up to the event, baseline left out."""
        return self._per_patient(request, self._rows_up_to(weeks, self.scores))

    def _rows_up_to(self, weeks: NDArray[np.float64], scores: "pl.DataFrame") -> "pl.DataFrame":
        """Last row of each patient up to a week of its own, baseline left out."""
        import polars as pl

        ends = self.subjects.select("arm", "subject").with_columns(pl.Series("event_week", weeks))
        return (
            scores.join(ends, on=["arm", "subject"])
            .filter((pl.col("week") > 0) & (pl.col("week") <= pl.col("event_week")))
            .sort("week")
            .group_by("arm", "subject", maintain_order=True)
            .last()
        )

    def _per_patient(self, request: EndpointRequest, rows: "pl.DataFrame") -> NDArray[np.float64]:
        import polars as pl

        value = pl.col(request.endpoint).cast(pl.Float64)
        found = rows.select("arm", "subject", value.alias("value"))
        if request.measure in ("change", "rate"):
            start = self.scores.filter(pl.col("week") == 0)
            base = start.select("arm", "subject", value.alias("baseline"))
            found = found.join(base, on=["arm", "subject"], how="left").select(
                "arm", "subject", pl.col("value") - pl.col("baseline")
            )
        return self._joined(found)

    def _joined(self, found: "pl.DataFrame") -> NDArray[np.float64]:
        """Put a column ``value`` beside the subjects, not-a-number where it is missing."""
        joined = self.subjects.select("arm", "subject").join(
            found, on=["arm", "subject"], how="left", maintain_order="left"
        )
        return _with_nan(joined["value"])

    def _event_week(self, event: str) -> NDArray[np.float64]:
        """Week of an event, infinite where it did not happen."""
        weeks = _with_nan(self.subjects[EVENT_WEEKS[event]])
        return np.where(np.isnan(weeks), np.inf, weeks)

    def method(self, request: EndpointRequest) -> str:
        """Estimator and handling of events, in words."""
        responder = request.measure == "responder"
        chosen = self.strategies(responder)
        events = ", ".join(
            f"{event}: {strategy.replace('_', ' ')}" for event, strategy in chosen.items()
        )
        if request.measure == "rate":
            ends = events.replace("hypothetical", "time ends there").replace(
                "while on treatment", "time ends there"
            )
            return (
                "events / patient-years, log interval robust to overdispersion (sandwich); "
                f"{ends}; time counts to the last visit seen"
            )
        if responder:
            missing = "as last seen" if self.ever(request) else "no response"
            return f"proportion, Wilson interval; {events}; missing visit: {missing}"
        return f"mean, t interval; {events}; missing visit: left out"


def _estimate(request: EndpointRequest, sample: _Sample, table: _Table) -> Estimate:
    measure: EstimateMeasure
    if sample.responder:
        interval, measure = wilson(sample.events, sample.n), "proportion"
    elif sample.years is not None:
        interval, measure = rate_interval(sample.rate), "rate"
    else:
        interval = mean_interval(sample.summary)
        measure = "mean_change" if request.measure == "change" else "mean"
    return Estimate(
        arm=sample.arm,
        endpoint=request.key,
        week=request.week,
        measure=measure,
        n=sample.n,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        unit=table.unit(request),
        method=table.method(request),
    )


def _difference(
    sample: _Sample, reference: _Sample, confidence: float = CONFIDENCE
) -> tuple[Interval, float]:
    """Difference or ratio with interval, and p value."""
    if sample.years is not None:
        return rate_ratio(sample.rate, reference.rate, confidence)
    if sample.responder:
        counts = (sample.events, sample.n, reference.events, reference.n)
        return newcombe(*counts, confidence), proportions_p_value(*counts)
    return welch(sample.summary, reference.summary, confidence)


_CONTRASTS: Mapping[ContrastMeasure, str] = {
    "difference_in_proportions": "Newcombe interval (square-and-add of Wilson limits); score test",
    "difference_in_means": "Welch t interval and test",
    "rate_ratio": "ratio of rates, Wald interval and test on the log scale with sandwich errors",
}


def _contrast(request: EndpointRequest, sample: _Sample, reference: _Sample) -> Contrast:
    interval, p_value = _difference(sample, reference)
    measure: ContrastMeasure = SUMMARY_OF[request.measure]
    return Contrast(
        arm=sample.arm,
        reference=reference.arm,
        endpoint=request.key,
        week=request.week,
        measure=measure,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        n_arm=sample.n,
        n_reference=reference.n,
        method=_CONTRASTS[measure],
        p_value=None if math.isnan(p_value) else p_value,
    )


def _decide(protocol: Protocol, table: _Table, arms: Sequence[str]) -> tuple[Decision, ...]:
    rule = protocol.success
    if rule is None:
        return ()
    request = _success_request(protocol.endpoints, rule)
    samples = table.samples(request, arms)
    return tuple(
        _decision(rule, request, samples[arm], samples[rule.reference]) for arm in rule.arms
    )


def _success_request(requests: Sequence[EndpointRequest], rule: Success) -> EndpointRequest:
    for request in requests:
        suits = SUMMARY_OF[request.measure] == rule.measure
        if (request.endpoint, request.week) == (rule.endpoint, rule.week) and suits:
            return request
    raise ValueError(f"the success rule names {rule.endpoint} at week {rule.week:g}, not estimated")


def _decision(
    rule: Success, request: EndpointRequest, sample: _Sample, reference: _Sample
) -> Decision:
    interval, _ = _difference(sample, reference, 1 - rule.alpha)
    verdict = judge(interval, rule)
    return Decision(
        arm=sample.arm,
        reference=reference.arm,
        endpoint=request.key,
        week=request.week,
        success=verdict == "success",
        verdict=verdict,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        alpha=rule.alpha,
        required=rule.minimal_difference,
        null=rule.null,
    )


def judge(interval: Interval, rule: Success) -> Verdict:
    """Judge a difference, or what a ratio differs from 1 by, against a success rule.

    Success needs the whole interval at ``1 - alpha`` beyond ``minimal_difference`` in the good
    direction. An interval that excludes 0 but not the required difference is ``smaller than
    required``; one that holds 0 is ``no effect found``.
    """
    interval = Interval(*(x - rule.null for x in (interval.estimate, interval.low, interval.high)))
    if math.isnan(interval.low) or math.isnan(interval.high):
        return "no data"
    greater = rule.direction == "greater"
    worst, best = (interval.low, interval.high) if greater else (-interval.high, -interval.low)
    if worst > rule.minimal_difference:
        return "success"
    if worst > 0:
        return "smaller than required"
    return "worse than the reference" if best < 0 else "no effect found"


def _counts(data: TrialTables, arms: Sequence[str]) -> tuple[ArmCount, ...]:
    import polars as pl

    counts: list[ArmCount] = []
    for arm in arms:
        own = data.subjects.filter(pl.col("arm") == arm)
        failed = own.filter(pl.col("status") == FAILED)
        reasons = failed["status_reason"].fill_null("unknown").to_list()
        tally = tuple((str(reason), reasons.count(reason)) for reason in sorted(set(reasons)))
        counts.append(ArmCount(arm, own.height - failed.height, tally))
    return tuple(counts)


def _with_nan(column: "pl.Series") -> NDArray[np.float64]:
    return column.cast(float).fill_null(float("nan")).to_numpy().astype(np.float64)
