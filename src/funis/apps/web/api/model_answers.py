"""What the answers behind the page Model hold, and the texts that it is asked with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from funis.apps.web.api.answer import Answer

LARGEST = 200_000
"""Longest text of a model that is compared [characters]."""


class Card(BaseModel):
    """A disease of the library in a few words."""

    id: str
    name: str
    tissue: str
    course: str
    failed: int
    first_failure: str | None


class Models(Answer):
    """The diseases of the library."""

    models: list[Card]


class Arrow(BaseModel):
    """An influence; ``structures`` switch it on where it does nothing by default."""

    source: str
    target: str
    sign: str
    structures: list[str]


class Overview(Answer):
    """What a model is, what failed, what its parameters rest on, who acts on whom."""

    disease: str
    name: str
    course: str
    tissue: str
    model_hash: str
    computed: bool
    failed: list[str]
    statuses: dict[str, int]
    states: int
    influences: int
    basis: str
    arrows: list[Arrow]


class Equation(BaseModel):
    """One equation: its formula as text, what stands in it and where it stands."""

    id: str
    kind: str
    description: str
    unit: str
    left: str
    text: str
    start: str | None
    uses: list[str]
    parameters: list[str]
    used_by: list[str]
    section: str
    file: str
    line: int | None


class Equations(Answer):
    """The equations of a model."""

    equations: list[Equation]


class OneEquation(Answer):
    """One equation, with MathML and what acts on it in words."""

    equation: Equation
    mathml: str
    influences: list[str]


class Spread(BaseModel):
    """What is believed of a factor: 2.5, 10, 50, 90, 97.5 %; probability that it is 0."""

    basis: str
    words: str
    quantiles: list[float]
    nothing: float


class Estimate(BaseModel):
    """A calibrated number, before and after studies."""

    parameter: str
    stage: int
    why: str
    source: str
    spreads: list[Spread]
    contraction: float | None


class Parameter(BaseModel):
    """A parameter with its source and the equations that it stands in."""

    id: str
    name: str
    value: float
    unit: str
    status: str
    source: str
    where: str | None
    note: str | None
    covariate: bool
    low: float | None
    high: float | None
    spread: str
    equations: list[str]
    rates: list[str]
    outside: bool
    structures: list[tuple[str, float]]
    correlated: list[tuple[str, float]]
    estimate: Estimate | None
    file: str
    line: int | None


class Parameters(Answer):
    """Parameters of a model, filtered as asked; ``total`` without the filter."""

    total: int
    parameters: list[Parameter]


class Piece(BaseModel):
    """Words of a source, with the address that they open."""

    text: str
    address: str | None


class Place(BaseModel):
    """An equation that a number stands in."""

    id: str
    left: str
    text: str
    markup: str
    description: str


class Setting(BaseModel):
    """A structure that changes a number, and the value there."""

    structure: str
    value: float


class WhyAnswer(Answer):
    """Why a number is what it is: source, equations, what studies say."""

    kind: str
    id: str
    name: str
    value: str
    unit: str
    status: str
    between: tuple[float, float] | None
    spread: str
    source: str
    pieces: list[Piece]
    where: str | None
    note: str | None
    file: str | None
    line: int | None
    equations: list[Place]
    rates: list[str]
    structures: list[Setting]
    estimate: Estimate | None


class Change(BaseModel):
    """A parameter that a structure sets."""

    parameter: str
    name: str
    default: float
    value: float
    equations: list[str]


class Form(BaseModel):
    """A structural alternative."""

    id: str
    title: str
    question: str
    default: str
    weight: str
    changes: list[Change]
    woken: list[Arrow]
    difference: str | None
    moved: str | None
    sources: list[str]
    note: str | None


class Forms(Answer):
    """The structural alternatives of a model."""

    basis: str
    structures: list[Form]


class Rule(BaseModel):
    """A formula of a measure."""

    label: str
    text: str


class Measure(BaseModel):
    """A score, a response, a component, or what cannot be tested."""

    id: str
    sort: str
    name: str
    unit: str
    observable: str | None
    parts: list[str]
    rules: list[Rule]
    facts: list[tuple[str, str]]
    status: str | None
    source: str
    where: str | None
    note: str | None


class Measures(Answer):
    """What is measured of a virtual patient."""

    measures: list[Measure]


class TextTable(BaseModel):
    """A table of text."""

    model_config = ConfigDict(extra="forbid")

    title: str
    columns: list[str]
    rows: list[list[str]]


class Gate(BaseModel):
    """A gate of the model card; ``passed`` is null where it judges nothing."""

    gate: str
    passed: bool | None
    title: str
    failures: list[str]
    tables: list[TextTable]


class Part(BaseModel):
    """A part of the credibility page."""

    title: str
    words: list[str]
    items: list[str]
    tables: list[TextTable]


class Tests(Answer):
    """What was tested of a model, failures first."""

    failed: list[str]
    computed: bool
    basis: str
    gates: list[Gate]
    validation: Part | None
    parts: list[Part]


class Texts(BaseModel):
    """Texts of a model of one's own; an empty one stands for the library's file."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(default="", max_length=LARGEST)
    parameters: str = Field(default="", max_length=LARGEST)


class Line(BaseModel):
    """One thing that differs; ``ours`` is the library's."""

    way: str
    what: str
    id: str
    part: str
    ours: str
    theirs: str


class DifferenceAnswer(Answer):
    """What differs between a disease of the library and texts; courses are for `funis model`."""

    evidence: str
    disease: str
    other: str
    equations: list[Line]
    parameters: list[Line]
    courses: None
