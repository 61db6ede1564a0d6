"""Umbilical cord beside bone marrow and adipose tissue: what was seen in print, else unknown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from funis.checks import read_yaml, validate
from funis.product.load import LIBRARY, library_product, library_products
from funis.product.values import Difference, Tissue

FILE = LIBRARY.parent / "tissues.yaml"
TISSUES: tuple[Tissue, ...] = ("umbilical_cord", "bone_marrow", "adipose")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was printed of one tissue, and where."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class TissueRow:
    """One quantity; None where nothing was seen.

    Attributes
    ----------
    id, text : str
    seen : tuple of (Seen or None)
        In the order of ``TISSUES``.
    """

    id: str
    text: str
    seen: tuple[Seen | None, ...]


@cache
def tissue_rows() -> tuple[TissueRow, ...]:
    """Rows of the library, in the order of the file.

    Raises
    ------
    InputError
        What is wrong with the file.
    """
    from funis.product.settings_schema import TissuesSchema

    found = validate(TissuesSchema, read_yaml(FILE))
    return tuple(
        TissueRow(
            name,
            row.text,
            tuple(
                None if one is None else Seen(one.value, one.source)
                for one in (row.umbilical_cord, row.bone_marrow, row.adipose)
            ),
        )
        for name, row in found.rows.items()
    )


def tissue_differences() -> tuple[tuple[Tissue, Difference], ...]:
    """Return every comparison of a tissue with another that the products of the library hold."""
    return tuple(
        (product.tissue, one)
        for product in map(library_product, library_products())
        for one in product.differences
    )
