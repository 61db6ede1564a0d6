"""Read a trial file: closed schema, then frozen values, every fault with its line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from funis.checks import (
    Document,
    Expression,
    InputError,
    IssueList,
    dotted,
    parse_expression,
    read_yaml,
    validate,
)
from funis.protocol.analyses import FurtherEndpoint, Multiplicity, Sensitivity
from funis.protocol.design_load import design_from, design_texts, missing_from
from funis.protocol.interim_schema import interim_from
from funis.protocol.lines import Lines, Path, lines_of
from funis.protocol.protocol import Protocol
from funis.protocol.structures import named_structures
from funis.protocol.values import (
    ALL,
    Action,
    Arm,
    Criterion,
    Dropout,
    EndpointRequest,
    Estimand,
    FrozenMapping,
    Intervention,
    Population,
    Rule,
    Strategy,
    Success,
    Visits,
)

if TYPE_CHECKING:
    from funis.protocol.schema import (
        ArmSchema,
        EstimandSchema,
        InterventionSchema,
        PopulationSchema,
        ProtocolSchema,
        RuleSchema,
        SuccessSchema,
    )


def load_protocol(path: str | FilePath) -> Protocol:
    """Read a trial file.

    Parameters
    ----------
    path : str or pathlib.Path
        YAML file.

    Returns
    -------
    Protocol
        Complete and consistent by itself; whether the disease and the products have what it
        names is for ``trial.check``.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    return protocol_from(read_yaml(path))


def protocol_from(document: Document) -> Protocol:
    """Make a protocol from a document that was read.

    Raises
    ------
    InputError
        As ``load_protocol``.
    """
    from funis.protocol.schema import ProtocolSchema

    trial = validate(ProtocolSchema, document)
    where = lines_of(document)
    arms = _with_reference([_arm(arm, index, where) for index, arm in enumerate(trial.arms)])
    expressions = _expressions(trial, where)
    return Protocol(
        id=trial.id,
        title=trial.title,
        disease=trial.disease,
        seed=trial.seed,
        population=_population(trial.population, expressions),
        arms=arms,
        visits=Visits(trial.visits.weeks),
        endpoints=tuple(
            EndpointRequest(e.endpoint, e.week, e.measure, e.role, e.method, e.strata, e.hierarchy)
            for e in trial.endpoints
        ),
        estimand=_estimand(trial.estimand),
        success=None if trial.success is None else _success(trial.success, arms),
        dropout=Dropout(
            trial.dropout.rate_per_year, FrozenMapping(trial.dropout.arms), trial.dropout.source
        ),
        rules=tuple(
            _rule(rule, expressions["rules", index, "when"])
            for index, rule in enumerate(trial.rules)
        ),
        scenario=FrozenMapping(trial.scenario),
        structures=named_structures(trial.structures, ("structures",), where),
        source=trial.source,
        design=design_from(trial.design, expressions),
        missing=missing_from(trial.missing, expressions),
        sensitivity=tuple(Sensitivity(**one.model_dump()) for one in trial.sensitivity),
        interim=None if trial.interim is None else interim_from(trial.interim),
        where=where,
    )


def interventions_from(given: Sequence["InterventionSchema"]) -> tuple[Intervention, ...]:
    """Interventions with a name each: their own, or that of the product or drug."""
    taken: list[str] = [one.id for one in given if one.id is not None]
    interventions = []
    for one in given:
        name = one.id or _free_name(one.product or one.drug or "sham", taken)
        taken.append(name)
        interventions.append(
            Intervention(
                id=name,
                product=one.product,
                drug=one.drug,
                dose_cell=one.dose_cell,
                dose_cell_per_kg=one.dose_cell_per_kg,
                dose=one.dose,
                route=one.route,
                days=one.schedule.start_days(),
                duration_day=one.schedule.length_day() or 0.0,
                sham=one.sham,
                lot=one.lot,
                allow_failed_lot=one.allow_failed_lot,
            )
        )
    return tuple(interventions)


def _free_name(name: str, taken: Sequence[str]) -> str:
    """Name, with ``_2``, ``_3`` ... behind it where it is taken."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def _arm(arm: "ArmSchema", index: int, where: Lines) -> Arm:
    return Arm(
        id=arm.id,
        label=arm.label,
        control=arm.control,
        reference=arm.reference,
        interventions=interventions_from(arm.interventions),
        scenario=FrozenMapping(arm.scenario),
        structures=named_structures(arm.structures, ("arms", index, "structures"), where),
    )


def _with_reference(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Arms with the only placebo arm as reference, where none is named."""
    placebos = [arm for arm in arms if arm.control == "placebo"]
    if any(arm.reference for arm in arms) or len(placebos) != 1:
        return tuple(arms)
    return tuple(replace(arm, reference=arm is placebos[0]) for arm in arms)


def _expressions(trial: "ProtocolSchema", where: Lines) -> Mapping[Path, Expression]:
    """All expressions of the trial by their path; every broken one is reported."""
    texts: dict[Path, str] = {
        ("population", "criteria", index, "expression"): criterion.expression
        for index, criterion in enumerate(trial.population.criteria)
    }
    texts |= {("rules", index, "when"): rule.when for index, rule in enumerate(trial.rules)}
    texts |= design_texts(trial.design, trial.missing)
    issues, expressions = IssueList(), {}
    for path, text in texts.items():
        try:
            expressions[path] = parse_expression(
                text, file=where.file, line=where.line(path), key=dotted(path)
            )
        except InputError as error:
            issues += error.issues
    issues.raise_errors()
    return expressions


def _population(
    population: "PopulationSchema", expressions: Mapping[Path, Expression]
) -> Population:
    return Population(
        criteria=tuple(
            Criterion(
                criterion.id,
                expressions["population", "criteria", index, "expression"],
                criterion.visits,
                criterion.source,
            )
            for index, criterion in enumerate(population.criteria)
        ),
        patients_per_arm=population.patients_per_arm,
        patients_per_site=population.patients_per_site,
        screening_day=population.screening_day,
        run_in_week=population.run_in_week,
    )


def _estimand(estimand: "EstimandSchema") -> Estimand:
    events: dict[str, Strategy] = {event: s for event, s in estimand.intercurrent_events.items()}
    continuous: dict[str, Strategy] = {
        event: "hypothetical" if strategy == "composite" else strategy
        for event, strategy in events.items()
    }
    for event, strategy in estimand.continuous_events.items():
        continuous[event] = strategy
    return Estimand(
        treatment=estimand.treatment,
        population=estimand.population,
        variable=estimand.variable,
        summary=estimand.summary,
        intercurrent_events=FrozenMapping(events),
        continuous_events=FrozenMapping(continuous),
    )


def _success(success: "SuccessSchema", arms: Sequence[Arm]) -> Success:
    reference = next((arm.id for arm in arms if arm.reference), "")
    return Success(
        endpoint=success.endpoint,
        week=success.week,
        arms=success.arms,
        reference=success.reference or reference,
        measure=success.measure,
        alpha=success.alpha,
        direction=success.direction,
        minimal_difference=success.minimal_difference,
        method=success.method,
        multiplicity=None
        if success.multiplicity is None
        else Multiplicity(**success.multiplicity.model_dump()),
        further=tuple(FurtherEndpoint(**one.model_dump()) for one in success.further),
    )


def _rule(rule: "RuleSchema", when: Expression) -> Rule:
    return Rule(
        id=rule.id,
        arms=(ALL,) if rule.arms == ALL else tuple(rule.arms),
        weeks=() if isinstance(rule.visits, str) else rule.visits,
        when=when,
        action=Action(
            give=interventions_from(rule.action.give),
            stop=(ALL,) if rule.action.stop == ALL else tuple(rule.action.stop),
            rescue=rule.action.rescue,
            withdraw=rule.action.withdraw,
        ),
        at_most=rule.at_most,
        min_gap_week=rule.min_gap_week,
        source=rule.source,
        chance=rule.chance,
    )
