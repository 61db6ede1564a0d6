"""Directions for use of a product: its vial, how each route is prepared, what answers a response.

They are data: ``library/directions/<product>.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from funis.product import Quantity
from funis.protocol import Intervention

LIBRARY = Path(__file__).parents[1] / "library" / "directions"


@dataclass(frozen=True, slots=True)
class Contents:
    """What one vial holds; either its cells are stated, or cells per mL.

    Attributes
    ----------
    volume_ml : Quantity
    dmso_percent : Quantity
        Dimethyl sulfoxide, volume in volume.
    cells, concentration_cell_per_ml : Quantity or None
    """

    volume_ml: Quantity
    dmso_percent: Quantity
    cells: Quantity | None = None
    concentration_cell_per_ml: Quantity | None = None


@dataclass(frozen=True, slots=True)
class ForWeight:
    """A number for weights from ``from_kg`` to below ``below_kg``; None is without an end."""

    quantity: Quantity
    from_kg: Decimal | None = None
    below_kg: Decimal | None = None

    def holds(self, weight_kg: Decimal) -> bool:
        """Whether the number is for this weight."""
        above = self.from_kg is None or weight_kg >= self.from_kg
        return above and (self.below_kg is None or weight_kg < self.below_kg)


@dataclass(frozen=True, slots=True)
class RouteDirections:
    """How one route is prepared and given; what is None is not stated.

    Attributes
    ----------
    vehicle : str
        Fluid in which the cells are given.
    undiluted : bool
        Whether the fluid of the vial is given as it is.
    suspension_cell_per_ml : Quantity or None
        Cells per mL of the suspension that is given.
    volumes, rates, durations : tuple of ForWeight
        Volume given [mL], rate [mL/minute] and duration [minute], by weight.
    expiry_minute, observation_minute : Quantity
        From thaw to the end of the infusion, and of watching after it [minute].
    """

    route: str
    vehicle: str
    expiry_minute: Quantity
    observation_minute: Quantity
    undiluted: bool = False
    suspension_cell_per_ml: Quantity | None = None
    volumes: tuple[ForWeight, ...] = ()
    rates: tuple[ForWeight, ...] = ()
    durations: tuple[ForWeight, ...] = ()


@dataclass(frozen=True, slots=True)
class Premedication:
    """What is given before the cells, and where it is stated."""

    what: str
    source: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule that answers a response at a visit with further doses, or with none.

    Attributes
    ----------
    when : str
        The response in words.
    day, window_day : int or None
        Day of the visit and days about it; without a day it may happen at any time.
    give : tuple of Intervention
        Days count from the decision.
    """

    id: str
    when: str
    then: str
    source: str
    day: int | None = None
    window_day: int = 0
    give: tuple[Intervention, ...] = ()


@dataclass(frozen=True, slots=True)
class Directions:
    """Everything that is stated of one product's use.

    Attributes
    ----------
    vial : Contents or None
        Where the product itself does not report it.
    schedule : tuple of Intervention
        Doses that the directions themselves prescribe, such as those of a label; else empty.
    least_gap_day : Decimal or None
        Days that lie between two infusions at least.
    """

    product: str
    routes: tuple[RouteDirections, ...]
    vial: Contents | None = None
    premedication: tuple[Premedication, ...] = ()
    schedule: tuple[Intervention, ...] = ()
    least_gap_day: Decimal | None = None
    decisions: tuple[Decision, ...] = ()
    note: str | None = None
    file: str | None = field(default=None, compare=False)

    def route(self, name: str) -> RouteDirections | None:
        """Return the directions for a route, None where there are none."""
        return next((one for one in self.routes if one.route == name), None)


def for_weight(rows: tuple[ForWeight, ...], weight_kg: Decimal) -> Quantity | None:
    """Return the number that holds for a weight, None where none does."""
    return next((row.quantity for row in rows if row.holds(weight_kg)), None)
