"""The closed schema of a trial file and of a regimen file."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.protocol.analysis_schema import (
    FurtherSchema,
    MultiplicitySchema,
    SensitivitySchema,
)
from funis.protocol.design_schema import DesignSchema, MissingSchema
from funis.protocol.interim_schema import InterimSchema
from funis.protocol.values import (
    Control,
    CriterionVisit,
    Direction,
    IntercurrentEvent,
    Measure,
    Role,
    Scale,
    Strategy,
    Summary,
)
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY, canonical

PATIENTS_PER_SITE = 96  # mean placebo arm of 88 trials: 8,406 / 88 (ra_natural.yaml, acr20_meta88)


def _day(value: Any) -> Any:
    """Days, from a number or from text with a unit such as ``4 weeks``."""
    is_amount = isinstance(value, str) and any(character.isalpha() for character in value)
    return canonical(value, "day") if is_amount else value


def _not_empty(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not items:
        raise _fault("is empty", "at least 1 item")
    return items


NOT_EMPTY = AfterValidator(_not_empty)  # min_length would also count the items that failed
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Day = Annotated[NotNegative, BeforeValidator(_day)]
Interval = Annotated[Positive, BeforeValidator(_day)]
BeforeDayZero = Annotated[float, Field(lt=0, allow_inf_nan=False), BeforeValidator(_day)]


class ScheduleSchema(StrictModel):
    """Days of the doses, and how long each lasts."""

    days: Annotated[tuple[Day, ...], NOT_EMPTY] | None = None
    start_day: Day | None = None
    every_day: Interval | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    duration_day: Interval | None = None
    duration_week: Positive | None = None
    duration_minute: Annotated[int, Field(ge=1)] | None = None
    continuous: bool = False

    @model_validator(mode="after")
    def _one_form(self) -> "ScheduleSchema":
        repeats = (self.start_day, self.every_day, self.times)
        if self.days is not None and any(part is not None for part in repeats):
            raise _fault("days stand beside start_day, every_day or times", "one of the two forms")
        if self.days is None and self.start_day is None and self.every_day is None:
            raise _fault("no days", "days: [0, 28], or start_day with every_day and times")
        if (self.every_day is None) != (self.times is None):
            raise _fault("every_day and times stand together", "both, e.g. every_day: 28, times: 4")
        if self.days is not None and list(self.days) != sorted(self.days):
            shown = ", ".join(f"{day:g}" for day in self.days)
            raise _fault(f"days out of order: {shown}", "days that rise", "days")
        durations = (self.duration_day, self.duration_week, self.duration_minute)
        if sum(part is not None for part in durations) + self.continuous > 1:
            raise _fault(
                "several durations",
                "one of duration_day, duration_week, duration_minute, continuous: true",
            )
        return self

    def start_days(self) -> tuple[float, ...]:
        """Start of every dose [day]."""
        if self.days is not None:
            return self.days
        start = self.start_day or 0.0
        return tuple(start + index * (self.every_day or 0.0) for index in range(self.times or 1))

    def length_day(self) -> float | None:
        """Length of every dose, None when the file does not say [day]."""
        if self.continuous:
            return float("inf")
        if self.duration_week is not None:
            return self.duration_week * DAYS_PER_WEEK
        if self.duration_minute is not None:
            return self.duration_minute / MINUTES_PER_DAY
        return self.duration_day


class InterventionSchema(StrictModel):
    """A product with cells and a route, a drug with a multiple of its standard dose, or a sham."""

    id: Name | None = None
    product: Name | None = None
    drug: Name | None = None
    dose_cell: Positive | None = None
    dose_cell_per_kg: Positive | None = None
    dose: Positive | None = None
    route: Name | None = None
    sham: bool = False
    lot: Name | None = None
    allow_failed_lot: bool = False
    schedule: ScheduleSchema

    @model_validator(mode="after")
    def _product_or_drug(self) -> "InterventionSchema":
        if self.sham:
            self._check_sham()
            return self
        if self.product is not None and self.drug is not None:
            raise _fault("product and drug stand together", "one of them in each intervention")
        if self.product is None and self.drug is None:
            raise _fault("neither product nor drug", "one of them")
        if self.product is not None:
            self._check_product()
        else:
            self._check_drug()
        if self.allow_failed_lot and self.lot is None:
            raise _fault("allow_failed_lot without a lot", "lot, a simulated lot of the product")
        return self

    def _check_sham(self) -> None:
        given = (self.product, self.drug, self.dose_cell, self.dose_cell_per_kg, self.dose)
        if any(part is not None for part in (*given, self.lot)):
            raise _fault("a sham with a product, drug or dose", "a route and a schedule alone")
        if self.route is None:
            raise _fault("a sham without a route", "route, e.g. it")
        if self.schedule.length_day() is not None:
            raise _fault("a sham with a duration", "days, or start_day, every_day, times")

    def _check_product(self) -> None:
        if self.dose is not None:
            raise _fault("dose is for drugs", "dose_cell or dose_cell_per_kg for a product")
        if (self.dose_cell is None) == (self.dose_cell_per_kg is None):
            both = "neither" if self.dose_cell is None else "both"
            raise _fault(f"{both} of dose_cell and dose_cell_per_kg", "exactly one of them")
        if self.route is None:
            raise _fault("a product without a route", "route, e.g. iv")
        if self.schedule.continuous:
            raise _fault("a product cannot be continuous", "days, or start_day, every_day, times")

    def _check_drug(self) -> None:
        if self.lot is not None:
            raise _fault("a drug with a lot", "a lot of a product")
        if self.dose is None or self.dose_cell is not None or self.dose_cell_per_kg is not None:
            raise _fault("a drug without a dose", "dose, a multiple of the standard dose")
        if self.schedule.length_day() is None:
            raise _fault("a drug without a duration", "duration_day, duration_week or continuous")


class CriterionSchema(StrictModel):
    """An entry condition by name."""

    id: Name
    expression: str
    visits: Annotated[tuple[CriterionVisit, ...], NOT_EMPTY]
    source: str | None = None


class PopulationSchema(StrictModel):
    """Criteria and numbers of patients."""

    criteria: tuple[CriterionSchema, ...] = ()
    patients_per_arm: Annotated[int, Field(ge=1)]
    patients_per_site: Annotated[int, Field(ge=1)] = PATIENTS_PER_SITE
    screening_day: BeforeDayZero = -14.0
    run_in_week: Positive = 10.0


class ArmSchema(StrictModel):
    """One arm."""

    id: Name
    label: str
    control: Control | None = None
    reference: bool = False
    interventions: tuple[InterventionSchema, ...] = ()
    structures: tuple[Name, ...] = ()
    scenario: dict[Name, Finite] = Field(default_factory=dict)


class VisitsSchema(StrictModel):
    """Visits by week."""

    weeks: tuple[NotNegative, ...]


class EndpointSchema(StrictModel):
    """An endpoint at a week."""

    endpoint: Name
    week: NotNegative
    measure: Measure
    role: Role
    method: Name | None = None
    strata: tuple[Name, ...] = ()
    hierarchy: tuple[Name, ...] = ()


class EstimandSchema(StrictModel):
    """What is estimated."""

    treatment: str
    population: str
    variable: str
    summary: Summary
    intercurrent_events: dict[IntercurrentEvent, Strategy]
    continuous_events: dict[IntercurrentEvent, Strategy] = Field(default_factory=dict)


class SuccessSchema(StrictModel):
    """The decision rule."""

    endpoint: Name
    week: NotNegative
    arms: Annotated[tuple[Name, ...], NOT_EMPTY]
    reference: Name | None = None
    measure: Summary
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    direction: Direction
    minimal_difference: NotNegative = 0.0
    method: Name | None = None
    multiplicity: MultiplicitySchema | None = None
    further: tuple[FurtherSchema, ...] = ()


class DropoutSchema(StrictModel):
    """Constant hazard of leaving the trial."""

    rate_per_year: NotNegative
    arms: dict[Name, NotNegative] = Field(default_factory=dict)
    source: str | None = None


class ActionSchema(StrictModel):
    """What a rule does."""

    give: tuple[InterventionSchema, ...] = ()
    stop: Annotated[tuple[Name, ...], NOT_EMPTY] | Literal["all"] = ()
    rescue: bool = False
    withdraw: bool = False


class RuleSchema(StrictModel):
    """A decision at visits."""

    id: Name
    arms: Annotated[tuple[Name, ...], NOT_EMPTY] | Literal["all"] = "all"
    visits: Annotated[tuple[NotNegative, ...], NOT_EMPTY] | Literal["all"] = "all"
    when: str
    action: ActionSchema
    at_most: Annotated[int, Field(ge=1)] | None = None
    min_gap_week: NotNegative = 0.0
    chance: Annotated[float, Field(gt=0, le=1)] = 1.0
    source: str | None = None


class ProtocolSchema(StrictModel):
    """A trial file."""

    id: Name
    title: str
    disease: Name
    seed: Annotated[int, Field(ge=0)]
    population: PopulationSchema
    arms: tuple[ArmSchema, ...]
    visits: VisitsSchema
    endpoints: tuple[EndpointSchema, ...]
    estimand: EstimandSchema
    success: SuccessSchema | None = None
    dropout: DropoutSchema
    rules: tuple[RuleSchema, ...] = ()
    structures: tuple[Name, ...] = ()
    scenario: dict[Name, Finite] = Field(default_factory=dict)
    design: DesignSchema | None = None
    missing: tuple[MissingSchema, ...] = ()
    sensitivity: tuple[SensitivitySchema, ...] = ()
    source: str | None = None
    interim: InterimSchema | None = None


class RangeSchema(StrictModel):
    """Within what a value is not known."""

    low: Finite
    high: Finite
    scale: Scale

    @model_validator(mode="after")
    def _wide(self) -> "RangeSchema":
        if not self.low < self.high:
            raise _fault(f"{self.low:g} to {self.high:g} is no range", "low below high")
        return self


class StructureSchema(StrictModel):
    """A form of the model."""

    title: str
    question: str
    default: str
    parameters: dict[Name, Finite]
    sources: Annotated[tuple[str, ...], NOT_EMPTY]
    ranges: dict[Name, RangeSchema] = Field(default_factory=dict)
    note: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "StructureSchema":
        if not self.parameters:
            raise _fault("sets no parameter", "at least one", "parameters")
        for name, span in self.ranges.items():
            value = self.parameters.get(name)
            if value is None or not span.low <= value <= span.high:
                raise _fault(f"the range of '{name}' does not hold its value", "one that does")
        return self


class StructuresSchema(StrictModel):
    """A file of structures."""

    structures: dict[Name, StructureSchema]


class VariantSchema(StrictModel):
    """One dose and schedule of a regimen."""

    id: Name
    label: str
    interventions: Annotated[tuple[InterventionSchema, ...], NOT_EMPTY]
    note: str | None = None


class RegimenSchema(StrictModel):
    """A regimen file of the library."""

    id: Name
    title: str
    disease: Name
    kind: Literal["advertised", "published"]
    variants: Annotated[tuple[VariantSchema, ...], NOT_EMPTY]
    source: str
    note: str | None = None


def _fault(message: str, expected: str, key: str | None = None) -> InputError:
    return InputError(Issue(None, None, key, message, expected))
