"""A page from its template: the base's values are set here, text is always escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis import report
from funis.report.statement import RESEARCH_USE, SIMULATED

WEB = Path(__file__).parents[1]
TEMPLATES, STATIC = WEB / "templates", WEB / "static"
SHARED = Path(report.__file__).parent / "templates" / "shared"
"""Style that the pages of the workbench and of the reports have in common."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    name: str
    path: str
    words: str


PLACES = (
    Place("Home", "/", "Eight diseases and the state of their evidence"),
    Place("Explore", "/explore", "Move a dose and watch 200 virtual patients"),
    Place("Plan", "/plan", "A virtual consultation, up to the calendar"),
    Place("Trial", "/trial", "Build a trial, watch its power grow"),
    Place("Evidence", "/evidence", "Studies, forest plots, claims"),
    Place("Model", "/model", "Equations, parameters, what failed"),
    Place("Runs", "/runs", "Stored runs: compare, reproduce, delete"),
)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a template as an answer; it may name what `base_values` gives and `values`."""
    text = _environment().get_template(template).render({**base_values(request), **values})
    return HTMLResponse(text, status)


def fragment(template: str, **values: Any) -> str:
    """Return a part of a page from its template, text escaped."""
    return _environment().get_template(template).render(values)


def base_values(request: Request) -> Mapping[str, Any]:
    """Return what every page holds: navigation, statements, the session's CSRF token."""
    return {
        "places": PLACES,
        "here": request.url.path,
        "csrf": getattr(request.state, "csrf", ""),
        "research_use": RESEARCH_USE,
        "simulated": SIMULATED,
    }


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static
    return environment


@cache
def static(name: str) -> str:
    """Return the address of a static file; its content's hash stands in it, so it may be kept."""
    place = SHARED.parent if name.startswith("shared/") else STATIC
    content = (place / name).read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:12]}"
