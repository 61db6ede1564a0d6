"""Words and numbers that the pages of products share."""

from __future__ import annotations

from typing import Any

from funis.product import Lot, Product, Quantity
from funis.report import RESEARCH_USE

NOT_REPORTED = "not reported"
SIMULATED = "SIMULATED - NOT FOR ADMINISTRATION"
"""What stands over everything that is said of a lot."""


def heading(given: Product) -> str:
    """Return the name of a product or lot; a lot bears the banner."""
    kind = "lot" if isinstance(given, Lot) else "product"
    name = f"{given.id} ({kind}): {given.name}"
    return f"{SIMULATED}\n{name}" if isinstance(given, Lot) else name


def base_document(given: Product) -> dict[str, Any]:
    """Return what every document of a product or lot begins with."""
    lot = isinstance(given, Lot)
    return {
        "research_use": RESEARCH_USE,
        "banner": SIMULATED if lot else None,
        "id": given.id,
        "kind": "lot" if lot else "product",
        "product": given.product if isinstance(given, Lot) else given.id,
        "simulated": lot,
    }


def quantity_text(number: Quantity) -> str:
    """Return a number with its unit, "not reported" where there is none."""
    if number.value is None:
        return NOT_REPORTED
    unit = {"fraction": "", "minute": "min"}.get(number.unit, number.unit)
    return f"{number.value:g} {unit}".strip()


def source_text(number: Quantity) -> str:
    """Return where a number comes from."""
    return "; ".join(part for part in (number.source, number.note) if part) or ""


def cells_text(cells: float) -> str:
    """Return a number of cells in millions, with three digits."""
    millions = cells / 1e6
    return f"{millions:,.0f} million" if millions >= 1000 else f"{millions:.3g} million"


def answer(value: bool | None) -> str:
    """Return yes, no or not reported."""
    return NOT_REPORTED if value is None else "yes" if value else "no"
