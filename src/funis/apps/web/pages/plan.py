"""The page Plan: a virtual consultation, held against one protocol, up to calendar and course."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse

from funis.apps.web.api.plan import Consulted, Name, TextRequest
from funis.apps.web.pages.render import fragment, render
from funis.apps.web.streaming import streamed
from funis.apps.web.turns import TURNS
from funis.checks import InputError
from funis.pipeline.library import first_disease
from funis.pipeline.planning import (
    Asked,
    Plan,
    choices,
    consultation_data,
    consultation_form,
    consultation_from_text,
    filled_form,
    filled_of,
    first_arm,
    library_plan,
    sample,
)
from funis.pipeline.processes import Progress
from funis.report.plan import BANNER
from funis.report.plan.bands import ARMS
from funis.report.plan.holding import slider
from funis.report.plan.html import sign
from funis.report.plan.page import plan_page
from funis.report.strips import legend_mark

router = APIRouter()

PREDICTED = ("course", "influences", "events")
"""Sections that are there once a course was predicted."""

Typed = dict[Annotated[str, Field(max_length=120)], str | list[str]]


class FilledRequest(BaseModel):
    """The form as it stands: what was typed, by the name of a control."""

    model_config = ConfigDict(extra="forbid")

    disease: Name
    protocol: Name | None = None
    arm: Name | None = None
    hold_minute: float | None = None
    values: Typed


@router.get("/plan", response_class=HTMLResponse)
def page(
    request: Request, disease: str | None = None, protocol: str | None = None,
    arm: str | None = None, of: str | None = None, consultation: str | None = None,
    hold: float | None = None,
) -> HTMLResponse:  # fmt: skip
    """Show the page: the form with a consultation of the library, and what follows from it."""
    if of:
        protocol, _, arm = (part or None for part in of.partition("/"))
    try:
        values = _workspace(disease or first_disease(), protocol, arm, consultation, hold)
    except InputError as error:
        values = {**_workspace(first_disease(), None, None, None, None), "faults": error.lines}
        return render(request, "plan.html.j2", 422, **values)
    return render(request, "plan.html.j2", **values)


@router.post("/plan/results")
def results(asked: FilledRequest) -> dict[str, Any]:
    """Return what follows from the form as it stands, and what is wrong with it by field."""
    protocol, arm = first_arm(asked.disease, asked.protocol, asked.arm)
    form = consultation_form(asked.disease, protocol, arm)
    data, faults = filled_form(form, asked.values)
    reasons = {one.key: _reason(one.asked_by) for one in form.fields}
    found: dict[str, Any] = {"consultation": data, "faults": faults, "reasons": reasons}
    if not faults:
        plan = library_plan(data, Asked(protocol, arm, False, asked.hold_minute, course=False,
                                        holds=True))  # fmt: skip
        found["html"] = fragment("plan/results.html.j2", **_results(plan))
    return found


@router.post("/plan/course", response_class=StreamingResponse)
def course(asked: Consulted) -> StreamingResponse:
    """Return the predicted course as it is computed: stages, then sections."""

    def work(progress: Progress) -> dict[str, Any]:
        with TURNS.turn():
            plan = library_plan(asked.consultation, asked.asked(course=True), progress)
        values = {**_results(plan), "ids": PREDICTED}
        return {
            "html": fragment("plan/course.html.j2", **values),
            "holds": fragment("plan/holds.html.j2", **values),
            "said": _said(plan),
        }

    return streamed(work)


@router.post("/plan/alternatives", response_class=StreamingResponse)
def alternatives(asked: Consulted) -> StreamingResponse:
    """Return other doses, routes and schedules for the stratum, as they are computed."""

    def work(progress: Progress) -> dict[str, Any]:
        with TURNS.turn():
            plan = library_plan(asked.consultation, asked.asked(compare=True), progress)
        values = {**_results(plan), "ids": ("comparison",)}
        said = "" if plan.comparison is None else plan.comparison.answer
        return {"html": fragment("plan/course.html.j2", **values), "said": said}

    return streamed(work)


@router.post("/plan/load")
def load(request: Request, asked: TextRequest) -> dict[str, Any]:
    """Return the form filled in from the text of a file; nothing of it is kept."""
    known = consultation_from_text(asked.text, asked.name)
    values = _filled(known.disease, None, None, known, None)
    return {"disease": known.disease, "html": fragment("plan/workspace.html.j2", **values)}


def _workspace(
    disease: str, protocol: str | None, arm: str | None, name: str | None, hold: float | None
) -> dict[str, Any]:
    """Return what the form and the results of a consultation of the library are made of."""
    known = choices(disease).consultations
    wanted = name if name is not None else (known[0] if known else "")
    return _filled(disease, protocol, arm, sample(disease, wanted) if wanted else None, hold)


def _filled(
    disease: str, protocol: str | None, arm: str | None, known: Any, hold: float | None
) -> dict[str, Any]:
    protocol, arm = first_arm(disease, protocol, arm)
    form = consultation_form(disease, protocol, arm)
    values: dict[str, Any] = {
        "choices": choices(disease), "groups": _groups(disease), "form": form,
        "filled": filled_of(form, known),
        "protocol": protocol, "arm": arm, "faults": (), "consultation": {}, "empty": known is None,
        "banner": BANNER, "reason": _reason,
    }  # fmt: skip
    if known is None:
        return values
    data = consultation_data(known)
    asked = Asked(protocol, arm, False, hold, course=False, holds=True)
    return {**values, "consultation": data, **_results(library_plan(data, asked))}


def _groups(disease: str) -> list[list[Any]]:
    """Return the arms of a disease, those of one protocol together."""
    found: dict[str, list[Any]] = {}
    for one in choices(disease).arms:
        found.setdefault(one.protocol, []).append(one)
    return list(found.values())


def _results(plan: Plan) -> dict[str, Any]:
    """Return what the results of a plan are shown from."""
    told = plan_page(plan)
    counts = {
        verdict: sum(one.verdict == verdict for one in plan.eligibility.judgements)
        for verdict in ("does not meet", "cannot tell", "meets")
    }
    return {
        "plan": plan, "sections": {one.id: one for one in told.sections}, "alerts": told.alerts,
        "counts": counts, "slider": None if plan.holds is None else slider(plan.holds),
        "sign": sign, "arms": ARMS, "legend_mark": legend_mark, "banner": BANNER,
        "at": None if plan.holds is None else _at(plan),
    }  # fmt: skip


def _at(plan: Plan) -> int:
    """Return the place of the plan's own time among those from thaw to vein."""
    assert plan.holds is not None
    own = plan.holds.own_minute
    return next(place for place, one in enumerate(plan.holds.rows) if one.minute == own)


def _said(plan: Plan) -> str:
    """Return the main result in one sentence, for who listens."""
    found = None if plan.holds is None else slider(plan.holds)
    if found is None or found.endpoint is None:
        return "The course was predicted."
    row = found.rows[_at(plan)]
    return (
        f"Predicted, {found.endpoint}: treated {row.treated}, placebo {row.placebo}, difference "
        f"{row.difference}, 95 % intervals. {plan.grade}"
    )


def _reason(asked_by: tuple[str, ...]) -> str:
    return f"Asked: {'; '.join(asked_by)}" if asked_by else ""
