"""What a study changes, and slow questions while they run: pages and fragments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.pages.evidence_query import form_fields
from funis.apps.web.pages.render import render
from funis.apps.web.questions import Asked, question, questions, session_of
from funis.checks import InputError

router = APIRouter(prefix="/evidence")

EXAMPLE = """- id: my_trial
  title: A trial of my own
  disease: RA
  design: {kind: randomized, blinding: double, control: placebo}
  population: {n: 40, criteria: what the paper says}
  product: {source: UC, allogeneic: true}
  arms:
  - {id: msc, n: 20, route: IV, cells_per_kg: 1.0e+6, infusions: 2, days: [0, 28]}
  - {id: placebo, n: 20, route: IV, cells_per_kg: 0}
  outcomes:
  - {arm: msc, endpoint: ACR20, week: 12, events: 9, n: 20}
  - {arm: placebo, endpoint: ACR20, week: 12, events: 5, n: 20}
  sources: [{url: 'https://example.org', what: abstract}]
  confidence: low
"""


@router.get("/impact", response_class=HTMLResponse)
def own(request: Request) -> HTMLResponse:
    """Show the form of a study of the user's own."""
    return render(
        request, "evidence/own.html.j2", example=EXAMPLE, trials=_all_trials(), tab="impact"
    )


@router.get("/impact/{study_id}", response_class=HTMLResponse)
def impact(request: Request, study_id: str) -> HTMLResponse:
    """Show what a study of the library changes, if it is known, else ask on load."""
    from funis.pipeline.impact_view import impact_view
    from funis.pipeline.studies.table import entry_of
    from funis.pipeline.study_impact import kept_impact, trials_on

    trial = request.query_params.get("trial") or None
    try:
        entry = entry_of(study_id)
    except InputError as error:
        return _refused(request, error, 404)
    values: dict[str, Any] = {"faults": (), "view": None}
    try:
        document = kept_impact(study_id, trial) or questions(request).answer(
            session_of(request), question("impact", study=study_id, trial=trial)
        )
        values["view"] = None if document is None else impact_view(document)
    except InputError as error:
        values["faults"] = error.lines
    return render(
        request, "evidence/impact.html.j2", 422 if values["faults"] and trial else 200,
        entry=entry, trial=trial, trials=trials_on(entry.study.disease), tab="impact", **values,
    )  # fmt: skip


@router.post("/impact/check", response_class=HTMLResponse)
async def check(request: Request) -> HTMLResponse:
    """Say what is wrong with a text of the user's own, a line a fault."""
    from funis.pipeline.study_impact import own_studies, trials_on

    fields = await form_fields(request)
    found = await run_in_threadpool(own_studies, fields.get("text", ""))
    trials = trials_on(found.disease) if found.studies and not found.faults else ()
    return render(request, "evidence/checked.html.j2", found=found, trials=trials)


@router.post("/impact/ask", response_class=HTMLResponse)
async def ask_own(request: Request) -> HTMLResponse:
    """Ask what a text of the user's own changes."""
    from funis.pipeline.study_impact import known_trial, own_studies

    fields = await form_fields(request)
    text, trial = fields.get("text", ""), fields.get("trial") or None
    found = await run_in_threadpool(own_studies, text)
    if found.faults:
        return render(request, "evidence/checked.html.j2", 422, found=found, trials=())
    return _ask(
        request, question("impact", text=text, trial=trial),
        lambda: known_trial(found.disease, trial),
    )  # fmt: skip


@router.post("/impact/store", response_class=HTMLResponse)
async def store(request: Request) -> HTMLResponse:
    """Put a text of the user's own into the folder of his studies, because he asked for it."""
    from funis.pipeline.study_impact import store_own

    fields = await form_fields(request)
    try:
        added = await run_in_threadpool(store_own, fields.get("text", ""))
    except InputError as error:
        return render(request, "evidence/faults.html.j2", 422, faults=error.lines)
    return render(request, "evidence/stored.html.j2", ids=added.ids, file=added.path.name)


@router.post("/impact/{study_id}/ask", response_class=HTMLResponse)
async def ask(request: Request, study_id: str) -> HTMLResponse:
    """Ask what a study of the library changes."""
    from funis.pipeline.study_impact import kept_impact

    trial = (await form_fields(request)).get("trial") or None
    return await run_in_threadpool(
        _ask, request, question("impact", study=study_id, trial=trial),
        lambda: kept_impact(study_id, trial),
    )  # fmt: skip


@router.post("/claims/ask", response_class=HTMLResponse)
def ask_register(request: Request) -> HTMLResponse:
    """Ask for every claim to be judged."""
    return _ask(request, question("register"), lambda: None)


@router.post("/predictions/{disease}/ask", response_class=HTMLResponse)
def ask_predictions(request: Request, disease: str) -> HTMLResponse:
    """Ask for the studies of a disease to be predicted one by one."""
    from funis.pipeline.studies.predicted import kept_predictions

    asked = question("predictions", disease=disease)
    return _ask(request, asked, lambda: kept_predictions(disease))


@router.get("/asked/{asked_id}", response_class=HTMLResponse)
def asked(request: Request, asked_id: str) -> HTMLResponse:
    """Show how far a question has got, or its answer."""
    found = questions(request).get(session_of(request), asked_id)
    if found is None:
        faults = ("this computation is not known any more: ask again",)
        return render(request, "evidence/faults.html.j2", 404, faults=faults)
    return _shown(request, found)


@router.post("/asked/{asked_id}/cancel", response_class=HTMLResponse)
def cancel(request: Request, asked_id: str) -> HTMLResponse:
    """End a question."""
    found = questions(request).get(session_of(request), asked_id)
    if found is not None:
        questions(request).cancel(found)
        return _shown(request, found)
    faults = ("this computation is not known any more",)
    return render(request, "evidence/faults.html.j2", 404, faults=faults)


def _ask(request: Request, asked: Mapping[str, Any], check: Any) -> HTMLResponse:
    """Check a question, then ask it; what is wrong stands in place of the answer."""
    try:
        check()
        found = questions(request).ask(session_of(request), asked)
    except InputError as error:
        return render(request, "evidence/faults.html.j2", 422, faults=error.lines)
    return _shown(request, found)


def _shown(request: Request, found: Asked) -> HTMLResponse:
    """Return progress, the answer of an impact in place, or a reload where a page shows it."""
    from funis.pipeline.impact_view import impact_view

    if found.result is not None and found.request["kind"] == "impact":
        view = impact_view(found.result)
        return render(request, "evidence/impact_result.html.j2", view=view, fragment=True)
    answer = render(request, "evidence/asked.html.j2", asked=found)
    if found.result is not None:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _all_trials() -> tuple[str, ...]:
    from funis.pipeline.inputs import trial_names

    return trial_names()


def _refused(request: Request, error: InputError, status: int) -> HTMLResponse:
    return render(request, "evidence/refused.html.j2", status, faults=error.lines, tab="")
