"""The closed schema of a product file."""

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

    @model_validator(mode="after")
    def _in_time(self) -> "ProductSchema":
        holds = [point.hold_minute for point in self.viability]
        if not holds:
            raise _fault("viability", "is empty", "at least the viability at thaw")
        if holds[0] != 0:
            key = "viability[0].hold_minute"
            raise _fault(key, f"the first point is {holds[0]:g} minutes after thaw", "0")
        for index in range(1, len(holds)):
            if holds[index] <= holds[index - 1]:
                message = f"{holds[index]:g} after {holds[index - 1]:g} minutes"
                raise _fault(f"viability[{index}].hold_minute", message, "times that rise")
            if self.viability[index].value > self.viability[index - 1].value:
                raise _fault(f"viability[{index}].value", "viability rises", "values that fall")
        return self


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))
