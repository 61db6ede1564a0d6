"""What is known of the components and scores of a disease: each a range, one number where given."""

from __future__ import annotations

from collections.abc import Mapping

from funis.checks.ranges import ANYTHING, OPEN, Range
from funis.models import Model
from funis.plan.consulted import Consultation

OWN_FIELDS: Mapping[str, str] = {
    "age_year": "age_year",
    "female": "sex",
    "weight_kg": "weight_kg",
    "duration_year": "duration_year",
    "prior_failures": "prior_failures",
}
"""Columns of the models' covariates that a consultation holds in a field of its own."""

BACKGROUND = "background_"
"""Prefix of the covariates that say which drug is taken at entry."""


def traits(model: Model) -> tuple[str, ...]:
    """Covariates of a disease that have no field of their own, and so stand with the severity."""
    return tuple(
        column
        for column in model.covariates.values()
        if column not in OWN_FIELDS and not column.startswith(BACKGROUND)
    )


def severity_names(model: Model) -> tuple[str, ...]:
    """What may stand under ``severity``: components, scores and traits of the disease."""
    components = (one.id for one in model.endpoints.components)
    return (*components, *(one.id for one in model.endpoints.scores), *traits(model))


def limits_of(name: str, model: Model) -> Range:
    """Range in which a component or a score can lie."""
    parts = {one.id: (one.low, one.high) for one in model.endpoints.components}
    parts |= {one.id: (one.low, one.high) for one in model.endpoints.scores}
    return parts.get(name, ANYTHING)


def component_ranges(consultation: Consultation, model: Model) -> dict[str, Range]:
    """Range of every component: what the consultation gives, else all that can be recorded."""
    given = dict(consultation.severity)
    given |= {name: lab.value for name, lab in consultation.labs.items()}
    return {
        one.id: (given[one.id], given[one.id]) if one.id in given else (one.low, one.high)
        for one in model.endpoints.components
    }


def severity_ranges(consultation: Consultation, model: Model) -> dict[str, Range]:
    """Range of every component, score, condition and trait of a disease.

    A score that is given counts as given; else it is what its components leave open.
    """
    known = component_ranges(consultation, model)
    known |= {name: ANYTHING for name in traits(model)}
    for name in traits(model):
        if name in consultation.severity:
            known[name] = (consultation.severity[name],) * 2
    for name in model.endpoints.order:
        if name in consultation.severity:
            known[name] = (consultation.severity[name],) * 2
        else:
            known[name] = computed_range(name, model, known)
    return known


def computed_range(name: str, model: Model, known: Mapping[str, Range]) -> Range:
    """Range of a score or a condition, given the ranges of what it is computed from."""
    for score in model.endpoints.scores:
        if score.id == name:
            low, high = score.expression.limits(known)
            return (min(max(low, score.low), score.high), max(min(high, score.high), score.low))
    for responder in model.endpoints.responders:
        if responder.id == name:
            return OPEN if responder.remembers else responder.expression.limits(known)
    return OPEN
