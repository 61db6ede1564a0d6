"""What a plan follows: the protocol by name, its arm, and the same arm beside no cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from funis.checks import InputError, Issue, nearest
from funis.models.factors import NO_CELLS
from funis.pipeline.drugs import BACKGROUND, background_drugs, drug_inputs
from funis.pipeline.inputs import Trial, load_trial, trial_names
from funis.pipeline.reporting.endpoints import better
from funis.plan import Consultation, ProtocolReference
from funis.product import infused_viability, usual_infusion
from funis.protocol import (
    ALL,
    CONTINUOUS,
    Arm,
    EndpointRequest,
    FrozenMapping,
    Intervention,
    Protocol,
    Rule,
    Success,
)
from funis.protocol.late import late_defaults, without_late
from funis.protocol.regimen import LIBRARY as REGIMENS
from funis.protocol.regimen import Regimen, library_regimens, load_regimen
from funis.protocol.values import SUMMARY_OF
from funis.trial.study import products_of

DEMO = "_demo"
"""End of the name of the trial that supplies what a regimen does not say."""

WEIGHT = "weight"
"""Parameter of the models that a dose per kg asks for."""

PLACEBO, NO_EFFECT, TREATED = "placebo", "no_effect", "treated"
ARMS = (PLACEBO, NO_EFFECT, TREATED)
"""Arms that a plan follows, in this order."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The protocol of a plan: a trial, and the arm whose regimen is given.

    Attributes
    ----------
    trial : criteria, visits and rules.
    arm : what is given; of the trial, or a variant of a regimen.
    regimen : None where a trial was named.
    """

    trial: Trial
    arm: Arm
    regimen: Regimen | None = None

    @property
    def reference(self) -> ProtocolReference:
        """The protocol in words."""
        protocol, given = self.trial.protocol, self.regimen
        if given is None:
            return ProtocolReference(
                protocol.id, protocol.title, "trial", protocol.id, self.arm.id, self.arm.label,
                protocol.source,
            )  # fmt: skip
        return ProtocolReference(
            given.id, given.title, "regimen", protocol.id, self.arm.id, self.arm.label, given.source
        )


def chosen_protocol(disease: str, name: str | None, arm: str | None) -> Chosen:
    """Return the protocol that a plan follows.

    Parameters
    ----------
    disease
        Of the consultation.
    name
        A trial (name or file) or a regimen of the library; the demo trial of the disease if None.
    arm
        An arm of the trial or a variant of the regimen; the first with cells if None.

    Raises
    ------
    InputError
        An unknown name, a protocol of another disease, or an arm that gives no cells.
    """
    regimen = _regimen(name)
    if name is not None and regimen is None and not _is_trial(name):
        raise _unknown_protocol(disease, name)
    trial = load_trial(f"{disease}{DEMO}" if name is None or regimen is not None else name)
    told = trial.protocol.disease if regimen is None else regimen.disease
    if told != disease:
        message = f"protocol '{name}' is for the disease '{told}', the consultation for '{disease}'"
        expected = f"one of {', '.join(protocol_names(disease))}"
        raise InputError(Issue(None, None, "protocol", message, expected))
    arms = _with_cells(trial.protocol.arms if regimen is None else _arms(regimen))
    return Chosen(trial, _chosen_arm(arms, arm), regimen)


def _regimen(name: str | None) -> Regimen | None:
    """Return a regimen of the library by its name; None where there is none of that name."""
    path = REGIMENS / f"{name}.yaml"
    return (
        load_regimen(path)
        if name is not None and path.parent == REGIMENS and path.is_file()
        else None
    )


@lru_cache(maxsize=32)
def protocol_names(disease: str) -> tuple[str, ...]:
    """Return the trials and regimens of the library for a disease."""
    trials = [name for name in trial_names() if name.startswith(f"{disease}_")]
    return (*trials, *(one.id for one in library_regimens() if one.disease == disease))


def _is_trial(name: str) -> bool:
    path = Path(name)
    return name in trial_names() or path.exists() or path.suffix in (".yaml", ".yml")


def _unknown_protocol(disease: str, name: str) -> InputError:
    known = protocol_names(disease)
    expected = f"a trial file, or one of {', '.join(known)}"
    near = nearest(name, known)
    return InputError(Issue(None, None, "protocol", f"unknown protocol '{name}'", expected, near))


def _arms(regimen: Regimen) -> tuple[Arm, ...]:
    return tuple(Arm(one.id, one.label, None, False, one.interventions) for one in regimen.variants)


def has_cells(arm: Arm) -> bool:
    """Whether an arm gives a cell product."""
    return any(one.product is not None for one in arm.interventions)


def _with_cells(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    return tuple(arm for arm in arms if has_cells(arm))


def _chosen_arm(arms: Sequence[Arm], name: str | None) -> Arm:
    known = [arm.id for arm in arms]
    if name is None and arms:
        return next((arm for arm in arms if not arm.altered), arms[0])
    if name not in known:
        message = "no arm gives cells" if name is None else f"no arm '{name}' that gives cells"
        expected = f"one of {', '.join(known)}" if known else "a protocol with an arm that does"
        near = None if name is None else nearest(name, known)
        raise InputError(Issue(None, None, "arm", message, expected, near))
    return next(arm for arm in arms if arm.id == name)


def with_hold(chosen: Chosen, minute: float | None) -> Chosen:
    """Return the protocol with cells that wait so long from thaw to vein; as usual if None.

    Raises
    ------
    InputError
        A hold for which no viability was measured.
    """
    if minute is None:
        return chosen
    product = chosen.trial.products[products_of(chosen.arm, ())[0]]
    living = infused_viability(product, minute, usual_infusion(product))
    scenario = FrozenMapping({**chosen.arm.scenario, "viability": living})
    return replace(chosen, arm=replace(chosen.arm, scenario=scenario))


@dataclass(frozen=True, slots=True)
class Drugs:
    """Background drugs of a consultation as the model can give them, a standard dose each.

    Attributes
    ----------
    entry : parameters of every candidate: the body weight, and 1 or 0 for classes that patients of
        the pool may take at entry.
    given : classes that are given all the while besides.
    words : what is given and what is not represented.
    """

    entry: FrozenMapping[float]
    given: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What is given all the while."""
        return tuple(
            Intervention(f"{BACKGROUND}{name}", drug=name, dose=1.0, duration_day=CONTINUOUS)
            for name in self.given
        )


def drugs_of(consultation: Consultation, trial: Trial) -> Drugs:
    """Return the drugs that are still taken, by class; a class that the model lacks is told."""
    taken = [one for one in consultation.medication or () if one.stopped_week is None]
    known, at_entry = drug_inputs(trial.model), background_drugs(trial.model)
    classes = dict.fromkeys(one.drug_class for one in taken if one.drug_class in known)
    entry = {f"{BACKGROUND}{name}": float(name in classes) for name in at_entry}
    entry[WEIGHT] = consultation.weight_kg
    given = tuple(str(name) for name in classes if name not in at_entry)
    return Drugs(FrozenMapping(entry), given, _drug_words(consultation, known))


def _drug_words(consultation: Consultation, known: Sequence[str]) -> tuple[str, ...]:
    if consultation.medication is None:
        return ("Medication was not asked: the virtual patients take no background drug.",)
    words = []
    for one in consultation.medication:
        if one.stopped_week is not None:
            words.append(f"{one.drug}: stopped, so it is not given in the simulation.")
        elif one.drug_class in known:
            words.append(
                f"{one.drug}: given in the simulation throughout, as its class"
                f" {one.drug_class} at the standard dose."
            )
        else:
            words.append(f"{one.drug}: not represented in the model of this disease.")
    return tuple(words) or ("No background drug is taken or given.",)


def plan_arms(chosen: Chosen, drugs: Drugs) -> tuple[Arm, ...]:
    """Return the arms that are compared: no cells, cells without effect, and the regimen."""
    reference = chosen.trial.protocol.reference
    own = () if reference is None else tuple(one for one in reference.interventions if one.drug)
    taken = {one.drug for one in own}
    background = (*own, *(one for one in drugs.interventions if one.drug not in taken))
    given = chosen.arm
    nothing = FrozenMapping({**given.scenario, NO_CELLS: 0.0})
    return (
        Arm(PLACEBO, "Placebo", "placebo", True, background),
        regimen_arm(NO_EFFECT, "Cells without effect (potency 0)", given, background, nothing),
        regimen_arm(TREATED, given.label, given, background, given.scenario),
    )


def regimen_arm(
    name: str, label: str, given: Arm, background: Sequence[Intervention],
    scenario: FrozenMapping[float],
) -> Arm:  # fmt: skip
    """Return an arm that gives a regimen beside background drugs, under a scenario."""
    here = {one.drug for one in given.interventions if one.drug}
    kept = tuple(one for one in background if one.drug not in here)
    return Arm(
        name, label, interventions=(*kept, *given.interventions), scenario=scenario,
        structures=given.structures,
    )  # fmt: skip


def plan_requests(protocol: Protocol) -> tuple[EndpointRequest, ...]:
    """Return the endpoints of the week of the first primary one, that one first."""
    first = next(iter(protocol.primary))
    beside = [one for one in protocol.endpoints if one.week == first.week and one is not first]
    plain = [one for one in beside if not one.of_time and one.role != "exploratory"]
    found = [without_late(one) for one in (first, *plain)]
    return tuple({one.key: one for one in found}.values())


def plan_protocol(trial: Trial, arms: Sequence[Arm], given: str) -> Protocol:
    """Return the trial up to the week of its first primary endpoint, with the arms of a plan.

    Nobody leaves by chance, and nobody is screened: matching stands in for the criteria.

    Parameters
    ----------
    given
        Arm of the trial whose rules the arms with cells follow.
    """
    protocol = trial.protocol
    requests = plan_requests(protocol)
    last = requests[0].week
    weeks = tuple(week for week in protocol.visits.weeks if week <= last)
    rules = [_kept(rule, protocol, arms, given, last) for rule in protocol.rules]
    return replace(
        protocol, **late_defaults(protocol), arms=tuple(arms),
        population=replace(protocol.population, criteria=()),
        visits=replace(protocol.visits, weeks=weeks), endpoints=requests,
        success=_success(trial, requests[0], arms),
        rules=tuple(rule for rule in rules if rule is not None),
        dropout=replace(protocol.dropout, rate_per_year=0.0, arms=FrozenMapping()),
    )  # fmt: skip


def _success(trial: Trial, request: EndpointRequest, arms: Sequence[Arm]) -> Success:
    """Return a success rule that compares every arm with the first; nothing is decided by it."""
    up = better(request.endpoint, trial.model.endpoints) == "higher"
    return Success(
        request.endpoint, request.week, tuple(arm.id for arm in arms[1:]), arms[0].id,
        SUMMARY_OF[request.measure], 0.05, "greater" if up else "less", 0.0,
    )  # fmt: skip


def _kept(
    rule: Rule, protocol: Protocol, arms: Sequence[Arm], given: str, last: float
) -> Rule | None:
    """Return a rule for the arms of a plan; None where it is not theirs or comes later."""
    reference = "" if protocol.reference is None else protocol.reference.id
    before = {arm.id: reference if arm.reference else given for arm in arms}
    named = tuple(name for name, old in before.items() if old in rule.arms)
    concerned = rule.arms if rule.arms == (ALL,) else named
    weeks = tuple(one for one in rule.weeks or protocol.visits.weeks[1:] if one <= last)
    known = {one.id for arm in arms for one in arm.interventions} | {ALL}
    known |= {one.id for other in protocol.rules for one in other.action.give}
    stops = tuple(name for name in rule.action.stop if name in known)
    action = replace(rule.action, stop=stops)
    acts = action.give or stops or action.rescue or action.withdraw
    if not concerned or not weeks or not acts:
        return None
    return replace(rule, arms=concerned, weeks=weeks, action=action)
