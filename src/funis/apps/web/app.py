"""The workbench as one application: guard, pages, API, static files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from funis.apps.web import api, pages
from funis.apps.web.api import evidence as evidence_api
from funis.apps.web.api import explore as explore_api
from funis.apps.web.api import home as home_api
from funis.apps.web.api import jobs as jobs_api
from funis.apps.web.api import model as model_api
from funis.apps.web.api import plan as plan_api
from funis.apps.web.api import runs as runs_api
from funis.apps.web.api import stored as stored_api
from funis.apps.web.api import trial as trial_api
from funis.apps.web.background import Background
from funis.apps.web.guard import COOKIE, Guard, Sessions
from funis.apps.web.pages import evidence, explore, home, model, plan, runs, trial
from funis.apps.web.pages.render import STATIC
from funis.apps.web.settings import Settings
from funis.apps.web.storage import open_database
from funis.apps.web.storage.migrate import migrate
from funis.checks import InputError
from funis.report.statement import RESEARCH_USE

__all__ = ["api", "create_app", "pages"]

PAGES = (home, explore, plan, trial, evidence, model, runs)
APIS = (
    home_api, explore_api, plan_api, trial_api, evidence_api, model_api, runs_api, jobs_api,
    stored_api,
)  # fmt: skip


def create_app(settings: Settings, *, background: bool = False) -> FastAPI:
    """Return the application of one workbench.

    Parameters
    ----------
    settings
        Where it keeps things and whom it answers.
    background
        Keep a worker process that does the jobs; without one they wait in the queue.
    """
    title = "funis workbench"
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None, lifespan=_life)
    app.state.settings = settings
    app.state.with_background = background
    app.state.sessions = Sessions(settings.token)
    app.add_middleware(Guard, settings=settings, sessions=app.state.sessions)
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RequestValidationError, _not_as_described)
    app.add_api_route("/open", _open, include_in_schema=False)
    app.add_api_route("/api/openapi.json", lambda: _described(app), include_in_schema=False)
    for module in (*PAGES, *APIS):
        app.include_router(module.router, include_in_schema=module in APIS)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Open what the workbench keeps before the first answer; close it after the last."""
    settings: Settings = app.state.settings
    settings.folder.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.folder)
    try:
        migrate(database)
        background = Background(database, settings.folder, settings.workers)
        app.state.database, app.state.background = database, background
        if app.state.with_background:
            background.start()
        try:
            yield
        finally:
            background.stop()
    finally:
        database.close()


def _not_as_described(request: Request, error: Exception) -> Response:
    """Say in a line each what a request has that the description does not."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    lines = [_line(fault) for fault in faults]
    return JSONResponse({"research_use": RESEARCH_USE, "detail": lines}, 422)


def _line(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"][1:])
    message = str(fault["msg"]).removeprefix("Value error, ")
    return " ".join(f"{place}: {message}".removeprefix(": ").split())


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
