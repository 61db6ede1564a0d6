"""The workbench as one application: guard, pages, API, static files."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from funis.apps.web.api import evidence as evidence_api
from funis.apps.web.api import explore as explore_api
from funis.apps.web.api import home as home_api
from funis.apps.web.api import jobs as jobs_api
from funis.apps.web.api import model as model_api
from funis.apps.web.api import plan as plan_api
from funis.apps.web.api import runs as runs_api
from funis.apps.web.api import trial as trial_api
from funis.apps.web.api.answer import Refusal
from funis.apps.web.background import Background
from funis.apps.web.guard import Guard
from funis.apps.web.moves import Moves
from funis.apps.web.pages import evidence, explore, home, model, plan, runs, trial
from funis.apps.web.pages.render import SHARED, STATIC
from funis.apps.web.questions import Questions
from funis.apps.web.refusals import add_refusals
from funis.apps.web.sessions import Sessions
from funis.apps.web.settings import Settings
from funis.apps.web.storage import open_database
from funis.apps.web.storage.migrate import migrate
from funis.checks import InputError
from funis.report.statement import RESEARCH_USE

PAGES = (home, explore, plan, trial, evidence, model, runs)
APIS = (
    home_api, explore_api, plan_api, trial_api, evidence_api, model_api, runs_api, jobs_api,
)  # fmt: skip


READ_FIRST = ("funis.pipeline.model_view", "funis.pipeline.planning", "funis.pipeline.design.twin")
"""Modules that take seconds to import: the first page that asks for them would wait."""


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
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(Guard, settings=settings, sessions=app.state.sessions)
    add_refusals(app)
    app.add_api_route("/open", _open, include_in_schema=False)
    app.add_api_route("/api/openapi.json", lambda: _described(app), include_in_schema=False)
    for module in (*PAGES, *APIS):
        app.include_router(module.router, include_in_schema=module in APIS)
    app.mount("/static/shared", StaticFiles(directory=SHARED), name="shared")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Open what the workbench keeps before the first answer; close it after the last."""
    settings: Settings = app.state.settings
    settings.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as after:
        database = open_database(settings.folder)
        after.callback(database.close)
        migrate(database)
        moves, questions = Moves(), Questions(settings.workers, running=app.state.with_background)
        after.callback(moves.close)
        after.callback(questions.close)
        background = Background(database, settings.folder, settings.workers)
        after.callback(background.stop)
        app.state.database, app.state.background = database, background
        app.state.moves, app.state.questions = moves, questions
        if app.state.with_background:
            background.start()
            threading.Thread(target=_warm, args=(moves,), daemon=True).start()
        yield


def _warm(moves: Moves) -> None:
    """Make what the first pages show while Home is read, so that it need not be waited for."""
    from funis.pipeline.evidence_overview import overview
    from funis.pipeline.explore import default_state
    from funis.pipeline.library import first_disease

    with suppress(InputError):  # of a study of the user's own: the page says it
        overview()
    with suppress(RuntimeError):  # the workbench was closed meanwhile
        moves.warm(default_state(first_disease()))
    for module in READ_FIRST:
        import_module(module)


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the description of the API; refusals are told as they are."""
    found = get_openapi(title=app.title, version="1", description=RESEARCH_USE, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("ValidationError", None)
    schemas["HTTPValidationError"] = Refusal.model_json_schema()
    return found


def _open(request: Request, token: str = "") -> Response:
    settings: Settings = request.app.state.settings
    before = request.cookies.get(settings.cookie)
    session = request.app.state.sessions.open(token, before)
    if session is None:
        line = "This address was used or is wrong: see what funis serve printed last."
        return PlainTextResponse(line, 403)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(settings.cookie, session, httponly=True, samesite="strict", path="/")
    return answer
