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

    def __post_init__(self) -> None:
        """Refuse viabilities that are out of order or out of range."""
        holds = [point.hold_minute for point in self.viability]
        if not holds or holds[0] != 0 or holds != sorted(set(holds)):
            raise ValueError("viability points start at thaw (0 minutes) and rise in time")
        shares = [point.viability.value or 0.0 for point in self.viability]
        if not all(0 <= share <= 1 for share in shares) or shares != sorted(shares, reverse=True):
            raise ValueError("viabilities lie between 0 and 1 and fall in time")
