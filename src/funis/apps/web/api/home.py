"""The answers behind the page Home."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from funis.apps.web.api.answer import Answer

router = APIRouter(prefix="/api/home", tags=["home"])


class Read(BaseModel):
    """A value that is read from one of the program's own."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class IntervalAnswer(Read):
    """An estimate with its 95 % limits."""

    estimate: float
    low: float | None
    high: float | None


class EffectAnswer(Read):
    """What was published of one endpoint in the best design there is."""

    design: str
    endpoint: str
    week: float
    measure: str
    unit: str
    words: str
    interval: IntervalAnswer
    studies: int
    patients: int
    randomised: int
    pooled: bool
    placebo: str | None


class DiseaseAnswer(Read):
    """The state of the evidence of one disease."""

    id: str
    name: str
    course: str
    grade: str
    note: str
    randomised_studies: int
    randomised_patients: int
    other_studies: int
    other_patients: int
    effect: EffectAnswer | None
    effect_reason: str
    calibrated_from: str
    rests_on: dict[str, int]
    no_effect_before: float | None
    no_effect_after: float | None
    told_from_none: bool
    not_known: tuple[str, ...]


class OverviewAnswer(Answer):
    """The state of the evidence, disease by disease."""

    diseases: list[DiseaseAnswer]


@router.get("")
def overview() -> OverviewAnswer:
    """Return the state of the evidence of every disease, and what is not known."""
    from funis.pipeline.evidence_overview import overview as found

    return OverviewAnswer(diseases=[DiseaseAnswer.model_validate(one) for one in found()])
