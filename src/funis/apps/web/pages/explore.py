"""The page Explore."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from funis.apps.web.moves import moves_of
from funis.apps.web.pages.render import render
from funis.checks import InputError
from funis.pipeline.explore import (
    ExploreState,
    ExploreView,
    default_state,
    explore,
    explore_options,
    permalink,
)
from funis.pipeline.explore.link import state_of
from funis.pipeline.explore.options import DOSE_CELL, DOSE_PER_KG, EVERY_DAY, TIMES, WEEKS
from funis.pipeline.explore.text import explore_lines, explore_tables
from funis.pipeline.library import first_disease

router = APIRouter()

LIMITS = {
    "dose": DOSE_CELL, "dose_per_kg": DOSE_PER_KG, "times": TIMES, "every": EVERY_DAY,
    "weeks": WEEKS,
}  # fmt: skip


@router.get("/explore", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """Show the controls of a place; the curves come by themselves."""
    state, faults = _asked(request)
    if not faults:
        moves_of(request.app).warm(state)
    options = explore_options(state.disease)
    return render(
        request, "explore.html.j2", 422 if faults else 200, state=state, options=options,
        faults=faults, link=permalink(state), data=_data(state), limits=LIMITS,
    )  # fmt: skip


@router.get("/explore/numbers", response_class=HTMLResponse)
async def numbers(request: Request) -> HTMLResponse:
    """Show a place as tables, without a script."""
    state, faults = await run_in_threadpool(_asked, request)
    view = None if faults else await moves_of(request.app).run(lambda: explore(state))
    return await run_in_threadpool(_numbers, request, state, faults, view)


def _numbers(
    request: Request, state: ExploreState, faults: list[str], view: ExploreView | None
) -> HTMLResponse:
    return render(
        request, "explore/numbers.html.j2", 422 if faults else 200, faults=faults,
        link=permalink(state), lines=[] if view is None else list(explore_lines(view)),
        tables=[] if view is None else explore_tables(view),
    )  # fmt: skip


def _asked(request: Request) -> tuple[ExploreState, list[str]]:
    """Return the place that a link names; the default one, and what is wrong, where it is none."""
    pairs = request.query_params.multi_items()
    try:
        return (state_of(pairs) if pairs else default_state(first_disease())), []
    except InputError as error:
        return default_state(first_disease()), list(error.lines)


def _data(state: ExploreState) -> dict[str, Any]:
    """Return what the script begins with."""
    options = asdict(explore_options(state.disease))
    kept = ("disease", "name", "products", "routes", "traits")
    return {
        "place": {**asdict(state), "traits": dict(state.traits)},
        "link": permalink(state),
        "default": permalink(default_state(state.disease)),
        "options": {name: options[name] for name in kept},
        "limits": LIMITS,
    }
