"""A product or lot along the DOSES statement, each field with its status; and the tissues.

DOSES: donor, origin, separation, exhibited characteristics, site of delivery (Murray 2019,
10.2106/JBJS.18.00915).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from funis.pipeline.products.text import (
    NOT_REPORTED,
    answer,
    base_document,
    heading,
    quantity_text,
    source_text,
)
from funis.pipeline.tables import Table
from funis.product import (
    Lot,
    Product,
    check_release,
    library_lot,
    library_lots,
    library_product,
    library_products,
    supply,
    tissue_differences,
    tissue_rows,
)

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the description: its part of DOSES, value, status and source in words."""

    part: str
    name: str
    value: str
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A product or lot, field by field."""

    given: Product
    fields: tuple[Field, ...]

    def tables(self) -> tuple[Table, ...]:
        """Return the description as a table of text."""
        rows = tuple((f.part, f.name, f.value, f.status, f.source) for f in self.fields)
        columns = ("DOSES", "field", "value", "status", "source")
        return (Table(heading(self.given), columns, rows),)

    def document(self) -> dict[str, Any]:
        """Return the description as plain data."""
        fields = [
            {"part": f.part, "field": f.name, "value": f.value, "status": f.status,
             "source": f.source}
            for f in self.fields
        ]  # fmt: skip
        return {
            **base_document(self.given),
            "name": self.given.name,
            "fields": fields,
            "not_reported": sum(f.status == NOT_REPORTED for f in self.fields),
        }


def product_page(name: str) -> ProductPage:
    """Describe a product or lot along the DOSES statement.

    Raises
    ------
    InputError
        There is none of this name, or something is wrong with its file.
    """
    given = supply(name)
    return ProductPage(given, tuple(_fields(given)))


def product_list() -> tuple[dict[str, Any], ...]:
    """Return the products and lots of the library with what is missing of each."""
    everything = [
        *(library_product(name) for name in library_products()),
        *(library_lot(name) for name in library_lots()),
    ]
    return tuple(
        {
            "id": one.id,
            "kind": "lot" if isinstance(one, Lot) else "product",
            "name": one.name,
            "tissue": one.tissue,
            "fields": len(fields := tuple(_fields(one))),
            "not_reported": sum(f.status == NOT_REPORTED for f in fields),
            "release": check_release(one).verdict,
        }
        for one in everything
    )


def tissue_tables() -> tuple[Table, ...]:
    """Return the tissues side by side, and every sourced comparison of two."""
    rows = tuple(
        (row.text, *(UNKNOWN if one is None else one.value for one in row.seen))
        for row in tissue_rows()
    )
    compared = tuple(
        (one.quantity, tissue, one.direction, one.against, one.source)
        for tissue, one in tissue_differences()
    )
    plain = tuple(tuple(cell.replace("_", " ") for cell in row[:4]) + row[4:] for row in compared)
    return (
        Table("What was seen in print", ("", "umbilical cord", "bone marrow", "adipose"), rows),
        Table("Directions", ("quantity", "tissue", "is", "than", "source"), plain),
    )


def _fields(given: Product) -> Iterator[Field]:
    yield from _donor(given)
    yield _text("origin", "tissue", given.tissue.replace("_", " "))
    yield from _separation(given)
    yield from _characteristics(given)
    yield _text("site", "site of delivery", "the route of each intervention of a trial")


def _donor(given: Product) -> Iterator[Field]:
    yield _text("donor", "donor", "allogeneic" if given.allogeneic else "autologous")
    if not isinstance(given, Lot):
        yield _text("donor", "description", given.donor)
        return
    for name in ("consent", "screening", "testing"):
        value = getattr(given.donation, name)
        yield _invented("donor", name, answer(value), value is not None)
    yield _invented("donor", "cords pooled", f"{given.cords}", given.cords is not None)


def _separation(given: Product) -> Iterator[Field]:
    yield _text("separation", "separation", given.separation)
    yield _text("separation", "culture", given.culture)
    yield _number("separation", "passage", given.passage)
    if isinstance(given, Lot):
        doublings = given.population_doublings
        yield _invented("separation", "population doublings", f"{doublings}", doublings is not None)
    yield _text("separation", "frozen", answer(given.cryopreserved))


def _characteristics(given: Product) -> Iterator[Field]:
    part = "exhibited"
    own = given.unknown if isinstance(given, Lot) else ()
    for point in given.viability:
        name = f"living after {point.hold_minute:g} min"
        yield _number(part, name, point.viability, missing="viability" in own)
    yield _number(part, "hold", given.hold_minute, missing="hold_minute" in own)
    recovered = given.recovered_fraction
    yield _number(part, "share recovered", recovered, missing="recovered_fraction" in own)
    yield _text(part, "vehicle", None if "vehicle" in own else given.vehicle)
    if given.vial is not None:
        yield _number(part, "cells in a vial", given.vial.cells)
        yield _number(part, "volume of a vial", given.vial.volume_ml)
        yield _number(part, "DMSO of a vial", given.vial.dmso_percent)
    if isinstance(given, Lot):
        potency = given.potency
        yield _invented(part, "potency, fold of usual", f"{potency}", potency is not None)
    for result in check_release(given).results:
        if result.rule.group in ("identity", "quality", "safety"):
            status = NOT_REPORTED if result.value is None else result.verdict
            yield Field(part, result.rule.text, result.shown, status, "")


def _text(part: str, name: str, value: str | None) -> Field:
    if value is None:
        return Field(part, name, NOT_REPORTED, NOT_REPORTED, "")
    return Field(part, name, value, "declared", "")


def _invented(part: str, name: str, value: str, known: bool) -> Field:
    if not known:
        return Field(part, name, NOT_REPORTED, NOT_REPORTED, "")
    return Field(part, name, value, "simulated", "")


def _number(part: str, name: str, number: Any, *, missing: bool = False) -> Field:
    """Return a number; what a lot does not report is taken from its product, and said so."""
    if missing:
        text = f"{NOT_REPORTED}; the product's {quantity_text(number)} is used"
        return Field(part, name, text, NOT_REPORTED, source_text(number))
    status = number.status.replace("_", " ")
    return Field(part, name, quantity_text(number), status, source_text(number))
