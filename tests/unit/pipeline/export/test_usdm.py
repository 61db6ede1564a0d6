"""The protocol document: its structure as USDM 4.0 has it, restated, and what the trial says.

All trials of the library were put through the published JSON schema and the 213 conformance rules
of the package usdm4 0.29 by hand; docs/export.md says which rules are not met and why.
"""

import re

import pytest

from funis.pipeline.export.marks import marks_of
from funis.pipeline.export.usdm import usdm_document
from funis.pipeline.export.usdm.items import walk
from funis.pipeline.inputs import load_trial

REQUIRED = {
    "StudyVersion": "versionIdentifier rationale studyIdentifiers titles",
    "InterventionalStudyDesign": "name arms studyCells rationale epochs population"
    " eligibilityCriteria model",
    "StudyArm": "name type dataOriginDescription dataOriginType",
    "StudyCell": "armId epochId elementIds",
    "StudyElement": "name",
    "StudyEpoch": "name type",
    "Encounter": "name type",
    "Activity": "name",
    "Timing": "name type value valueLabel relativeToFrom relativeFromScheduledInstanceId",
    "ScheduleTimeline": "name mainTimeline entryCondition entryId",
    "ScheduledActivityInstance": "name",
    "Objective": "name text level",
    "Endpoint": "name text purpose level",
    "Estimand": "name populationSummary analysisPopulationId interventionIds"
    " variableOfInterestId intercurrentEvents",
    "IntercurrentEvent": "name text strategy",
    "EligibilityCriterion": "name category identifier criterionItemId",
    "EligibilityCriterionItem": "name text",
    "StudyIntervention": "name role type",
    "Administration": "name duration",
    "AdministrableProduct": "name administrableDoseForm productDesignation",
    "StudyDesignPopulation": "name includesHealthySubjects",
    "Code": "code codeSystem codeSystemVersion decode",
    "ExtensionAttribute": "url",
}
"""Attributes that the published schema of USDM 4.0 demands, beside id and instanceType."""

SINGLE = "Id"


@pytest.fixture(scope="module", params=["ra_demo", "ms_crossover", "ra_escalation"])
def case(request):
    trial = load_trial(request.param)
    return trial, usdm_document(trial, marks_of(trial, "Evidence: none recorded."))


def objects(document, kind):
    return [one for one in walk(document) if one.get("instanceType") == kind]


def test_every_object_has_an_identifier_of_its_own_and_what_is_required(case):
    _, document = case
    found = [one for one in walk(document) if "instanceType" in one]
    ids = [one["id"] for one in found]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for one in found:
        for name in REQUIRED.get(one["instanceType"], "").split():
            assert one.get(name) is not None, (one["id"], name)
    assert {one["instanceType"] for one in found} >= set(REQUIRED) - {"Administration"}


def test_every_reference_is_to_an_object(case):
    _, document = case
    ids = {one.get("id") for one in walk(document)}
    for one in walk(document):
        for name, value in one.items():
            if name.endswith("Id") and value is not None:
                assert value in ids, (one["id"], name)
            if name.endswith("Ids"):
                assert set(value) <= ids, (one["id"], name)


def test_names_of_a_class_differ(case):
    _, document = case
    for kind in {
        one["instanceType"] for one in walk(document) if "name" in one and "instanceType" in one
    }:
        names = [one["name"] for one in objects(document, kind)]
        assert len(set(names)) == len(names), kind


def test_visits_stand_at_their_days_from_baseline(case):
    trial, document = case
    timeline = next(one for one in objects(document, "ScheduleTimeline") if one["mainTimeline"])
    days = {one["name"]: one for one in timeline["timings"]}
    for week in trial.protocol.visits.weeks[1:]:
        timing = days[f"week_{week:g}"]
        assert timing["value"] == f"P{7 * week:g}D"
        assert timing["type"]["decode"] == "After"
    assert days["baseline"]["type"]["decode"] == "Fixed Reference"
    assert days["screening"]["type"]["decode"] == "Before"
    assert all(re.fullmatch(r"P\d+(\.\d+)?D", one["value"]) for one in objects(document, "Timing"))


def test_each_timeline_is_one_chain_to_its_exit(case):
    _, document = case
    for timeline in objects(document, "ScheduleTimeline"):
        by_id = {one["id"]: one for one in timeline["instances"]}
        at, seen = timeline["entryId"], []
        while at is not None:
            seen.append(at)
            at = by_id[at]["defaultConditionId"]
        assert set(seen) == set(by_id)
        assert by_id[seen[-1]]["timelineExitId"] == timeline["exits"][0]["id"]


def test_doses_are_those_before_the_last_visit(case):
    trial, document = case
    last = 7 * trial.protocol.visits.last_week
    planned = sum(
        sum(day < last for day in one.days)
        for arm in trial.protocol.conducted
        for one in arm.interventions
    )
    timelines = [one for one in objects(document, "ScheduleTimeline") if not one["mainTimeline"]]
    assert sum(len(one["instances"]) for one in timelines) == planned


def test_arms_endpoints_and_criteria_are_those_of_the_trial(case):
    trial, document = case
    protocol = trial.protocol
    assert [one["name"] for one in objects(document, "StudyArm")] == [
        a.id for a in protocol.conducted
    ]
    assert len(objects(document, "Endpoint")) == len(protocol.endpoints)
    assert len(objects(document, "Estimand")) == len(protocol.primary)
    assert len(objects(document, "EligibilityCriterion")) == len(protocol.population.criteria)
    population = objects(document, "StudyDesignPopulation")[0]
    planned = protocol.population.patients_per_arm * len(protocol.conducted)
    if protocol.design is not None and protocol.design.escalation is not None:
        planned = protocol.design.escalation.most
    assert population["plannedEnrollmentNumber"]["value"] == planned
    assert {one["dataOriginType"]["decode"] for one in objects(document, "StudyArm")} == {
        "Synthetic Data"
    }


def test_text_that_may_hold_mark_up_is_escaped(case):
    _, document = case
    for one in objects(document, "EligibilityCriterionItem"):
        assert "<" not in one["text"]
        assert not re.search(r"&(?!gt;|lt;|amp;)", one["text"])


def test_the_document_is_the_same_each_time(case):
    trial, document = case
    assert document == usdm_document(trial, marks_of(trial, "Evidence: none recorded."))


def test_a_crossover_names_the_treatment_of_each_period():
    trial = load_trial("ms_crossover")
    document = usdm_document(trial, marks_of(trial, "Evidence: none recorded."))
    design = objects(document, "InterventionalStudyDesign")[0]
    assert design["model"]["decode"] == "Crossover Study"
    assert [one["name"] for one in design["epochs"]] == ["screening", "period_1", "period_2"]
    cells = {(one["armId"], one["epochId"]): one["elementIds"] for one in design["studyCells"]}
    for sequence, order in trial.protocol.crossover.sequences.items():
        for number, arm in enumerate(order, 1):
            place = (f"StudyArm_{sequence}", f"StudyEpoch_period_{number}")
            assert cells[place] == [f"StudyElement_treatment_{arm}"]


def test_masking_is_said_where_the_trial_says_so():
    for name, decode, roles in (("ra_series", "Open Label Study", 0), ("ra_demo", None, 0)):
        trial = load_trial(name)
        document = usdm_document(trial, marks_of(trial, "Evidence: none recorded."))
        schema = objects(document, "InterventionalStudyDesign")[0]["blindingSchema"]
        assert (schema and schema["standardCode"]["decode"]) == decode
        assert len(objects(document, "Masking")) == roles
