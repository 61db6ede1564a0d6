"""The closed schemas of ``library/safety.yaml`` and of the computed ``safety_pools.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.checks.documents import dotted
from funis.evidence.meta import SHARES
from funis.safety.values import Of, Status

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
WHOLE = 1e-9


def _fault(message: str, expected: str, *path: str | int) -> InputError:
    return InputError(Issue(None, None, dotted(tuple(path)), message, expected))


class GradingSchema(StrictModel):
    """The scale of grades."""

    scale: Text
    source: Text
    note: str = ""


class SpreadSchema(StrictModel):
    """Spread between studies on the log or logit scale, where one study stands alone."""

    sd: Positive
    note: Text


class CountSchema(StrictModel):
    """A count of a procedure without cells, from outside the evidence on cells."""

    id: Text
    events: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(ge=1)] | None = None
    share: Share | None = None
    source: Text
    note: str = ""

    @model_validator(mode="after")
    def _patients(self) -> CountSchema:
        if (self.n is None) == (self.share is None):
            raise _fault("patients are missing", "n, or the printed share", "n")
        return self

    @property
    def patients(self) -> int:
        """Patients behind the events."""
        return self.n if self.n is not None else round(self.events / (self.share or 1.0))


class UnmentionedSchema(StrictModel):
    """An arm whose report lists adverse events, and not this one."""

    study: Text
    arm: Text
    note: Text


class PublishedRateSchema(StrictModel):
    """A rate a year without cells, from outside the evidence on cells."""

    value: Positive
    source: Text
    note: str = ""


class PrintedSchema(StrictModel):
    """A pooled share that a meta-analysis printed."""

    study: Text
    term: Text


class PoolSchema(StrictModel):
    """Which rows of the evidence are one risk."""

    title: Text
    of: Of
    per: Literal["patient", "year"] = "patient"
    routes: tuple[Text, ...] = ()
    words: tuple[Text, ...] = ()
    minus: tuple[Text, ...] = ()
    nothing: tuple[Text, ...] = ()
    only: tuple[Text, ...] = ()
    years: Text | None = None
    unmentioned: tuple[UnmentionedSchema, ...] = ()
    counts: tuple[CountSchema, ...] = ()
    printed: PrintedSchema | None = None
    rate: PublishedRateSchema | None = None
    spread: SpreadSchema | None = None
    held_out: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> PoolSchema:
        alone = self.printed or self.rate or self.per == "year"
        if alone and self.spread is None:
            raise _fault("one number without a spread between studies", "spread", "spread")
        if self.per == "year" and self.rate is None and not (self.only and self.years):
            raise _fault("a rate without its study and its time", "only, and years", "years")
        return self


class RatioSchema(StrictModel):
    """A published ratio by its row, or an assumed value."""

    study: Text | None = None
    term: Text | None = None
    value: Positive | None = None
    held_out: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _one_form(self) -> RatioSchema:
        if (self.study is None) != (self.term is None) or (self.study is None) == (
            self.value is None
        ):
            raise _fault("neither a row nor a value", "study with term, or value", "study")
        return self


class AssumedShareSchema(StrictModel):
    """A risk that nobody counted, with the range in which it is believed to lie."""

    value: Share
    low: Share
    high: Share
    status: Literal["assumed"]
    note: Text

    @model_validator(mode="after")
    def _in_order(self) -> AssumedShareSchema:
        if not 0 < self.low < self.value < self.high < 1:
            raise _fault("out of order", "0 < low < value < high < 1", "low")
        return self


class HazardSchema(StrictModel):
    """How often a term comes; ``ratio: null`` ascribes all of it to cells."""

    routes: tuple[Text, ...] = ()
    diseases: tuple[Text, ...] = ()
    risk: Text | None = None
    share: AssumedShareSchema | None = None
    ratio: Text | None
    predicted: bool = False
    assumed: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _one_risk(self) -> HazardSchema:
        if (self.risk is None) == (self.share is None):
            raise _fault("neither a pool nor a share", "risk, or share", "risk")
        return self


class _Sourced(StrictModel):
    """A number with its status and its source."""

    status: Status
    source: str | None = None

    @model_validator(mode="after")
    def _with_source(self) -> Self:
        if self.status in ("measured", "derived") and not self.source:
            raise _fault(f"a {self.status} value without a source", "source", "source")
        return self


class GradesSchema(_Sourced):
    """Shares of grades 1 to 5."""

    shares: Annotated[tuple[Share, ...], Field(min_length=5, max_length=5)]
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> GradesSchema:
        if abs(sum(self.shares) - 1.0) > WHOLE:
            raise _fault(f"the shares add up to {sum(self.shares):g}", "1", "shares")
        return self


class SpellSchema(_Sourced):
    """A range of hours."""

    range: Annotated[tuple[NotNegative, ...], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _in_order(self) -> SpellSchema:
        if not self.range[0] <= self.range[1]:
            raise _fault("the range is out of order", "the shorter time first", "range")
        return self


class ValueSchema(_Sourced):
    """A share with its source."""

    value: Share


class TermSchema(StrictModel):
    """One adverse event."""

    title: Text
    ctcae: str | None = None
    expected: bool = False
    once: bool = False
    allogeneic_only: bool = False
    grades: GradesSchema
    serious_share: ValueSchema | None = None
    onset_hour: SpellSchema | None = None
    lasts_hour: SpellSchema | None = None
    after: tuple[HazardSchema, ...] = ()
    over_time: tuple[HazardSchema, ...] = ()

    @model_validator(mode="after")
    def _follows_something(self) -> TermSchema:
        if bool(self.after) == bool(self.over_time):
            raise _fault("follows nothing, or two things", "after, or over_time", "after")
        if self.after and self.onset_hour is None:
            raise _fault("when it begins is missing", "onset_hour", "onset_hour")
        for number, hazard in enumerate(self.after):
            if not hazard.routes:
                raise _fault("follows no route", "routes such as [iv]", "after", number, "routes")
        if self.over_time and [bool(one.diseases) for one in self.over_time].count(False) != 1:
            raise _fault(
                "not one entry for all other diseases", "one without diseases", "over_time"
            )
        return self


class ModifierSchema(StrictModel):
    """What could change the share that is due to cells."""

    title: Text
    terms: tuple[Text, ...]
    factor: Positive
    status: Status
    reference: Positive | None = None
    source: str | None = None
    note: str = ""


class DoseLimitingSchema(StrictModel):
    """Which event counts as a dose-limiting toxicity."""

    grade: Annotated[int, Field(ge=1, le=5)]
    days: Positive
    status: Status
    source: Text
    note: str = ""


class SafetySchema(StrictModel):
    """``library/safety.yaml``."""

    grading: GradingSchema
    nothing: dict[str, tuple[Text, ...]]
    pools: dict[str, PoolSchema]
    ratios: dict[str, RatioSchema]
    terms: dict[str, TermSchema]
    modifiers: dict[str, ModifierSchema]
    dose_limiting: DoseLimitingSchema


class FoundPoolSchema(StrictModel):
    """A pool as it was computed."""

    scale: Literal["logit", "log"]
    quantiles: Annotated[tuple[float, ...], Field(min_length=len(SHARES), max_length=len(SHARES))]
    estimate: Positive
    low: NotNegative
    high: Positive
    administrations: Positive
    spread: Positive
    studies: int
    events: int
    n: int
    years: float | None
    rows: tuple[Text, ...]


class FoundRatioSchema(StrictModel):
    """A ratio as it was read."""

    scale: Literal["risk_ratio", "odds_ratio"]
    log: float
    error: NotNegative
    estimate: Positive
    low: Positive
    high: Positive
    rows: tuple[Text, ...]


class FoundSchema(StrictModel):
    """``library/safety_pools.yaml``."""

    pools: dict[str, FoundPoolSchema]
    ratios: dict[str, FoundRatioSchema]
