"""A disease's model as plain data, and as files of other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from funis.checks import unknown
from funis.models import disease_ids, library_folder
from funis.models.compose import antimony_text
from funis.pipeline.model_view.equations import Equation
from funis.pipeline.model_view.numbers import Number
from funis.pipeline.model_view.trust import FAILED, page_parts
from funis.pipeline.model_view.view import ModelView
from funis.pipeline.model_view.why import Why
from funis.pipeline.run import finite
from funis.report.statement import RESEARCH_USE, SIMULATED

FileKind = Literal["sbml", "antimony", "svg"]
MEDIA: Mapping[FileKind, str] = {
    "sbml": "application/sbml+xml",
    "antimony": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
}

SUFFIXES: Mapping[FileKind, str] = {"sbml": "xml", "antimony": "ant", "svg": "svg"}


def known_file(kind: str) -> FileKind:
    """Return a kind of file that a model can be had as.

    Raises
    ------
    InputError
        Any other word.
    """
    for known in MEDIA:
        if kind == known:
            return known
    raise unknown("kind of file", kind, list(MEDIA))


def statements() -> dict[str, Any]:
    """Return what every document begins with."""
    return {"research_use": RESEARCH_USE, "simulated": SIMULATED}


def card_documents() -> tuple[dict[str, Any], ...]:
    """Return the diseases of the library in a few words each: name, course, how much failed.

    It reads a few lines of text of each; no model is composed.
    """
    result = []
    for disease in disease_ids():
        text = (library_folder() / "diseases" / disease / "model.ant").read_text(encoding="utf-8")
        said = dict(
            line.removeprefix("// ").split(": ", 1)
            for line in text.splitlines() if line.startswith(("// name: ", "// course: ",
                                                              "// tissue: "))
        )  # fmt: skip
        path = library_folder() / "credibility" / f"{disease}.md"
        parts = page_parts(path.read_text(encoding="utf-8")) if path.is_file() else ()
        failed = next((part.items for part in parts if part.title == FAILED), ())
        result.append(
            {"id": disease, "name": said.get("name", disease), "tissue": said.get("tissue", ""),
             "course": said.get("course", "steady"), "failed": len(failed),
             "first_failure": failed[0] if failed else None}
        )  # fmt: skip
    return tuple(result)


def model_document(view: ModelView) -> dict[str, Any]:
    """Return the whole model as plain data; formulas as text, pictures left out."""
    return {
        **statements(),
        **overview_document(view),
        "equations": equations_document(view),
        "functions": [{"id": one.id, "text": one.text} for one in view.functions],
        "parameters": [number_document(one) for one in view.numbers],
        "structures": [asdict(one) for one in view.forms],
        "measures": measures_document(view),
        "arrows": [asdict(one) for one in view.graph.arrows],
    }


def overview_document(view: ModelView) -> dict[str, Any]:
    """Return what the model is, how many parameters of each status it has, and what failed."""
    model = view.model
    return {
        "disease": model.id,
        "name": model.name,
        "course": model.course,
        "tissue": model.tissue,
        "model_hash": model.hash,
        "computed": view.trust.computed,
        "failed": list(view.trust.failures),
        "statuses": view.counts,
        "states": len(view.graph.states),
        "influences": sum(not one.asleep for one in view.graph.arrows),
    }


def equations_document(view: ModelView) -> list[dict[str, Any]]:
    """Return the equations as plain data."""
    return [equation_document(one) for one in view.equations]


def equation_document(one: Equation) -> dict[str, Any]:
    """Return one equation as plain data; its formula as text."""
    return {**asdict(one), "left": one.left}


def number_document(one: Number) -> dict[str, Any]:
    """Return a parameter as plain data; what is not known is None."""
    return {name: finite(value) for name, value in asdict(one).items()}


def numbers_document(found: Sequence[Number]) -> list[dict[str, Any]]:
    """Return parameters as plain data."""
    return [number_document(one) for one in found]


def measures_document(view: ModelView) -> list[dict[str, Any]]:
    """Return scores, responses and components as plain data; formulas as text."""
    result = []
    for one in view.measures:
        document = asdict(one)
        document["rules"] = [{"label": rule.label, "text": rule.text} for rule in one.rules]
        document["facts"] = [list(fact) for fact in one.facts]
        result.append(document)
    return result


def why_document(found: Why) -> dict[str, Any]:
    """Return what is known of a number as plain data."""
    document = asdict(found)
    document["pieces"] = [{"text": text, "address": address} for text, address in found.pieces]
    document["structures"] = [
        {"structure": name, "value": value} for name, value in found.structures
    ]
    return {**statements(), **{name: finite(value) for name, value in document.items()}}


def trust_document(view: ModelView) -> dict[str, Any]:
    """Return what was tested and what failed, failures first."""
    found = view.trust
    return {
        "failed": list(found.failures),
        "computed": found.computed,
        "gates": [
            {"gate": gate.gate, "passed": gate.passed, "title": gate.title,
             "failures": list(gate.failures), "tables": [asdict(table) for table in gate.tables]}
            for gate in found.gates.values()
        ],
        "validation": None if found.validation is None else asdict(found.validation),
        "parts": [asdict(one) for one in found.parts],
    }  # fmt: skip


def model_file(view: ModelView, kind: FileKind) -> str:
    """Return the model as SBML, as Antimony, or its diagram as SVG.

    Doses are inflows of the model; they are 0 here. Parameters have their typical values.
    """
    model = view.model
    if kind == "sbml":
        return model.sbml
    if kind == "svg":
        return view.svg(alone=True)
    values = {one.id: (one.value, one.unit) for one in model.parameters}
    return f"// {RESEARCH_USE}\n{antimony_text(model.text, model.functions, values)}"
