"""Estimates of an estimand from trial tables, real or virtual."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from funis.analysis.decisions import decide, judge
from funis.analysis.intervals import CONFIDENCE, Interval, mean_interval, wilson
from funis.analysis.methods import METHODS, ReplicateSample
from funis.analysis.methods.survival import kaplan_meier
from funis.analysis.outcomes import first_times, method_of, outcomes, text_of
from funis.analysis.rates import rate_interval
from funis.analysis.results import ArmCount, Contrast, Estimate, EstimateMeasure, Results
from funis.analysis.samples import FAILED, Sample, SampleTable, TrialTables
from funis.analysis.sensitivity import sensitivity_results
from funis.models.endpoints import Endpoints
from funis.protocol import EndpointRequest, Protocol

__all__ = ["contrast_of", "estimate", "judge"]


def estimate(
    protocol: Protocol,
    data: TrialTables,
    endpoints: Endpoints,
    *,
    requests: Sequence[EndpointRequest] | None = None,
) -> Results:
    """Estimates, contrasts with the reference arm, and the decision, as the protocol declares.

    Responses: intercurrent events by the estimand's strategy (composite: no response from the
    event on, and met where meeting it is bad), a missing visit counts likewise; Wilson's interval.
    Changes and values: the estimand's strategy for continuous endpoints, then observed cases;
    Student's t interval. Contrasts by the method that the endpoint names, else Newcombe's and
    Welch's. Rates: events and years up to the last visit that was seen, cut at an intercurrent
    event unless the strategy is treatment policy; ratios robust to overdispersion. A response
    that stays once it was met (``ever``) is that of the last visit seen. An event counts at visits
    after its week: what was measured at the visit of the event was measured before it.

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
    table = SampleTable(data, endpoints, protocol.estimand)
    reference = protocol.reference.id if protocol.reference is not None else None
    estimates: list[Estimate] = []
    contrasts: list[Contrast] = []
    for request in protocol.endpoints if requests is None else requests:
        samples = table.samples(request, arms)
        estimates += [_estimate(request, sample, table) for sample in samples.values()]
        if reference is not None and len(arms) > 1:
            contrasts += _contrasts(request, table, arms, reference)
    return Results(
        tuple(estimates),
        tuple(contrasts),
        _counts(data, arms),
        decide(protocol, table, arms),
        sensitivity_results(protocol, table, arms),
    )


def _estimate(request: EndpointRequest, sample: Sample, table: SampleTable) -> Estimate:
    measure: EstimateMeasure
    if request.of_time:
        interval, measure = _reached(request, sample.arm, table), "proportion"
    elif sample.responder:
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
        method=_estimator(request, table),
    )


def _reached(request: EndpointRequest, arm: str, table: SampleTable) -> Interval:
    """Share of patients who reached a condition by the week, censoring allowed for."""
    times = first_times(table, request)
    own = table.subjects["arm"].to_numpy() == arm
    return kaplan_meier(times.time[own], times.event[own], request.week, CONFIDENCE)


def _estimator(request: EndpointRequest, table: SampleTable) -> str:
    if not request.of_time:
        return table.method(request)
    return "share with the event by Kaplan-Meier, log-log interval; " + table.method(request)


def _contrasts(
    request: EndpointRequest, table: SampleTable, arms: Sequence[str], reference: str
) -> list[Contrast]:
    """Compare every other arm with the reference by the method of the endpoint."""
    compared = outcomes(table, request, arms)
    return [contrast_of(request, compared, arm, reference) for arm in arms if arm != reference]


def contrast_of(
    request: EndpointRequest, compared: Mapping[str, ReplicateSample], arm: str, reference: str
) -> Contrast:
    """Compare one arm with the reference."""
    sample, other = compared[arm], compared[reference]
    estimate, low, high, p_value = (
        METHODS[method_of(request)].compare(sample, other, CONFIDENCE).row(0)
    )
    return Contrast(
        arm=arm,
        reference=reference,
        endpoint=request.key,
        week=request.week,
        measure=request.summary,
        estimate=estimate,
        low=low,
        high=high,
        n_arm=_patients(request, sample),
        n_reference=_patients(request, other),
        method=text_of(request),
        p_value=None if math.isnan(p_value) else p_value,
    )


def _patients(request: EndpointRequest, sample: ReplicateSample) -> int:
    """Patients of whom something is compared."""
    if request.of_time and sample.time is not None:
        return int(np.sum(~np.isnan(sample.time)))
    if request.method == "mmrm" and sample.visits is not None:
        return int(np.sum(~np.isnan(sample.visits).all(axis=2)))
    known = ~np.isnan(sample.values)
    if sample.years is not None:
        known = known & (np.nan_to_num(sample.years) > 0)
    return int(known.sum())


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
