"""Endpoints of a disease: measured components, and the scores and responses computed from them.

``endpoints.yaml`` declares components (an observable of the model seen through the observation
layers), scores and responder rules in the expression language, ordered categories, structural
accumulators, and the names that published outcomes bear. A score is never a state of the model.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from funis.checks import (
    FUNCTIONS,
    Document,
    Expression,
    InputError,
    Issue,
    KeyPath,
    StrictModel,
    dotted,
    nearest,
    parse_expression,
    read_yaml,
    validate,
)

Scale = Literal["logit", "log", "linear"]
Reporter = Literal["patient", "assessor", "laboratory"]
Status = Literal["measured", "derived", "calibrated", "calibrated (by hand)", "assumed"]
Better = Literal["lower", "higher"]
Measure = Literal["responder", "change", "value"]
Column = NDArray[np.float64] | NDArray[np.bool_]

CLOSEST_TO_EDGE = 1e-3
"""On the logit scale a value keeps this share of its range away from both ends."""


@dataclass(frozen=True, slots=True)
class Component:
    """What is measured at a visit: an observable of the model, seen through observation layers.

    Attributes
    ----------
    observable : str
        Output of the model; times ``gain`` it is the true value in ``unit``.
    scale : {"logit", "log", "linear"}
        Scale of noise, expectation and inflation: the logit of the share of the range, the
        logarithm, or the unit itself.
    low, high : float
        Range of what can be recorded.
    noise_sd : float
        Standard deviation of measurement noise, on the scale.
    shared_noise : float
        Share of the noise variance common to the reported components of a visit [0, 1].
    expectation : float
        Downward shift at full expectation, on the scale; 0 for laboratory values.
    inflation : float
        Upward shift at screening and baseline, on the scale.
    reporter : {"patient", "assessor", "laboratory"}
    rounding : float or None
        Step of what is recorded.
    latent_of : str or None
        Component whose noise draw this one shares.
    minimal_important_difference : float or None
        In ``unit``.
    status, source, where, note
        Of the observation numbers, as for parameters.
    line : int or None
        Line of the file.
    """

    id: str
    name: str
    unit: str
    observable: str
    gain: float
    scale: Scale
    low: float
    high: float
    noise_sd: float
    shared_noise: float
    expectation: float
    inflation: float
    reporter: Reporter
    rounding: float | None
    latent_of: str | None
    minimal_important_difference: float | None
    status: Status
    source: str | None
    where: str | None
    note: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """A number computed from components and other scores; ``low`` and ``high`` bound it."""

    id: str
    name: str
    unit: str
    expression: Expression
    low: float
    high: float
    better: Better
    minimal_important_difference: float | None
    source: str
    where: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Responder:
    """A condition on a patient at a visit; what is missing has not been met."""

    id: str
    name: str
    expression: Expression
    source: str
    where: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """Ordered levels, best first: a patient is in the first whose rule holds.

    Each level is a condition too, named ``<id>_<level>``.
    """

    id: str
    name: str
    levels: tuple[str, ...]
    rules: tuple[Expression, ...]
    source: str
    where: str | None
    note: str | None

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the levels as conditions, e.g. ``EULAR_good``."""
        return tuple(f"{self.id}_{level}" for level in self.levels)


@dataclass(frozen=True, slots=True)
class Structural:
    """An accumulator of the model, reported as its change from baseline."""

    id: str
    name: str
    unit: str
    observable: str
    low: float
    high: float
    better: Better
    minimal_important_difference: float | None
    source: str
    where: str | None
    note: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class NotTestable:
    """Something users ask for that cannot be judged, with the reason."""

    id: str
    name: str
    reason: str
    source: str
    where: str | None


@dataclass(frozen=True, slots=True)
class EvidenceName:
    """What a published outcome name means here.

    Attributes
    ----------
    published : str
    endpoint : str or None
        Component, score, responder, level or structural endpoint; none where it has no meaning.
    measure : {"responder", "change", "value"}
    factor : float
        Ours = ``factor`` times published (units).
    contrast : bool
        Whether the published number is a difference between arms.
    unrepresented : str or None
        Why the outcome cannot be compared.
    note : str or None
    """

    published: str
    endpoint: str | None
    measure: Measure
    factor: float
    contrast: bool
    unrepresented: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """All endpoints of a disease; ``order`` is an order in which they can be computed."""

    components: tuple[Component, ...]
    scores: tuple[Score, ...]
    responders: tuple[Responder, ...]
    categories: tuple[Category, ...]
    structural: tuple[Structural, ...]
    not_testable: tuple[NotTestable, ...]
    evidence_names: tuple[EvidenceName, ...]
    order: tuple[str, ...]
    file: str | None = None

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names that are true or false of a patient: responders, and levels of categories."""
        levels = [name for category in self.categories for name in category.level_names]
        return (*(responder.id for responder in self.responders), *levels)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names that are numbers: components, scores and structural endpoints."""
        items = (*self.components, *self.scores, *self.structural)
        return tuple(item.id for item in items)

    @property
    def names(self) -> tuple[str, ...]:
        """Names that criteria and rules may use: components, scores and conditions."""
        items = (*self.components, *self.scores)
        return (*(item.id for item in items), *self.conditions)

    def number(self, name: str) -> Component | Score | Structural:
        """Component, score or structural endpoint by its id.

        Raises
        ------
        KeyError
            If there is none of this id.
        """
        for item in (*self.components, *self.scores, *self.structural):
            if item.id == name:
                return item
        raise KeyError(name)

    def evidence_name(self, published: str) -> EvidenceName | None:
        """What a published outcome name means; none where it is not listed."""
        return next((item for item in self.evidence_names if item.published == published), None)


class _Sourced(StrictModel):
    name: str
    source: str
    where: str | None = None
    note: str | None = None


class _ComponentRow(StrictModel):
    name: str
    unit: str
    observable: str
    gain: float = 1.0
    scale: Scale
    range: tuple[float, float]
    noise_sd: float = Field(ge=0)
    shared_noise: float = Field(ge=0, le=1)
    expectation: float = Field(ge=0)
    inflation: float = Field(ge=0)
    reporter: Reporter
    round: float | None = Field(default=None, gt=0)
    latent_of: str | None = None
    minimal_important_difference: float | None = Field(default=None, gt=0)
    status: Status
    source: str | None = None
    where: str | None = None
    note: str | None = None


class _ScoreRow(_Sourced):
    unit: str
    expression: str
    range: tuple[float, float]
    better: Better
    minimal_important_difference: float | None = Field(default=None, gt=0)


class _ResponderRow(_Sourced):
    expression: str


class _CategoryRow(_Sourced):
    levels: tuple[str, ...] = Field(min_length=2)
    rules: dict[str, str]


class _StructuralRow(_Sourced):
    unit: str
    observable: str
    range: tuple[float, float]
    better: Better
    minimal_important_difference: float | None = Field(default=None, gt=0)


class _NotTestableRow(StrictModel):
    name: str
    reason: str
    source: str
    where: str | None = None


class _EvidenceRow(StrictModel):
    endpoint: str | None = None
    measure: Measure | None = None
    factor: float = 1.0
    contrast: bool = False
    unrepresented: str | None = None
    note: str | None = None


class _File(StrictModel):
    components: dict[str, _ComponentRow]
    scores: dict[str, _ScoreRow] = {}
    responders: dict[str, _ResponderRow] = {}
    categories: dict[str, _CategoryRow] = {}
    structural: dict[str, _StructuralRow] = {}
    not_testable: dict[str, _NotTestableRow] = {}
    evidence_names: dict[str, str | _EvidenceRow] = {}


def load_endpoints(path: str | Path) -> Endpoints:
    """Endpoints of a disease from its file, checked.

    Parameters
    ----------
    path
        An ``endpoints.yaml``.

    Raises
    ------
    InputError
        For unknown keys and names (with the nearest), cycles among scores, categories without a
        last resort, numbers out of range; with file and line.
    """
    document = read_yaml(path)
    rows = validate(_File, document)
    return _Reading(document, rows).endpoints()


def evaluate_endpoints(
    endpoints: Endpoints,
    values: Mapping[str, NDArray[np.float64]],
    baseline: Mapping[str, NDArray[np.float64]],
    previous: Mapping[str, NDArray[np.float64]] | None = None,
    *,
    names: Collection[str] | None = None,
) -> dict[str, Column]:
    """Scores, responders and levels of patients at a visit, from their components.

    Parameters
    ----------
    endpoints
        Of the disease.
    values, baseline
        Components at the visit and at baseline, each of shape (patients,), not-a-number where
        missing; a component that is left out is missing.
    previous
        Components at the visit before.
    names
        Scores, responders, levels and categories wanted; all when none are given.

    Returns
    -------
    dict of str to array of shape (patients,)
        Scores as numbers, responders and levels as truth values, and each category as the index
        of its level (not-a-number where what its rules need is missing). Conditions that cannot
        be shown are false.
    """
    wanted = _needed(endpoints, names)
    start = _compute(endpoints, baseline, wanted, None, None)
    before = None if previous is None else _compute(endpoints, previous, wanted, start, None)
    now = _compute(endpoints, values, wanted, start, before)
    own = {component.id for component in endpoints.components}
    return {name: column for name, column in now.items() if name not in own}


def to_scale(component: Component, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in the component's unit on the scale of its noise.

    Ends of the range stay finite: a logit keeps ``CLOSEST_TO_EDGE`` away from both ends, a
    logarithm half a step of rounding above 0.
    """
    if component.scale == "linear":
        return np.asarray(value, dtype=np.float64)
    if component.scale == "log":
        floor = component.low if component.low > 0 else (component.rounding or 1e-6) / 2
        return np.log(np.maximum(value, floor))
    share = (np.asarray(value) - component.low) / (component.high - component.low)
    share = np.clip(share, CLOSEST_TO_EDGE, 1 - CLOSEST_TO_EDGE)
    return np.asarray(np.log(share) - np.log1p(-share), dtype=np.float64)


def from_scale(component: Component, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is recorded: back in the component's unit, rounded half up, within its range."""
    if component.scale == "linear":
        value = np.asarray(scaled, dtype=np.float64)
    elif component.scale == "log":
        value = np.exp(scaled)
    else:
        share = 0.5 * (1 + np.tanh(np.asarray(scaled) / 2))
        value = component.low + (component.high - component.low) * share
    if component.rounding is not None:
        value = np.floor(value / component.rounding + 0.5) * component.rounding
        value = np.round(value, 9)
    return np.asarray(np.clip(value, component.low, component.high), dtype=np.float64)


class _Environment(Mapping[str, Any]):
    """Values of one visit, with those of baseline and of the visit before under a prefix."""

    def __init__(
        self,
        now: Mapping[str, Column],
        start: Mapping[str, Column],
        before: Mapping[str, Column] | None,
        missing: NDArray[np.float64],
    ) -> None:
        self.now, self.start, self.before, self.missing = now, start, before, missing

    def __getitem__(self, key: str) -> Column:
        kind, colon, name = key.partition(":")
        if not colon:
            return self.now.get(key, self.missing)
        source = self.start if kind == "baseline" else self.before
        return self.missing if source is None else source.get(name, self.missing)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self.now)

    def __len__(self) -> int:
        return len(self.now)


def _compute(
    endpoints: Endpoints,
    values: Mapping[str, NDArray[np.float64]],
    wanted: Collection[str],
    start: Mapping[str, Column] | None,
    before: Mapping[str, Column] | None,
) -> dict[str, Column]:
    """Everything at one visit; without ``start`` the visit is its own baseline."""
    size = max((np.size(column) for column in values.values()), default=0)
    missing = np.full(size, np.nan)
    now: dict[str, Column] = {
        component.id: np.asarray(values.get(component.id, missing), dtype=np.float64)
        for component in endpoints.components
    }
    environment = _Environment(now, now if start is None else start, before, missing)
    definitions = {item.id: item for item in (*endpoints.scores, *endpoints.responders)}
    categories = {category.id: category for category in endpoints.categories}
    for name in endpoints.order:
        if name not in wanted:
            continue
        if name in categories:
            now.update(_place(categories[name], environment, size))
            continue
        kind = np.bool_ if isinstance(definitions[name], Responder) else np.float64
        value = definitions[name].expression.evaluate(environment)
        now[name] = np.broadcast_to(np.asarray(value).astype(kind), (size,)).copy()
    return now


def _place(category: Category, environment: _Environment, size: int) -> dict[str, Column]:
    """Index of each patient's level, and each level as a condition."""
    unknown = np.zeros(size, dtype=np.bool_)
    for key in {key for rule in category.rules for key in rule.lookups}:
        column = environment[key]
        if column.dtype != np.bool_:
            unknown |= np.isnan(column)
    index = np.full(size, np.nan)
    for position, rule in enumerate(category.rules):
        holds = np.broadcast_to(np.asarray(rule.evaluate(environment)).astype(np.bool_), (size,))
        index[holds & np.isnan(index) & ~unknown] = position
    levels = {name: index == position for position, name in enumerate(category.level_names)}
    return {category.id: index, **levels}


def _needed(endpoints: Endpoints, names: Collection[str] | None) -> frozenset[str]:
    """The names wanted and everything they are computed from."""
    if names is None:
        return frozenset(endpoints.order)
    homes = _homes(endpoints.categories)
    uses = {item.id: item.expression.names for item in (*endpoints.scores, *endpoints.responders)}
    for category in endpoints.categories:
        uses[category.id] = frozenset().union(*(rule.names for rule in category.rules))
    needed: set[str] = set()
    open_names = [homes.get(name, name) for name in names]
    while open_names:
        name = open_names.pop()
        if name in uses and name not in needed:
            needed.add(name)
            open_names += [homes.get(used, used) for used in uses[name]]
    return frozenset(needed)


def _homes(categories: tuple[Category, ...]) -> dict[str, str]:
    """Category that each level belongs to, by the level's name as a condition."""
    return {level: category.id for category in categories for level in category.level_names}


class _Reading:
    """Turns the checked rows of one file into endpoints, gathering issues on the way."""

    def __init__(self, document: Document, rows: _File) -> None:
        self.document = document
        self.rows = rows
        self.issues: list[Issue] = []

    def fault(
        self, path: KeyPath, message: str, expected: str | None = None, near: str | None = None
    ) -> None:
        line = self.document.line(path)
        file, key = self.document.file, dotted(path)
        self.issues.append(Issue(file, line, key, message, expected, near))

    def endpoints(self) -> Endpoints:
        self.check_ids()
        components = self.components()
        scores, responders = self.scores(), self.responders()
        categories = self.categories()
        order = self.order(scores, responders, categories)
        structural = tuple(
            self.structural(name, row) for name, row in self.rows.structural.items()
        )
        not_testable = tuple(
            NotTestable(name, row.name, row.reason, row.source, row.where)
            for name, row in self.rows.not_testable.items()
        )
        evidence = tuple(
            self.evidence_name(name, row) for name, row in self.rows.evidence_names.items()
        )
        if self.issues:
            raise InputError(self.issues)
        return Endpoints(
            components,
            scores,
            responders,
            categories,
            structural,
            not_testable,
            evidence,
            order,
            self.document.file,
        )

    def check_ids(self) -> None:
        seen: dict[str, str] = {}
        for section in ("components", "scores", "responders", "categories", "structural"):
            for name in getattr(self.rows, section):
                names = [name]
                if section == "categories":
                    names += [f"{name}_{level}" for level in self.rows.categories[name].levels]
                for one in names:
                    if not one.isidentifier() or one in FUNCTIONS:
                        expected = "a word of letters, digits and _ that is no function"
                        self.fault((section, name), f"'{one}' cannot be a name", expected)
                    if one in seen:
                        self.fault((section, name), f"'{one}' stands under {seen[one]} too")
                    seen.setdefault(one, section)

    def names(self) -> tuple[str, ...]:
        levels = [
            f"{name}_{level}" for name, row in self.rows.categories.items() for level in row.levels
        ]
        rows = self.rows
        return (*rows.components, *rows.scores, *rows.responders, *levels)

    def conditions(self) -> frozenset[str]:
        numbers = {*self.rows.components, *self.rows.scores}
        return frozenset(name for name in self.names() if name not in numbers)

    def components(self) -> tuple[Component, ...]:
        return tuple(self.component(name, row) for name, row in self.rows.components.items())

    def component(self, name: str, row: _ComponentRow) -> Component:
        path: KeyPath = ("components", name)
        self.check_range(row.range, path)
        if row.scale == "log" and row.range[0] < 0:
            self.fault((*path, "range"), "a logarithm of values below 0", "a range from 0 or more")
        if row.reporter == "laboratory" and row.expectation:
            message = "expectation moves a laboratory value"
            self.fault((*path, "expectation"), message, "0")
        if row.status == "assumed" and not (row.note or row.source):
            self.fault((*path, "note"), "assumed without a word", "a note that says why")
        if row.status != "assumed" and not row.source:
            self.fault((*path, "source"), f"{row.status} without a source", "a source")
        self.check_latent(name, row)
        low, high = row.range
        return Component(
            id=name,
            low=low,
            high=high,
            rounding=row.round,
            line=self.document.line(path),
            **row.model_dump(exclude={"range", "round"}),
        )

    def check_latent(self, name: str, row: _ComponentRow) -> None:
        if row.latent_of is None:
            return
        path: KeyPath = ("components", name, "latent_of")
        others = [other for other in self.rows.components if other != name]
        if row.latent_of not in others:
            near = nearest(row.latent_of, others)
            self.fault(path, f"unknown component '{row.latent_of}'", None, near)
            return
        leader = self.rows.components[row.latent_of]
        if leader.latent_of is not None:
            message = f"'{row.latent_of}' shares the noise of '{leader.latent_of}' itself"
            self.fault(path, message, f"'{leader.latent_of}'")
        if leader.scale != row.scale:
            message = f"'{row.latent_of}' has noise on another scale"
            self.fault(path, message, f"scale: {leader.scale}")

    def scores(self) -> tuple[Score, ...]:
        found: list[Score] = []
        for name, row in self.rows.scores.items():
            path: KeyPath = ("scores", name)
            self.check_range(row.range, path)
            expression = self.expression(row.expression, (*path, "expression"))
            low, high = row.range
            fields = row.model_dump(exclude={"range", "expression"})
            found.append(Score(id=name, expression=expression, low=low, high=high, **fields))
        return tuple(found)

    def responders(self) -> tuple[Responder, ...]:
        found: list[Responder] = []
        for name, row in self.rows.responders.items():
            expression = self.condition(row.expression, ("responders", name, "expression"))
            fields = row.model_dump(exclude={"expression"})
            found.append(Responder(id=name, expression=expression, **fields))
        return tuple(found)

    def categories(self) -> tuple[Category, ...]:
        found: list[Category] = []
        for name, row in self.rows.categories.items():
            path: KeyPath = ("categories", name, "rules")
            if tuple(row.rules) != row.levels:
                message = "rules do not follow the levels"
                self.fault(path, message, "one rule for each of " + ", ".join(row.levels))
            rules = [self.condition(text, (*path, level)) for level, text in row.rules.items()]
            if rules and rules[-1].text != "True":
                message = "a patient may be in no level"
                self.fault((*path, row.levels[-1]), message, "'True' as the last rule")
            fields = row.model_dump(exclude={"rules"})
            found.append(Category(id=name, rules=tuple(rules), **fields))
        return tuple(found)

    def structural(self, name: str, row: _StructuralRow) -> Structural:
        path: KeyPath = ("structural", name)
        self.check_range(row.range, path)
        low, high = row.range
        fields = row.model_dump(exclude={"range"})
        return Structural(id=name, low=low, high=high, line=self.document.line(path), **fields)

    def evidence_name(self, published: str, row: "str | _EvidenceRow") -> EvidenceName:
        path: KeyPath = ("evidence_names", published)
        if isinstance(row, str):
            row = _EvidenceRow(endpoint=row)
        if (row.endpoint is None) == (row.unrepresented is None):
            self.fault(path, "neither or both of two keys", "either endpoint or unrepresented")
        conditions = self.conditions()
        numbers = {*self.rows.components, *self.rows.scores, *self.rows.structural}
        if row.endpoint is not None and row.endpoint not in conditions | numbers:
            near = nearest(row.endpoint, sorted(conditions | numbers))
            self.fault((*path, "endpoint"), f"unknown endpoint '{row.endpoint}'", None, near)
        measure: Measure = row.measure or "responder"
        if row.endpoint in numbers and measure == "responder":
            message = f"'{row.endpoint}' is a number"
            self.fault((*path, "measure"), message, "measure: change or value")
        if row.endpoint in conditions and measure != "responder":
            self.fault((*path, "measure"), f"'{row.endpoint}' is a response", "responder")
        return EvidenceName(
            published, row.endpoint, measure, row.factor, row.contrast, row.unrepresented, row.note
        )

    def check_range(self, limits: tuple[float, float], path: KeyPath) -> None:
        if not limits[0] < limits[1]:
            self.fault((*path, "range"), "the range is not in order", "[low, high]")

    def expression(self, text: str, path: KeyPath) -> Expression:
        file, line = self.document.file, self.document.line(path)
        try:
            return parse_expression(text, self.names(), file, line, dotted(path))
        except InputError as error:
            self.issues += error.issues
            return parse_expression("0")

    def condition(self, text: str, path: KeyPath) -> Expression:
        before = len(self.issues)
        expression = self.expression(text, path)
        named = expression.text in self.conditions()
        if len(self.issues) == before and not expression.is_truth and not named:
            message = f"'{expression.text}' is a number"
            self.fault(path, message, "a condition, e.g. DAS28_CRP < 2.6")
        return expression

    def order(
        self,
        scores: tuple[Score, ...],
        responders: tuple[Responder, ...],
        categories: tuple[Category, ...],
    ) -> tuple[str, ...]:
        """Each name after those it is computed from; a cycle is an issue."""
        homes = _homes(categories)
        uses: dict[str, frozenset[str]] = {
            item.id: item.expression.names for item in (*scores, *responders)
        }
        for category in categories:
            uses[category.id] = frozenset().union(*(rule.names for rule in category.rules))
        needs = {
            name: sorted({homes.get(one, one) for one in used} & set(uses))
            for name, used in uses.items()
        }
        order: list[str] = []
        for name in needs:
            cycle = _visit(name, needs, order, [])
            if cycle:
                self.fault((self.section(cycle[0]), cycle[0]), "needs itself: " + " -> ".join(cycle))
                break
        return tuple(order)

    def section(self, name: str) -> str:
        sections = ("scores", "responders", "categories")
        return next(section for section in sections if name in getattr(self.rows, section))


def _visit(
    name: str, needs: Mapping[str, list[str]], order: list[str], trail: list[str]
) -> list[str]:
    """Depth-first walk that appends to ``order``; the cycle, if it meets one."""
    if name in order:
        return []
    if name in trail:
        return [*trail[trail.index(name) :], name]
    for other in needs[name]:
        cycle = _visit(other, needs, order, [*trail, name])
        if cycle:
            return cycle
    order.append(name)
    return []
