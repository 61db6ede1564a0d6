"""What is answered where a request cannot be: the same lines as JSON, as a fragment, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from funis.apps.web.guard import HEADERS
from funis.apps.web.moves import TooMany
from funis.apps.web.pages.render import render
from funis.checks import InputError
from funis.report.statement import RESEARCH_USE, SIMULATED

MOST_LINES = 200


def add_refusals(app: FastAPI) -> None:
    """Let every kind of refusal be told in one way."""
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RequestValidationError, _not_as_described)
    app.add_exception_handler(HTTPException, _not_there)
    app.add_exception_handler(TooMany, _too_many)
    app.add_exception_handler(Exception, _fault)


def refusal(
    request: Request, status: int, lines: Sequence[str], headers: dict[str, str] | None = None
) -> Response:
    """Return some lines that say why: JSON to the API, a fragment to htmx, a page to a reader.

    Whoever sent JSON reads JSON, whatever the path. Half a character that came in comes out as a
    question mark: it cannot be sent.
    """
    told = [line.encode(errors="replace").decode() for line in lines[:MOST_LINES]]
    if "hx-request" in request.headers:
        return render(request, "refusal/fragment.html.j2", status, lines=told)
    sent = request.headers.get("content-type", "")
    if request.url.path.startswith("/api/") or sent.startswith("application/json"):
        content = {"research_use": RESEARCH_USE, "simulated": SIMULATED, "detail": told}
        return JSONResponse(content, status, headers)
    return render(request, "refusal.html.j2", status, lines=told)


def _input_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, InputError)
    return refusal(request, 422, error.lines)


def _not_as_described(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    return refusal(request, 422, list(dict.fromkeys(_line(fault) for fault in faults)))


def _line(fault: Any) -> str:
    """Say what a request has that the description does not."""
    place = ".".join(str(part) for part in fault["loc"][1:])
    message = str(fault["msg"]).removeprefix("Value error, ")
    return " ".join(f"{place}: {message}".removeprefix(": ").split())


def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    given: Any = error.detail
    lines = [str(line) for line in given] if isinstance(given, list) else [str(given)]
    return refusal(request, error.status_code, lines, dict(error.headers or {}))


def _fault(request: Request, error: Exception) -> Response:
    """Tell of a fault of the program itself; what it was is printed where the server runs.

    It is told outside of the guard, so the guard's headers are set here.
    """
    told = "a fault of the workbench itself: see what funis serve printed"
    answer = refusal(request, 500, [told])
    answer.headers.update(HEADERS)
    return answer


def _too_many(request: Request, error: Exception) -> Response:
    return refusal(request, 503, ["too many moves wait: try again in a moment"])
