"""The pages of Evidence: studies, one study, ticked studies pooled, claims."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.pages import evidence_impact
from funis.apps.web.pages.evidence_query import (
    PAGE_SIZE,
    page_number,
    pool_query,
    studies_query,
    tick_place,
    with_page,
)
from funis.apps.web.pages.render import render
from funis.apps.web.questions import question, questions, session_of
from funis.checks import InputError

router = APIRouter()
router.include_router(evidence_impact.router)

GROUPS = (
    ("cells", "stromal cells"), ("drugs", "targeted drugs"), ("placebo", "placebo arms"),
)  # fmt: skip
MEASURES = (
    ("", "the usual one"), ("rr", "risk ratio"), ("rd", "risk difference"), ("or", "odds ratio"),
    ("md", "mean difference"), ("smd", "standardised mean difference"),
    ("proportion", "proportion of patients, arms alone"), ("mean", "mean, arms alone"),
)  # fmt: skip


@router.get("/evidence", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """Show the studies that the filters leave."""
    from funis.pipeline.studies import filter_studies
    from funis.pipeline.studies.document import dose_words
    from funis.pipeline.studies.table import disease_names, ready, route_text
    from funis.pipeline.studies.values import SIGN_WORDS

    if not ready() and "hx-request" not in request.headers and "wait" not in request.query_params:
        return render(request, "evidence/reading.html.j2", query=request.url.query, tab="studies")
    faults: tuple[str, ...] = ()
    found = whole = filter_studies()
    try:
        found = filter_studies(studies_query(request.query_params))
    except InputError as error:
        faults = error.lines
    number, pages = page_number(request.query_params, len(found.entries))
    shown = found.entries[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return render(
        request, "evidence.html.j2", 422 if faults else 200, found=found, whole=whole,
        shown=() if faults else shown, faults=faults, query=request.query_params,
        names=disease_names(), dose_words=dose_words, sign_words=SIGN_WORDS, number=number,
        pages=pages, with_page=lambda n: with_page(request.query_params, n), tab="studies",
        route_text=route_text,
    )  # fmt: skip


@router.get("/evidence/study/{study_id}", response_class=HTMLResponse)
def study(request: Request, study_id: str) -> HTMLResponse:
    """Show one study in full."""
    from funis.pipeline.studies.document import dose_words
    from funis.pipeline.studies.page import study_page
    from funis.pipeline.studies.predicted import kept_predictions
    from funis.pipeline.studies.table import disease_names, entry_of

    try:
        disease = entry_of(study_id).study.disease
    except InputError as error:
        return refused(request, error, 404)
    told = kept_predictions(disease) or _told(request, "predictions", disease=disease)
    return render(
        request, "evidence/study.html.j2", page=study_page(study_id, told),
        names=disease_names(), dose_words=dose_words, tab="studies",
    )  # fmt: skip


@router.get("/evidence/pool", response_class=HTMLResponse)
def pool(request: Request) -> HTMLResponse:
    """Show ticked studies pooled."""
    from funis.pipeline.studies.table import disease_names

    faults: tuple[str, ...] = ()
    values: dict[str, Any] = {"wanted": None, "choices": (), "found": None, "view": None}
    try:
        values |= _pooled(request)
    except InputError as error:
        faults = error.lines
    return render(
        request, "evidence/pool.html.j2", 422 if faults else 200, faults=faults,
        names=disease_names(), groups=GROUPS, measures=MEASURES, query=request.query_params,
        tab="pool", **values,
    )  # fmt: skip


def _pooled(request: Request) -> dict[str, Any]:
    """Return what the forest shows; without any result the choices are empty."""
    from funis.pipeline.meta import choices
    from funis.pipeline.meta.chosen import chosen_pool
    from funis.pipeline.meta.view import pool_view
    from funis.pipeline.studies.predicted import kept_predictions
    from funis.pipeline.studies.table import require_disease

    wanted = pool_query(request.query_params)
    require_disease(wanted.disease)
    known = choices(wanted.disease, wanted.of)
    keys = [one.endpoint for one in known]
    values = {"wanted": wanted, "choices": known, "found": None, "view": None, "place": ""}
    if not keys:
        return values
    endpoint = wanted.endpoint or keys[0]
    found = chosen_pool(
        wanted.disease, endpoint, week=wanted.week, measure=wanted.measure,
        any_route=wanted.any_route, of=wanted.of, studies=wanted.studies,
    )  # fmt: skip
    predictions = kept_predictions(wanted.disease) or _told(
        request, "predictions", disease=wanted.disease
    )  # fmt: skip
    place = tick_place(wanted.disease, wanted.of, endpoint, request.query_params)
    return values | {
        "found": found, "view": pool_view(found, predictions), "place": place, "endpoint": endpoint,
    }  # fmt: skip


@router.get("/evidence/claims", response_class=HTMLResponse)
def claims(request: Request) -> HTMLResponse:
    """Show the register of claims, judged if it was judged before."""
    from funis.pipeline.claims.shown import (
        VERDICTS,
        counted,
        filter_claims,
        kept_register,
        unjudged_register,
    )
    from funis.pipeline.studies.table import disease_names

    document = kept_register() or _told(request, "register") or unjudged_register()
    query, shown = request.query_params, document["claims"]
    faults: tuple[str, ...] = ()
    try:
        verdict = query.get("verdict") if document["judged"] else None
        shown = filter_claims(document, verdict, query.get("disease"))
    except InputError as error:
        faults = error.lines
    return render(
        request, "evidence/claims.html.j2", 422 if faults else 200, claims=shown, faults=faults,
        judged=document["judged"], counted=counted(document) if document["judged"] else (),
        of=len(document["claims"]), verdicts=VERDICTS, names=disease_names(), query=query,
        tab="claims",
    )  # fmt: skip


def _told(request: Request, kind: str, **words: str) -> dict[str, Any] | None:
    """Return what this session was told, for a server whose user keeps nothing."""
    return questions(request).answer(session_of(request), question(kind, **words))


def refused(request: Request, error: InputError, status: int) -> HTMLResponse:
    """Say in place of a page what is wrong with its address."""
    return render(request, "evidence/refused.html.j2", status, faults=error.lines, tab="")
