"""From vial to vein: how many of the cells live, and how many act, when they are infused."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from funis.checks import Issue, IssueList, read_yaml, validate
from funis.product.load import LIBRARY
from funis.product.lots import Lot
from funis.product.values import Product
from funis.product.viability import infused_viability, usual_hold, usual_infusion

if TYPE_CHECKING:
    from funis.product.settings_schema import DeliverySchema

SETTINGS = LIBRARY.parent / "delivery.yaml"
NORMAL_95 = 1.959964
"""Standard deviations on each side of a 95 % interval."""

ROOM_CELSIUS = (15.0, 25.0)
"""Room temperature, at which the published points were measured; the range is assumed [C]."""

MG_PER_GRAM = 1000.0
MOST_CELLS = 1e11
"""No dose of cells in use comes near [cell]."""


@dataclass(frozen=True, slots=True)
class Interval95:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """By how much a missing field widens a dose: standard deviation of its logarithm."""

    log_sd: float
    status: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Solvent:
    """Density of dimethyl sulfoxide [g/mL] and its usual limit [mg/kg], with sources."""

    gram_per_ml: float
    density_source: str
    limit_mg_per_kg: float
    limit_source: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What of a dose reaches the vein.

    Attributes
    ----------
    dose_cell : float
        Cells in the vials, living and dead [cell].
    viable : Interval95
        Living cells in the vein [cell].
    functional : Interval95
        Living cells in the vein times the potency of the lot, without those that are stunned:
        cells of a usual lot that would do as much [cell].
    dead : float
        Cells that are dead in the vein [cell].
    lost : float
        Cells that stay in bag and line [cell].
    viability : float
        Living share of what reaches the vein, averaged over the infusion.
    dmso_gram, dmso_mg_per_kg : float or None
        Load of dimethyl sulfoxide; None where the vials or the weight are not known.
    hold_minute, infusion_minute : float
        From thaw to the first drop, and from there to the last [minute].
    widened_by : tuple of str
        Fields that are not reported and widen the intervals.
    """

    dose_cell: float
    viable: Interval95
    functional: Interval95
    dead: float
    lost: float
    viability: float
    dmso_gram: float | None
    dmso_mg_per_kg: float | None
    hold_minute: float
    infusion_minute: float
    widened_by: tuple[str, ...]


def delivered(
    given: Product,
    dose_cell: float,
    *,
    hold_minute: float | None = None,
    hold_celsius: float | None = None,
    infusion_minute: float | None = None,
    weight_kg: float | None = None,
    stunned: float = 0.0,
) -> Delivered:
    """Follow a dose from the vial to the vein.

    Parameters
    ----------
    given : Product or Lot
    dose_cell : float
        Cells in the vials, living and dead [cell].
    hold_minute : float or None
        From thaw to the first drop; the usual one when None [minute].
    hold_celsius : float or None
        Temperature of the hold; that of the lot when None [C].
    infusion_minute : float or None
        Cells go on dying in the bag; that of the lot, or 0, when None [minute].
    weight_kg : float or None
        Body weight, for the load of dimethyl sulfoxide [kg].
    stunned : float
        Share of what living cells do that thawing takes away, 0 to 1: the structure
        ``thawed_cells_stunned`` stands for 1; laboratories disagree.

    Returns
    -------
    Delivered
        Intervals hold the spread between runs, and one for each field that is not reported.

    Raises
    ------
    InputError
        A number out of range, or times beyond the last measured viability.
    """
    _check_range(dose_cell, weight_kg, stunned, hold_celsius)
    hold = usual_hold(given) if hold_minute is None else hold_minute
    lasts = usual_infusion(given) if infusion_minute is None else infusion_minute
    share = infused_viability(given, hold, lasts)
    unknown = _unknown(given, hold_minute, infusion_minute, hold_celsius)
    arrives = dose_cell * _recovered(given)
    viable = _interval(arrives * share, share_log_sd(given, hold, unknown), arrives)
    functional = _functional(given, arrives, share, hold, unknown, stunned)
    dmso = _dmso_gram(given, dose_cell)
    per_kg = None if dmso is None or weight_kg is None else MG_PER_GRAM * dmso / weight_kg
    return Delivered(
        dose_cell, viable, functional, arrives * (1 - share), dose_cell - arrives, share,
        dmso, per_kg, hold, lasts, unknown,
    )  # fmt: skip


def share_log_sd(product: Product, hold_minute: float, unknown: tuple[str, ...]) -> float:
    """Standard deviation of the logarithm of the living cells that arrive.

    Parameters
    ----------
    product : Product or Lot
    hold_minute : float
    unknown : tuple of str
        Fields that are not reported; that of potency does not count here.
    """
    spreads = delivery_spreads()
    parts = [spreads[name].log_sd for name in unknown if name != "potency"]
    return math.hypot(_measured_log_sd(product, hold_minute), *parts)


def lot_potency_log_sd(cords: int | None = None) -> float:
    """Standard deviation of the logarithm of potency between lots.

    Parameters
    ----------
    cords : int or None
        Donors that are pooled in each lot; pooling narrows what lies between donors. None is 1.
    """
    between = _settings().potency.donor_share
    return delivery_spreads()["potency"].log_sd * math.sqrt(between / (cords or 1) + 1 - between)


@cache
def delivery_spreads() -> Mapping[str, Spread]:
    """By how much each field that is not reported widens a dose, by field."""
    return {
        name: Spread(one.log_sd, one.status, one.source, one.text)
        for name, one in _settings().spreads.items()
    }


@cache
def dmso() -> Solvent:
    """Density and usual limit of dimethyl sulfoxide."""
    given = _settings().dmso
    return Solvent(
        given.gram_per_ml, given.density_source, given.limit_mg_per_kg, given.limit_source
    )


@cache
def _settings() -> "DeliverySchema":
    from funis.product.settings_schema import DeliverySchema

    return validate(DeliverySchema, read_yaml(SETTINGS))


def _check_range(
    dose_cell: float, weight_kg: float | None, stunned: float, celsius: float | None
) -> None:
    found = (
        ("dose", 0 < dose_cell <= MOST_CELLS, dose_cell, f"more than 0, at most {MOST_CELLS:g}"),
        ("weight", weight_kg is None or 1 <= weight_kg <= 400, weight_kg, "1 to 400 kg"),
        ("stunned", 0 <= stunned <= 1, stunned, "0 to 1"),
        ("celsius", celsius is None or -20 <= celsius <= 45, celsius, "-20 to 45 C"),
    )
    IssueList(
        Issue(None, None, name, f"{value:g} is out of range", expected)
        for name, holds, value, expected in found
        if not holds and value is not None
    ).raise_errors()


def _unknown(
    given: Product, hold: float | None, lasts: float | None, celsius: float | None
) -> tuple[str, ...]:
    """Return the fields that are not reported; of a product, also those that are assumed."""
    if isinstance(given, Lot):
        names = list(given.unknown)
        warm = given.hold_celsius if celsius is None else celsius
    else:
        assumed = {
            "viability": given.viability[0].viability.status == "assumed",
            "hold_minute": given.hold_minute.status == "assumed",
            "recovered_fraction": given.recovered_fraction.status == "assumed",
        }
        names = [name for name, holds in assumed.items() if holds]
        names += ["infusion_minute", "hold_celsius", "potency"]
        warm = celsius
    said = {"hold_minute": hold, "infusion_minute": lasts}
    known = {name for name, value in said.items() if value is not None}
    if warm is not None and ROOM_CELSIUS[0] <= warm <= ROOM_CELSIUS[1]:
        known.add("hold_celsius")
    elif "hold_celsius" not in names:
        names.append("hold_celsius")
    return tuple(name for name in names if name not in known)


def _recovered(given: Product) -> float:
    value = given.recovered_fraction.value
    return 1.0 if value is None else value


def _measured_log_sd(product: Product, hold: float) -> float:
    """Spread between runs at a time, on the line between those of the points."""
    points = [
        (p.hold_minute, (p.viability.sd or 0.0) / p.viability.value)
        for p in product.viability
        if p.viability.value
    ]
    if not points:
        return 0.0
    later = next((index for index, (time, _) in enumerate(points) if time >= hold), -1)
    end, at_end = points[later]
    if later <= 0 or end == hold:
        return at_end
    start, at_start = points[later - 1]
    return at_start + (at_end - at_start) * (hold - start) / (end - start)


def _functional(
    given: Product, arrives: float, share: float, hold: float, unknown: tuple[str, ...],
    stunned: float,
) -> Interval95:  # fmt: skip
    potency = given.potency if isinstance(given, Lot) and given.potency is not None else 1.0
    spread = share_log_sd(given, hold, unknown)
    if "potency" in unknown:
        cords = given.cords if isinstance(given, Lot) else None
        spread = math.hypot(spread, lot_potency_log_sd(cords))
    return _interval(arrives * share * potency * (1 - stunned), spread, math.inf)


def _interval(value: float, log_sd: float, most: float) -> Interval95:
    factor = math.exp(NORMAL_95 * log_sd)
    return Interval95(value, value / factor, min(value * factor, most))


def _dmso_gram(given: Product, dose_cell: float) -> float | None:
    """Return the solvent in the volume that holds the dose, before any washing [g]."""
    vial = given.vial
    if vial is None:
        return None
    cells, volume, percent = vial.cells.value, vial.volume_ml.value, vial.dmso_percent.value
    if percent == 0:
        return 0.0
    if not cells or volume is None or percent is None:
        return None
    return dose_cell / cells * volume * percent / 100 * dmso().gram_per_ml
