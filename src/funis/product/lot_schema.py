"""The closed schema of a lot file; every value in it is invented."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from funis.checks import StrictModel
from funis.product.schema import Fraction, Name, NotNegative, Number, Text, check_in_time

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DonationSchema(StrictModel):
    """What was done with the donor; null is not reported."""

    consent: bool | None
    screening: bool | None
    testing: bool | None


class LotVialSchema(StrictModel):
    """The vials of a lot; null is not reported."""

    count: Count | None
    cells: Positive | None
    volume_ml: Positive | None
    dmso_percent: Annotated[float, Field(ge=0, le=100)] | None


class PointSchema(StrictModel):
    """Share of living cells at one time after thaw."""

    hold_minute: NotNegative
    value: Fraction
    sd: NotNegative | None = None


class LotSchema(StrictModel):
    """A lot file."""

    id: Name
    name: Text
    simulated: Literal[True]
    product: Name
    donation: DonationSchema
    cords: Count | None
    passage: NotNegative | None
    population_doublings: NotNegative | None
    vials: LotVialSchema
    viability: tuple[PointSchema, ...] | None
    vehicle: Text | None
    hold_minute: NotNegative | None
    hold_celsius: Annotated[float, Field(ge=-20, le=45)] | None
    infusion_minute: NotNegative | None
    recovered_fraction: Annotated[float, Field(gt=0, le=1)] | None
    potency: NotNegative | None
    results: dict[Name, Number | Text] = Field(default_factory=dict)
    note: Text | None = None

    @model_validator(mode="after")
    def _in_time(self) -> "LotSchema":
        if self.viability is not None:
            check_in_time([(point.hold_minute, point.value) for point in self.viability])
        return self
