"""Read product files, those of the library among them."""

from pathlib import Path
from typing import TYPE_CHECKING

from funis.checks import InputError, Issue, nearest, read_yaml, validate
from funis.product.values import (
    Difference,
    Manufacture,
    Prior,
    Product,
    Quantity,
    Ranged,
    ReleaseCriterion,
    Stage,
    ViabilityPoint,
    Vial,
)

if TYPE_CHECKING:
    from funis.product.schema import (
        DifferenceSchema,
        ManufactureSchema,
        RangedSchema,
        SourcedSchema,
        VialSchema,
    )

LIBRARY = Path(__file__).parents[1] / "library" / "products"


def load_product(path: str | Path) -> Product:
    """Read a product file.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    from funis.product.schema import ProductSchema

    document = read_yaml(path)
    product = validate(ProductSchema, document)
    return Product(
        id=product.id,
        name=product.name,
        tissue=product.tissue,
        allogeneic=product.allogeneic,
        donor=product.donor,
        separation=product.separation,
        culture=product.culture,
        passage=_quantity(product.passage),
        cryopreserved=product.cryopreserved,
        vehicle=product.vehicle,
        viability=tuple(ViabilityPoint(p.hold_minute, _quantity(p)) for p in product.viability),
        hold_minute=_quantity(product.hold_minute),
        recovered_fraction=_quantity(product.recovered_fraction),
        release=tuple(
            ReleaseCriterion(name, _quantity(r), r.low, r.high, r.limit_source)
            for name, r in product.release.items()
        ),
        differences=tuple(_difference(row) for row in product.differences),
        note=product.note,
        file=document.file,
        vial=_vial(product.vial),
        manufacture=_manufacture(product.manufacture),
    )


def library_products() -> tuple[str, ...]:
    """Names of the library's products, in order."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.yaml")))


def library_product(name: str) -> Product:
    """Product of the library by its name.

    Raises
    ------
    InputError
        If the library has no product of this name.
    """
    names = library_products()
    if name not in names:
        message = f"unknown product '{name}'"
        expected = "one of " + ", ".join(names)
        raise InputError(Issue(None, None, None, message, expected, nearest(name, names)))
    return load_product(LIBRARY / f"{name}.yaml")


def _difference(row: "DifferenceSchema") -> Difference:
    given = row.prior
    prior = None if given is None else Prior(given.median, given.log_sd, given.status, given.note)
    return Difference(row.quantity, row.against, row.direction, row.source, row.note, prior)


def _quantity(number: "SourcedSchema") -> Quantity:
    return Quantity(number.value, number.unit, number.status, number.source, number.sd, number.note)


def _ranged(number: "RangedSchema") -> Ranged:
    return Ranged(
        number.value, number.unit, number.status, number.source, number.sd, number.note,
        low=number.low, high=number.high,
    )  # fmt: skip


def _vial(vial: "VialSchema | None") -> Vial | None:
    if vial is None:
        return None
    return Vial(_ranged(vial.cells), _ranged(vial.volume_ml), _ranged(vial.dmso_percent))


def _manufacture(given: "ManufactureSchema | None") -> Manufacture | None:
    if given is None:
        return None
    return Manufacture(
        _ranged(given.primary_cells),
        _ranged(given.doublings_per_passage),
        _ranged(given.doubling_hour),
        _ranged(given.senescence_passage),
        _ranged(given.senescence_doublings),
        tuple(Stage(s.id, s.passages, _ranged(s.kept), s.vial_cells) for s in given.stages),
    )
