"""What a trial wants to know: objectives with endpoints, estimands, entry criteria."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funis.pipeline.export.usdm import terms
from funis.pipeline.export.usdm.items import Item, chained, coded, markup, named, reference
from funis.pipeline.export.usdm.treatments import intervention_ids
from funis.pipeline.inputs import Trial
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.protocol import EndpointRequest, Protocol

POPULATION = "randomised"

STRATEGIES: Mapping[str, str] = {
    "composite": "composite variable strategy",
    "treatment_policy": "treatment policy strategy",
    "hypothetical": "hypothetical strategy",
    "while_on_treatment": "while on treatment strategy",
}
"""Strategies by the names of ICH E9(R1)."""


def objectives(trial: Trial) -> list[Item]:
    """Return one objective for each role that has endpoints."""
    requests = trial.protocol.endpoints
    roles = [role for role in terms.OBJECTIVE_LEVELS if any(r.role == role for r in requests)]
    return [_objective(role, trial) for role in roles]


def estimands(protocol: Protocol) -> list[Item]:
    """Return the estimand of each primary endpoint."""
    return [_estimand(request, protocol) for request in protocol.primary]


def analysis_population(protocol: Protocol) -> Item:
    """Return who is analysed."""
    words = protocol.estimand.population
    return named(
        "AnalysisPopulation", POPULATION, description=words, text=markup(words), subsetOfIds=[],
        notes=[],
    )  # fmt: skip


def criteria(protocol: Protocol) -> list[Item]:
    """Return the entry criteria."""
    return chained(
        [
            named(
                "EligibilityCriterion",
                one.id,
                description=one.source,
                category=coded(terms.INCLUSION),
                identifier=f"I{number}",
                criterionItemId=reference("EligibilityCriterionItem", one.id),
                nextId=None,
                previousId=None,
                notes=[],
            )
            for number, one in enumerate(protocol.population.criteria, 1)
        ]
    )


def criterion_items(protocol: Protocol) -> list[Item]:
    """Return what the entry criteria say."""
    return [
        _worded(
            "EligibilityCriterionItem", one.id,
            f"{one.expression.text} at {' and '.join(one.visits)}",
        )
        for one in protocol.population.criteria
    ]  # fmt: skip


def endpoint_key(request: EndpointRequest) -> str:
    """Return the name of an endpoint in the document."""
    return request.key.replace("@", "_week_")


def _objective(role: str, trial: Trial) -> Item:
    others = [arm.label for arm in trial.protocol.arms if not arm.reference]
    reference_arm = trial.protocol.reference
    against = f" against {reference_arm.label}" if reference_arm is not None else ""
    words = f"To estimate the effect of {'; '.join(others)}{against}, in virtual patients"
    requests = [one for one in trial.protocol.endpoints if one.role == role]
    return _worded(
        "Objective", role, words, level=coded(terms.OBJECTIVE_LEVELS[role]),
        endpoints=[_endpoint(one, trial) for one in requests],
    )  # fmt: skip


def _endpoint(request: EndpointRequest, trial: Trial) -> Item:
    name = endpoint_name(request.endpoint, trial.model.endpoints)
    return _worded(
        "Endpoint", endpoint_key(request), f"{name}: {request.measure} at week {request.week:g}",
        purpose="Efficacy", level=coded(terms.ENDPOINT_LEVELS[request.role]),
    )  # fmt: skip


def _estimand(request: EndpointRequest, protocol: Protocol) -> Item:
    aim = protocol.estimand
    responder = request.measure == "responder"
    events = aim.intercurrent_events if responder else aim.continuous_events
    given = dict.fromkeys(
        one for arm in protocol.arms for one in intervention_ids(protocol, arm.id)
    )
    key = endpoint_key(request)
    return named(
        "Estimand",
        key,
        description=f"Treatment: {aim.treatment}. Variable: {aim.variable}.",
        populationSummary=aim.summary.replace("_", " "),
        analysisPopulationId=reference("AnalysisPopulation", POPULATION),
        interventionIds=[*given],
        variableOfInterestId=reference("Endpoint", key),
        intercurrentEvents=[
            _worded("IntercurrentEvent", f"{key}_{event}", event, strategy=STRATEGIES[strategy])
            for event, strategy in events.items()
        ],
        notes=[],
    )


def _worded(kind: str, key: str, words: str, **more: Any) -> Item:
    """Return an object whose text may hold mark-up."""
    return named(kind, key, label=words, text=markup(words), dictionaryId=None, notes=[], **more)
