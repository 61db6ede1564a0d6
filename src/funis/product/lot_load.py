"""Read lot files, those of the library among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from funis.checks import InputError, Issue, nearest, read_yaml, validate
from funis.product.load import LIBRARY, library_product, library_products
from funis.product.lots import Donation, Lot
from funis.product.release import check_results
from funis.product.values import Product, Quantity, Ranged, ViabilityPoint, Vial

if TYPE_CHECKING:
    from funis.product.lot_schema import LotSchema, LotVialSchema, PointSchema

LOTS = LIBRARY.parent / "lots"
INVENTED = "a value of an invented lot"


def load_lot(path: str | Path) -> Lot:
    """Read a lot file.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    from funis.product.lot_schema import LotSchema

    document = read_yaml(path)
    given = validate(LotSchema, document)
    names = library_products()
    if given.product not in names:
        message = f"unknown product '{given.product}'"
        line = document.lines.get(("product",))
        near = nearest(given.product, names)
        expected = "one of " + ", ".join(names)
        raise InputError(Issue(document.file, line, "product", message, expected, near))
    if given.id in names or given.id != Path(path).stem:
        message = f"'{given.id}' is a product, or not the name of the file"
        line, expected = document.lines.get(("id",)), f"{Path(path).stem}, and no product's name"
        raise InputError(Issue(document.file, line, "id", message, expected))
    check_results(given.results, document)
    return _lot(given, library_product(given.product), document.file)


def library_lots() -> tuple[str, ...]:
    """Names of the library's lots, in order."""
    return tuple(sorted(path.stem for path in LOTS.glob("*.yaml")))


def library_lot(name: str) -> Lot:
    """Lot of the library by its name.

    Raises
    ------
    InputError
        If the library has no lot of this name.
    """
    return load_lot(LOTS / f"{_known(name, library_lots(), 'lot')}.yaml")


def supply(name: str) -> Product:
    """Product or lot of the library by its name; a path ending in .yaml is read as a lot.

    Raises
    ------
    InputError
        If there is none of this name, or something is wrong with the file.
    """
    if name in library_products():
        return library_product(name)
    if name.endswith((".yaml", ".yml")):
        return load_lot(name)
    _known(name, (*library_lots(), *library_products()), "product or lot")
    return library_lot(name)


def _known(name: str, names: Sequence[str], kind: str) -> str:
    if name in names:
        return name
    expected = "one of " + ", ".join(names)
    message = f"unknown {kind} '{name}'"
    raise InputError(Issue(None, None, None, message, expected, nearest(name, names)))


def _lot(given: LotSchema, product: Product, file: str | None) -> Lot:
    """Return the lot; what it does not report is its product's, and named in ``unknown``."""
    own = {
        "viability": given.viability,
        "vehicle": given.vehicle,
        "hold_minute": given.hold_minute,
        "infusion_minute": given.infusion_minute,
        "hold_celsius": given.hold_celsius,
        "recovered_fraction": given.recovered_fraction,
        "vial_cells": given.vials.cells,
        "potency": given.potency,
    }
    return Lot(
        id=given.id,
        name=given.name,
        tissue=product.tissue,
        allogeneic=product.allogeneic,
        donor=product.donor,
        separation=product.separation,
        culture=product.culture,
        passage=_invented(given.passage, "passages"),
        cryopreserved=product.cryopreserved,
        vehicle=given.vehicle or product.vehicle,
        viability=_points(given.viability) or product.viability,
        hold_minute=_or(given.hold_minute, product.hold_minute),
        recovered_fraction=_or(given.recovered_fraction, product.recovered_fraction),
        release=product.release,
        differences=product.differences,
        note=given.note,
        file=file,
        vial=_vial(given.vials),
        manufacture=product.manufacture,
        product=product.id,
        donation=Donation(**given.donation.model_dump()),
        cords=given.cords,
        population_doublings=given.population_doublings,
        vial_count=given.vials.count,
        hold_celsius=given.hold_celsius,
        infusion_minute=given.infusion_minute,
        potency=given.potency,
        results=tuple(given.results.items()),
        unknown=tuple(name for name, value in own.items() if value is None),
    )


def _points(given: tuple[PointSchema, ...] | None) -> tuple[ViabilityPoint, ...]:
    return tuple(
        ViabilityPoint(
            one.hold_minute, Quantity(one.value, "fraction", "assumed", None, one.sd, INVENTED)
        )
        for one in given or ()
    )


def _or(own: float | None, usual: Quantity) -> Quantity:
    return usual if own is None else Quantity(own, usual.unit, "assumed", note=INVENTED)


def _invented(value: float | None, unit: str) -> Ranged:
    if value is None:
        return Ranged(None, unit, "not_reported")
    return Ranged(value, unit, "assumed", note=INVENTED)


def _vial(given: LotVialSchema) -> Vial:
    return Vial(
        _invented(given.cells, "cells"),
        _invented(given.volume_ml, "mL"),
        _invented(given.dmso_percent, "percent"),
    )
