"""The page Home."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.api.jobs import database_of
from funis.apps.web.api.runs import stored_runs
from funis.apps.web.pages.render import render
from funis.apps.web.storage import Status, jobs
from funis.apps.web.storage.tables import OPEN

router = APIRouter()

MOST_RUNS, MOST_WAITING, MOST_FAILED = 5, 20, 3
FOLLOWED = ("run", "design")
"""Kinds of jobs that have a page of their own."""


@router.get("/", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """Show the page; the cards follow by themselves where they have to be made first."""
    from funis.pipeline.evidence_overview import overview_is_made

    cards = _cards() if overview_is_made() else None
    return render(request, "home.html.j2", cards=cards, **_recent(request))


@router.get("/home/cards", response_class=HTMLResponse)
def cards(request: Request) -> HTMLResponse:
    """Show the cards of the diseases alone."""
    return render(request, "home/cards.html.j2", cards=_cards())


def _cards() -> list[dict[str, Any]]:
    from funis.pipeline.evidence_overview import design_line, effect_line, overview

    return [
        {
            "of": one,
            "effect": None if one.effect is None else effect_line(one.effect),
            "design": None if one.effect is None else design_line(one.effect),
        }
        for one in overview()
    ]


def _recent(request: Request) -> dict[str, Any]:
    with database_of(request).reading() as session:
        waiting = jobs.listing(session, most=MOST_WAITING, statuses=OPEN)
        failed = jobs.listing(session, most=MOST_FAILED, statuses=(Status.FAILED,))
    stored = stored_runs(request, MOST_RUNS)
    return {"stored": stored, "waiting": waiting, "failed": failed, "followed": FOLLOWED}
