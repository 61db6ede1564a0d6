"""The answers behind the page Explore."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from funis.apps.web.api.answer import Answer, Refusal
from funis.apps.web.api.explore_answers import ExploreAnswer, OptionsAnswer, WhyAnswer
from funis.apps.web.moves import moves_of
from funis.apps.web.refusals import refusal
from funis.pipeline.explore import (
    ExploreState,
    default_state,
    explore,
    explore_options,
    explore_protocol,
    permalink,
    why_rows,
)
from funis.pipeline.explore.document import tidy_csv
from funis.pipeline.explore.figure import figure_svg
from funis.pipeline.explore.link import state_of

router = APIRouter(prefix="/api/explore", tags=["explore"])

OF_TAB = ("tab", "move")
"""Keys of a request that are no part of the place."""

Text = Annotated[str | None, Query(max_length=200)]


REFUSALS: dict[int | str, dict[str, type[Answer]]] = {
    409: {"model": Refusal}, 422: {"model": Refusal}, 503: {"model": Refusal},
}  # fmt: skip


def place(
    request: Request,
    disease: Annotated[str, Query(max_length=40, description="Id of a disease, such as ra.")],
    route: Text = None,
    dose: Text = None,
    times: Text = None,
    every: Text = None,
    hold: Text = None,
    product: Text = None,
    shape: Text = None,
    memory: Text = None,
    potency: Text = None,
    null: Text = None,
    weeks: Text = None,
    patients: Text = None,
    seed: Text = None,
) -> ExploreState:
    """Return the place of a link: its keys are those named here, and the traits of the disease."""
    pairs = request.query_params.multi_items()
    return state_of([(key, value) for key, value in pairs if key not in OF_TAB])


Place = Annotated[ExploreState, Depends(place)]


@router.get("/options")
def options(disease: Annotated[str, Query(max_length=40)]) -> OptionsAnswer:
    """Return what the controls of a disease may hold, and where they begin."""
    found = asdict(explore_options(disease))
    return OptionsAnswer(default=permalink(default_state(disease)), **found)


@router.get("", response_model=ExploreAnswer, responses=REFUSALS)
async def move(
    request: Request,
    place: Place,
    tab: Annotated[str, Query(max_length=40)] = "",
    move: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Return one view: the regimen of the place in virtual patients beside their twins.

    A move of a tab that is not begun when a newer one comes is answered by 409.
    """
    visitor = (request.cookies.get(request.app.state.settings.cookie, "")[:100], tab)
    found = await moves_of(request.app).answer(place, visitor, move)
    if found is None:
        return refusal(request, 409, ["a newer move of this tab took its place"])
    headers = {"ETag": found.tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type="application/json")


@router.get("/why")
def why(place: Place) -> WhyAnswer:
    """Return the parameters behind each control, with value, unit, status and source."""
    return WhyAnswer(link=permalink(place), rows=[asdict(row) for row in why_rows(place)])


FILES = {
    "data.csv": "text/csv; charset=utf-8",
    "figure.svg": "image/svg+xml",
    "protocol.yaml": "application/yaml; charset=utf-8",
}


@router.get(
    "/files/{name}",
    response_class=Response,
    responses={
        **REFUSALS, 200: {"content": {kind.partition(";")[0]: {} for kind in FILES.values()}},
    },
)  # fmt: skip
async def file(
    request: Request,
    place: Place,
    name: Annotated[str, Path(pattern="^(data[.]csv|figure[.]svg|protocol[.]yaml)$")],
) -> Response:
    """Return a place as a file: every curve, the picture, or a trial file."""
    text = await moves_of(request.app).run(lambda: _text(place, name))
    end = {"Content-Disposition": f'attachment; filename="funis-explore-{place.disease}-{name}"'}
    return Response(text, headers=end, media_type=FILES[name])


def _text(place: ExploreState, name: str) -> str:
    if name == "protocol.yaml":
        return explore_protocol(place)
    view = explore(place)
    return tidy_csv(view) if name == "data.csv" else figure_svg(view)
