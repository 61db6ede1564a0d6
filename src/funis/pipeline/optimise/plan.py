"""From a trial and a grid to what is followed: its population and rules, an arm a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from funis.analysis import handling
from funis.checks import InputError, Issue, IssueList, nearest, parse_expression
from funis.pipeline.design.plan import DesignPlan, Improvement
from funis.pipeline.inputs import Trial
from funis.pipeline.optimise.candidates import DOSES, Candidate, Grid, candidates_of
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.reporting.endpoints import better
from funis.protocol import (
    ALL,
    Arm,
    Criterion,
    Direction,
    EndpointRequest,
    FrozenMapping,
    Intervention,
    Protocol,
    Rule,
    Structure,
    Success,
    library_structures,
)
from funis.protocol.late import late_defaults, without_late
from funis.protocol.values import SUMMARY_OF
from funis.trial import check

SHAPES = ("dose_flat", "dose_emax", "dose_bell")
"""Forms of the dose response that an optimum has to survive."""

BASES = ("own", "borrowed")
"""Potencies that an optimum has to survive."""

NO_CELLS = "no_cells"
EVERY_WEEK = 4
"""Weeks between visits after those of the trial: an effect fades over weeks."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchPlan:
    """What a search follows, and how it is judged.

    Attributes
    ----------
    design : the trial with an arm a candidate, the untreated twin first; one group of patients.
    candidates : in the order of the arms.
    sign : 1 where more of the endpoint is better, -1 where less is.
    score, score_sign : what is averaged over the horizon; None where no score has an important
        difference.
    stratum : a criterion more, as it was given.
    """

    design: DesignPlan
    candidates: tuple[Candidate, ...]
    sign: int
    score: str | None
    score_sign: int
    horizon: float
    stratum: str | None

    @property
    def important(self) -> float | None:
        """Important difference of the score."""
        if self.score is None:
            return None
        return self.design.trial.model.endpoints.number(self.score).minimal_important_difference


def search_plan(trial: Trial, grid: Grid, patients: int, stratum: str | None = None) -> SearchPlan:
    """Return what a search of a trial follows.

    Raises
    ------
    InputError
        An unknown route or name, a trial without cells or reference, a grid that does not fit.
    """
    given = treated_arm(trial.protocol)
    candidates = candidates_of(_filled(trial, grid, given))
    request = _request(trial.protocol, grid.horizon)
    twin = _untreated(trial.protocol)
    arms = (twin, *(_arm(given, one, twin) for one in candidates))
    rule = _rule(trial, request, [arm.id for arm in arms])
    protocol = _protocol(trial.protocol, given, arms, request, rule, grid.horizon)
    if stratum is not None:
        protocol = _with_stratum(trial, protocol, stratum)
    check(protocol, trial.model, trial.products).raise_errors()
    endpoints, score = (
        trial.model.endpoints,
        durability_score(trial.protocol, trial.model.endpoints),
    )
    kept = () if score is None else (Improvement("score", "", score, 0.0, True),)
    design = DesignPlan(
        replace(trial, protocol=protocol), trial.protocol, rule, request,
        handling(request, protocol.estimand, endpoints), kept, patients, patients, groups=1,
    )  # fmt: skip
    up = 1 if score is not None and better(score, endpoints) == "higher" else -1
    sign = 1 if rule.direction == "greater" else -1
    return SearchPlan(design, candidates, sign, score, up, grid.horizon, stratum)


def treated_arm(protocol: Protocol) -> Arm:
    """Return the arm whose product candidates give: of the success rule if it can be.

    Raises
    ------
    InputError
        No arm gives cells.
    """
    named = () if protocol.success is None else protocol.success.arms
    arms = sorted(protocol.arms, key=lambda arm: (arm.id not in named, arm.altered))
    found = next((arm for arm in arms if any(one.product for one in arm.interventions)), None)
    if found is None:
        expected = "a trial with an arm that gives a product"
        raise InputError(Issue(protocol.file, None, "arms", "no arm gives cells", expected))
    return found


def _filled(trial: Trial, grid: Grid, given: Arm) -> Grid:
    """Return the grid with the trial's routes and the usual doses where none are named."""
    own = tuple(dict.fromkeys(one.route for one in given.interventions if one.route))
    known = [one.id for one in trial.model.inputs if one.kind == "cells"]
    IssueList(
        Issue(
            None, None, "routes", f"the disease '{trial.model.id}' has no route '{route}'",
            f"one of {', '.join(known)}", nearest(route, known),
        )
        for route in grid.routes
        if route not in known
    ).raise_errors()  # fmt: skip
    doses = grid.doses or (() if grid.per_kg else DOSES)
    return replace(grid, doses=doses, routes=tuple(dict.fromkeys(grid.routes)) or own)


def _request(protocol: Protocol, horizon: float) -> EndpointRequest:
    """Return the endpoint of the success rule, else the first primary one."""
    rule = protocol.success
    found = next(
        (
            one for one in protocol.endpoints
            if rule is not None and (one.endpoint, one.week) == (rule.endpoint, rule.week)
        ),
        protocol.primary[0],
    )  # fmt: skip
    if found.week > horizon:
        expected = f"at least {found.week:g}, the week of {found.key}"
        raise InputError(Issue(None, None, "horizon", f"week {horizon:g}", expected))
    return without_late(found)


def _untreated(protocol: Protocol) -> Arm:
    """Return the reference arm without its cells: drugs stay."""
    reference = protocol.reference
    drugs = () if reference is None else _drugs(reference)
    return Arm(NO_CELLS, "No cells", control="placebo", reference=True, interventions=drugs)


def _drugs(arm: Arm) -> tuple[Intervention, ...]:
    return tuple(one for one in arm.interventions if one.drug is not None)


def _arm(given: Arm, one: Candidate, twin: Arm) -> Arm:
    """Return a candidate as an arm: the twin's drugs, the product and assumptions of the trial."""
    cells = next(item for item in given.interventions if item.product is not None)
    amount = {"dose_cell": None, "dose_cell_per_kg": one.dose} if one.per_kg else {
        "dose_cell": one.dose, "dose_cell_per_kg": None,
    }  # fmt: skip
    dose = replace(cells, route=one.route, days=one.days, **amount)  # type: ignore[arg-type]
    return Arm(
        one.id, one.label, interventions=(*twin.interventions, dose), scenario=given.scenario,
        structures=_without_shape(given.structures),
    )  # fmt: skip


def _without_shape(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Return structures but those of the dose response, which a search sets itself."""
    shaped = {name for shape in SHAPES for name in library_structures()[shape].parameters}
    return tuple(one for one in structures if not shaped & set(one.parameters))


def _rule(trial: Trial, request: EndpointRequest, arms: Sequence[str]) -> Success:
    """Return the success rule for the candidates, compared in the plainest way.

    Better is what the trial says where it compares so itself, else what the endpoint says.
    """
    declared, plain = trial.protocol.success, SUMMARY_OF[request.measure]
    if declared is not None and declared.measure == plain:
        return replace(without_late(declared), reference=arms[0], arms=tuple(arms[1:]))
    up = better(request.endpoint, trial.model.endpoints) == "higher"
    direction: Direction = "greater" if up else "less"
    return Success(
        request.endpoint, request.week, tuple(arms[1:]), arms[0], plain, 0.05, direction, 0.0
    )


def _protocol(
    protocol: Protocol, given: Arm, arms: tuple[Arm, ...], request: EndpointRequest,
    rule: Success, horizon: float,
) -> Protocol:  # fmt: skip
    """Return the trial with the candidates as arms, and visits up to the horizon.

    Nobody leaves by chance: that would take the same patients from every candidate.
    """
    own = tuple(week for week in protocol.visits.weeks if week <= horizon)
    after = np.arange(request.week + EVERY_WEEK, horizon, EVERY_WEEK).tolist()
    weeks = tuple(sorted({*own, *after, horizon}))
    rules = [_kept(one, protocol, given, arms, horizon) for one in protocol.rules]
    return replace(
        protocol, **late_defaults(protocol), arms=arms,
        visits=replace(protocol.visits, weeks=weeks), endpoints=(request,),
        success=rule, rules=tuple(one for one in rules if one is not None),
        dropout=replace(protocol.dropout, rate_per_year=0.0, arms=FrozenMapping()),
        structures=_without_shape(protocol.structures),
    )  # fmt: skip


def _kept(
    rule: Rule, protocol: Protocol, given: Arm, arms: tuple[Arm, ...], horizon: float
) -> Rule | None:
    """Return a rule for the candidates, at the visits of the trial; None where it is not theirs."""
    reference = "" if protocol.reference is None else protocol.reference.id
    before = {NO_CELLS: reference}
    named = tuple(arm.id for arm in arms if before.get(arm.id, given.id) in rule.arms)
    concerned = rule.arms if rule.arms == (ALL,) else named
    asked = rule.weeks or protocol.visits.weeks[1:]
    weeks = tuple(one for one in asked if one <= horizon)
    stops = _stops(rule, protocol, arms)
    if not concerned or not weeks or not (rule.action.give or stops):
        return None
    action = replace(rule.action, stop=stops)
    return replace(rule, arms=concerned, weeks=weeks, action=action)


def _stops(rule: Rule, protocol: Protocol, arms: tuple[Arm, ...]) -> tuple[str, ...]:
    """Return what a rule stops, of what is still given."""
    known = {one.id for arm in arms for one in arm.interventions} | {ALL}
    known |= {one.id for other in protocol.rules for one in other.action.give}
    return tuple(name for name in rule.action.stop if name in known)


def _with_stratum(trial: Trial, protocol: Protocol, stratum: str) -> Protocol:
    """Return the protocol with a criterion more, judged at baseline."""
    model = trial.model
    names = [*model.endpoints.names, *model.covariates.values()]
    expression = parse_expression(stratum, names, key="stratum")
    if not expression.is_truth and not stratum.strip().isidentifier():
        expected = "a condition, e.g. crp >= 15"
        raise InputError(Issue(None, None, "stratum", f"'{stratum}' is a number", expected))
    more = Criterion("stratum", expression, ("baseline",), "given to the search")
    population = protocol.population
    return replace(protocol, population=replace(population, criteria=(*population.criteria, more)))
