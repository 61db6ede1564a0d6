"""The protocol of a plan as a FHIR R4B bundle of definitions: draft, test data, relative days.

It holds PlanDefinition, ActivityDefinition, ResearchStudy and a virtual Group, and nothing that
orders, prescribes or describes a person. The predicted course is not in it.
"""

from __future__ import annotations

import json
import uuid
from html import escape
from typing import Any

from funis.plan import Entry, Judgement, Plan
from funis.report.plan.content import BANNER
from funis.report.plan.numbers import days, exact, unit_words
from funis.report.statement import RESEARCH_USE, SIMULATED

Resource = dict[str, Any]

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
"""The code system of the label HTEST (hl7.org/fhir/R4B, security labels)."""

STATUSES = {
    "PlanDefinition": "draft",
    "ActivityDefinition": "draft",
    "ResearchStudy": "in-review",
}
"""What draft is called: a study has no such code, its in-review is mapped to draft by
hl7.org/fhir/R4B/sc-valueset-research-study-status.html. A Group has no status."""

_UCUM = "http://unitsofmeasure.org"
_SPACE = uuid.UUID("5b6c1d5e-6a0f-5f0e-9d53-6d1f2f1e7a10")
_DAY_0 = "day-0"


def plan_bundle(plan: Plan) -> Resource:
    """Return the bundle, checked against the FHIR R4B schemas.

    Raises
    ------
    ValueError
        If a resource does not fit its schema: a fault of the program.
    """
    from fhir.resources.R4B.bundle import Bundle

    resources = (_group(plan), _activity(plan), _definition(plan), _study(plan))
    entries = [{"fullUrl": _urn(plan, one["resourceType"]), "resource": one} for one in resources]
    bundle = {
        "resourceType": "Bundle", "id": "plan", "meta": _meta(plan), "type": "collection",
        "entry": entries,
    }  # fmt: skip
    Bundle.model_validate(bundle)
    return bundle


def bundle_text(plan: Plan) -> str:
    """Return the bundle as text that ends with a line feed."""
    return json.dumps(plan_bundle(plan), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _head(plan: Plan, kind: str) -> Resource:
    text = f"{BANNER}. {RESEARCH_USE} {SIMULATED} {plan.grade}"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{escape(text, quote=False)}</div>'
    status = {"status": STATUSES[kind]} if kind in STATUSES else {}
    return {
        "resourceType": kind, "id": kind.lower(), "meta": _meta(plan),
        "text": {"status": "additional", "div": div}, **status,
    }  # fmt: skip


def _meta(plan: Plan) -> Resource:
    label = {"system": ACT_REASON, "code": "HTEST", "display": "test health data"}
    told = {"research-use": RESEARCH_USE, "banner": BANNER, "evidence": plan.grade}
    tags = [
        {"system": "urn:funis:statement", "code": code, "display": text}
        for code, text in told.items()
    ]
    return {"security": [label], "tag": tags}


def _group(plan: Plan) -> Resource:
    told = [_characteristic(one) for one in plan.eligibility.judgements]
    return {
        **_head(plan, "Group"), "active": False, "type": "person", "actual": False,
        "name": f"Virtual patients: {plan.protocol.title}",
        **({"characteristic": told} if told else {}),
    }  # fmt: skip


def _characteristic(one: Judgement) -> Resource:
    return {
        "code": {"text": one.text},
        "valueCodeableConcept": {"text": one.rule},
        "exclude": False,
    }


def _activity(plan: Plan) -> Resource:
    sheet = plan.worksheet
    steps = "; ".join(
        f"{one.name} = {exact(one.value)} {unit_words(one.unit)}".strip() for one in sheet.lines
    )
    return {
        **_head(plan, "ActivityDefinition"), "experimental": True,
        "title": f"{BANNER}: {plan.protocol.arm_label}",
        "description": f"{sheet.product}, {sheet.route}. {steps}",
        "usage": f"{BANNER}. {RESEARCH_USE}",
        "doNotPerform": True,
        "subjectReference": {"reference": _urn(plan, "Group")},
        "productCodeableConcept": {"text": sheet.product},
    }  # fmt: skip


def _definition(plan: Plan) -> Resource:
    entries = plan.calendar.entries
    origin = {"id": _DAY_0, "title": "Day 0: the first infusion of the virtual patient"}
    actions = [_action(plan, one, place) for place, one in enumerate(entries, start=1)]
    return {
        **_head(plan, "PlanDefinition"), "experimental": True, "title": plan.protocol.title,
        "type": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/plan-definition-type",
            "code": "clinical-protocol",
        }]},
        "subjectReference": {"reference": _urn(plan, "Group")},
        "description": f"{plan.protocol.title}, arm {plan.protocol.arm_label}. Days are relative.",
        "usage": f"{BANNER}. {RESEARCH_USE}",
        "action": [origin, *actions],
    }  # fmt: skip


def _action(plan: Plan, one: Entry, place: int) -> Resource:
    given = one.kind in ("infusion", "maintenance")
    note = {"description": one.note} if one.note else {}
    cells = {"definitionUri": _urn(plan, "ActivityDefinition")} if given else {}
    return {
        "id": f"entry-{place}", "title": f"{days(one.day_first, one.day_last)}: {one.title}",
        **note, "code": [{"text": one.kind}], "relatedAction": [_relation(one)], **cells,
    }  # fmt: skip


def _relation(one: Entry) -> Resource:
    """Return the days between day 0 and an entry; before day 0 they count backwards."""
    before = one.day_first < 0
    first, last = one.day_first, one.day_last
    low, high = (abs(min(last, 0)), -first) if before else (first, last)
    offset = {"low": _day(low), "high": _day(high)}
    relationship = "before-start" if before else "after-start"
    return {"actionId": _DAY_0, "relationship": relationship, "offsetRange": offset}


def _day(value: int) -> Resource:
    return {"value": value, "unit": "day", "system": _UCUM, "code": "d"}


def _study(plan: Plan) -> Resource:
    found = plan.evidence
    types = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in
                      found.study_types.items())  # fmt: skip
    return {
        **_head(plan, "ResearchStudy"), "title": f"Virtual trial: {plan.protocol.title}",
        "protocol": [{"reference": _urn(plan, "PlanDefinition")}],
        "category": [{"text": "virtual trial"}],
        "condition": [{"text": plan.consultation.disease}],
        "description": (
            f"A simulated trial; nobody is enrolled. {plan.grade} Studies: {types or 'none'}; "
            f"{found.n_randomised} patients in randomised ones."
        ),
        "enrollment": [{"reference": _urn(plan, "Group")}],
        "arm": [{"name": plan.protocol.arm_label, "description": plan.protocol.arm}],
    }  # fmt: skip


def _urn(plan: Plan, kind: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_SPACE, f'{plan.protocol.id}|{plan.protocol.arm}|{kind}')}"
