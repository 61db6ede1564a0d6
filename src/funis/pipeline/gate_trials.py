"""The trials that the gates conduct, made from a trial of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from funis.checks import InputError, Issue
from funis.models import Model
from funis.pipeline.drugs import BACKGROUND
from funis.pipeline.inputs import Trial, load_trial, trial_names
from funis.protocol import (
    CONTINUOUS,
    Arm,
    EndpointRequest,
    FrozenMapping,
    Intervention,
    Protocol,
    Visits,
)

Item = TypeVar("Item")

DEMO = "_demo"
"""The trial of this name, after the disease, is the one whose patients a disease is judged in."""


def template_trial(model: Model) -> Trial:
    """Return the demo trial of a disease, else its trial with a placebo arm and the most arms.

    Raises
    ------
    InputError
        The library has none.
    """
    names = trial_names()
    if f"{model.id}{DEMO}" in names:
        return gate_trial(model, f"{model.id}{DEMO}")
    fits = [trial for trial in map(load_trial, names) if _fits(trial, model)]
    if not fits:
        message = f"the library has no trial of '{model.id}' with a placebo arm"
        raise InputError(Issue(None, None, None, message, "a trial file in library/trials"))
    return replace(max(fits, key=lambda trial: len(trial.protocol.arms)), model=model)


def gate_trial(model: Model, name: str) -> Trial:
    """Return the library's trial that a row of the evidence is judged in.

    Raises
    ------
    InputError
        No such trial, one of another disease, or one without a placebo arm.
    """
    trial = load_trial(name)
    if not _fits(trial, model):
        message = f"'{name}' is no trial of '{model.id}' with a placebo arm"
        raise InputError(Issue(None, None, "trial", message, "a trial of the disease"))
    return replace(trial, model=model)


def by_trial(
    model: Model, items: Sequence[tuple[Item, str | None]]
) -> list[tuple[Trial, list[Item]]]:
    """Return the trials in which things are judged, each with its own; the demo stands first."""
    own = template_trial(model)
    groups: dict[str, list[Item]] = {own.name: []}
    for item, name in items:
        groups.setdefault(name or own.name, []).append(item)
    trials = {name: own if name == own.name else gate_trial(model, name) for name in groups}
    return [(trials[name], found) for name, found in groups.items() if found]


def _fits(trial: Trial, model: Model) -> bool:
    placebo = any(arm.control == "placebo" for arm in trial.protocol.arms)
    return trial.protocol.disease == model.id and placebo


def shown_weeks(protocol: Protocol, model: Model) -> tuple[float, ...]:
    """Return the weeks at which drugs are shown: of the primary endpoint and of main scores."""
    scores = {score.id for score in model.endpoints.scores}
    weeks = {request.week for request in protocol.primary}
    weeks |= {
        request.week
        for request in protocol.endpoints
        if request.role != "exploratory" and request.endpoint in scores
    }
    return tuple(sorted(weeks - {0.0}))


def reference_of(protocol: Protocol) -> Arm:
    """Return the reference arm of a protocol that has one."""
    reference = protocol.reference
    assert reference is not None
    return reference


def placebo_alone(protocol: Protocol, more_weeks: Sequence[float]) -> Protocol:
    """Return the placebo arm of a protocol by itself, with its visits and some more weeks."""
    arm = next(arm for arm in protocol.arms if arm.control == "placebo")
    last = max(more_weeks, default=0.0)
    own = (week for week in protocol.visits.weeks if week <= last)
    weeks = tuple(sorted({0.0, *own, *more_weeks}))
    rules = [
        replace(rule, weeks=tuple(week for week in rule.weeks if week in weeks))
        for rule in protocol.rules
        if rule.applies_to(arm.id) and (not rule.weeks or set(rule.weeks) & set(weeks))
    ]
    endpoints = tuple(request for request in protocol.endpoints if request.week in weeks)
    return replace(
        protocol, arms=(replace(arm, reference=True),), success=None, visits=Visits(weeks),
        rules=tuple(replace(rule, arms=("all",)) for rule in rules), endpoints=_primary(endpoints),
        dropout=replace(protocol.dropout, arms=FrozenMapping()),
    )  # fmt: skip


def drug_trial(
    protocol: Protocol, model: Model, arms: Sequence[Arm], without: Sequence[str],
    weeks: Sequence[float],
) -> Protocol:  # fmt: skip
    """Return a trial of some arms against placebo, in patients without some background drugs.

    It has the visits at which drugs are shown, and those of ``weeks``. What the placebo arm gets,
    such as induction, every drug is added to.
    """
    placebo = next(arm for arm in protocol.arms if arm.control == "placebo")
    taken = {f"{BACKGROUND}{name}" for name in without}
    columns = {model.covariates.get(name, name) for name in taken}
    criteria = tuple(
        item for item in protocol.population.criteria if not item.expression.names & columns
    )
    shown = shown_weeks(protocol, model)
    scores = [s.id for s in model.endpoints.scores]
    asked = dict.fromkeys(
        r.endpoint for r in protocol.endpoints if r.measure == "change" and r.endpoint in scores
    )
    first = protocol.primary[0]
    requests = [EndpointRequest(first.endpoint, week, first.measure, "primary") for week in shown]
    requests += [
        EndpointRequest(name, week, "change", "secondary") for name in asked for week in shown
    ]
    rule = protocol.success
    asked_of = None if rule is None else (rule.endpoint, rule.week)
    requests += [one for one in protocol.endpoints if (one.endpoint, one.week) == asked_of]
    once: dict[str, EndpointRequest] = {}
    for request in requests:
        once.setdefault(request.key, request)
    others = tuple(replace(_added(arm, placebo), reference=False) for arm in arms)
    visits = Visits(tuple(sorted({0.0, *shown, *weeks})))
    if rule is not None and others:
        rule = replace(rule, arms=(others[0].id,), reference=placebo.id)
    return replace(
        protocol, arms=(replace(placebo, reference=True), *others), visits=visits,
        population=replace(protocol.population, criteria=criteria), rules=(),
        endpoints=tuple(once.values()), success=rule if others else None,
        dropout=replace(protocol.dropout, arms=FrozenMapping()),
        scenario=FrozenMapping({**protocol.scenario, **dict.fromkeys(sorted(taken), 0.0)}),
    )  # fmt: skip


def drug_arms(model: Model, drugs: Sequence[str]) -> list[Arm]:
    """Return an arm for each drug at its standard dose, without a break."""
    arms = []
    for name in drugs:
        given = model.input(name)
        label = name if given is None else given.description
        one = Intervention(name, drug=name, dose=1.0, days=(0.0,), duration_day=CONTINUOUS)
        arms.append(Arm(name, label[:1].upper() + label[1:], interventions=(one,)))
    return arms


def _added(arm: Arm, placebo: Arm) -> Arm:
    """Return an arm of one drug with what the placebo arm gets; other arms have it already."""
    if any(one.product is not None for one in arm.interventions):
        return arm
    return replace(arm, interventions=(*arm.interventions, *placebo.interventions))


def cells_alone(arm: Arm) -> bool:
    """Return whether an arm gives cells and nothing else, as the model has them."""
    given = arm.interventions
    return bool(given) and not arm.altered and all(one.product is not None for one in given)


def _primary(requests: tuple[EndpointRequest, ...]) -> tuple[EndpointRequest, ...]:
    """Return requests of which one at least is primary, as every protocol needs."""
    if not requests or any(request.role == "primary" for request in requests):
        return requests
    return (replace(requests[0], role="primary"), *requests[1:])
