"""The closed schemas of the rules of release, of what widens a dose, and of tissues."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.product.schema import Name, NotNegative, Number, Text
from funis.product.values import Status

Group = Literal["donor", "identity", "quality", "safety", "expansion"]


class RuleSchema(StrictModel):
    """One rule of release."""

    text: Text
    group: Group
    unit: Text | None = None
    low: Number | None = None
    high: Number | None = None
    words: tuple[Text, ...] = ()
    expected: bool | Text | None = None
    source: Text

    @model_validator(mode="after")
    def _one_form(self) -> RuleSchema:
        limited = self.low is not None or self.high is not None
        if limited == (self.expected is not None):
            expected = "a limit (low, high), or what is expected"
            raise InputError(Issue(None, None, "low", "no rule, or two in one", expected))
        return self


class RulesSchema(StrictModel):
    """The file of rules."""

    release_rules: dict[Name, RuleSchema] = Field(min_length=1)


class SpreadSchema(StrictModel):
    """By how much a missing field widens the dose: standard deviation of its logarithm."""

    log_sd: NotNegative
    status: Status
    source: Text
    text: Text


class SolventSchema(StrictModel):
    """Dimethyl sulfoxide: its density, and the load that is usually accepted."""

    gram_per_ml: Annotated[float, Field(gt=0)]
    density_source: Text
    limit_mg_per_kg: Annotated[float, Field(gt=0)]
    limit_source: Text


class PotencySchema(StrictModel):
    """How the spread of potency divides between donors and lots."""

    donor_share: Annotated[float, Field(ge=0, le=1)]
    status: Status
    source: Text


class DeliverySchema(StrictModel):
    """The file of what widens a delivered dose."""

    spreads: dict[Name, SpreadSchema] = Field(min_length=1)
    potency: PotencySchema
    dmso: SolventSchema


class SeenSchema(StrictModel):
    """What was printed of one tissue, and where."""

    value: Text
    source: Text


class TissueSchema(StrictModel):
    """One quantity; null is unknown."""

    text: Text
    umbilical_cord: SeenSchema | None
    bone_marrow: SeenSchema | None
    adipose: SeenSchema | None


class TissuesSchema(StrictModel):
    """The file of tissues."""

    rows: dict[Name, TissueSchema]
