"""Whether a disease has what the methods of analysis of a protocol ask for."""

from __future__ import annotations

from dataclasses import replace

from funis.checks import Issue, nearest
from funis.models import Model
from funis.protocol import EndpointRequest, Protocol
from funis.protocol.lines import Path

OF_SUBJECTS = ("site", "stratum")
"""Columns of the subjects that may be strata, beside the covariates."""


def check_methods(protocol: Protocol, model: Model) -> list[Issue]:
    """Find strata and hierarchies that nobody provides, and methods without what they need."""
    issues: list[Issue] = []
    for number, request in enumerate(protocol.endpoints):
        path: Path = ("endpoints", number)
        issues += _names(protocol, model, request, path)
        issues += _needs(protocol, model, request, (*path, "method"))
    rule = protocol.success
    if rule is not None and rule.method is not None:
        for request in _asked(protocol, rule.endpoint, rule.week):
            asked = replace(request, method=rule.method)
            issues += _needs(protocol, model, asked, ("success", "method"))
    for number, one in enumerate(protocol.sensitivity):
        for request in _asked(protocol, one.endpoint, one.week):
            asked = request if one.method is None else replace(request, method=one.method)
            issues += _needs(protocol, model, asked, ("sensitivity", number, "method"))
    return issues


def _asked(protocol: Protocol, endpoint: str, week: float) -> list[EndpointRequest]:
    return [r for r in protocol.endpoints if (r.endpoint, r.week) == (endpoint, week)][:1]


def _names(protocol: Protocol, model: Model, request: EndpointRequest, path: Path) -> list[Issue]:
    points = model.endpoints
    known = {
        "strata": [*OF_SUBJECTS, *model.covariates.values(), *points.conditions, *points.numbers],
        "hierarchy": [*points.conditions, *points.numbers],
    }
    return [
        protocol.where.issue(
            (*path, key, place),
            f"unknown name '{name}' in {key}",
            expected="one of " + ", ".join(sorted(names)),
            nearest=nearest(name, names),
        )
        for key, names in known.items()
        for place, name in enumerate(getattr(request, key))
        if name not in names
    ]


def _needs(protocol: Protocol, model: Model, request: EndpointRequest, path: Path) -> list[Issue]:
    """Find a method that lacks strata, or levels."""
    levels = [name for c in model.endpoints.categories for name in c.level_names]
    stratified = getattr(getattr(protocol, "design", None), "strata", ())
    if request.method == "cmh" and not request.strata and not stratified:
        expected = "strata: [site], or another name, in the endpoint"
        return [protocol.where.issue(path, "cmh without strata", expected=expected)]
    plain = request.measure == "responder" and request.endpoint not in levels
    if request.method == "ordinal" and plain:
        message = f"'{request.endpoint}' is yes or no, so it has no order"
        expected = "a level of a category" + (
            f": {', '.join(levels)}" if levels else ", or a number"
        )
        return [protocol.where.issue(path, message, expected=expected)]
    return []
