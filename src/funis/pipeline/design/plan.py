"""What a design is asked: which arms, which endpoint, which forms of the model, how many."""

from __future__ import annotations

from dataclasses import dataclass, replace

from funis.analysis import Handling, handling
from funis.analysis.decisions import rule_request
from funis.checks import InputError, Issue
from funis.models import Endpoints
from funis.pipeline.inputs import Trial
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.reporting.endpoints import better
from funis.protocol import (
    ALL,
    DEFAULT_METHOD,
    Design,
    EndpointRequest,
    FrozenMapping,
    Interim,
    Measure,
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

BY_SITE = "site"
"""Stratum of a trial by its sites."""

WEEKS_PER_MONTH = 365.25 / 12 / 7

SITE = 128
"""Patients of a site of the bank, about."""

PATIENTS = 256
"""Patients in each part: as many as the largest trial may have."""


SLOW = ("mmrm", "cox", "ordinal", "win_ratio", "wilcoxon")
"""Methods of which fewer replicates are conducted."""

FEWER = 20
"""One replicate in so many is conducted where they are slow."""


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
    layers : what a win ratio compares, the most important first, and 1 where more is better.
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
    layers: tuple[tuple[Handling, float], ...] = ()
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
        return self.request.method or DEFAULT_METHOD[self.request.measure]

    @property
    def tested(self) -> bool:
        """Whether the test has to agree with the interval, as `funis run` decides it."""
        return self.request.method is not None or self.rule.multiplicity is not None

    @property
    def interim(self) -> Interim | None:
        """Looks at the data."""
        return self.declared.interim

    @property
    def adaptive(self) -> bool:
        """Whether size, arms or randomisation change while the trial runs."""
        looks = self.interim
        changes = () if looks is None else (looks.resize, looks.selection, looks.allocation)
        return any(change is not None for change in changes)

    @property
    def patients_per_week(self) -> float | None:
        """Patients who are enrolled in a week; None where the trial does not say."""
        design = self.declared.design
        enrolment = None if design is None else design.enrolment
        return None if enrolment is None else enrolment.patients_per_month / WEEKS_PER_MONTH

    @property
    def needs_whole_bank(self) -> bool:
        """Whether a number is cut at its median: over all draws, so no draw can be judged alone."""
        known = self.trial.model.endpoints.numbers
        return any(name in known for name in self.request.strata)

    @property
    def slow(self) -> bool:
        """Whether replicates cost more than the patients they are drawn from."""
        return self.adaptive or self.method in SLOW

    def most(self, n: int) -> int:
        """Return the patients whom a trial planned for n may enrol at most."""
        resize = None if self.interim is None else self.interim.resize
        return n if resize is None else int(n * resize.at_most)

    def replicates(self, asked: int) -> int:
        """Return the replicates under each draw: fewer where they are slow."""
        return max(asked // FEWER, 10) if self.slow else asked

    @property
    def weeks(self) -> tuple[float, ...]:
        """Visits that are followed."""
        return self.trial.protocol.visits.weeks

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What is kept at every visit."""
        strata = (name for name in self.request.strata if name != BY_SITE)
        names = (self.request.endpoint, *self.request.hierarchy, *strata)
        return tuple(dict.fromkeys((*names, *(one.score for one in self.series))))


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
    request = rule_request(protocol.endpoints, rule)
    _refuse(trial, rule, request)
    cut = _cut(protocol, (rule.reference, *rule.arms), request.week)
    how = handling(request, protocol.estimand, endpoints)
    per_site = protocol.population.patients_per_site
    whole = replace(trial, protocol=cut)
    series = _improvements(protocol, endpoints)
    layers = tuple(_layer(trial, request, name) for name in (*request.hierarchy, request.endpoint))
    return DesignPlan(whole, protocol, rule, request, how, series, patients, per_site, layers)


def _layer(trial: Trial, request: EndpointRequest, name: str) -> tuple[Handling, float]:
    """Return how one endpoint of a win ratio is dealt with, and 1 where more of it is better."""
    points = trial.model.endpoints
    measure: Measure = "responder" if name in points.conditions else "change"
    asked = replace(request, endpoint=name, measure=measure, method=None, hierarchy=(), strata=())
    how = handling(asked, trial.protocol.estimand, points)
    return how, -1.0 if points.better(name) == "lower" else 1.0


def _require_parallel(protocol: Protocol) -> None:
    """Refuse a design whose replicates cannot be picked from a bank of parallel arms."""
    design = protocol.design
    if design is None or design.kind == "parallel":
        return
    path = ("design", "kind")
    message = f"the operating characteristics of a design of kind {design.kind} are not computed"
    raise InputError(protocol.where.issue(path, message, expected="kind: parallel"))


def _refuse(trial: Trial, rule: Success, request: EndpointRequest) -> None:
    """Refuse what replicates do not follow."""
    protocol, points = trial.protocol, trial.model.endpoints
    known = {*points.conditions, *points.numbers, BY_SITE}
    strange = [name for name in request.strata if name not in known]
    if rule.further:
        raise _not_replicated(protocol, "further endpoints", "a success rule of one endpoint")
    if strange:
        raise _not_replicated(protocol, f"the stratum '{strange[0]}'", f"{BY_SITE}, or an endpoint")
    if request.method == "ordinal" and request.measure == "responder":
        raise _not_replicated(protocol, "ordinal levels", "a change or a value")
    if protocol.interim is not None:
        _refuse_looks(protocol, protocol.interim, rule, request)


def _refuse_looks(
    protocol: Protocol, looks: Interim, rule: Success, request: EndpointRequest
) -> None:
    changes = (
        looks.resize is not None or looks.selection is not None or looks.allocation is not None
    )
    if rule.multiplicity is not None:
        raise _not_replicated(protocol, "multiplicity beside interim looks", "one of the two")
    if rule.minimal_difference and not (looks.resize and looks.resize.rule == "blinded"):
        expected = "minimal_difference: 0 (looks test against no effect)"
        raise _not_replicated(protocol, "a required difference beside interim looks", expected)
    if not changes:
        return
    if request.measure == "rate" or request.of_time:
        expected = "a response, a change or a value"
        raise _not_replicated(protocol, "a trial that changes on events", expected)
    if protocol.design is None or protocol.design.enrolment is None:
        expected = "design.enrolment.patients_per_month: what is known at a look depends on it"
        raise _not_replicated(protocol, "a trial that changes without enrolment", expected)


def _not_replicated(protocol: Protocol, what: str, expected: str) -> InputError:
    message = f"{what}: no operating characteristics are computed"
    return InputError(protocol.where.issue(("success",), message, expected=expected))


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
        interim=None,
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
