"""Why this number? A parameter, a structure's choice or a value of a product, up to its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funis.checks import unknown
from funis.pipeline.model_view.estimates import Estimate
from funis.pipeline.model_view.forms import Form
from funis.pipeline.model_view.links import source_pieces
from funis.pipeline.model_view.numbers import Number, unit_words, value_words
from funis.pipeline.model_view.view import ModelView, model_view
from funis.pipeline.products.show import product_page
from funis.product import library_lots, library_products

STRUCTURE, PRODUCT = "structure:", "product:"


@dataclass(frozen=True, slots=True)
class Place:
    """An equation that a number stands in."""

    id: str
    left: str
    text: str
    markup: str
    description: str


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of one number.

    Attributes
    ----------
    value : as read, with no unit; of a structure what it sets.
    between : what 95 % of virtual patients lie within; None where all are alike.
    pieces : the source in pieces, each with the address that it opens, if any.
    equations : where it stands. rates : states that it acts on in the end.
    structures : structures that change it, with the value there.
    estimate : what published studies say of it, where calibration may change it.
    """

    kind: Literal["parameter", "structure", "product"]
    id: str
    name: str
    value: str
    unit: str
    status: str
    between: tuple[float, float] | None
    spread: str
    source: str
    pieces: tuple[tuple[str, str | None], ...]
    where: str | None
    note: str | None
    file: str | None
    line: int | None
    equations: tuple[Place, ...]
    rates: tuple[str, ...]
    structures: tuple[tuple[str, float], ...]
    estimate: Estimate | None


def why_parameter(disease: str, name: str) -> Why:
    """Return what is known of a number.

    Parameters
    ----------
    name
        A parameter of the disease; ``structure:NAME`` for a structural alternative;
        ``product:PRODUCT:FIELD`` for a value of a product or lot. The name of a structure that no
        parameter bears may stand alone.

    Raises
    ------
    InputError
        No such disease, parameter, structure, product or field.
    """
    if name.startswith(PRODUCT):
        product, _, field = name.removeprefix(PRODUCT).partition(":")
        return _product(product, field)
    view = model_view(disease)
    if name in view.by_number:
        return _parameter(view, view.by_number[name])
    found = {one.id: one for one in view.forms}
    if name.removeprefix(STRUCTURE) in found:
        return _structure(view, found[name.removeprefix(STRUCTURE)])
    if name.startswith(STRUCTURE):
        raise unknown(f"structure of {disease}", name.removeprefix(STRUCTURE), list(found))
    raise unknown(f"parameter of {disease}", name, list(view.by_number))


def _parameter(view: ModelView, one: Number) -> Why:
    between = None if one.low is None or one.high is None else (one.low, one.high)
    return Why(
        "parameter", one.id, one.name, value_words(one.value), unit_words(one.unit), one.status,
        between, one.spread, one.source, source_pieces(one.source), one.where, one.note, one.file,
        one.line, _places(view, one.equations), one.rates, one.structures, one.estimate,
    )  # fmt: skip


def _structure(view: ModelView, one: Form) -> Why:
    source = "; ".join(one.sources)
    sets = ", ".join(f"{change.parameter} = {value_words(change.value)}" for change in one.changes)
    names = tuple(dict.fromkeys(name for change in one.changes for name in change.equations))
    note = " ".join(
        part for part in (one.question, f"By default: {one.default}.", one.note) if part
    )
    return Why(
        "structure", one.id, one.title, sets, "", one.weight, None, "", source,
        source_pieces(source), None, note, "structures.yaml", None, _places(view, names), (), (),
        None,
    )  # fmt: skip


def _product(product: str, field: str) -> Why:
    supplies = [*library_products(), *library_lots()]
    if product not in supplies:  # a lot file of the user's is none: this may be asked over the web
        raise unknown("product", product, supplies)
    page = product_page(product)
    found = {one.name: one for one in page.fields}
    known = {name.replace(" ", "_"): name for name in found} | {name: name for name in found}
    if field not in known:
        raise unknown(f"field of {product}", field, list(known))
    one = found[known[field]]
    return Why(
        "product", f"{product}:{field}", f"{page.given.name}: {one.name}", one.value, "",
        one.status, None, "", one.source, source_pieces(one.source), one.part, None, None, None,
        (), (), (), None,
    )  # fmt: skip


def _places(view: ModelView, names: tuple[str, ...]) -> tuple[Place, ...]:
    found = (view.by_equation[name] for name in names if name in view.by_equation)
    return tuple(Place(one.id, one.left, one.text, one.markup, one.description) for one in found)
