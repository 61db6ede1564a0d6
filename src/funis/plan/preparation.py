"""How cells are prepared and when what happens, as frozen values: worksheet and calendar."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

EntryKind = Literal[
    "screening",
    "baseline",
    "premedication",
    "infusion",
    "monitoring",
    "visit",
    "decision",
    "maintenance",
    "stopping",
    "end",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of arithmetic: what, how, how much. Values are exact decimals."""

    name: str
    formula: str
    value: Decimal
    unit: str
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The preparation of one arm's product for one weight band; simulated, not to be given.

    Attributes
    ----------
    arm, route, product : str
    weight_band : tuple of Decimal
        Lowest and highest weight of the band [kg]; the lines are worked for the weight given.
    weight_kg : Decimal
    lines : tuple of Line
        In the order of the work, each with its arithmetic.
    vials : int
    dmso_mg_per_kg : Decimal or None
    expiry_minute : Decimal or None
        From thaw to the end of the infusion [minute].
    premedication, warnings : tuple of str
    """

    arm: str
    route: str
    product: str
    weight_band: tuple[Decimal, Decimal]
    weight_kg: Decimal
    lines: tuple[Line, ...]
    vials: int
    lot: str | None = None
    dmso_mg_per_kg: Decimal | None = None
    expiry_minute: Decimal | None = None
    premedication: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar, in days relative to the first infusion (day 0)."""

    day_first: int
    day_last: int
    kind: EntryKind
    title: str
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The entries of a plan by day."""

    entries: tuple[Entry, ...]
