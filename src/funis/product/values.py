"""A cell product as a frozen value, described along the DOSES statement.

DOSES: donor, origin, separation, exhibited characteristics, site of delivery (the last is the
route of an intervention, not of a product).
"""

from dataclasses import dataclass, field
from typing import Literal

Tissue = Literal["umbilical_cord", "bone_marrow", "adipose", "placenta", "cord_blood", "other"]
Status = Literal["measured", "derived", "calibrated", "assumed", "not_reported"]
Comparison = Literal["higher", "lower", "not_settled"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and where it comes from; None is "not reported".

    ``sd`` is the spread that the source gives, in the same unit.
    """

    value: float | None
    unit: str
    status: Status
    source: str | None = None
    sd: float | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse a number without a source, and a status that does not fit."""
        if (self.value is None) != (self.status == "not_reported"):
            raise ValueError("a value is missing exactly when its status is not_reported")
        if self.status in ("measured", "derived") and not self.source:
            raise ValueError(f"a {self.status} value needs a source")


@dataclass(frozen=True, slots=True)
class Ranged(Quantity):
    """A number with the range within which it is believed to lie."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Vial:
    """One frozen vial.

    Attributes
    ----------
    cells : Ranged
        Cells, living and dead.
    volume_ml : Ranged
    dmso_percent : Ranged
        Dimethyl sulfoxide, volume in volume.
    """

    cells: Ranged
    volume_ml: Ranged
    dmso_percent: Ranged


@dataclass(frozen=True, slots=True)
class Stage:
    """A bank, or the lot: cells grown over some passages and frozen in vials.

    Attributes
    ----------
    id : str
    passages : int
        Passages from the vials of the stage before.
    kept : Ranged
        Share of the grown cells that is left after harvest, tests, freezing and thawing.
    vial_cells : float or None
        Cells in one vial; None is the vial of the product [cell].
    """

    id: str
    passages: int
    kept: Ranged
    vial_cells: float | None = None


@dataclass(frozen=True, slots=True)
class Manufacture:
    """From one donation to lots; what was not seen is not reported.

    Attributes
    ----------
    primary_cells : Ranged
        Cells of one donation after the first culture [cell].
    doublings_per_passage, doubling_hour : Ranged
        Population doublings of one passage, and the time of each.
    senescence_passage, senescence_doublings : Ranged
        Where growth ends.
    stages : tuple of Stage
        Banks in order, the lot last.
    """

    primary_cells: Ranged
    doublings_per_passage: Ranged
    doubling_hour: Ranged
    senescence_passage: Ranged
    senescence_doublings: Ranged
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class ViabilityPoint:
    """Share of living cells at one time after thaw."""

    hold_minute: float
    viability: Quantity


@dataclass(frozen=True, slots=True)
class ReleaseCriterion:
    """A limit of release and the value of this product, which may not be reported.

    Values from ``low`` to ``high`` pass.
    """

    id: str
    value: Quantity
    low: float | None
    high: float | None
    source: str

    @property
    def verdict(self) -> Literal["pass", "fail", "not_reported"]:
        """Whether the value lies within the limits."""
        value = self.value.value
        if value is None:
            return "not_reported"
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return "pass" if above and below else "fail"


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a ratio that sources do not settle: a log-normal, never drawn by a trial.

    Attributes
    ----------
    median : float
        Fold of the other tissue; 1 is no difference.
    log_sd : float
        Standard deviation of its logarithm.
    """

    median: float
    log_sd: float
    status: Status
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A sourced comparison with another tissue; ``not_settled`` where sources disagree."""

    quantity: str
    against: Tissue
    direction: Comparison
    source: str
    note: str | None = None
    prior: Prior | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A cell product from donor to vial.

    Attributes
    ----------
    id, name : str
    tissue : str
        Origin; a cell source is written out, never shortened.
    allogeneic : bool
    donor, separation, culture : str or None
        DOSES fields as text; None is not reported.
    passage : Quantity
        Passage at harvest.
    cryopreserved : bool
    vehicle : str
        Fluid in which thawed cells wait and are infused.
    viability : tuple of ViabilityPoint
        From thaw on, by rising hold time.
    hold_minute : Quantity
        Usual time from thaw to vein [minute].
    recovered_fraction : Quantity
        Share of the cells in the vial that reach the vein.
    release : tuple of ReleaseCriterion
    differences : tuple of Difference
    vial, manufacture : or None
        What no simulated number depends on, so that neither enters a hash.
    """

    id: str
    name: str
    tissue: Tissue
    allogeneic: bool
    donor: str | None
    separation: str | None
    culture: str | None
    passage: Quantity
    cryopreserved: bool
    vehicle: str
    viability: tuple[ViabilityPoint, ...]
    hold_minute: Quantity
    recovered_fraction: Quantity
    release: tuple[ReleaseCriterion, ...] = ()
    differences: tuple[Difference, ...] = ()
    note: str | None = None
    file: str | None = field(default=None, compare=False)
    vial: Vial | None = field(default=None, compare=False, repr=False)
    manufacture: Manufacture | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse viabilities that are out of order or out of range."""
        holds = [point.hold_minute for point in self.viability]
        if not holds or holds[0] != 0 or holds != sorted(set(holds)):
            raise ValueError("viability points start at thaw (0 minutes) and rise in time")
        shares = [point.viability.value or 0.0 for point in self.viability]
        if not all(0 <= share <= 1 for share in shares) or shares != sorted(shares, reverse=True):
            raise ValueError("viabilities lie between 0 and 1 and fall in time")
