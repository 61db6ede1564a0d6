"""What is given in a trial: interventions with their administrations, and products."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from funis.pipeline.export.usdm import terms
from funis.pipeline.export.usdm.items import (
    Item,
    Term,
    aliased,
    coded,
    duration,
    named,
    own_code,
    quantity,
    reference,
)
from funis.pipeline.inputs import Trial
from funis.protocol import Intervention, Protocol

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Given:
    """One intervention where it stands: in an arm, or in a rule."""

    place: str
    rescue: bool
    what: Intervention

    @property
    def key(self) -> str:
        """Name of its administration."""
        return f"{self.place}_{self.what.id}"

    @property
    def agent(self) -> str:
        """Product, class of drug, or the sham of a route."""
        return (
            f"sham_{self.what.route}"
            if self.what.sham
            else str(self.what.product or self.what.drug)
        )


def given(protocol: Protocol) -> tuple[Given, ...]:
    """Return what the arms give, then what rules give."""
    by_arm = [Given(arm.id, False, one) for arm in protocol.conducted for one in arm.interventions]
    by_rule = [
        Given(rule.id, rule.action.rescue, one)
        for rule in protocol.rules
        for one in rule.action.give
    ]
    return (*by_arm, *by_rule)


def days_within(one: Intervention, protocol: Protocol) -> tuple[float, ...]:
    """Return the days of the doses before the last visit: later ones are not conducted."""
    last = DAYS_PER_WEEK * protocol.visits.last_week
    return tuple(day for day in one.days if day < last)


def interventions(trial: Trial, version: str) -> list[Item]:
    """Return one intervention for each product or drug, with every way in which it is given."""
    return [
        _intervention(agent, [*_of(agent, trial.protocol)], trial, version)
        for agent in _agents(trial.protocol)
    ]


def products(trial: Trial) -> list[Item]:
    """Return one product for each product or drug."""
    return [
        _product(agent, [*_of(agent, trial.protocol)], trial) for agent in _agents(trial.protocol)
    ]


def intervention_ids(protocol: Protocol, arm: str) -> list[str]:
    """Return the identifiers of what an arm gives, each once."""
    own = (Given(arm, False, one) for one in protocol.arm(arm).interventions)
    agents = dict.fromkeys(one.agent for one in own)
    return [reference("StudyIntervention", agent) for agent in agents]


def _agents(protocol: Protocol) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.agent for one in given(protocol)))


def _of(agent: str, protocol: Protocol) -> Iterator[Given]:
    return (one for one in given(protocol) if one.agent == agent)


def _intervention(agent: str, ways: list[Given], trial: Trial, version: str) -> Item:
    rescue = all(way.rescue for way in ways)
    return named(
        "StudyIntervention",
        agent,
        label=_words(agent, trial),
        role=coded(_role(ways[0].what.sham, rescue)),
        type=coded(_type(ways[0].what)),
        minimumResponseDuration=None,
        codes=[],
        administrations=[_administration(way, trial.protocol, version) for way in ways],
        notes=[],
    )


def _role(sham: bool, rescue: bool) -> Term:
    if sham:
        return terms.PLACEBO
    return terms.RESCUE_MEDICATION if rescue else terms.PROTOCOL_AGENT


def _type(one: Intervention) -> Term:
    if one.sham:
        return terms.PROCEDURE
    return terms.PHARMACOLOGIC if one.drug is not None else terms.BIOLOGICAL


def _administration(way: Given, protocol: Protocol, version: str) -> Item:
    one = way.what
    route = terms.ROUTES.get(one.route or "")
    return named(
        "Administration",
        way.key,
        description=f"{way.place}: {_schedule(way, protocol)}"
        + (f"; route: {one.route}" if one.route else ""),
        duration=_duration(one, protocol),
        dose=_dose(one, version),
        route=None if route is None else aliased(coded(route)),
        frequency=aliased(coded(_frequency(one, protocol))),
        administrableProductId=reference("AdministrableProduct", way.agent),
        medicalDeviceId=None,
        notes=[],
    )


def _schedule(way: Given, protocol: Protocol) -> str:
    days = ", ".join(f"{day:g}" for day in days_within(way.what, protocol))
    asked = any(rule.id == way.place for rule in protocol.rules)
    return f"days {days} {'after the visit at which the rule holds' if asked else 'of the trial'}"


def _frequency(one: Intervention, protocol: Protocol) -> Term:
    """Return how often it is given: the days themselves stand in the description."""
    days = days_within(one, protocol)
    if math.isinf(one.duration_day):
        return terms.CONTINUOUS
    if len(days) < 2:
        return terms.ONCE
    gaps = {later - day for day, later in pairwise(days)}
    return (
        terms.EVERY_DAYS.get(min(gaps), terms.INTERMITTENT)
        if len(gaps) == 1
        else terms.INTERMITTENT
    )


def _dose(one: Intervention, version: str) -> Item:
    if one.sham:
        return quantity(0.0, coded(terms.CELLS))
    if one.dose_cell_per_kg is not None:
        return quantity(one.dose_cell_per_kg, own_code("cells per kg of body weight", version))
    if one.dose_cell is not None:
        return quantity(one.dose_cell, coded(terms.CELLS))
    return quantity(float(one.dose or 0.0), own_code("multiples of the standard dose", version))


def _duration(one: Intervention, protocol: Protocol) -> Item:
    if math.isinf(one.duration_day):
        last = DAYS_PER_WEEK * protocol.visits.last_week - min(one.days)
        return duration("until the end of the trial", quantity(last, coded(terms.DAY)))
    words = "a bolus" if one.duration_day == 0 else f"{one.duration_day:g} days each dose"
    return duration(words, quantity(one.duration_day, coded(terms.DAY)))


def _product(agent: str, ways: Iterable[Given], trial: Trial) -> Item:
    ways = [*ways]
    is_drug = ways[0].what.drug is not None
    own = terms.AUXILIARY_PRODUCT if all(w.rescue for w in ways) else terms.INVESTIGATIONAL_PRODUCT
    return named(
        "AdministrableProduct",
        agent,
        label=_words(agent, trial),
        pharmacologicClass=None,
        administrableDoseForm=aliased(coded(terms.NO_FORM if is_drug else terms.SUSPENSION)),
        productDesignation=coded(own),
        sourcing=None,
        properties=[],
        identifiers=[],
        ingredients=[],
        notes=[],
    )


def _words(agent: str, trial: Trial) -> str:
    if agent.startswith("sham_"):
        return f"Procedure of the route {agent.removeprefix('sham_')} without cells"
    if agent in trial.products:
        return trial.products[agent].name
    found = (one.description for one in trial.model.inputs if one.id == agent)
    return next(found, agent)
