"""The report of a virtual trial, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from funis.analysis import Results, comparison, comparison_requests
from funis.evidence import Evidence
from funis.models import Model
from funis.pipeline.drugs import drug_inputs
from funis.pipeline.inputs import Trial
from funis.pipeline.pharmacology import drug_effects, gate_row
from funis.pipeline.reporting import arms, courses, endpoints, mechanism, methods, published, safety
from funis.pipeline.targets import judged_here, library_trial, target_rows, targets
from funis.protocol import EndpointRequest, Protocol
from funis.report import TrialReport
from funis.report.content import DrugGateRow, TargetRow, UncertaintyView
from funis.trial import Study, TrialData
from funis.trial.observe import Integers
from funis.trial.twins import Courses, course_minutes, twin_courses


@dataclass(frozen=True, slots=True, eq=False)
class TwinPlan:
    """At which times and by which outputs twins are followed: a task for some patients."""

    minutes: Integers
    outputs: tuple[str, ...]

    def __call__(self, study: Study, patients: range) -> tuple[Courses, ...]:
        """Follow some patients under every arm."""
        return twin_courses(study, patients, self.minutes, self.outputs)


def twin_plan(study: Study) -> TwinPlan:
    """Return how the twins of a study are followed."""
    protocol, model = study.protocol, study.model
    days = sorted(
        {day for a in protocol.arms for one in a.interventions if one.product for day in one.days}
    )
    minutes = course_minutes(days, 7 * protocol.visits.last_week, courses.horizon_week(protocol))
    outputs = (*courses.course_outputs(model, protocol), *mechanism.mechanism_outputs(model))
    return TwinPlan(minutes, tuple(dict.fromkeys(outputs)))


def requests_of(
    protocol: Protocol, model: Model, evidence: Evidence | None
) -> tuple[EndpointRequest, ...]:
    """Return everything that is estimated: the protocol's endpoints, then what figures need."""
    weeks = protocol.visits.weeks
    asked: list[EndpointRequest] = [*protocol.endpoints, *endpoints.curve_requests(protocol)]
    if evidence is not None:
        asked += comparison_requests(evidence, model.endpoints, weeks)
        asked += [target.request for target in targets(evidence, model.endpoints, weeks)]
        asked += [
            effect.request for effect in drug_effects(evidence, model, drug_inputs(model), weeks)
        ]
    return _once(asked)


def protocol_results(results: Results, protocol: Protocol) -> Results:
    """Return the results of the endpoints that the protocol declares."""
    keys = {request.key for request in protocol.endpoints}
    return replace(
        results,
        estimates=tuple(one for one in results.estimates if one.endpoint in keys),
        contrasts=tuple(one for one in results.contrasts if one.endpoint in keys),
    )


def trial_report(
    trial: Trial,
    study: Study,
    data: TrialData,
    results: Results,
    twins: Sequence[Courses],
    evidence: Evidence | None,
    uncertainty: UncertaintyView | None = None,
) -> TrialReport:
    """Return the content of the report of a trial."""
    protocol, model = study.protocol, study.model
    declared = protocol_results(results, protocol)
    reference = protocol.reference
    beside = ((), ()) if evidence is None else published.published_beside(
        study, evidence, comparison(results, evidence, model.endpoints)
    )  # fmt: skip
    return TrialReport(
        title=protocol.title,
        disease=model.name,
        disease_id=model.id,
        question=endpoints.question(protocol, model.endpoints),
        arms=arms.arm_summaries(study, data),
        reference=None if reference is None or len(protocol.arms) < 2 else reference.id,
        endpoints=endpoints.endpoint_views(protocol, model.endpoints),
        estimates=declared.estimates,
        contrasts=declared.contrasts,
        sensitivity=results.sensitivity,
        estimand=endpoints.estimand_text(protocol),
        success=endpoints.success_view(protocol, results, model.endpoints),
        provenance=methods.provenance(
            trial,
            study,
            data,
            len(twins[0].patient) if twins else 0,
            evidence,
            methods.NO_DRAWS if uncertainty is None else uncertainty.basis,
        ),
        scores=courses.shown_views(protocol, model.endpoints),
        trajectories=courses.trajectories(study, twins),
        responder_curves=endpoints.responder_curves(protocol, results, model.endpoints),
        mechanism=mechanism.mechanism_panels(study, twins),
        cells=mechanism.cell_panels(study, twins),
        durability=courses.durability_rows(study, twins),
        durability_text=courses.durability_text(study, twins),
        evidence=published.evidence_base(evidence),
        published=beside[0],
        skipped=beside[1],
        parameters=methods.parameter_rows(model),
        drug_gate=drug_rows(study, results, evidence),
        draw_gate=methods.draw_gate(study.pool),
        targets=placebo_rows(study, results, data, evidence),
        structures=methods.structure_rows(protocol, model),
        uncertainty=uncertainty,
        safety=safety.safety_view(study, data),
    )


def headline(report: TrialReport, most: int = 4) -> TrialReport:
    """Return a report with the first endpoints at the week of the primary one, for a terminal."""
    weeks = {view.week for view in report.endpoints if view.role == "primary"}
    ordered = sorted(report.endpoints, key=lambda view: view.role != "primary")
    chosen = [view for view in ordered if view.week in weeks][:most]
    keys = {view.key for view in chosen}
    return replace(
        report,
        endpoints=tuple(chosen),
        estimates=tuple(one for one in report.estimates if one.endpoint in keys),
        contrasts=tuple(one for one in report.contrasts if one.endpoint in keys),
    )


def drug_rows(study: Study, results: Results, evidence: Evidence | None) -> tuple[DrugGateRow, ...]:
    """Return the drugs that this trial gives alone, beside their published effects."""
    reference = study.protocol.reference
    if evidence is None or reference is None:
        return ()
    given = {name: published.arm_of_drug(study, name) for name in drug_inputs(study.model)}
    known = {name: arm for name, arm in given.items() if arm is not None}
    effects = drug_effects(evidence, study.model, list(known), study.protocol.visits.weeks)
    here = judged_here([effect.trial for effect in effects], study.protocol.id)
    return tuple(
        gate_row(effect, results, known[effect.drug], reference.id, study.model)
        for effect, own in zip(effects, here, strict=True)
        if own and effect.compared_with is None
    )


def placebo_rows(
    study: Study, results: Results, data: TrialData, evidence: Evidence | None
) -> tuple[TargetRow, ...]:
    """Return the placebo arm of this trial beside published placebo arms."""
    placebo = next((arm for arm in study.protocol.arms if arm.control == "placebo"), None)
    if evidence is None or placebo is None:
        return ()
    found = targets(evidence, study.model.endpoints, study.protocol.visits.weeks)
    trials = [library_trial(target.row.trial, study.model.id) for target in found]
    here = judged_here(trials, study.protocol.id)
    found = tuple(target for target, own in zip(found, here, strict=True) if own)
    return target_rows(found, results, data, study.model.endpoints, placebo.id)


def _once(requests: Iterable[EndpointRequest]) -> tuple[EndpointRequest, ...]:
    """Return each request once; the first with a key counts."""
    found: dict[str, EndpointRequest] = {}
    for request in requests:
        found.setdefault(request.key, request)
    return tuple(found.values())
