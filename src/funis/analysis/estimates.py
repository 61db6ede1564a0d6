"""Estimates of an estimand from trial tables, real or virtual."""

import math
from collections.abc import Mapping, Sequence

from funis.analysis.intervals import (
    CONFIDENCE,
    Interval,
    mean_interval,
    newcombe,
    proportions_p_value,
    welch,
    wilson,
)
from funis.analysis.rates import rate_interval, rate_ratio
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
from funis.analysis.samples import FAILED, Sample, SampleTable, TrialTables
from funis.models.endpoints import Endpoints
from funis.protocol import SUMMARY_OF, EndpointRequest, Protocol, Success


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
    table = SampleTable(data, endpoints, protocol.estimand)
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


def _estimate(request: EndpointRequest, sample: Sample, table: SampleTable) -> Estimate:
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
    sample: Sample, reference: Sample, confidence: float = CONFIDENCE
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


def _contrast(request: EndpointRequest, sample: Sample, reference: Sample) -> Contrast:
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


def _decide(protocol: Protocol, table: SampleTable, arms: Sequence[str]) -> tuple[Decision, ...]:
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
    rule: Success, request: EndpointRequest, sample: Sample, reference: Sample
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
