"""The FHIR bundle of a plan: valid R4B, drafts of definitions, test data alone."""

import json

import pytest
from fhir.resources.R4B.bundle import Bundle

from funis.report import RESEARCH_USE
from funis.report.plan import BANNER, plan_bundle

GRADE = "Evidence: low; 2 randomised studies."
ALLOWED = {"Bundle", "PlanDefinition", "ActivityDefinition", "ResearchStudy", "Group"}


@pytest.fixture(scope="module")
def bundle(plan):
    return plan_bundle(plan)


@pytest.fixture(scope="module")
def resources(bundle):
    return {one["resource"]["resourceType"]: one["resource"] for one in bundle["entry"]}


def test_the_bundle_is_valid_r4b_and_comes_back_unchanged(bundle):
    read = Bundle.model_validate(json.loads(json.dumps(bundle)))
    assert json.loads(read.model_dump_json()) == json.loads(json.dumps(bundle))


def test_it_holds_definitions_a_study_and_a_virtual_group_alone(bundle, resources):
    assert set(resources) == ALLOWED - {"Bundle"}
    assert bundle["type"] == "collection"
    text = json.dumps(bundle)
    for name in (
        "MedicationRequest",
        "ServiceRequest",
        "CarePlan",
        "Goal",
        "Patient/",
        "birthDate",
    ):
        assert name not in text


def test_every_resource_bears_the_label_htest_the_statement_and_the_grade(bundle, resources):
    for one in (bundle, *resources.values()):
        assert [label["code"] for label in one["meta"]["security"]] == ["HTEST"]
        shown = {tag["code"]: tag["display"] for tag in one["meta"]["tag"]}
        assert shown == {"research-use": RESEARCH_USE, "banner": BANNER, "evidence": GRADE}
    for one in resources.values():
        assert BANNER in one["text"]["div"]


def test_every_resource_with_a_status_is_a_draft(resources):
    assert resources["PlanDefinition"]["status"] == "draft"
    assert resources["ActivityDefinition"]["status"] == "draft"
    assert resources["ResearchStudy"]["status"] == "in-review"  # mapped to draft by HL7
    assert resources["Group"]["actual"] is False
    assert resources["ActivityDefinition"]["doNotPerform"] is True


def test_references_lead_to_resources_of_the_bundle(bundle):
    known = {one["fullUrl"] for one in bundle["entry"]}
    assert len(known) == 4
    assert set(_values(bundle, "reference")) | set(_values(bundle, "definitionUri")) <= known


def test_days_are_relative_to_the_first_infusion_and_no_date_stands_anywhere(plan, resources):
    actions = resources["PlanDefinition"]["action"]
    assert len(actions) == len(plan.calendar.entries) + 1
    screening = actions[1]["relatedAction"][0]
    assert screening["relationship"] == "before-start"
    assert screening["offsetRange"]["low"]["value"] == 1
    assert screening["offsetRange"]["high"]["value"] == 28
    visit = next(one for one in actions if "week 4" in one["title"])["relatedAction"][0]
    assert visit["relationship"] == "after-start"
    assert visit["offsetRange"]["low"]["value"] == 25
    assert not any("date" in key.lower() for key in _keys(resources))


def test_the_predicted_course_is_not_in_it(plan, bundle):
    assert str(plan.course.responses[0].treated.estimate) not in json.dumps(bundle)


def test_a_bare_plan_gives_a_valid_bundle(bare_plan):
    Bundle.model_validate(plan_bundle(bare_plan))


def _values(data, key):
    if isinstance(data, dict):
        for name, one in data.items():
            if name == key:
                yield one
            yield from _values(one, key)
    elif isinstance(data, list):
        for one in data:
            yield from _values(one, key)


def _keys(data):
    if isinstance(data, dict):
        for name, one in data.items():
            yield name
            yield from _keys(one)
    elif isinstance(data, list):
        for one in data:
            yield from _keys(one)
