"""What a design is asked: which arms, which endpoint, which forms of the model, how many."""

from __future__ import annotations

from dataclasses import dataclass, replace

from funis.analysis import Handling, handling
from funis.checks import InputError, Issue
from funis.models import Endpoints
from funis.pipeline.inputs import Trial
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.reporting.endpoints import better
from funis.protocol import (
    ALL,
    Design,
    EndpointRequest,
    FrozenMapping,
    Protocol,
    Randomisation,
    Rule,
    Success,
)

PRESENT = "present"
"""The model as it is, without a competing structure."""

STRUCTURES = ("dose_emax", "bistable_memory")
"""Competing structures that a design is judged under unless others are named: dose and memory."""

GROUPS = 8
"""Disjoint parts of the bank: what differs between them is the error of the bank."""

SITE = 128
"""Patients of a site of the bank, about."""

PATIENTS = 256
"""Patients in each part: as many as the largest trial may have."""


METHODS = {
    "responder": "newcombe",
    "change": "welch",
    "value": "welch",
    "rate": "rate_ratio",
}
"""Analysis of an endpoint by its measure, as `funis run` does it."""

REPLICATED = (
    *dict.fromkeys(METHODS.values()),
    "miettinen_nurminen",
    "chi_square",
    "ancova",
    "negative_binomial",
)
"""Methods that a design follows: their test is their interval, and need no more than a sample."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What a series without a control may call improved: a move of a score since the start."""

    id: str
    words: str
    score: str
    least: float
    lower: bool


@dataclass(frozen=True, slots=True, eq=False)
class DesignPlan:
    """A trial as a design sees it: the arms of its success rule up to their endpoint.

    Attributes
    ----------
    trial : with the arms of the rule and the reference alone, and no visit after the endpoint.
    declared : the protocol as it was written.
    rule, request, handling : the decision, its endpoint, and how events are dealt with.
    series : what an uncontrolled series may call improved.
    patients : in each part of the bank.
    patients_per_site : in a replicate.
    groups : parts of the bank; with one, every draw is followed in the same patients.
    """

    trial: Trial
    declared: Protocol
    rule: Success
    request: EndpointRequest
    handling: Handling
    series: tuple[Improvement, ...]
    patients: int
    patients_per_site: int
    groups: int = GROUPS

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms, the reference first."""
        return (self.rule.reference, *self.rule.arms)

    @property
    def site_size(self) -> int:
        """Patients of one site of the bank."""
        return self.patients // self.sites

    @property
    def sites(self) -> int:
        """Sites of a part of the bank."""
        return max(self.patients // SITE, 1)

    @property
    def method(self) -> str:
        """Analysis of the endpoint."""
        return self.rule.method or self.request.method or METHODS[self.request.measure]

    @property
    def weeks(self) -> tuple[float, ...]:
        """Visits that are followed."""
        return self.trial.protocol.visits.weeks

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What is kept at every visit."""
        return tuple(dict.fromkeys((self.request.endpoint, *(one.score for one in self.series))))


def design_plan(trial: Trial, patients: int = PATIENTS) -> DesignPlan:
    """Return what a design needs of a trial.

    Raises
    ------
    InputError
        The trial declares no success rule.
    """
    protocol, endpoints = trial.protocol, trial.model.endpoints
    rule = protocol.success
    if rule is None:
        expected = "a trial that says what counts as success: success: {endpoint, week, arms, ...}"
        raise InputError(Issue(protocol.file, None, "success", "no success rule", expected))
    _require_parallel(protocol)
    request = next(
        one for one in protocol.endpoints
        if (one.endpoint, one.week) == (rule.endpoint, rule.week)
    )  # fmt: skip
    _refuse(protocol, rule, request)
    cut = _cut(protocol, (rule.reference, *rule.arms), request.week)
    how = handling(request, protocol.estimand, endpoints)
    per_site = protocol.population.patients_per_site
    whole = replace(trial, protocol=cut)
    series = _improvements(protocol, endpoints)
    return DesignPlan(whole, protocol, rule, request, how, series, patients, per_site)


def _require_parallel(protocol: Protocol) -> None:
    """Refuse a design whose replicates cannot be picked from a bank of parallel arms."""
    design = protocol.design
    if design is None or design.kind == "parallel":
        return
    path = ("design", "kind")
    message = f"the operating characteristics of a design of kind {design.kind} are not computed"
    raise InputError(protocol.where.issue(path, message, expected="kind: parallel"))


def _refuse(protocol: Protocol, rule: Success, request: EndpointRequest) -> None:
    """Refuse what replicates do not follow: methods that need more, several hypotheses at once."""
    method = rule.method or request.method
    if method is not None and method not in REPLICATED:
        message = f"'{method}' is not replicated"
        raise _not_replicated(protocol, message, "one of " + ", ".join(REPLICATED))
    if rule.multiplicity is not None or rule.further:
        message = "multiplicity and further endpoints are not replicated"
        raise _not_replicated(protocol, message, "a success rule of one endpoint without them")


def _not_replicated(protocol: Protocol, message: str, expected: str) -> InputError:
    line = protocol.where.line(("success",))
    return InputError(Issue(protocol.file, line, "success", message, expected))


def _improvements(protocol: Protocol, endpoints: Endpoints) -> tuple[Improvement, ...]:
    score = durability_score(protocol, endpoints)
    if score is None:
        return ()
    item, lower = endpoints.number(score), better(score, endpoints) == "lower"
    least = item.minimal_important_difference
    found = [Improvement("any", f"{item.name} better than at the start at all", score, 0.0, lower)]
    if least is not None:
        words = f"{item.name} better by the important difference ({least:g}) or more"
        found.append(Improvement("important", words, score, float(least), lower))
    return tuple(found)


def _cut(protocol: Protocol, arms: tuple[str, ...], week: float) -> Protocol:
    """Return the protocol with some arms, in this order, up to a week."""
    kept = [protocol.arm(name) for name in arms]
    cut = [_cut_rule(rule, arms, week) for rule in protocol.rules]
    return replace(
        protocol,
        arms=tuple(kept),
        visits=replace(
            protocol.visits, weeks=tuple(one for one in protocol.visits.weeks if one <= week)
        ),
        endpoints=tuple(one for one in protocol.endpoints if one.week <= week),
        sensitivity=(),
        rules=tuple(rule for rule in cut if rule is not None),
        design=_cut_design(protocol.design, arms),
        dropout=replace(
            protocol.dropout,
            arms=FrozenMapping({k: v for k, v in protocol.dropout.arms.items() if k in arms}),
        ),
    )


def _cut_design(design: Design | None, arms: tuple[str, ...]) -> Design | None:
    """Return a design for some arms; replicates fill their own sites, and strata are not used."""
    if design is None:
        return None
    ratio = {arm: share for arm, share in design.allocation.ratio.items() if arm in arms}
    plan = Randomisation(FrozenMapping(ratio), design.allocation.method)
    return replace(design, allocation=plan, enrolment=None)


def _cut_rule(rule: Rule, arms: tuple[str, ...], week: float) -> Rule | None:
    """Return a rule for some arms up to a week; None where nothing is left of it."""
    concerned = rule.arms if rule.arms == (ALL,) else tuple(a for a in rule.arms if a in arms)
    weeks = tuple(one for one in rule.weeks if one <= week)
    if not concerned or (rule.weeks and not weeks):
        return None
    return replace(rule, arms=concerned, weeks=weeks)
