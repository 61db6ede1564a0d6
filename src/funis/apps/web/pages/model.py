"""The page Model: every disease's equations, parameters, structures, scores and tests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from funis.apps.web.pages.render import render
from funis.checks import InputError

if TYPE_CHECKING:
    from funis.pipeline.model_view import ModelView

router = APIRouter()

LONGEST = 100
PARTS = (
    ("", "Diagram"),
    ("equations", "Equations"),
    ("parameters", "Parameters"),
    ("structures", "Structures"),
    ("scores", "Scores"),
    ("tests", "What was tested"),
    ("diff", "Compare"),
)
"""The parts of a disease's model: end of the address, name."""

Words = Annotated[str, Query(max_length=LONGEST)]
Status = Annotated[str, Query(max_length=20)]


@router.get("/model", response_class=HTMLResponse)
def page(request: Request) -> HTMLResponse:
    """Let the reader choose a disease."""
    from funis.pipeline.model_view.document import card_documents

    return render(request, "model.html.j2", cards=card_documents())


@router.get("/model/{disease}", response_class=HTMLResponse)
def overview(request: Request, disease: str) -> HTMLResponse:
    """Show what failed, what the parameters rest on, and the diagram."""
    from funis.pipeline.model_view.arrows import SIGN_WORDS
    from funis.pipeline.model_view.drawing import sentences
    from funis.pipeline.model_view.layout import MODULES
    from funis.pipeline.model_view.strips import status_bar

    try:
        view = _view(disease)
    except InputError as error:
        return _missing(request, error)
    said = {node.id: sentences(view.graph, node.id, view.words) for node in view.places.nodes}
    return _show(
        request, view, "diagram", "",
        picture=view.svg(link=f"/model/{disease}/{{kind}}s/{{id}}"), modules=MODULES, said=said,
        signs=SIGN_WORDS, bar=status_bar(view.counts),
    )  # fmt: skip


@router.get("/model/{disease}/equations", response_class=HTMLResponse)
def equations(request: Request, disease: str, q: Words = "") -> HTMLResponse:
    """List the equations, section by section."""
    from funis.pipeline.model_view.listing import equation_sections
    from funis.pipeline.model_view.mathml import equation_markup

    try:
        view = _view(disease)
    except InputError as error:
        return _missing(request, error)
    found = equation_sections(view, q)
    return _show(request, view, "equations", "equations", sections=found, q=q,
                 function_markup=partial(equation_markup, ""))  # fmt: skip


@router.get("/model/{disease}/equations/{name}", response_class=HTMLResponse)
def equation(request: Request, disease: str, name: str, part: bool = False) -> HTMLResponse:
    """Show one equation with its parameters and neighbours; alone where only a part is wanted."""
    from funis.pipeline.model_view.drawing import sentences

    try:
        view = _view(disease)
        one = view.equation(name)
    except InputError as error:
        return _missing(request, error, part)
    return _show(
        request, view, "equation_part" if part else "equation", "equations", one=one,
        numbers=[view.by_number[p] for p in one.parameters],
        said=sentences(view.graph, name, view.words),
    )  # fmt: skip


@router.get("/model/{disease}/parameters", response_class=HTMLResponse)
def parameters(
    request: Request, disease: str, q: Words = "", status: Status = "", part: bool = False
) -> HTMLResponse:
    """List the parameters of a status that some words are in; the table alone if asked."""
    from funis.pipeline.model_view.numbers import chosen, known_status
    from funis.pipeline.model_view.strips import estimate_strip

    try:
        view = _view(disease)
        found = chosen(view.numbers, status=known_status(status), words=q)
    except InputError as error:
        return _missing(request, error, part)
    return _show(
        request, view, "parameter_table" if part else "parameters", "parameters", found=found, q=q,
        chosen_status=status, strip=estimate_strip,
    )  # fmt: skip


@router.get("/model/{disease}/parameters/{name}", response_class=HTMLResponse)
def parameter(request: Request, disease: str, name: str, part: bool = False) -> HTMLResponse:
    """Answer why a number is what it is."""
    from funis.pipeline.model_view import why_parameter
    from funis.pipeline.model_view.strips import estimate_strip

    try:
        view = _view(disease)
        found = why_parameter(disease, name)
    except InputError as error:
        return _missing(request, error, part)
    template = "parameter_part" if part else "parameter"
    return _show(request, view, template, "parameters", found=found, strip=estimate_strip)


@router.get("/model/{disease}/structures", response_class=HTMLResponse)
def structures(request: Request, disease: str) -> HTMLResponse:
    """List the structural alternatives and what each changes."""
    try:
        view = _view(disease)
    except InputError as error:
        return _missing(request, error)
    words = view.trust.moved_words
    return _show(request, view, "structures", "structures", moved_words=words)


@router.get("/model/{disease}/scores", response_class=HTMLResponse)
def scores(request: Request, disease: str) -> HTMLResponse:
    """List scores, responses and what is measured."""
    try:
        view = _view(disease)
    except InputError as error:
        return _missing(request, error)
    return _show(request, view, "scores", "scores")


@router.get("/model/{disease}/scores/{name}", response_class=HTMLResponse)
def score(request: Request, disease: str, name: str, part: bool = False) -> HTMLResponse:
    """Show one measure: what it is computed from, and what acts on it."""
    from funis.pipeline.model_view.drawing import sentences

    try:
        view = _view(disease)
        one = view.measure(name)
    except InputError as error:
        return _missing(request, error, part)
    said = sentences(view.graph, name, view.words)
    return _show(request, view, "score_part" if part else "score", "scores", one=one, said=said)


@router.get("/model/{disease}/tests", response_class=HTMLResponse)
def tests(request: Request, disease: str) -> HTMLResponse:
    """Show what was tested of the model, failures first."""
    try:
        view = _view(disease)
    except InputError as error:
        return _missing(request, error)
    return _show(request, view, "tests", "tests")


@router.get("/model/{disease}/diff", response_class=HTMLResponse)
def diff(request: Request, disease: str) -> HTMLResponse:
    """Let the reader compare the model with texts of his own."""
    try:
        view = _view(disease)
    except InputError as error:
        return _missing(request, error)
    return _show(request, view, "diff", "diff")


@router.get("/model/{disease}/files/{kind}")
def file(request: Request, disease: str, kind: str) -> Response:
    """Give the model as a file of another program."""
    from funis.pipeline.model_view.document import MEDIA, SUFFIXES, known_file, model_file

    try:
        view, wanted = _view(disease), known_file(kind)
    except InputError as error:
        return _missing(request, error)
    name = f"funis-{view.model.id}.{SUFFIXES[wanted]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(model_file(view, wanted), media_type=MEDIA[wanted], headers=headers)


def _view(disease: str) -> ModelView:
    from funis.pipeline.model_view import library_view

    return library_view(disease)


def _show(
    request: Request, view: ModelView, template: str, part: str, **values: Any
) -> HTMLResponse:
    """Return a part of a model with the words that its templates need."""
    from funis.pipeline.model_view import listing, numbers
    from funis.pipeline.model_view.equations import KIND_WORDS, pieces
    from funis.pipeline.model_view.estimates import STAGES
    from funis.pipeline.model_view.links import source_pieces

    return render(
        request, f"model/{template}.html.j2", view=view, disease=view.model.id, parts=PARTS,
        part=part, listing=listing, numbers_words=numbers, kinds=KIND_WORDS, pieces=pieces,
        source_pieces=source_pieces, stages=STAGES, statuses=numbers.STATUSES, **values,
    )  # fmt: skip


def _missing(request: Request, error: InputError, part: bool = False) -> HTMLResponse:
    """Say in a line what is not there."""
    template = "model/missing_part.html.j2" if part else "model/missing.html.j2"
    return render(request, template, 404, lines=error.lines)
