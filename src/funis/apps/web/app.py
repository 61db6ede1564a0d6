"""The workbench as one application: guard, pages, API, static files."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from funis.apps.web import api, pages
from funis.apps.web.api import evidence as evidence_api
from funis.apps.web.api import explore as explore_api
from funis.apps.web.api import home as home_api
from funis.apps.web.api import model as model_api
from funis.apps.web.api import plan as plan_api
from funis.apps.web.api import runs as runs_api
from funis.apps.web.api import trial as trial_api
from funis.apps.web.guard import COOKIE, Guard, Sessions
from funis.apps.web.pages import evidence, explore, home, model, plan, runs, trial
from funis.apps.web.pages.render import STATIC
from funis.apps.web.settings import Settings
from funis.checks import InputError
from funis.report.statement import RESEARCH_USE

__all__ = ["api", "create_app", "pages"]

PAGES = (home, explore, plan, trial, evidence, model, runs)
APIS = (home_api, explore_api, plan_api, trial_api, evidence_api, model_api, runs_api)


def create_app(settings: Settings) -> FastAPI:
    """Return the application of one workbench."""
    app = FastAPI(title="funis workbench", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    app.state.sessions = Sessions(settings.token)
    app.add_middleware(Guard, settings=settings, sessions=app.state.sessions)
    app.add_exception_handler(InputError, _input_error)
    app.add_api_route("/open", _open, include_in_schema=False)
    app.add_api_route("/api/openapi.json", lambda: _described(app), include_in_schema=False)
    for module in (*PAGES, *APIS):
        app.include_router(module.router, include_in_schema=module in APIS)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _input_error(request: Request, error: Exception) -> Response:
    lines = [str(issue) for issue in error.issues] if isinstance(error, InputError) else []
    return JSONResponse({"research_use": RESEARCH_USE, "detail": lines}, 422)


def _described(app: FastAPI) -> dict[str, Any]:
    return get_openapi(title=app.title, version="1", description=RESEARCH_USE, routes=app.routes)


def _open(request: Request, token: str = "") -> Response:
    session = request.app.state.sessions.open(token)
    if session is None:
        return PlainTextResponse(
            "this address was used or is wrong: see what funis serve printed", 403
        )
    answer = RedirectResponse("/", 303)
    answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/")
    return answer
