"""From one donation over banks and lots to vials, doses and the donors that a trial needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from funis.checks import InputError, Issue
from funis.product.values import Manufacture, Product, Ranged, Stage

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class StageYield:
    """What one stage gives.

    Attributes
    ----------
    id : str
    passage : int
        Passages since the donation.
    doublings : float
        Population doublings since the first culture.
    vials_each : int
        Vials from one vial of the stage before (of the donation, for the first).
    vials : int
        Vials from the whole donation, if every vial is grown on.
    cells_each : float
        Cells in one vial [cell].
    """

    id: str
    passage: int
    doublings: float
    vials_each: int
    vials: int
    cells_each: float


@dataclass(frozen=True, slots=True)
class DonationYield:
    """What one donation gives if every vial is grown on.

    Attributes
    ----------
    primary_cells : float
        Cells after the first culture [cell].
    stages : tuple of StageYield
    lots, vials_per_lot, vials : int
    vials_low, vials_high : float
        Ends of the range of ``vials``: every range at its end, added in squares on the log scale.
    doublings, days : float
        Up to the lot.
    """

    primary_cells: float
    stages: tuple[StageYield, ...]
    lots: int
    vials_per_lot: int
    vials: int
    vials_low: float
    vials_high: float
    doublings: float
    days: float


@dataclass(frozen=True, slots=True)
class ArmNeed:
    """What one arm is given: patients, doses of each, and cells of one dose [cell]."""

    arm: str
    patients: int
    doses: int
    dose_cell: float


@dataclass(frozen=True, slots=True)
class TrialNeed:
    """What a trial needs of one product.

    Attributes
    ----------
    arms : tuple of ArmNeed
    vials_per_dose, doses_per_donation : tuple of int
        Of each arm; doses if all vials of a donation went to that arm.
    doses, vials, lots, donors : int
    cells : float
        In all doses [cell].
    donors_low, donors_high : int
        With the high and the low end of what a donation gives.
    """

    arms: tuple[ArmNeed, ...]
    vials_per_dose: tuple[int, ...]
    doses_per_donation: tuple[int, ...]
    doses: int
    vials: int
    lots: int
    donors: int
    cells: float
    donors_low: int
    donors_high: int


def vials_needed(dose_cell: float, vial_cells: float, recovered: float = 1.0) -> int:
    """Whole vials that hold a dose, computed without rounding.

    Parameters
    ----------
    dose_cell, vial_cells : float
        As they are written: 25.4e6 means exactly that [cell].
    recovered : float
        Share of the cells of a vial that can be given.

    Raises
    ------
    ValueError
        A number that is not above 0, or a share above 1.
    """
    if not (dose_cell > 0 and vial_cells > 0 and 0 < recovered <= 1):
        raise ValueError(f"no vials for {dose_cell}, {vial_cells}, {recovered}")
    return math.ceil(_exact(dose_cell) / (_exact(vial_cells) * _exact(recovered)))


def donation_yield(product: Product) -> DonationYield:
    """Follow one donation through its passages and banks to the vials of its lots.

    Each vial of a stage is grown alone and frozen in whole vials of the next. Every vial is
    grown on, so this is what a donation can give, not what anybody has made of one.

    Raises
    ------
    InputError
        If the product does not report what is needed, or cells would have to divide beyond
        where they stop.
    """
    made = _known(product)
    per_passage = made.doublings_per_passage.value or 0.0
    cells, vials, passage, doublings = made.primary_cells.value or 0.0, 1, 0, 0.0
    stages: list[StageYield] = []
    for stage in made.stages:
        passage += stage.passages
        doublings += stage.passages * per_passage
        grown = cells * 2 ** (stage.passages * per_passage) * (stage.kept.value or 0.0)
        size = _vial_cells(product, stage)
        each = math.floor(grown / size)
        vials *= each
        stages.append(StageYield(stage.id, passage, doublings, each, vials, size))
        cells = size
    _check_senescence(product, passage, doublings)
    low, high = _vial_range(made, vials)
    lots = stages[-2].vials if len(stages) > 1 else 1
    hours = doublings * (made.doubling_hour.value or 0.0)
    return DonationYield(
        made.primary_cells.value or 0.0, tuple(stages), lots, stages[-1].vials_each, vials,
        low, high, doublings, hours / HOURS_PER_DAY,
    )  # fmt: skip


def trial_need(product: Product, arms: Sequence[ArmNeed], found: DonationYield) -> TrialNeed:
    """Add up what the arms are given, in whole vials for every dose.

    Parameters
    ----------
    product : Product
    arms : sequence of ArmNeed
        Those that are given this product.
    found : DonationYield
    """
    recovered = product.recovered_fraction.value or 1.0
    size = _vial_cells(product, None)
    each = tuple(vials_needed(arm.dose_cell, size, recovered) for arm in arms)
    vials = sum(arm.patients * arm.doses * one for arm, one in zip(arms, each, strict=True))
    return TrialNeed(
        arms=tuple(arms),
        vials_per_dose=each,
        doses_per_donation=tuple(found.vials // one for one in each),
        doses=sum(arm.patients * arm.doses for arm in arms),
        vials=vials,
        lots=math.ceil(vials / max(found.vials_per_lot, 1)),
        donors=_donors(vials, found.vials),
        cells=sum(arm.patients * arm.doses * arm.dose_cell for arm in arms),
        donors_low=_donors(vials, found.vials_high),
        donors_high=_donors(vials, found.vials_low),
    )


def _donors(vials: int, each: float) -> int:
    return math.ceil(vials / max(each, 1.0))


def _exact(number: float) -> Fraction:
    """Return a number as it is written in decimals, not as it is stored in binary."""
    return Fraction(repr(float(number)))


def _known(product: Product) -> Manufacture:
    made = product.manufacture
    if made is None or not made.stages:
        raise _not_reported(product, "manufacture.stages")
    asked = ("primary_cells", "doublings_per_passage", "doubling_hour")
    for name in asked:
        if getattr(made, name).value is None:
            raise _not_reported(product, f"manufacture.{name}")
    return made


def _vial_cells(product: Product, stage: Stage | None) -> float:
    if stage is not None and stage.vial_cells is not None:
        return stage.vial_cells
    if product.vial is None or not product.vial.cells.value:
        raise _not_reported(product, "vial.cells")
    return product.vial.cells.value


def _not_reported(product: Product, key: str) -> InputError:
    message = f"product '{product.id}' does not report it, so its yield is not known"
    return InputError(Issue(product.file, None, key, message, "a number with its source"))


def _check_senescence(product: Product, passage: int, doublings: float) -> None:
    made = _known(product)
    limits = (
        ("senescence_passage", passage, made.senescence_passage.value, "passages"),
        ("senescence_doublings", doublings, made.senescence_doublings.value, "doublings"),
    )
    for name, reached, limit, unit in limits:
        if limit is not None and reached > limit:
            message = (
                f"the lot is at {reached:g} {unit}, where cells of '{product.id}' have stopped"
            )
            key = f"manufacture.{name}"
            raise InputError(Issue(product.file, None, key, message, f"at most {limit:g}"))


def _vial_range(made: Manufacture, vials: int) -> tuple[float, float]:
    """Ends of the vials of a donation: each range at its end, squares added on the log scale."""
    passages = sum(stage.passages for stage in made.stages)
    growth = passages * math.log(2)
    ranges: list[tuple[Ranged, bool]] = [(made.primary_cells, True)]
    ranges += [(stage.kept, True) for stage in made.stages]
    steps = [[_step(one, end, logarithmic) for one, logarithmic in ranges] for end in (0, 1)]
    for end in (0, 1):
        steps[end].append(growth * _step(made.doublings_per_passage, end, False))
    down, up = (math.hypot(*one) for one in steps)
    return vials * math.exp(-down), vials * math.exp(up)


def _step(number: Ranged, end: int, logarithmic: bool) -> float:
    """Return how far an end of a range is from its value, 0 where there is no range."""
    edge = (number.low, number.high)[end]
    if edge is None or number.value is None:
        return 0.0
    if not logarithmic:
        return abs(edge - number.value)
    return abs(math.log(edge / number.value)) if edge > 0 and number.value > 0 else 0.0
