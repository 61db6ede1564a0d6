"""The whole USDM document of a trial."""

from __future__ import annotations

import uuid

from funis.models import Parameter
from funis.pipeline.export.marks import Marks
from funis.pipeline.export.usdm import aims, schedule, terms, treatments
from funis.pipeline.export.usdm.items import (
    Item,
    Term,
    aliased,
    chained,
    coded,
    item,
    named,
    note,
    numbered,
    own_code,
    quantity,
    reference,
)
from funis.pipeline.inputs import Trial
from funis.protocol import Arm, Protocol
from funis.report import RESEARCH_USE
from funis.report.statement import SIMULATED

USDM_VERSION = "4.0.0"
DESIGN, VERSION, SPONSOR = "design", "1", "nobody"

REMARKS = (
    "usdm.json is the protocol as CDISC USDM 4.0: arms, epochs, elements, visits, relative times, "
    "doses, entry criteria, objectives, endpoints, estimands.",
    "Entry criteria and rules are expressions of funis, in words where USDM has no place for them. "
    "Doses of an arm are a timeline of their own, because the visits are those of every arm.",
    "There is no sponsor, no site, no date and no amendment: nobody runs this trial.",
)


def usdm_document(trial: Trial, marks: Marks, patients: int | None = None) -> Item:
    """Return a trial as a USDM document.

    Parameters
    ----------
    patients
        Planned number in all arms; that of the trial file when None.
    """
    protocol = trial.protocol
    study = item(
        "Study",
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"funis:{protocol.hash}")),
        name=protocol.id,
        description=f"{SIMULATED} {RESEARCH_USE}",
        label=f"SIMULATED: {protocol.title}",
        versions=[_version(trial, marks, patients)],
        documentedBy=[],
    )
    return {
        "study": numbered(study),
        "usdmVersion": USDM_VERSION,
        "systemName": "funis",
        "systemVersion": marks.version,
    }


def _version(trial: Trial, marks: Marks, patients: int | None) -> Item:
    protocol = trial.protocol
    return {
        **item(
            "StudyVersion",
            reference("StudyVersion", VERSION),
            versionIdentifier=protocol.hash,
            rationale=f"A virtual trial in {trial.model.name}: what could a real one show?",
            documentVersionIds=[],
            dateValues=[],
            amendments=[],
            businessTherapeuticAreas=[],
            studyIdentifiers=[
                item(
                    "StudyIdentifier",
                    text=protocol.id,
                    scopeId=reference("Organization", SPONSOR),
                )
            ],
            referenceIdentifiers=[],
            studyDesigns=[_design(trial, marks, patients)],
            titles=[
                _title(f"SIMULATED: {protocol.title}", terms.OFFICIAL_TITLE),
                _title(protocol.id, terms.BRIEF_TITLE),
            ],
            eligibilityCriterionItems=aims.criterion_items(protocol),
            narrativeContentItems=[],
            abbreviations=[],
            roles=[_sponsor_role(), *_masked_roles(protocol)],
            organizations=[_nobody(marks.version)],
            studyInterventions=treatments.interventions(trial, marks.version),
            administrableProducts=treatments.products(trial),
            medicalDevices=[],
            productOrganizationRoles=[],
            biomedicalConcepts=[],
            bcCategories=[],
            bcSurrogates=[],
            dictionaries=[],
            conditions=[],
            notes=[note(marks.statement)],
        ),
        "extensionAttributes": [
            _extension("research-use", RESEARCH_USE),
            _extension("data", SIMULATED),
            _extension("evidence", marks.evidence),
            _extension("protocol-hash", protocol.hash),
        ],
    }


def _design(trial: Trial, marks: Marks, patients: int | None) -> Item:
    protocol = trial.protocol
    design = protocol.design
    return named(
        "InterventionalStudyDesign",
        DESIGN,
        label=protocol.title,
        studyType=coded(terms.INTERVENTIONAL),
        studyPhase=aliased(coded(terms.NOT_APPLICABLE)),
        therapeuticAreas=[],
        characteristics=[coded(term) for term in _characteristics(protocol)],
        encounters=schedule.encounters(protocol),
        activities=schedule.activities(trial, marks.version),
        arms=[_arm(arm, trial) for arm in protocol.conducted],
        studyCells=_cells(protocol),
        rationale="Every arm is simulated with the same virtual patients' diseases.",
        epochs=_epochs(protocol),
        elements=_elements(protocol),
        estimands=aims.estimands(protocol),
        indications=[
            named("Indication", trial.model.id, label=trial.model.name, codes=[],
                  isRareDisease=False, notes=[])
        ],
        studyInterventionIds=[one["id"] for one in treatments.interventions(trial, marks.version)],
        objectives=aims.objectives(trial),
        population=_population(trial, patients),
        scheduleTimelines=schedule.timelines(trial),
        biospecimenRetentions=[],
        documentVersionIds=[],
        eligibilityCriteria=aims.criteria(protocol),
        analysisPopulations=[aims.analysis_population(protocol)],
        notes=[note(text) for text in _remarks(protocol)],
        subTypes=[],
        model=_model(protocol, marks.version),
        intentTypes=[coded(terms.TREATMENT_STUDY)],
        blindingSchema=None if design is None else aliased(coded(terms.MASKING[design.masking])),
    )  # fmt: skip


def _model(protocol: Protocol, version: str) -> Item:
    """Return how arms are laid out; an escalation has no term among the controlled ones."""
    if protocol.design is not None and protocol.design.kind == "dose_escalation":
        return own_code("dose escalation", version)
    if protocol.crossover is not None:
        return coded(terms.CROSSOVER)
    return coded(terms.PARALLEL if len(protocol.arms) > 1 else terms.SINGLE_GROUP)


def _characteristics(protocol: Protocol) -> list[Term]:
    if protocol.design is not None and protocol.design.kind == "dose_escalation":
        return [terms.ADAPTIVE]
    found = [terms.RANDOMISED] if len(protocol.arms) > 1 else []
    return [*found, terms.ADAPTIVE] if protocol.interim is not None else found


def _arm(arm: Arm, trial: Trial) -> Item:
    changed = trial.protocol.parameters_of(arm.id) if arm.altered else {}
    altered = ", ".join(f"{name} = {value:g}" for name, value in changed.items())
    return named(
        "StudyArm",
        arm.id,
        label=arm.label,
        type=coded(_arm_type(arm)),
        dataOriginDescription=SIMULATED,
        dataOriginType=coded(terms.SYNTHETIC_DATA),
        populationIds=[reference("StudyDesignPopulation", "population")],
        notes=[note(f"The model is changed in this arm: {altered}.")] if altered else [],
    )


def _arm_type(arm: Arm) -> Term:
    if arm.control is not None and not any(one.sham for one in arm.interventions):
        return terms.PLACEBO_ARM if arm.control == "placebo" else terms.CONTROL_ARM
    if arm.interventions and all(one.sham for one in arm.interventions):
        return terms.SHAM_ARM
    if arm.interventions and all(one.drug is not None for one in arm.interventions):
        return terms.ACTIVE_ARM
    return terms.INVESTIGATIONAL_ARM if arm.interventions else terms.CONTROL_ARM


def _epochs(protocol: Protocol) -> list[Item]:
    treated = dict.fromkeys(schedule.epochs(protocol), terms.TREATMENT_EPOCH)
    kinds = {"screening": terms.SCREENING_EPOCH, **treated}
    return chained(
        [
            named(
                "StudyEpoch",
                key,
                label=key.replace("_", " ").capitalize(),
                type=coded(term),
                previousId=None,
                nextId=None,
                notes=[],
            )
            for key, term in kinds.items()
        ]
    )  # fmt: skip


def _elements(protocol: Protocol) -> list[Item]:
    treated = [
        _element(f"treatment_{arm.id}", arm.label, treatments.intervention_ids(protocol, arm.id))
        for arm in protocol.arms
    ]
    return [_element("screening", "Screening", []), *treated]


def _element(key: str, label: str, interventions: list[str]) -> Item:
    return named(
        "StudyElement", key, label=label, transitionStartRule=None, transitionEndRule=None,
        studyInterventionIds=interventions, notes=[],
    )  # fmt: skip


def _cells(protocol: Protocol) -> list[Item]:
    """Return which element each arm is in during each epoch: in a crossover by its sequence."""
    turns = protocol.crossover
    found = []
    for arm in protocol.conducted:
        epochs = schedule.epochs(protocol)
        order = (arm.id,) * len(epochs) if turns is None else turns.sequences[arm.id]
        cells = [("screening", "screening")]
        cells += [(epoch, f"treatment_{one}") for epoch, one in zip(epochs, order, strict=False)]
        found += [_cell(arm.id, epoch, element) for epoch, element in cells]
    return found


def _cell(arm: str, epoch: str, element: str) -> Item:
    return item(
        "StudyCell",
        armId=reference("StudyArm", arm),
        epochId=reference("StudyEpoch", epoch),
        elementIds=[reference("StudyElement", element)],
    )


def _population(trial: Trial, patients: int | None) -> Item:
    protocol = trial.protocol
    size = protocol.population.patients_per_arm * len(protocol.conducted)
    if protocol.design is not None and protocol.design.escalation is not None:
        size = protocol.design.escalation.most
    return named(
        "StudyDesignPopulation",
        "population",
        description=f"Virtual patients with {trial.model.name}",
        includesHealthySubjects=False,
        plannedEnrollmentNumber=quantity(size if patients is None else patients, None),
        plannedCompletionNumber=None,
        plannedSex=_sexes(trial),
        criterionIds=[
            reference("EligibilityCriterion", one.id) for one in protocol.population.criteria
        ],
        plannedAge=_ages(trial),
        notes=[],
        cohorts=[],
    )


def _column(trial: Trial, column: str) -> Parameter | None:
    """Return the parameter behind a column of the subjects, unless an entry criterion names it."""
    names = {name for name, own in trial.model.covariates.items() if own == column}
    asked = {word for one in trial.protocol.population.criteria for word in one.expression.names}
    free = names if not asked & (names | {column}) else set()
    return next((one for one in trial.model.parameters if one.id in free), None)


def _sexes(trial: Trial) -> list[Item]:
    """Return both sexes where the population has both and no criterion chooses."""
    known = _column(trial, "female") is not None
    return [coded(terms.FEMALE), coded(terms.MALE)] if known else []


def _ages(trial: Trial) -> Item | None:
    """Return the ages of the population that patients are drawn from, where it is bounded."""
    age = _column(trial, "age_year")
    spread = None if age is None else age.distribution
    if spread is None or spread.low is None or spread.high is None:
        return None
    low, high = (quantity(limit, coded(terms.YEAR)) for limit in (spread.low, spread.high))
    return item("Range", minValue=low, maxValue=high, isApproximate=False)


def _remarks(protocol: Protocol) -> list[str]:
    """Return what the design has no place for: decision, rules, drop-out, run-in."""
    found = [
        f"Rule {rule.id}: when {rule.when.text}, asked in "
        f"{', '.join(rule.arms)}; source: {rule.source or 'not given'}."
        for rule in protocol.rules
    ]
    if protocol.success is not None:
        one = protocol.success
        found.append(
            f"Success: {one.endpoint} at week {one.week:g}, {', '.join(one.arms)} against "
            f"{one.reference}, {one.measure.replace('_', ' ')} {one.direction} than "
            f"{one.null + one.minimal_difference:g} at a two-sided alpha of {one.alpha:g}."
        )
    found += [
        f"Missing {one.lost}s, {one.mechanism.replace('_', ' ')}: probability {one.probability:g}"
        + (f" when {one.when.text}" if one.when is not None else "")
        + f"; source: {one.source or 'not given'}."
        for one in protocol.missing
    ]
    found.append(f"Drop-out: {protocol.dropout.rate_per_year:g} a year.")
    if protocol.design is not None:
        plan = protocol.design.allocation
        shares = ":".join(str(one) for one in plan.shares(tuple(arm.id for arm in protocol.arms)))
        strata = "; ".join(one.text for one in plan.strata) or "none"
        masking = protocol.design.masking.replace("_", " ")
        found.append(f"Masking: {masking}. Allocation {shares}; strata: {strata}.")
    weeks = protocol.population.run_in_week
    found.append(f"Untreated disease fluctuates for {weeks:g} weeks before screening.")
    return found


def _title(text: str, term: Term) -> Item:
    return item("StudyTitle", text=text, type=coded(term))


def _nobody(version: str) -> Item:
    return item(
        "Organization",
        reference("Organization", SPONSOR),
        name=SPONSOR,
        label="No organisation runs this virtual trial",
        type=own_code("none: virtual", version),
        identifierScheme="funis",
        identifier="virtual",
        legalAddress=None,
        managedSites=[],
    )


def _sponsor_role() -> Item:
    return named(
        "StudyRole",
        "sponsor",
        code=coded(terms.SPONSOR),
        appliesToIds=[reference("StudyVersion", VERSION)],
        assignedPersons=[],
        organizationIds=[reference("Organization", SPONSOR)],
        masking=None,
        notes=[],
    )


def _masked_roles(protocol: Protocol) -> list[Item]:
    """Return who does not know the arms, where the trial says so."""
    if protocol.design is None:
        return []
    words = protocol.design.masking.replace("_", " ")
    return [
        named(
            "StudyRole",
            key,
            code=coded(term),
            appliesToIds=[reference("InterventionalStudyDesign", DESIGN)],
            assignedPersons=[],
            organizationIds=[],
            masking=item("Masking", text=words, isMasked=True),
            notes=[],
        )
        for key, term in terms.MASKED_ROLES[protocol.design.masking].items()
    ]


def _extension(name: str, text: str) -> Item:
    return {
        **item("ExtensionAttribute", url=f"urn:funis:{name}", valueString=text),
        "extensionAttributes": [],
    }
