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
            roles=[_sponsor_role()],
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
    several = len(protocol.arms) > 1
    return named(
        "InterventionalStudyDesign",
        DESIGN,
        label=protocol.title,
        studyType=coded(terms.INTERVENTIONAL),
        studyPhase=aliased(coded(terms.NOT_APPLICABLE)),
        therapeuticAreas=[],
        characteristics=[coded(terms.RANDOMISED)] if several else [],
        encounters=schedule.encounters(protocol),
        activities=schedule.activities(trial, marks.version),
        arms=[_arm(arm, trial) for arm in protocol.arms],
        studyCells=_cells(protocol),
        rationale="Every arm is simulated with the same virtual patients' diseases.",
        epochs=_epochs(),
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
        model=coded(terms.PARALLEL if several else terms.SINGLE_GROUP),
        intentTypes=[coded(terms.TREATMENT_STUDY)],
        blindingSchema=None,
    )  # fmt: skip


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
    if arm.control is not None:
        return terms.PLACEBO_ARM if arm.control == "placebo" else terms.CONTROL_ARM
    if arm.interventions and all(getattr(one, "sham", False) for one in arm.interventions):
        return terms.SHAM_ARM
    if arm.interventions and all(one.drug is not None for one in arm.interventions):
        return terms.ACTIVE_ARM
    return terms.INVESTIGATIONAL_ARM if arm.interventions else terms.CONTROL_ARM


def _epochs() -> list[Item]:
    kinds = {"screening": terms.SCREENING_EPOCH, "treatment": terms.TREATMENT_EPOCH}
    return chained(
        [
            named("StudyEpoch", key, label=key.capitalize(), type=coded(term), previousId=None,
                  nextId=None, notes=[])
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
    return [
        item(
            "StudyCell",
            armId=reference("StudyArm", arm.id),
            epochId=reference("StudyEpoch", epoch),
            elementIds=[reference("StudyElement", element)],
        )
        for arm in protocol.arms
        for epoch, element in (("screening", "screening"), ("treatment", f"treatment_{arm.id}"))
    ]


def _population(trial: Trial, patients: int | None) -> Item:
    protocol = trial.protocol
    size = protocol.population.patients_per_arm * len(protocol.arms)
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
    found.append(f"Drop-out: {protocol.dropout.rate_per_year:g} a year.")
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


def _extension(name: str, text: str) -> Item:
    return {
        **item("ExtensionAttribute", url=f"urn:funis:{name}", valueString=text),
        "extensionAttributes": [],
    }
