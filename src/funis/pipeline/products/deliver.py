"""``funis product deliver``: what of a dose reaches the vein, and by how much that is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from funis.checks import InputError, Issue
from funis.pipeline.products.text import NOT_REPORTED, base_document, cells_text, heading
from funis.pipeline.tables import Table
from funis.product import (
    Delivered,
    Interval95,
    Product,
    check_release,
    delivered,
    delivered_viability,
    delivery_spreads,
    dmso,
    supply,
)

CURVE_MINUTES = (0.0, 30.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 385.0)
STRUCTURE = "thawed_cells_stunned"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A dose of a product or lot on its way from vial to vein.

    Attributes
    ----------
    given : Product or Lot
    found : Delivered
    stunned : Delivered
        The same under the structure in which thawed cells cannot be licensed.
    weight_kg : float or None
    warnings : tuple of str
    curve : tuple of (float, float)
        Minutes since thaw, living share; at the times that were measured, and between.
    """

    given: Product
    found: Delivered
    stunned: Delivered
    weight_kg: float | None
    warnings: tuple[str, ...]
    curve: tuple[tuple[float, float], ...]

    def tables(self) -> tuple[Table, ...]:
        """Return the way to the vein and the course of viability as tables of text."""
        found = self.found
        times = f"{found.hold_minute:g} min after thaw, over {found.infusion_minute:g} min"
        title = f"{heading(self.given)}\n{cells_text(found.dose_cell)} cells, {times}"
        rows = [
            ("left in bag and line", cells_text(found.lost), ""),
            ("dead in the vein", cells_text(found.dead), ""),
            ("living in the vein", *_pair(found.viable)),
            ("doing as much as a usual lot", *_pair(found.functional)),
            (f"of them licensed, structure {STRUCTURE}", *_pair(self.stunned.functional)),
            ("DMSO", self._solvent(), f"usual limit {dmso().limit_mg_per_kg:g} mg/kg"),
        ]
        curve = tuple((f"{minute:g}", f"{100 * share:.1f} %") for minute, share in self.curve)
        return (
            Table(title, ("", "value", "95 % interval"), tuple(rows)),
            Table("Living cells after thaw", ("minute", "living"), curve),
            *self._widened(),
        )

    def document(self) -> dict[str, Any]:
        """Return the same as plain data."""
        return {
            **base_document(self.given),
            "release": check_release(self.given).verdict,
            "weight_kg": self.weight_kg,
            **asdict(self.found),
            "functional_if_stunned": asdict(self.stunned.functional),
            "structure": STRUCTURE,
            "dmso_limit_mg_per_kg": dmso().limit_mg_per_kg,
            "dmso_limit_source": dmso().limit_source,
            "curve": [{"minute": minute, "viability": share} for minute, share in self.curve],
            "warnings": list(self.warnings),
        }

    def _solvent(self) -> str:
        found = self.found
        if found.dmso_gram is None:
            return NOT_REPORTED
        mass = f"{found.dmso_gram:.3g} g"
        per_kg = found.dmso_mg_per_kg
        return mass if per_kg is None else f"{mass}, {per_kg:.3g} mg/kg"

    def _widened(self) -> tuple[Table, ...]:
        spreads = delivery_spreads()
        rows = tuple(
            (spreads[name].text, f"{spreads[name].log_sd:g}", spreads[name].source)
            for name in self.found.widened_by
        )
        title = "What is not reported, or assumed, and widens the intervals"
        table = Table(title, ("field", "sd of the logarithm", "source"), rows)
        return (table,) if rows else ()


def deliver(
    name: str,
    dose: str,
    *,
    weight_kg: float | None = None,
    hold_minute: float | None = None,
    hold_celsius: float | None = None,
    infusion_minute: float | None = None,
) -> Delivery:
    """Follow a dose of a product or lot from the vial to the vein.

    Parameters
    ----------
    name : str
        A product or lot of the library, or a lot file.
    dose : str
        Cells, living and dead, such as 70e6; or 1e6/kg, which needs a weight.
    weight_kg, hold_minute, hold_celsius, infusion_minute : float or None
        As for `funis.product.delivered`.

    Raises
    ------
    InputError
        An unknown name, a dose that is no number, a number out of range.
    """
    given, cells = supply(name), _cells(dose, weight_kg)
    both = [
        delivered(
            given, cells, hold_minute=hold_minute, hold_celsius=hold_celsius,
            infusion_minute=infusion_minute, weight_kg=weight_kg, stunned=stunned,
        )
        for stunned in (0.0, 1.0)
    ]  # fmt: skip
    last = given.viability[-1].hold_minute
    measured = {point.hold_minute for point in given.viability}
    minutes = sorted({*(m for m in CURVE_MINUTES if m <= last), *measured, both[0].hold_minute})
    curve = tuple((minute, delivered_viability(given, minute)) for minute in minutes)
    return Delivery(given, both[0], both[1], weight_kg, tuple(_warnings(given, both[0])), curve)


def _cells(text: str, weight_kg: float | None) -> float:
    number, _, unit = text.partition("/")
    try:
        cells = float(number)
    except ValueError:
        cells = float("nan")
    if not cells > 0 or unit not in ("", "kg"):
        expected = "cells such as 70e6, or 1e6/kg with a weight"
        raise InputError(Issue(None, None, "--dose", f"'{text}' is no dose", expected))
    if unit == "kg" and weight_kg is None:
        message = f"'{text}' is per kg"
        raise InputError(Issue(None, None, "--weight", message, "the weight in kg"))
    return cells * weight_kg if unit == "kg" and weight_kg is not None else cells


def _warnings(given: Product, found: Delivered) -> list[str]:
    release, limit = check_release(given), dmso()
    parts = []
    if release.verdict == "fail":
        parts.append(f"{given.id} fails release: {release.reason}; a trial refuses it")
    if found.dmso_mg_per_kg is not None and found.dmso_mg_per_kg > limit.limit_mg_per_kg:
        parts.append(
            f"DMSO {found.dmso_mg_per_kg:g} mg/kg is above {limit.limit_mg_per_kg:g} mg/kg,"
            f" the load that is usually accepted ({limit.limit_source})"
        )
    return parts


def _pair(interval: Interval95) -> tuple[str, str]:
    low, high = cells_text(interval.low), cells_text(interval.high)
    return cells_text(interval.value), f"{low} to {high}"
