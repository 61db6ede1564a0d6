"""A lot: an invented batch of vials of one product, with what is and is not reported of it."""

from dataclasses import dataclass

from funis.product.values import Product

Result = float | str


@dataclass(frozen=True, slots=True)
class Donation:
    """What was done with the donor of a cord: True, False, or None for not reported."""

    consent: bool | None
    screening: bool | None
    testing: bool | None


@dataclass(frozen=True, slots=True)
class Lot(Product):
    """A simulated lot, as the product that reaches a virtual patient.

    Viability, vehicle, hold and recovery are those of the lot where it reports them, else those of
    its product; ``unknown`` says which are not its own. ``id`` and ``name`` are those of the lot.

    Attributes
    ----------
    product : str
        Id of the product that it is a lot of.
    donation : Donation
    cords : int or None
        Donors whose cells are pooled in it.
    population_doublings : float or None
    vial_count : int or None
    hold_celsius, infusion_minute : float or None
        How thawed cells wait, and over how long they are infused.
    potency : float or None
        Fold of a usual lot.
    results : tuple of (str, number or word)
        Tests of release that were reported, each by its rule.
    unknown : tuple of str
        Fields of the way from vial to vein that are not reported.
    """

    product: str = ""
    donation: Donation = Donation(None, None, None)
    cords: int | None = None
    population_doublings: float | None = None
    vial_count: int | None = None
    hold_celsius: float | None = None
    infusion_minute: float | None = None
    potency: float | None = None
    results: tuple[tuple[str, Result], ...] = ()
    unknown: tuple[str, ...] = ()
