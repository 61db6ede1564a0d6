"""The page Trial."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.pages.render import render

router = APIRouter()


@router.get("/trial", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """Show the page."""
    return render(request, "trial.html.j2")
