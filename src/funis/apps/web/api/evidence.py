"""The answers behind the page Evidence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from funis.apps.web.api.answer import Answer
from funis.apps.web.questions import Asked, question, questions, session_of

router = APIRouter(prefix="/api/evidence", tags=["evidence"])

Text = Annotated[str, Query(max_length=200)]
Week = Annotated[float | None, Query(ge=0, le=10_000, allow_inf_nan=False)]
Cells = Annotated[float | None, Query(ge=0, le=1e15, allow_inf_nan=False)]
Year = Annotated[int | None, Query(ge=1900, le=2100)]
Document = dict[str, Any]


class MainOutcome(BaseModel):
    """The outcome that stands for a study, with its interval."""

    endpoint: str
    name: str
    week: float | None
    measure: str
    compared: bool
    estimate: float | None
    low: float | None
    high: float | None
    text: str
    as_printed: bool


class Signs(BaseModel):
    """What a record says of the risk of bias."""

    level: Literal["low", "some", "high", "not judged"]
    reasons: list[str]


class StudyLine(BaseModel):
    """One study of the table."""

    id: str
    title: str
    citation: str | None
    year: int | None
    disease: str
    study_type: str
    blinding: str | None
    source: str | None
    routes: list[str]
    dose_cell: list[float] | None
    n: int | None
    randomised_patients: int
    follow_up_week: float | None
    main_outcome: MainOutcome | None
    no_outcome: str | None
    signs_of_bias: Signs
    represented: bool
    not_represented: str | None
    confidence: str
    origin: str
    link: str | None


class StudiesAnswer(Answer):
    """The studies that the filters leave, of how many."""

    studies: list[StudyLine]
    of: int
    randomised_patients: int
    randomised_to_drugs: int
    randomised_of_unknown_size: int


class StudyAnswer(Answer):
    """One study: its line, its whole record, how the model represents it."""

    study: StudyLine
    record: Document
    modelled: Document


class PoolAnswer(Answer):
    """Ticked studies pooled, stratum by stratum, and what stands beside."""

    model_config = ConfigDict(extra="allow")

    evidence: str
    disease: str
    endpoint: str
    strata: list[Document]
    candidates: list[Document]
    controls_beside: list[Document]
    warnings: list[str]


class ClaimsAnswer(Answer):
    """The register of claims; ``judged`` says whether verdicts were computed."""

    judged: bool
    claims: list[Document]


class OwnStudy(BaseModel):
    """Studies of one's own as text in the form of the evidence."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=50_000)]
    trial: Annotated[str | None, Field(max_length=100)] = None


class CheckAnswer(Answer):
    """What is wrong with a text, a line a fault."""

    studies: list[str]
    disease: str
    faults: list[str]
    warnings: list[str]


class AskedAnswer(Answer):
    """A slow question: how far it has got, and its answer when it has one."""

    id: str
    state: Literal["waiting", "running", "done", "refused", "failed", "cancelled"]
    label: str
    done: int
    total: int
    errors: list[str]
    result: Document | None


@router.get("/studies")
def studies(
    disease: Text = "", study_type: Text = "", source: Text = "", route: Text = "",
    randomised: bool = False, blinded: bool = False, from_year: Year = None, to_year: Year = None,
    least_dose: Cells = None, most_dose: Cells = None, text: Text = "",
    represented: bool | None = None,
) -> StudiesAnswer:  # fmt: skip
    """Return the studies that the filters leave."""
    from funis.pipeline.studies import StudyFilter, filter_studies
    from funis.pipeline.studies.document import studies_document

    wanted = StudyFilter(
        disease or None, study_type or None, source or None, route or None, randomised, blinded,
        from_year, to_year, least_dose, most_dose, text, represented,
    )  # fmt: skip
    return StudiesAnswer.model_validate(studies_document(filter_studies(wanted)))


@router.get("/studies/{study_id}")
def study(study_id: str) -> StudyAnswer:
    """Return one study in full."""
    from funis.pipeline.evidence import plain_record
    from funis.pipeline.studies.document import entry_document
    from funis.pipeline.studies.represented import modelled, modelled_document
    from funis.pipeline.studies.table import entry_of

    entry = entry_of(study_id)
    return StudyAnswer(
        study=StudyLine.model_validate(entry_document(entry)),
        record=plain_record(entry.study),
        modelled=modelled_document(modelled(study_id)),
    )


@router.get("/pool")
def pool(
    disease: Text, endpoint: Text, week: Week = None, measure: Text = "", of: Text = "cells",
    any_route: bool = False,
    study: Annotated[list[str] | None, Query(max_length=300)] = None,
) -> PoolAnswer:  # fmt: skip
    """Return the named studies pooled; all of the outcome where none is named."""
    from funis.pipeline.meta.chosen import chosen_document, chosen_pool
    from funis.pipeline.studies.table import require_disease

    found = chosen_pool(
        require_disease(disease), endpoint, week=week, measure=measure or None,
        any_route=any_route, of=of, studies=study,
    )  # fmt: skip
    return PoolAnswer.model_validate(chosen_document(found))


@router.get("/claims")
def claims(verdict: Text = "", disease: Text = "") -> ClaimsAnswer:
    """Return the register of claims; verdicts are there once it was judged."""
    from funis.pipeline.claims.shown import filter_claims, kept_register, unjudged_register

    document = kept_register() or unjudged_register()
    shown = filter_claims(document, verdict or None, disease or None)
    return ClaimsAnswer(judged=document["judged"], claims=shown)


@router.post("/claims/judge", status_code=202)
def judge(request: Request) -> AskedAnswer:
    """Ask for every claim to be judged."""
    return _asked(request, question("register"))


@router.post("/check")
def check(body: OwnStudy) -> CheckAnswer:
    """Say what is wrong with a text of one's own; it is kept nowhere."""
    from funis.pipeline.study_impact import own_studies

    found = own_studies(body.text)
    return CheckAnswer(
        studies=[one.id for one in found.studies], disease=found.disease,
        faults=list(found.faults), warnings=list(found.warnings),
    )  # fmt: skip


@router.post("/impact", status_code=202)
def impact_of_own(request: Request, body: OwnStudy) -> AskedAnswer:
    """Ask what a text of one's own changes."""
    from funis.checks import InputError, Issue
    from funis.pipeline.study_impact import known_trial, own_studies

    found = own_studies(body.text)
    if found.faults:
        raise InputError([Issue(None, None, None, line) for line in found.faults])
    known_trial(found.disease, body.trial)
    return _asked(request, question("impact", text=body.text, trial=body.trial))


@router.post("/impact/{study_id}", status_code=202)
def impact(request: Request, study_id: str, trial: Text = "") -> AskedAnswer:
    """Ask what a study of the library changes."""
    from funis.pipeline.study_impact import kept_impact

    kept_impact(study_id, trial or None)
    return _asked(request, question("impact", study=study_id, trial=trial or None))


@router.post("/predictions/{disease}", status_code=202)
def predictions(request: Request, disease: str) -> AskedAnswer:
    """Ask for the studies of a disease to be predicted, each from all others."""
    from funis.pipeline.studies.table import require_disease

    return _asked(request, question("predictions", disease=require_disease(disease)))


@router.get("/asked/{asked_id}")
def asked(request: Request, asked_id: str) -> AskedAnswer:
    """Return how far a question has got, or its answer."""
    return _answer(_known(request, asked_id))


@router.post("/asked/{asked_id}/cancel")
def cancel(request: Request, asked_id: str) -> AskedAnswer:
    """End a question."""
    found = _known(request, asked_id)
    questions(request).cancel(found)
    return _answer(found)


def _asked(request: Request, wanted: Document) -> AskedAnswer:
    return _answer(questions(request).ask(session_of(request), wanted))


def _known(request: Request, asked_id: str) -> Asked:
    found = questions(request).get(session_of(request), asked_id)
    if found is None:
        raise HTTPException(404, "no such computation of this session")
    return found


def _answer(found: Asked) -> AskedAnswer:
    return AskedAnswer(
        id=found.id, state=found.state, label=found.label, done=found.done, total=found.total,
        errors=list(found.errors), result=found.result,
    )  # fmt: skip
