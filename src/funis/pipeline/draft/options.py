"""What a form of a trial may offer: everything comes from the library and the schemas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from funis.analysis.methods.registry import METHODS
from funis.checks import one_of
from funis.models import Model, disease_ids, load_model
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.product import library_lot, library_lots, library_product, library_products
from funis.protocol import DEFAULT_METHOD, library_structures, load_protocol
from funis.protocol.analyses import METHOD_USES
from funis.protocol.values import SUMMARY_OF, Control, IntercurrentEvent, Role, Strategy
from funis.trial import has_structure


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: its id in the file and its name for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """An endpoint, how it may be measured, and whether higher is better for the patient."""

    id: str
    name: str
    measures: tuple[str, ...]
    better: str | None


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """A method of analysis: the measures it takes, how it compares arms, its words."""

    id: str
    name: str
    measures: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class CriterionChoice:
    """An entry condition that a trial of the library uses for the disease."""

    id: str
    expression: str
    visits: tuple[str, ...]
    source: str | None


@dataclass(frozen=True, slots=True)
class Options:
    """What a form may offer for one disease.

    Attributes
    ----------
    names : components, scores, responses and covariates that conditions may name.
    default_method, summary_of : by measure.
    """

    disease: Choice
    diseases: tuple[Choice, ...]
    trials: tuple[Choice, ...]
    products: tuple[Choice, ...]
    lots: tuple[Choice, ...]
    routes: tuple[Choice, ...]
    drugs: tuple[Choice, ...]
    structures: tuple[Choice, ...]
    endpoints: tuple[EndpointChoice, ...]
    methods: tuple[MethodChoice, ...]
    criteria: tuple[CriterionChoice, ...]
    names: tuple[str, ...]
    controls: tuple[str, ...] = get_args(Control)
    roles: tuple[str, ...] = get_args(Role)
    events: tuple[str, ...] = get_args(IntercurrentEvent)
    strategies: tuple[str, ...] = get_args(Strategy)
    directions: tuple[str, ...] = ("greater", "less")


def draft_options(disease: str) -> Options:
    """Return what a form may offer for a disease.

    Raises
    ------
    InputError
        The library has no such disease.
    """
    one_of("disease", disease, disease_ids())
    return _options(disease)


@cache
def _options(disease: str) -> Options:
    model, trials = load_model(disease), _trials()
    points = model.endpoints
    structures = [one for one in library_structures().values() if has_structure(model, one)]
    lots = [library_lot(name) for name in library_lots()]
    return Options(
        Choice(disease, model.name),
        diseases(),
        tuple(Choice(name, one.title) for name, one in trials if one.disease == disease),
        tuple(Choice(n, library_product(n).name) for n in library_products()),
        tuple(Choice(lot.id, f"{lot.name} ({lot.product})") for lot in lots),
        _inputs(model, "cells"),
        _inputs(model, "drug"),
        tuple(Choice(one.id, one.title) for one in structures),
        tuple(
            EndpointChoice(n, endpoint_name(n, points), points.measures(n), points.better(n))
            for n in (*points.conditions, *points.numbers)
        ),
        tuple(MethodChoice(n, m.text, *METHOD_USES[n]) for n, m in METHODS.items()),
        _criteria(disease),
        tuple(dict.fromkeys((*points.names, *model.covariates.values()))),
    )


@cache
def diseases() -> tuple[Choice, ...]:
    """Return the diseases of the library."""
    return tuple(Choice(name, load_model(name).name) for name in disease_ids())


def measure_rules() -> dict[str, dict[str, str]]:
    """Return the default method and the summary of each measure."""
    return {
        "default_method": dict(DEFAULT_METHOD),
        "summary_of": {str(k): str(v) for k, v in SUMMARY_OF.items()},
    }


@cache
def _trials() -> tuple[tuple[str, Any], ...]:
    from funis.pipeline.inputs import find_trial, trial_names

    return tuple((name, load_protocol(find_trial(name))) for name in trial_names())


def library_trials() -> tuple[tuple[Choice, str], ...]:
    """Return every trial of the library and its disease."""
    return tuple((Choice(name, one.title), one.disease) for name, one in _trials())


def _inputs(model: Model, kind: str) -> tuple[Choice, ...]:
    return tuple(Choice(one.id, one.description) for one in model.inputs if one.kind == kind)


def _criteria(disease: str) -> tuple[CriterionChoice, ...]:
    """Return the criteria of the disease's trials, each expression once."""
    found: dict[str, CriterionChoice] = {}
    for _, protocol in _trials():
        if protocol.disease != disease:
            continue
        for one in protocol.population.criteria:
            text = one.expression.text
            found.setdefault(text, CriterionChoice(one.id, text, one.visits, one.source))
    return tuple(found.values())
