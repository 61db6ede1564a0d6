"""`funis list`: what the library holds, and what a trial file may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from funis.checks import InputError, Issue, nearest
from funis.models import Model, disease_ids, library_folder, load_model
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.product import (
    check_release,
    library_lot,
    library_lots,
    library_product,
    library_products,
)
from funis.protocol import library_regimens, library_structures, load_protocol
from funis.trial import has_structure

DEMO_TRIAL = "ra_demo"
"""The trial that `funis demo` conducts."""

Entry = dict[str, Any]


def list_library(kind: str | None = None) -> tuple[Entry, ...]:
    """Return what there is of one kind, or of all kinds.

    Parameters
    ----------
    kind
        diseases | trials | protocols | products | lots | structures | drugs | routes | endpoints.

    Returns
    -------
    tuple of dict
        Each with ``id``, ``kind`` and ``name``.

    Raises
    ------
    InputError
        An unknown kind.
    """
    if kind is not None and kind not in KINDS:
        expected = "one of " + ", ".join(KINDS)
        message = f"unknown kind '{kind}'"
        raise InputError(Issue(None, None, None, message, expected, nearest(kind, list(KINDS))))
    chosen = KINDS if kind is None else {kind: KINDS[kind]}
    return tuple(
        {"id": entry.pop("id"), "kind": name.removesuffix("s"), **entry}
        for name, listed in chosen.items()
        for entry in listed()
    )


@cache
def first_disease() -> str:
    """Return the disease that is shown where none is asked for: that of the demonstration trial."""
    return load_protocol(library_folder() / "trials" / f"{DEMO_TRIAL}.yaml").disease


def _models() -> tuple[Model, ...]:
    return tuple(load_model(name) for name in disease_ids())


def _diseases() -> list[Entry]:
    return [{"id": m.id, "name": m.name, "course": m.course} for m in _models()]


def _trials() -> list[Entry]:
    paths = sorted((library_folder() / "trials").glob("*.yaml"))
    found = [(path.stem, load_protocol(path)) for path in paths]
    return [
        {"id": name, "name": p.title, "disease": p.disease, "arms": [arm.id for arm in p.arms]}
        for name, p in found
    ]


def _protocols() -> list[Entry]:
    return [
        {
            "id": regimen.id,
            "name": regimen.title,
            "disease": regimen.disease,
            "is": regimen.kind,
            "variants": [variant.id for variant in regimen.variants],
        }
        for regimen in library_regimens()
    ]


def _products() -> list[Entry]:
    found = [library_product(name) for name in library_products()]
    return [
        {
            "id": p.id,
            "name": p.name,
            "tissue": p.tissue,
            "viability_at_thaw": p.viability[0].viability.value,
            "viability_status": p.viability[0].viability.status,
            "passage": p.passage.value,
            "differences": [
                f"{d.quantity} against {d.against}: {d.direction}" for d in p.differences
            ],
        }
        for p in found
    ]


def _lots() -> list[Entry]:
    found = [library_lot(name) for name in library_lots()]
    return [
        {
            "id": lot.id,
            "name": lot.name,
            "product": lot.product,
            "simulated": True,
            "release": check_release(lot).verdict,
            "not_reported": list(lot.unknown),
        }
        for lot in found
    ]


def _structures() -> list[Entry]:
    """Return each structure with the diseases that have it."""
    models = _models()
    return [
        {
            "id": one.id,
            "name": one.title,
            "question": one.question,
            "default": one.default,
            "parameters": dict(one.parameters),
            "diseases": [model.id for model in models if has_structure(model, one)],
        }
        for one in library_structures().values()
    ]


def _inputs(kind: str) -> list[Entry]:
    """Return each input once, with the diseases that take it."""
    entries: dict[str, Entry] = {}
    for model in _models():
        for one in model.inputs:
            if one.kind == kind:
                entry = {"id": one.id, "name": one.description, "diseases": []}
                entries.setdefault(one.id, entry)["diseases"].append(model.id)
    return list(entries.values())


def _endpoints() -> list[Entry]:
    entries = []
    for model in _models():
        points = model.endpoints
        for name in (*points.numbers, *points.conditions):
            entries.append(
                {
                    "id": name,
                    "name": endpoint_name(name, points),
                    "disease": model.id,
                    "measures": list(points.measures(name)),
                }
            )
    return entries


KINDS: Mapping[str, Callable[[], list[Entry]]] = {
    "diseases": _diseases,
    "trials": _trials,
    "protocols": _protocols,
    "products": _products,
    "lots": _lots,
    "structures": _structures,
    "drugs": lambda: _inputs("drug"),
    "routes": lambda: _inputs("cells"),
    "endpoints": _endpoints,
}
"""What can be listed, in the order of a full list."""
