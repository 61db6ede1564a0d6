"""The closed schema of the blocks ``design`` and ``missing`` of a trial file."""

from typing import Annotated

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.protocol.designs import (
    AllocationMethod,
    EscalationMethod,
    Kind,
    Lost,
    Masking,
    Mechanism,
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AllocationSchema(StrictModel):
    """How patients are randomised."""

    ratio: dict[Name, Whole] = Field(default_factory=dict)
    method: AllocationMethod = "permuted_block"
    block: Whole | None = None
    strata: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _blocked(self) -> "AllocationSchema":
        if self.method == "complete" and self.block is not None:
            raise _fault("block", "complete randomisation has no blocks", "no block")
        if self.method == "complete" and self.strata:
            raise _fault("strata", "complete randomisation has no strata", "permuted_block")
        return self


class EnrolmentSchema(StrictModel):
    """How patients arrive."""

    patients_per_month: Positive
    sites: Whole
    start_up_week: NotNegative = 0.0


class HoldSchema(StrictModel):
    """Time from thaw to infusion between sites."""

    mean: Positive
    sd: NotNegative


class SitesSchema(StrictModel):
    """In what sites differ."""

    hold_minute: HoldSchema | None = None
    missed_rate: Share = 0.0
    halved_rate: Share = 0.0
    source: Text

    @model_validator(mode="after")
    def _shares(self) -> "SitesSchema":
        if self.missed_rate + self.halved_rate > 1:
            total = self.missed_rate + self.halved_rate
            raise _fault("halved_rate", f"missed and halved doses add up to {total:g}", "1 at most")
        return self


class UnmaskingSchema(StrictModel):
    """Who guesses his arm."""

    by: tuple[Name, ...]
    share: Share
    source: Text


class BiasSchema(StrictModel):
    """What knowing the arm adds."""

    sd: Annotated[float, Field(allow_inf_nan=False)]
    source: Text


class CrossoverSchema(StrictModel):
    """Periods and sequences."""

    period_week: Positive
    washout_week: NotNegative
    sequences: dict[Name, tuple[Name, ...]]


class LimitingSchema(StrictModel):
    """What a dose-limiting toxicity is."""

    grade: Annotated[int, Field(ge=1, le=5)] = 3
    terms: tuple[Name, ...] = ()
    within_day: Positive = 28.0


class EscalationSchema(StrictModel):
    """Cohorts of rising dose."""

    method: EscalationMethod
    levels: tuple[Name, ...]
    cohort: Whole = 3
    target: Inside = 0.25
    most: Whole
    dose_limiting: LimitingSchema = Field(default_factory=LimitingSchema)


class DesignSchema(StrictModel):
    """The design of a trial."""

    kind: Kind = "parallel"
    masking: Masking = "double_blind"
    allocation: AllocationSchema = Field(default_factory=AllocationSchema)
    bias: BiasSchema | None = None
    unmasking: UnmaskingSchema | None = None
    enrolment: EnrolmentSchema | None = None
    sites: SitesSchema | None = None
    crossover: CrossoverSchema | None = None
    escalation: EscalationSchema | None = None


class MissingSchema(StrictModel):
    """Visits that are not seen."""

    id: Name
    mechanism: Mechanism
    probability: Share
    when: str | None = None
    lost: Lost = "visit"
    source: Text

    @model_validator(mode="after")
    def _judged(self) -> "MissingSchema":
        chance = self.mechanism == "completely_at_random"
        if chance and self.when is not None:
            raise _fault("when", "a condition of what is missing by chance", "no condition")
        if not chance and self.when is None:
            raise _fault("when", f"{self.mechanism} without a condition", "a condition")
        return self


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))
