"""The answers behind the page Model: models, equations, parameters, structures, tests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from funis.apps.web.api.model_answers import (
    DifferenceAnswer,
    Equations,
    Forms,
    Measures,
    Models,
    OneEquation,
    Overview,
    Parameters,
    Tests,
    Texts,
    WhyAnswer,
)

router = APIRouter(prefix="/api/model", tags=["model"])

Words = Annotated[str, Query(max_length=100)]
Status = Annotated[str, Query(max_length=20)]


@router.get("")
def models() -> Models:
    """List the models of the library, each with how much of it failed."""
    from funis.pipeline.model_view.document import card_documents

    return Models.model_validate({"models": card_documents()})


@router.get("/{disease}")
def overview(disease: str) -> Overview:
    """Say what a model is, what failed, and who acts on whom in it."""
    from dataclasses import asdict

    from funis.pipeline.model_view.document import overview_document

    view = _view(disease)
    arrows = [asdict(one) for one in view.graph.arrows]
    document = {**overview_document(view), "basis": view.basis, "arrows": arrows}
    return Overview.model_validate(document)


@router.get("/{disease}/equations")
def equations(disease: str, q: Words = "") -> Equations:
    """List equations, those alone whose name, formula or meaning hold some words."""
    from funis.pipeline.model_view.document import equation_document
    from funis.pipeline.model_view.listing import equation_sections

    sections = equation_sections(_view(disease), q)
    found = [equation_document(one) for group in sections.values() for one in group]
    return Equations.model_validate({"equations": found})


@router.get("/{disease}/equations/{name}")
def equation(disease: str, name: str) -> OneEquation:
    """Give one equation, as text and as MathML, with what acts on it."""
    from funis.pipeline.model_view.document import equation_document
    from funis.pipeline.model_view.drawing import sentences

    view = _view(disease)
    one = view.equation(name)
    said = list(sentences(view.graph, name, view.words))
    document = {"equation": equation_document(one), "mathml": one.markup, "influences": said}
    return OneEquation.model_validate(document)


@router.get("/{disease}/parameters")
def parameters(disease: str, q: Words = "", status: Status = "") -> Parameters:
    """List parameters, those alone of a status or whose id, name or source hold some words."""
    from funis.pipeline.model_view.document import numbers_document
    from funis.pipeline.model_view.numbers import chosen, known_status

    view = _view(disease)
    found = chosen(view.numbers, status=known_status(status), words=q)
    document = {"total": len(view.numbers), "parameters": numbers_document(found)}
    return Parameters.model_validate(document)


@router.get("/{disease}/parameters/{name}")
def parameter(disease: str, name: str) -> WhyAnswer:
    """Say why a number is what it is: a parameter, structure:NAME or product:PRODUCT:FIELD."""
    from funis.pipeline.model_view import why_parameter
    from funis.pipeline.model_view.document import why_document

    _view(disease)
    return WhyAnswer.model_validate(why_document(why_parameter(disease, name)))


@router.get("/{disease}/structures")
def structures(disease: str) -> Forms:
    """List the structural alternatives and what each changes."""
    from dataclasses import asdict

    view = _view(disease)
    found = [asdict(one) for one in view.forms]
    return Forms.model_validate({"basis": view.basis, "structures": found})


@router.get("/{disease}/scores")
def scores(disease: str) -> Measures:
    """List scores, responses and components with their formulas."""
    from funis.pipeline.model_view.document import measures_document

    return Measures.model_validate({"measures": measures_document(_view(disease))})


@router.get("/{disease}/tests")
def tests(disease: str) -> Tests:
    """Say what was tested of a model, failures first."""
    from funis.pipeline.model_view.document import trust_document

    view = _view(disease)
    return Tests.model_validate({"basis": view.basis, **trust_document(view)})


@router.get("/{disease}/files/{kind}", response_class=Response)
def file(disease: str, kind: str) -> Response:
    """Give the model as sbml, antimony or svg (the diagram)."""
    from funis.pipeline.model_view.document import MEDIA, known_file, model_file

    wanted = known_file(kind)
    return Response(model_file(_view(disease), wanted), media_type=MEDIA[wanted])


@router.post("/{disease}/diff")
def diff(disease: str, texts: Texts) -> DifferenceAnswer:
    """Compare a disease with texts of model.ant and parameters.yaml; nothing is kept."""
    from funis.pipeline.model_view.difference import compare_texts

    _view(disease)
    found = compare_texts(disease, texts.model, texts.parameters)
    return DifferenceAnswer.model_validate(found.document())


def _view(disease: str) -> Any:
    from funis.pipeline.model_view import library_view

    return library_view(disease)
