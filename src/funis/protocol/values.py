"""The parts of a trial protocol as frozen values: they declare, they never run."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from funis.checks import Expression
from funis.protocol.analyses import (
    METHOD_USES,
    RATIOS,
    TIME_METHODS,
    FurtherEndpoint,
    MethodSummary,
    Multiplicity,
)

Control = Literal["placebo", "standard_of_care"]
CriterionVisit = Literal["screening", "baseline"]
Measure = Literal["responder", "change", "value", "rate"]
Role = Literal["primary", "secondary", "exploratory"]
IntercurrentEvent = Literal["discontinuation", "rescue"]
Strategy = Literal["composite", "treatment_policy", "hypothetical", "while_on_treatment"]
Summary = MethodSummary
Direction = Literal["greater", "less"]

Scale = Literal["linear", "log"]

LATE: Mapping[str, bool] = {"late": True}
"""Metadata of a field that was added later: at its default it does not enter the hash."""

Value = TypeVar("Value")

SUMMARY_OF: Mapping[Measure, Summary] = {
    "responder": "difference_in_proportions",
    "change": "difference_in_means",
    "value": "difference_in_means",
    "rate": "rate_ratio",
}
"""How two arms are compared in an endpoint, by its measure."""

SUFFIXES: Mapping[str, str] = {"change": "_change", "rate": "_rate"}
"""What the key of an endpoint in results adds to its name, by measure."""

ALL = "all"
"""Every arm of a rule, or every intervention that it stops."""

CONTINUOUS = math.inf
"""Duration of a drug that is given without a break until the trial ends [day]."""


class FrozenMapping(Mapping[str, Value]):
    """A mapping that cannot be changed, can be hashed and can be sent to another process."""

    __slots__ = ("_items",)
    _items: dict[str, Value]

    def __init__(self, items: Mapping[str, Value] | None = None) -> None:
        """Copy the items."""
        object.__setattr__(self, "_items", dict(items or {}))

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse any change."""
        raise AttributeError("a FrozenMapping cannot be changed")

    def __getitem__(self, key: str) -> Value:
        """Value of a key."""
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys in order."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._items)

    def __hash__(self) -> int:
        """Hash of the items, in any order."""
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        """Show it as a dictionary."""
        return repr(self._items)

    def __reduce__(self) -> tuple[type["FrozenMapping[Value]"], tuple[dict[str, Value]]]:
        """Pickle it as its items."""
        return FrozenMapping, (self._items,)


@dataclass(frozen=True, slots=True)
class Intervention:
    """One product or drug, its amount, route and days.

    Attributes
    ----------
    id : str
        Name that rules and dose tables use.
    product, drug : str or None
        The cell product, or the class of drug; exactly one is set.
    dose_cell, dose_cell_per_kg : float or None
        Cells (viable and dead) of one dose, in total or per kg of body weight.
    dose : float or None
        Multiple of the drug's standard dose.
    route : str or None
        Route of a product, which is also the input of the disease model that receives it.
    days : tuple of float
        Starts of the doses, relative to randomisation or to the visit of a rule [day].
    duration_day : float
        Length of each dose; 0 is a bolus, ``CONTINUOUS`` lasts until the trial ends [day].
    sham : bool
        Whether the procedure of the route is done without any cells or drug.
    lot : str or None
        The simulated lot of the product that is given; None is the product as it usually is.
    allow_failed_lot : bool
        Whether a lot that fails release is given all the same.
    """

    id: str
    product: str | None = None
    drug: str | None = None
    dose_cell: float | None = None
    dose_cell_per_kg: float | None = None
    dose: float | None = None
    route: str | None = None
    days: tuple[float, ...] = (0.0,)
    duration_day: float = 0.0
    sham: bool = field(default=False, metadata=LATE)
    lot: str | None = field(default=None, metadata=LATE)
    allow_failed_lot: bool = field(default=False, metadata=LATE)

    def __post_init__(self) -> None:
        """Refuse an intervention that could not be given."""
        if self.sham:
            self._check_sham()
        else:
            self._check_given()
        if not self.days or not all(0 <= day < math.inf for day in self.days):
            raise ValueError(f"intervention {self.id}: expected days of 0 or later")
        if not self.duration_day >= 0 or (self.drug is not None and self.duration_day == 0):
            raise ValueError(f"intervention {self.id}: expected a duration above 0 for a drug")

    def _check_sham(self) -> None:
        given = (self.product, self.drug, self.dose_cell, self.dose_cell_per_kg, self.dose)
        if not self.route or any(part is not None for part in given):
            raise ValueError(f"intervention {self.id}: a sham has a route and days alone")

    def _check_given(self) -> None:
        amounts = [a for a in (self.dose_cell, self.dose_cell_per_kg, self.dose) if a is not None]
        if (self.product is None) == (self.drug is None):
            raise ValueError(f"intervention {self.id}: expected a product or a drug, not both")
        if (self.drug is None) == (self.dose is not None) or len(amounts) != 1:
            raise ValueError(
                f"intervention {self.id}: expected one of dose_cell, dose_cell_per_kg (product) "
                "or dose (drug)"
            )
        if not (0 < amounts[0] < math.inf):
            raise ValueError(f"intervention {self.id}: expected a dose above 0, got {amounts[0]}")
        if self.product is not None and not self.route:
            raise ValueError(f"intervention {self.id}: a product needs a route")
        if self.lot is not None and self.product is None:
            raise ValueError(f"intervention {self.id}: a lot is one of a product")

    @property
    def input(self) -> str:
        """Input of the disease model that this intervention feeds: the route, or the drug."""
        return (self.route or "") if self.drug is None else self.drug

    @property
    def supply(self) -> str | None:
        """What the cells are taken from: the lot, or the product as it usually is."""
        return self.product if self.lot is None else self.lot

    @property
    def per_kg(self) -> bool:
        """Whether the dose scales with body weight."""
        return self.dose_cell_per_kg is not None


@dataclass(frozen=True, slots=True)
class Structure:
    """A form of the model that published data do not settle: what it sets, and why it stands.

    Attributes
    ----------
    id, title, question : str
        Its name in a trial file, what it says, and the question that it answers otherwise.
    default : str
        What the model says without it.
    parameters : mapping
        Parameters that it sets.
    sources : tuple of str
    ranges : mapping
        Parameter -> (low, high, scale) within which its value is not known.
    note : str or None
        What it does not do, and how far it is shown.
    """

    id: str
    title: str
    question: str
    default: str
    parameters: FrozenMapping[float]
    sources: tuple[str, ...]
    ranges: FrozenMapping[tuple[float, float, Scale]] = field(default_factory=FrozenMapping)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: what is given, and which assumptions of the model are changed for it.

    ``structures`` are forms of the model by name; ``scenario`` replaces model parameters one by
    one, e.g. ``{"potency": 0.0}``. Both act in this arm alone.
    """

    id: str
    label: str
    control: Control | None = None
    reference: bool = False
    interventions: tuple[Intervention, ...] = ()
    scenario: FrozenMapping[float] = field(default_factory=FrozenMapping)
    structures: tuple[Structure, ...] = ()

    @property
    def altered(self) -> bool:
        """Whether assumptions of the model are changed for this arm."""
        return bool(self.scenario or self.structures)


@dataclass(frozen=True, slots=True)
class Criterion:
    """An entry condition that has to hold at the visits named."""

    id: str
    expression: Expression
    visits: tuple[CriterionVisit, ...]
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """Who is enrolled, how many, and how screening works.

    Attributes
    ----------
    criteria : tuple of Criterion
    patients_per_arm : int
    patients_per_site : int
        Patients that share one site's random effect.
    screening_day : float
        Day of the screening visit, before day 0 [day].
    run_in_week : float
        Time for which untreated disease fluctuates before screening [week].
    """

    criteria: tuple[Criterion, ...]
    patients_per_arm: int
    patients_per_site: int
    screening_day: float
    run_in_week: float


@dataclass(frozen=True, slots=True)
class Visits:
    """Weeks of the visits after randomisation; week 0 is the baseline visit."""

    weeks: tuple[float, ...]

    @property
    def last_week(self) -> float:
        """Week of the last visit, where the trial ends."""
        return self.weeks[-1]


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """An endpoint of the disease at one week, as it is measured and the part it plays.

    Attributes
    ----------
    method : str or None
        How arms are compared; None is the default of the measure.
    strata : tuple of str
        Columns of the subjects, or conditions and numbers at baseline, that the method adjusts
        for; a number with many values is cut at its median.
    hierarchy : tuple of str
        Of a win ratio: endpoints that are compared before this one, the most important first.
    """

    endpoint: str
    week: float
    measure: Measure
    role: Role
    method: str | None = field(default=None, metadata=LATE)
    strata: tuple[str, ...] = field(default=(), metadata=LATE)
    hierarchy: tuple[str, ...] = field(default=(), metadata=LATE)

    @property
    def key(self) -> str:
        """Name in results: ``ACR20@12``, ``haq_change@12``, ``FLARES_rate@52``, ``CDP_time@96``."""
        suffix = "_time" if self.of_time else SUFFIXES.get(self.measure, "")
        return f"{self.endpoint}{suffix}@{self.week:g}"

    @property
    def of_time(self) -> bool:
        """Whether the time to the first visit that meets it is analysed."""
        return self.method in TIME_METHODS

    @property
    def summary(self) -> Summary:
        """How two arms are compared."""
        known = METHOD_USES.get(self.method or "")
        return SUMMARY_OF[self.measure] if known is None else known[1]


@dataclass(frozen=True, slots=True)
class Estimand:
    """What the trial estimates, fixed before it runs (ICH E9(R1)).

    ``intercurrent_events`` holds the strategy for responders, ``continuous_events`` the one for
    endpoints with a mean, where a composite value does not exist.
    """

    treatment: str
    population: str
    variable: str
    summary: Summary
    intercurrent_events: FrozenMapping[Strategy]
    continuous_events: FrozenMapping[Strategy]


@dataclass(frozen=True, slots=True)
class Success:
    """The decision rule: arms better than the reference by more than ``minimal_difference``.

    For a ratio that is what it differs from 1 by. ``method`` replaces that of the endpoint;
    ``further`` endpoints are asked of the same arms. With ``multiplicity`` p values are adjusted
    over all arms of the first endpoint, then of the further ones.
    """

    endpoint: str
    week: float
    arms: tuple[str, ...]
    reference: str
    measure: Summary
    alpha: float
    direction: Direction
    minimal_difference: float
    method: str | None = field(default=None, metadata=LATE)
    multiplicity: Multiplicity | None = field(default=None, metadata=LATE)
    further: tuple[FurtherEndpoint, ...] = field(default=(), metadata=LATE)

    @property
    def null(self) -> float:
        """What the measure is without any effect."""
        return 1.0 if self.measure in RATIOS else 0.0


@dataclass(frozen=True, slots=True)
class Dropout:
    """Constant hazard of leaving the trial, for all arms and for those that differ [1/year]."""

    rate_per_year: float
    arms: FrozenMapping[float]
    source: str | None = None

    def rate(self, arm: str) -> float:
        """Hazard of one arm [1/year]."""
        return self.arms.get(arm, self.rate_per_year)


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule does at a visit where it fires.

    Attributes
    ----------
    give : tuple of Intervention
        Days count from the visit.
    stop : tuple of str
        Ids of interventions that end at the visit; ``("all",)`` ends everything given so far.
    rescue : bool
        Whether firing is the intercurrent event ``rescue``.
    withdraw : bool
        Whether the patient leaves the trial: the intercurrent event ``discontinuation``.
    """

    give: tuple[Intervention, ...] = ()
    stop: tuple[str, ...] = ()
    rescue: bool = False
    withdraw: bool = field(default=False, metadata=LATE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A decision at visits, as data: when ``when`` holds for a patient, do ``action``.

    Attributes
    ----------
    id : str
    arms : tuple of str
        Arms the rule applies to; ``("all",)`` is every arm.
    weeks : tuple of float
        Visits at which it is asked [week]; empty means every visit after baseline.
    when : Expression
        Over components, scores, responders, ``week`` and ``doses_given``.
    action : Action
    at_most : int or None
        Times it may fire for one patient; None is without limit.
    min_gap_week : float
        Least time between two firings for one patient [week].
    source : str or None
    chance : float
        Probability that it fires where it holds.
    """

    id: str
    arms: tuple[str, ...]
    weeks: tuple[float, ...]
    when: Expression
    action: Action
    at_most: int | None = None
    min_gap_week: float = 0.0
    source: str | None = None
    chance: float = field(default=1.0, metadata=LATE)

    def applies_to(self, arm: str) -> bool:
        """Whether the rule is asked for patients of ``arm``."""
        return self.arms == (ALL,) or arm in self.arms

    def asked_at(self, week: float) -> bool:
        """Whether the rule is asked at the visit of ``week``."""
        return week in self.weeks if self.weeks else week > 0
