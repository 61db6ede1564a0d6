"""The answers behind the page Plan: forms, checks, plans in stages, and their files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from funis.apps.web.api.answer import Answer
from funis.apps.web.api.sent import Nested
from funis.apps.web.turns import TURNS
from funis.pipeline.planning import (
    Asked,
    Choices,
    Form,
    Plan,
    choices,
    consultation_data,
    consultation_form,
    consultation_from,
    consultation_from_text,
    consultation_yaml,
    field_fault,
    known_disease,
    known_protocol,
    library_plan,
    sample,
)
from funis.report.plan import BANNER, plan_file
from funis.report.plan.ics import made_up_day

router = APIRouter(prefix="/api/plan", tags=["plan"])

Name = Annotated[str, Field(max_length=80)]
DiseaseId = Annotated[str, Query(max_length=80, description="Id of a disease, such as ra.")]
ProtocolId = Annotated[str | None, Query(max_length=80, description="A trial or a regimen.")]
ArmId = Annotated[str | None, Query(max_length=80, description="An arm of it.")]
KINDS = {
    "plan.pdf": "application/pdf",
    "plan.html": "text/html; charset=utf-8",
    "plan.json": "application/json",
    "calendar.ics": "text/calendar; charset=utf-8",
    "fhir.json": "application/fhir+json",
    "consultation.yaml": "application/yaml",
}
FileName = Literal[
    "plan.pdf", "plan.html", "plan.json", "calendar.ics", "fhir.json", "consultation.yaml"
]


class Consulted(BaseModel):
    """A consultation of a virtual patient, and the protocol that it is held against."""

    model_config = ConfigDict(extra="forbid")

    consultation: Nested = Field(description="As its file holds it.")
    protocol: Name | None = None
    arm: Name | None = None
    hold_minute: float | None = Field(None, description="From thaw to vein [minute].")

    def asked(self, *, course: bool = False, compare: bool = False) -> Asked:
        """Return what is wanted; every time from thaw to vein is listed with it."""
        return Asked(
            self.protocol, self.arm, compare, self.hold_minute, course=course, holds=True
        )  # fmt: skip


class FieldRequest(BaseModel):
    """A consultation that is being filled in, and the field to check."""

    model_config = ConfigDict(extra="forbid")

    consultation: Nested
    field: Name


class TextRequest(BaseModel):
    """The text of a file: a consultation as YAML, or a FHIR bundle of test data (.json)."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=900_000)]
    name: Annotated[str, Field(max_length=255)]


class FileRequest(Consulted):
    """What a file is made of."""

    course: bool = Field(True, description="Whether the predicted course is in it.")
    start: Name | None = Field(None, description="A made-up day 0 of the calendar.")


class ChoicesAnswer(Answer):
    """What a plan for a disease may be made of."""

    choices: Choices


class FormAnswer(Answer):
    """What a consultation may hold, and why it is asked."""

    form: Form


class ConsultationAnswer(Answer):
    """A consultation as its file holds it."""

    consultation: dict[str, Any]


class FieldAnswer(Answer):
    """What is wrong with a field, null for nothing."""

    field: str
    fault: str | None


class PlanAnswer(Answer):
    """A plan; nothing in it is to be given to anybody."""

    banner: str = BANNER
    plan: Plan


@router.get("/choices")
def get_choices(disease: DiseaseId) -> ChoicesAnswer:
    """Return protocols, arms and sample consultations of a disease."""
    return ChoicesAnswer(choices=choices(disease))


@router.get("/form")
def get_form(disease: DiseaseId, protocol: ProtocolId = None, arm: ArmId = None) -> FormAnswer:
    """Return what a consultation may hold, and which criteria of a protocol ask for it."""
    known_protocol(known_disease(disease), protocol)
    return FormAnswer(form=consultation_form(disease, protocol, arm))


@router.get("/consultation")
def get_consultation(
    disease: DiseaseId, name: Annotated[str, Query(max_length=80)]
) -> ConsultationAnswer:
    """Return a sample consultation of the library."""
    return ConsultationAnswer(consultation=consultation_data(sample(disease, name)))


@router.post("/field")
def check_field(asked: FieldRequest) -> FieldAnswer:
    """Return what is wrong with one field of a consultation that is being filled in."""
    fault = field_fault(asked.consultation, asked.field)
    return FieldAnswer(field=asked.field, fault=fault)


@router.post("/read")
def read_text(asked: TextRequest) -> ConsultationAnswer:
    """Return the consultation in the text of a file; nothing of it is kept."""
    known = consultation_from_text(asked.text, asked.name)
    return ConsultationAnswer(consultation=consultation_data(known))


@router.post("/at-once")
def plan_at_once(asked: Consulted) -> PlanAnswer:
    """Return eligibility, worksheet, calendar and every time from thaw to vein."""
    return PlanAnswer(plan=library_plan(asked.consultation, asked.asked()))


@router.post("/course")
def plan_course(asked: Consulted) -> PlanAnswer:
    """Return the plan with its predicted course beside placebo and cells that do nothing."""
    with TURNS.turn():
        return PlanAnswer(plan=library_plan(asked.consultation, asked.asked(course=True)))


@router.post("/alternatives")
def plan_alternatives(asked: Consulted) -> PlanAnswer:
    """Return the plan with other doses, routes and schedules beside it, for the stratum."""
    with TURNS.turn():
        return PlanAnswer(plan=library_plan(asked.consultation, asked.asked(compare=True)))


@router.post("/files/{name}", response_class=Response)
def plan_output(name: FileName, asked: FileRequest) -> Response:
    """Return a file of a plan: PDF, calendar, FHIR, JSON, page, or the consultation itself."""
    day_0 = made_up_day(asked.start)
    if name == "consultation.yaml":
        content = consultation_yaml(consultation_from(asked.consultation)).encode()
    elif asked.course and name not in ("calendar.ics", "fhir.json"):
        with TURNS.turn():
            plan = library_plan(asked.consultation, asked.asked(course=True))
        content = plan_file(plan, name, day_0)
    else:
        content = plan_file(library_plan(asked.consultation, asked.asked()), name, day_0)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=KINDS[name], headers=headers)
