"""The success rule of a trial applied to its tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from funis.analysis import multiplicity
from funis.analysis.intervals import Interval
from funis.analysis.methods import METHODS, ReplicateSample
from funis.analysis.outcomes import method_of, outcomes
from funis.analysis.results import Decision, Verdict
from funis.analysis.samples import SampleTable
from funis.protocol import METHOD_USES, EndpointRequest, Protocol, Success

_HALVINGS = 40

_ADJUST: dict[str, Callable[[Sequence[float]], tuple[float, ...]]] = {
    "hierarchical": multiplicity.fixed_sequence,
    "holm": multiplicity.holm,
    "hochberg": multiplicity.hochberg,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Hypothesis:
    """One arm in one endpoint of the rule."""

    rule: Success
    request: EndpointRequest
    arm: str
    sample: ReplicateSample
    reference: ReplicateSample

    def interval(self, alpha: float) -> tuple[Interval, float]:
        """Return the interval at a level, and the p value of the test."""
        found = METHODS[method_of(self.request)].compare(self.sample, self.reference, 1 - alpha)
        estimate, low, high, p_value = found.row(0)
        return Interval(estimate, low, high), p_value


def decide(protocol: Protocol, table: SampleTable, arms: Sequence[str]) -> tuple[Decision, ...]:
    """Return a decision for each arm of the success rule, and for each of its endpoints."""
    if protocol.success is None:
        return ()
    hypotheses = [
        one
        for rule in rules_of(protocol.success)
        for one in _hypotheses(rule, protocol.endpoints, table, arms)
    ]
    named = protocol.success.method is not None or protocol.success.multiplicity is not None
    if not named and all(one.request.method is None for one in hypotheses):
        return tuple(_decision(one) for one in hypotheses)
    levels = [smallest_level(one.interval, one.rule) for one in hypotheses]
    adjusted = adjusted_levels(protocol.success, levels)
    return tuple(
        _adjusted(_decision(one), level, whole, protocol.success)
        for one, level, whole in zip(hypotheses, levels, adjusted, strict=True)
    )


def rules_of(rule: Success) -> tuple[Success, ...]:
    """Return a rule for each endpoint of the success rule, the first one first."""
    return (
        rule,
        *(
            replace(
                rule,
                endpoint=one.endpoint,
                week=one.week,
                measure=one.measure,
                direction=one.direction,
                minimal_difference=one.minimal_difference,
                method=one.method,
            )
            for one in rule.further
        ),
    )


def adjusted_levels(rule: Success, levels: Sequence[float]) -> tuple[float, ...]:
    """Return the smallest levels adjusted as the rule says."""
    chosen = rule.multiplicity
    if chosen is None:
        return tuple(levels)
    if chosen.method == "graphical":
        return multiplicity.graphical(levels, chosen.weights, chosen.transitions)
    return _ADJUST[chosen.method](levels)


def smallest_level(interval: Callable[[float], tuple[Interval, float]], rule: Success) -> float:
    """Return the smallest level at which interval and test would still meet a rule.

    It is the p value of the decision: of the required difference, in the good direction, two-sided
    as the level of the rule.
    """

    def met(alpha: float) -> bool:
        return judge(interval(alpha)[0], rule) == "success"

    if not met(1 - 1e-9):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if met(middle) else (middle, high)
    test = interval(rule.alpha)[1]
    return high if np.isnan(test) else max(high, test)


def _hypotheses(
    rule: Success, requests: Sequence[EndpointRequest], table: SampleTable, arms: Sequence[str]
) -> list[_Hypothesis]:
    request = rule_request(requests, rule)
    compared = outcomes(table, request, arms)
    return [
        _Hypothesis(rule, request, arm, compared[arm], compared[rule.reference])
        for arm in rule.arms
    ]


def rule_request(requests: Sequence[EndpointRequest], rule: Success) -> EndpointRequest:
    """Return the endpoint that a rule asks for, by the method of the rule where it names one."""
    for request in requests:
        asked = request if rule.method is None else replace(request, method=rule.method)
        named = (request.endpoint, request.week) == (rule.endpoint, rule.week)
        if named and asked.summary == rule.measure and _takes(asked):
            return asked
    raise ValueError(f"the success rule names {rule.endpoint} at week {rule.week:g}, not estimated")


def _takes(request: EndpointRequest) -> bool:
    return request.measure in METHOD_USES[method_of(request)][0]


def _decision(one: _Hypothesis) -> Decision:
    rule = one.rule
    interval, _ = one.interval(rule.alpha)
    verdict = judge(interval, rule)
    return Decision(
        arm=one.arm,
        reference=rule.reference,
        endpoint=one.request.key,
        week=one.request.week,
        success=verdict == "success",
        verdict=verdict,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        alpha=rule.alpha,
        required=rule.minimal_difference,
        null=rule.null,
    )


def _adjusted(one: Decision, level: float, adjusted: float, rule: Success) -> Decision:
    """Return a decision by the adjusted level: an interval alone does not suffice."""
    found = adjusted <= rule.alpha
    verdict = one.verdict
    if one.verdict == "success" and not found:
        verdict = "not after adjustment"
    how = None if rule.multiplicity is None else rule.multiplicity.method
    return replace(
        one, success=found, verdict=verdict, p_value=level, adjusted=adjusted, adjustment=how
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
