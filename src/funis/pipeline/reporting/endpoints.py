"""Endpoints, scores and the success rule as a report names them."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from funis.analysis import Results
from funis.analysis.decisions import rules_of
from funis.models.endpoints import Endpoints
from funis.protocol import RATIOS, Arm, EndpointRequest, Protocol, Success
from funis.report.content import EndpointView, ResponderCurve, ScoreView, SuccessView
from funis.report.outcomes import success_outcomes

MOST_CURVES = 4
"""Responders that are shown over time; the others stand in the tables."""

_CUT = re.compile(r"(\w+) *<=? *([0-9.]+)")


def endpoint_views(protocol: Protocol, endpoints: Endpoints) -> tuple[EndpointView, ...]:
    """Return how the endpoints of a protocol are named and read."""
    return tuple(_view(request, endpoints) for request in protocol.endpoints)


def endpoint_name(name: str, endpoints: Endpoints) -> str:
    """Return the name in words of a score, component, structural endpoint, responder or level."""
    if name in endpoints.numbers:
        return endpoints.number(name).name
    for responder in endpoints.responders:
        if responder.id == name:
            return responder.name
    for category in endpoints.categories:
        if name in category.level_names:
            return f"{category.name}: {category.levels[category.level_names.index(name)]}"
    return name


def short_name(name: str, endpoints: Endpoints) -> str:
    """Return an endpoint in few words: the id of a score, else the name without brackets."""
    if name in [score.id for score in endpoints.scores]:
        return name.replace("_", "-")
    return endpoint_name(name, endpoints).split(" (")[0]


def better(name: str, endpoints: Endpoints) -> Literal["lower", "higher"]:
    """Return which direction of an endpoint is the better one."""
    known = name in endpoints.numbers or name in endpoints.conditions
    return endpoints.better(name) if known else "higher"


def score_names(protocol: Protocol, endpoints: Endpoints) -> tuple[str, ...]:
    """Return the numbers that a report shows over time: those of the protocol, scores first."""
    asked = dict.fromkeys(
        r.endpoint for r in protocol.endpoints if r.measure in ("change", "value")
    )
    scores = [score.id for score in endpoints.scores]
    structural = [item.id for item in endpoints.structural]
    order = sorted(asked, key=lambda name: (name not in scores, name in structural))
    if any(name not in structural for name in order):
        return tuple(order)
    return (*scores[:1], *order)


def score_view(name: str, endpoints: Endpoints) -> ScoreView:
    """Return how a number is named and read, with the cuts that responders make in it."""
    item = endpoints.number(name)
    structural = name in [item.id for item in endpoints.structural]
    return ScoreView(
        id=name,
        name=short_name(name, endpoints) + (", change" if structural else ""),
        unit=item.unit,
        better=better(name, endpoints),
        minimal_important_difference=item.minimal_important_difference,
        thresholds=_thresholds(name, endpoints),
        structural=structural,
    )


def success_view(protocol: Protocol, results: Results, endpoints: Endpoints) -> SuccessView:
    """Return the success rule in words and its outcome in each arm."""
    rule = protocol.success
    if rule is None:
        return SuccessView("none: this protocol makes no comparison")
    text = "; and ".join(_rule_text(one, protocol, endpoints) for one in rules_of(rule))
    if rule.method is not None:
        text += f"; by {rule.method.replace('_', ' ')}, whose test has to agree"
    if rule.multiplicity is not None:
        count = len(rule.arms) * (1 + len(rule.further))
        text += f"; over {count} comparisons, adjusted ({rule.multiplicity.method})"
    return SuccessView(text, success_outcomes(results.success))


_WHAT = {
    "rate_ratio": "ratio of the rates of",
    "hazard_ratio": "hazard ratio of",
    "odds_ratio": "odds ratio of",
    "win_ratio": "win ratio of",
    "difference_in_location": "shift in",
}


def _rule_text(rule: Success, protocol: Protocol, endpoints: Endpoints) -> str:
    """Return one endpoint of the success rule in words."""
    name = endpoint_name(rule.endpoint, endpoints)
    side = "above" if rule.direction == "greater" else "below"
    sign = 1 if rule.direction == "greater" else -1
    limit = rule.null + sign * rule.minimal_difference
    what = _WHAT.get(rule.measure, "difference in")
    word = "divided by" if rule.measure in RATIOS else "minus"
    when = "up to" if rule.measure in ("rate_ratio", "hazard_ratio") else "at"
    return (
        f"the {100 * (1 - rule.alpha):g}% interval of the {what} {name} {when} week "
        f"{rule.week:g}, arm {word} {protocol.arm(rule.reference).label}, lies {side} {limit:g}"
    )


def question(protocol: Protocol, endpoints: Endpoints) -> str:
    """Return the question that the trial asks."""
    primary = protocol.primary[0]
    name = endpoint_name(primary.endpoint, endpoints)
    outcome = f"{name} at week {primary.week:g}"
    if primary.measure == "rate":
        outcome = f"the rate of {name} up to week {primary.week:g}"
    reference = protocol.reference
    if protocol.success is None or reference is None:
        return f"What {outcome} is seen without a comparison?"
    arms: list[Arm] = [protocol.arm(arm) for arm in protocol.success.arms]
    labels = " or ".join(f'"{arm.label}"' for arm in arms)
    return f'Is {labels} better than "{reference.label}" in {outcome}?'


def estimand_text(protocol: Protocol) -> str:
    """Return the estimand, fixed before the run, in words."""
    estimand = protocol.estimand

    def strategies(events: object) -> str:
        return ", ".join(f"{event}: {how}" for event, how in dict(events).items())  # type: ignore[call-overload]

    return (
        f"Variable: {estimand.variable}. Treatment: {estimand.treatment}. "
        f"Population: {estimand.population}. Summary: {estimand.summary.replace('_', ' ')}. "
        f"Intercurrent events, responses: {strategies(estimand.intercurrent_events)}; "
        f"changes: {strategies(estimand.continuous_events)}."
    ).replace("_", " ")


def curve_requests(protocol: Protocol) -> tuple[EndpointRequest, ...]:
    """Return the responders of a protocol at every visit after baseline."""
    asked = dict.fromkeys(r.endpoint for r in protocol.endpoints if r.measure == "responder")
    names = list(asked)[:MOST_CURVES]
    weeks = [week for week in protocol.visits.weeks if week > 0]
    return tuple(
        EndpointRequest(name, week, "responder", "exploratory") for name in names for week in weeks
    )


def responder_curves(
    protocol: Protocol, results: Results, endpoints: Endpoints
) -> tuple[ResponderCurve, ...]:
    """Return the share of responders by visit in each arm."""
    found = {(e.arm, e.endpoint): e for e in results.estimates}
    requests = curve_requests(protocol)
    names = dict.fromkeys(request.endpoint for request in requests)
    curves = []
    for name in names:
        weeks = [request.week for request in requests if request.endpoint == name]
        for arm in protocol.arms:
            points = [found[arm.id, f"{name}@{week:g}"] for week in weeks]
            columns = np.array([[p.estimate, p.low, p.high] for p in points]).T
            words = short_name(name, endpoints)
            curves.append(ResponderCurve(arm.id, words, np.array(weeks), *columns))
    return tuple(curves)


def _view(request: EndpointRequest, endpoints: Endpoints) -> EndpointView:
    item = endpoints.number(request.endpoint) if request.endpoint in endpoints.numbers else None
    name = (endpoint_name if item is None else short_name)(request.endpoint, endpoints)
    names = {"change": f"Change in {name}", "rate": f"{name}, rate"}
    unit = "share" if item is None else item.unit
    least = None if item is None else item.minimal_important_difference
    return EndpointView(
        key=request.key,
        name=names.get(request.measure, name),
        week=request.week,
        measure=request.measure,
        role=request.role,
        unit=f"{unit} per patient-year" if request.measure == "rate" else unit,
        better=better(request.endpoint, endpoints),
        minimal_important_difference=None if request.measure == "rate" else least,
        structural=request.endpoint in [item.id for item in endpoints.structural],
    )


def _thresholds(name: str, endpoints: Endpoints) -> tuple[tuple[str, float], ...]:
    found = []
    for responder in endpoints.responders:
        cut = _CUT.fullmatch(responder.expression.text)
        if cut is not None and cut[1] == name:
            words = responder.name.split(" (")[0].split(" or ")[0].lower()
            found.append((f"{words} {cut[2]}", float(cut[2])))
    return tuple(found)
