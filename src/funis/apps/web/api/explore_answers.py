"""The shapes of the answers behind the page Explore."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from funis.apps.web.api.answer import Answer

Numbers = list[float | None]
Rows = list[Numbers]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChoiceModel(_Closed):
    """One entry of a list."""

    id: str
    name: str
    note: str = ""


class TraitModel(_Closed):
    """A yes-or-no property of patients."""

    id: str
    name: str


class ProductModel(_Closed):
    """A product, with its holds [minute]."""

    id: str
    name: str
    tissue: str
    usual_hold_minute: float
    longest_hold_minute: float


class OptionsAnswer(Answer):
    """What the controls of a disease may hold; ``default`` is the link that they begin at."""

    default: str
    disease: str
    name: str
    diseases: list[ChoiceModel]
    products: list[ProductModel]
    routes: list[ChoiceModel]
    traits: list[TraitModel]
    shapes: list[ChoiceModel]
    memories: list[ChoiceModel]
    potencies: list[ChoiceModel]


class ScoreModel(_Closed):
    """The main score: 5th, 25th, 50th, 75th, 95th percentile by week, and the mean difference."""

    id: str
    name: str
    unit: str
    better: str
    definition: str = ""
    treated: Rows
    twin: Rows
    difference: Rows


class ResponderModel(_Closed):
    """A responder rule: share by week in both courses, and the difference with its interval."""

    id: str
    name: str
    unit: str
    better: str
    definition: str
    treated: Numbers
    twin: Numbers
    difference: Rows


class RatioModel(_Closed):
    """5th, 50th and 95th percentile by time; the twin is one number. ``fine``: as `cell_weeks`."""

    id: str
    name: str
    unit: str
    fine: bool
    treated: Rows
    twin: float


class EffectModel(_Closed):
    """Published numbers on one endpoint from one kind of study."""

    endpoint: str
    week: float
    study_type: str
    compared: bool
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    studies: list[str]
    patients: int
    randomised: int
    label: str
    range: str


class GradeModel(_Closed):
    """The state of the evidence on source and route."""

    disease: str
    source: str
    routes: list[str]
    level: str
    randomised_studies: int
    randomised_patients: int
    other_studies: int
    other_patients: int
    text: str
    whole: str
    effects: list[EffectModel]
    approval: str


class IntervalModel(_Closed):
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


class HarmModel(_Closed):
    """Risk of one event or more, with cells and with a mock procedure."""

    id: str
    name: str
    treated: IntervalModel
    placebo: IntervalModel
    source: str | None


class ExploreAnswer(Answer):
    """One view."""

    link: str
    disease: str
    product: str
    patients: int
    failed: int
    draws: str
    left_out: str
    tolerance: float
    headline: str
    grade: GradeModel
    week: int
    weeks: list[float]
    cell_weeks: list[float]
    score: ScoreModel
    responders: list[ResponderModel]
    mechanism: list[RatioModel]
    cells: list[RatioModel]
    delivered: dict[str, dict[str, Any]]
    harms: list[HarmModel]


class WhyModel(_Closed):
    """One number behind a control."""

    control: str
    id: str
    name: str
    value: float | None
    unit: str
    status: str
    source: str
    where: str
    note: str
    spread: str


class WhyAnswer(Answer):
    """The numbers behind the controls of a place."""

    link: str
    rows: list[WhyModel]
