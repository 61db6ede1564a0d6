"""The closed schema of a product file."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.product.values import Comparison, Status, Tissue

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveFraction = Annotated[float, Field(gt=0, le=1)]


class SourcedSchema(StrictModel):
    """Where a number comes from."""

    value: Number | None
    unit: Text
    status: Status
    source: Text | None = None
    sd: NotNegative | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _sourced(self) -> "SourcedSchema":
        if self.value is None and self.status != "not_reported":
            raise _fault("value", f"no value, yet its status is {self.status}", "not_reported")
        if self.value is not None and self.status == "not_reported":
            raise _fault("value", "a value that is not reported", "null, or another status")
        if self.status in ("measured", "derived") and self.source is None:
            raise _fault("source", f"a {self.status} value without a source", "a source")
        return self


class NotNegativeSchema(SourcedSchema):
    """A number of at least 0."""

    value: NotNegative | None


class RangedSchema(NotNegativeSchema):
    """A number of at least 0 with the range within which it is believed to lie."""

    low: NotNegative | None = None
    high: NotNegative | None = None

    @model_validator(mode="after")
    def _within(self) -> "RangedSchema":
        low, value, high = self.low, self.value, self.high
        known = [number for number in (low, value, high) if number is not None]
        if known != sorted(known):
            raise _fault("value", "the range does not hold it", "low, value and high that rise")
        return self


class VialSchema(StrictModel):
    """One frozen vial."""

    cells: RangedSchema
    volume_ml: RangedSchema
    dmso_percent: RangedSchema

    @model_validator(mode="after")
    def _possible(self) -> "VialSchema":
        for name in ("cells", "volume_ml"):
            if getattr(self, name).value == 0:
                raise _fault(f"{name}.value", "a vial with none", "a number above 0, or null")
        if (self.dmso_percent.value or 0) > 100 or (self.dmso_percent.high or 0) > 100:
            raise _fault("dmso_percent.value", "above 100 percent", "0 to 100")
        return self


class StageSchema(StrictModel):
    """A bank, or the lot."""

    id: Name
    passages: Annotated[int, Field(ge=1)]
    kept: RangedSchema
    vial_cells: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class ManufactureSchema(StrictModel):
    """From one donation to lots."""

    primary_cells: RangedSchema
    doublings_per_passage: RangedSchema
    doubling_hour: RangedSchema
    senescence_passage: RangedSchema
    senescence_doublings: RangedSchema
    stages: tuple[StageSchema, ...] = ()

    @model_validator(mode="after")
    def _vials(self) -> "ManufactureSchema":
        for index, stage in enumerate(self.stages):
            last = index + 1 == len(self.stages)
            if last != (stage.vial_cells is None):
                key = f"stages[{index}].vial_cells"
                raise _fault(key, "only the last stage fills vials of the product", "a number")
        return self


class ViabilitySchema(SourcedSchema):
    """Share of living cells at one time after thaw."""

    hold_minute: NotNegative
    value: Fraction


class RecoveredSchema(SourcedSchema):
    """Share of the cells that reach the vein."""

    value: PositiveFraction


class ReleaseSchema(SourcedSchema):
    """A limit of release."""

    low: Number | None = None
    high: Number | None = None
    limit_source: Text

    @model_validator(mode="after")
    def _limited(self) -> "ReleaseSchema":
        if self.low is None and self.high is None:
            raise _fault("low", "a release criterion without a limit", "low, high or both")
        return self


class PriorSchema(StrictModel):
    """A log-normal ratio."""

    median: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    log_sd: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    status: Status
    note: Text | None = None


class DifferenceSchema(StrictModel):
    """A comparison with another tissue."""

    quantity: Name
    against: Tissue
    direction: Comparison
    source: Text
    note: Text | None = None
    prior: PriorSchema | None = None

    @model_validator(mode="after")
    def _open(self) -> "DifferenceSchema":
        if self.prior is not None and self.direction != "not_settled":
            raise _fault("prior", "a prior of what is settled", "direction: not_settled")
        return self


class ProductSchema(StrictModel):
    """A product file."""

    id: Name
    name: Text
    tissue: Tissue
    allogeneic: bool
    donor: Text | None
    separation: Text | None
    culture: Text | None
    passage: NotNegativeSchema
    cryopreserved: bool
    vehicle: Text
    viability: tuple[ViabilitySchema, ...]
    hold_minute: NotNegativeSchema
    recovered_fraction: RecoveredSchema
    release: dict[Name, ReleaseSchema] = Field(default_factory=dict)
    differences: tuple[DifferenceSchema, ...] = ()
    note: Text | None = None
    vial: VialSchema | None = None
    manufacture: ManufactureSchema | None = None

    @model_validator(mode="after")
    def _in_time(self) -> "ProductSchema":
        check_in_time([(point.hold_minute, point.value) for point in self.viability])
        return self


def check_in_time(points: Sequence[tuple[float, float]]) -> None:
    """Refuse viabilities (minute, share) that do not start at thaw, or are out of order.

    Raises
    ------
    InputError
        The first fault, with its key.
    """
    if not points:
        raise _fault("viability", "is empty", "at least the viability at thaw")
    if points[0][0] != 0:
        key = "viability[0].hold_minute"
        raise _fault(key, f"the first point is {points[0][0]:g} minutes after thaw", "0")
    for index, ((before, more), (after, less)) in enumerate(pairwise(points), start=1):
        if after <= before:
            message = f"{after:g} after {before:g} minutes"
            raise _fault(f"viability[{index}].hold_minute", message, "times that rise")
        if less > more:
            raise _fault(f"viability[{index}].value", "viability rises", "values that fall")


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))
