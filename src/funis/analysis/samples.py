"""Values of one endpoint in each arm, after intercurrent events and missing visits."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol as Structure

import numpy as np
from numpy.typing import NDArray

from funis.analysis.intervals import MeanSummary, summarise
from funis.analysis.methods import ReplicateSample
from funis.analysis.rates import WEEKS_PER_YEAR, RateSummary, summarise_rate
from funis.analysis.scores import score_table
from funis.models.endpoints import Endpoints
from funis.protocol import EndpointRequest, Estimand

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
class Sample:
    """Values of one endpoint in one arm: 0 and 1 for responses, not-a-number where left out.

    Of a rate, ``values`` are the events of each patient and ``years`` the time at risk.
    """

    arm: str
    values: NDArray[np.float64]
    responder: bool
    years: NDArray[np.float64] | None = None

    @property
    def replicate(self) -> ReplicateSample:
        """The sample as one replicate of a trial."""
        years = None if self.years is None else self.years[None]
        return ReplicateSample(self.values[None], years=years)

    @property
    def present(self) -> NDArray[np.float64]:
        """Values that were not left out."""
        return self.values[~np.isnan(self.values)]

    @property
    def n(self) -> int:
        """Patients in the estimate."""
        return int(self.present.size) if self.years is None else self.rate.n

    @property
    def events(self) -> float:
        """Sum of the values."""
        return float(self.present.sum())

    @property
    def summary(self) -> MeanSummary:
        """Moments of the values."""
        return summarise(self.values)

    @property
    def rate(self) -> RateSummary:
        """Events and years."""
        years = np.full(len(self.values), np.nan) if self.years is None else self.years
        return summarise_rate(self.values, years)


class SampleTable:
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
        self.known = data.subjects.filter(pl.col("status") != FAILED).sort(
            "arm", "subject"
        )  # in the order of ``subjects``, with everything known of a patient
        self.scores = score_table(data.observations, endpoints)
        self.weeks: tuple[float, ...] = tuple(self.scores["week"].unique().sort().to_list())

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
        """Unit of an estimate."""
        if request.measure == "responder":
            return "proportion"
        unit = self.endpoints.number(request.endpoint).unit
        return f"{unit} per patient-year" if request.measure == "rate" else unit

    def ever(self, request: EndpointRequest) -> bool:
        """Whether the request is for a response that stays once it was met."""
        return any(item.ever for item in self.endpoints.responders if item.id == request.endpoint)

    def failure(self, request: EndpointRequest) -> float:
        """What a failure is in a response: not met, and met where meeting it is bad."""
        bad = request.measure == "responder" and self.endpoints.better(request.endpoint) == "lower"
        return 1.0 if bad else 0.0

    def strategies(self, responder: bool) -> dict[str, str]:
        """Strategy for each intercurrent event."""
        estimand = self.estimand
        declared = estimand.intercurrent_events if responder else estimand.continuous_events
        default = "composite" if responder else "hypothetical"
        chosen = {event: str(declared.get(event) or default) for event in EVENT_WEEKS}
        if not responder and "composite" in chosen.values():
            raise ValueError("a composite strategy needs a response, not a mean")
        return chosen

    def samples(self, request: EndpointRequest, arms: Sequence[str]) -> dict[str, Sample]:
        """Values of each arm after intercurrent events and missing visits are dealt with."""
        responder = self.responder(request)
        if request.measure == "rate":
            return self._rate_samples(request, arms)
        values = self._after_events(request, filled=True)
        owner = self.subjects["arm"].to_numpy()
        return {arm: Sample(arm, values[owner == arm], responder) for arm in arms}

    def responses(
        self, request: EndpointRequest, arm: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Last status seen before the week, and the response, not-a-number where missing."""
        own = self.subjects["arm"].to_numpy() == arm
        before = np.full(self.subjects.height, np.nextafter(request.week, 0.0))
        for event, strategy in self.strategies(responder=True).items():
            if strategy == "hypothetical":
                before = np.minimum(before, self.event_week(event))
        return self._last_before(request, before)[own], self._after_events(request, False)[own]

    def under(self, estimand: Estimand) -> "SampleTable":
        """Return the same tables under another estimand."""
        other = copy(self)
        other.estimand = estimand
        return other

    def _after_events(self, request: EndpointRequest, filled: bool) -> NDArray[np.float64]:
        """Value of each patient after intercurrent events; missing responses filled in or not."""
        values, failure = self._values(request), self.failure(request)
        events = {event: self.event_week(event) for event in EVENT_WEEKS}
        strategies = self.strategies(request.measure == "responder")
        for event, weeks in events.items():
            if strategies[event] == "while_on_treatment":
                values = np.where(weeks < request.week, self._last_before(request, weeks), values)
        if request.measure == "responder" and filled:
            unseen = 0.0 if self.ever(request) else failure
            values = np.where(np.isnan(values), unseen, values)
        for event, weeks in events.items():
            if strategies[event] == "composite":
                values = np.where(weeks < request.week, failure, values)
        for event, weeks in events.items():
            if strategies[event] == "hypothetical":
                values = np.where(weeks < request.week, np.nan, values)
        return values

    def _rate_samples(self, request: EndpointRequest, arms: Sequence[str]) -> dict[str, Sample]:
        """Events since randomisation and years at risk of each patient."""
        import polars as pl

        end = np.full(self.subjects.height, request.week)
        for event, strategy in self.strategies(responder=False).items():
            if strategy != "treatment_policy":
                end = np.minimum(end, self.event_week(event))
        rows = self.rows_up_to(end, self.scores.filter(pl.col(request.endpoint).is_not_null()))
        values = self._per_patient(request, rows)
        years = self.joined(rows.select("arm", "subject", value="week")) / WEEKS_PER_YEAR
        owner = self.subjects["arm"].to_numpy()
        return {arm: Sample(arm, values[owner == arm], False, years[owner == arm]) for arm in arms}

    def _values(self, request: EndpointRequest) -> NDArray[np.float64]:
        """Value of each patient at the visit, not-a-number where missing."""
        import polars as pl

        if self.ever(request):
            end = np.full(self.subjects.height, request.week)
            return self._per_patient(request, self.rows_up_to(end, self.scores))
        return self._per_patient(request, self.scores.filter(pl.col("week") == request.week))

    def _last_before(
        self, request: EndpointRequest, weeks: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Value of each patient at the last visit up to the event, baseline left out."""
        return self._per_patient(request, self.rows_up_to(weeks, self.scores))

    def rows_up_to(self, weeks: NDArray[np.float64], scores: "pl.DataFrame") -> "pl.DataFrame":
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
        return self.joined(found)

    def joined(self, found: "pl.DataFrame") -> NDArray[np.float64]:
        """Put a column ``value`` beside the subjects, not-a-number where it is missing."""
        joined = self.subjects.select("arm", "subject").join(
            found, on=["arm", "subject"], how="left", maintain_order="left"
        )
        return with_nan(joined["value"])

    def event_week(self, event: str) -> NDArray[np.float64]:
        """Week of an event, infinite where it did not happen."""
        weeks = with_nan(self.subjects[EVENT_WEEKS[event]])
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
            bad = "counted as met" if self.failure(request) else "no response"
            missing = "as last seen" if self.ever(request) else bad
            if self.failure(request):
                events = events.replace("composite", "composite (counted as met)")
            return f"proportion, Wilson interval; {events}; missing visit: {missing}"
        return f"mean, t interval; {events}; missing visit: left out"


def with_nan(column: "pl.Series") -> NDArray[np.float64]:
    """Return a column as numbers, not-a-number where it is missing."""
    return column.cast(float).fill_null(float("nan")).to_numpy().astype(np.float64)
