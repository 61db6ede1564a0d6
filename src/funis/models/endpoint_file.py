"""Reads ``endpoints.yaml``: its closed schema, and what must hold across its keys."""

from collections.abc import Mapping
from pathlib import Path

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
from funis.models.endpoint_values import (
    Better,
    Category,
    Component,
    Endpoints,
    EvidenceName,
    Measure,
    NotTestable,
    Reporter,
    Responder,
    Scale,
    Score,
    Status,
    Structural,
    homes,
)
from funis.models.scale_rules import scale_faults


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
    held_weeks: float = Field(default=0.0, ge=0)
    ever: bool = False
    better: Better = "higher"


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
    scores: dict[str, _ScoreRow] = Field(default_factory=dict)
    responders: dict[str, _ResponderRow] = Field(default_factory=dict)
    categories: dict[str, _CategoryRow] = Field(default_factory=dict)
    structural: dict[str, _StructuralRow] = Field(default_factory=dict)
    not_testable: dict[str, _NotTestableRow] = Field(default_factory=dict)
    evidence_names: dict[str, str | _EvidenceRow] = Field(default_factory=dict)


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
        structural = tuple(self.structural(name, row) for name, row in self.rows.structural.items())
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
        if row.reporter == "laboratory" and row.expectation:
            message = "expectation moves a laboratory value"
            self.fault((*path, "expectation"), message, "0")
        if row.status == "assumed" and not (row.note or row.source):
            self.fault((*path, "note"), "assumed without a word", "a note that says why")
        if row.status != "assumed" and not row.source:
            self.fault((*path, "source"), f"{row.status} without a source", "a source")
        self.check_latent(name, row)
        low, high = row.range
        component = Component(
            id=name,
            low=low,
            high=high,
            rounding=row.round,
            line=self.document.line(path),
            **row.model_dump(exclude={"range", "round"}),
        )
        for key, message, expected in scale_faults(component):
            self.fault((*path, key), message, expected)
        return component

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
        if measure == "rate":
            if row.endpoint in conditions | numbers:
                self.check_rate(row.endpoint, path)
        elif row.endpoint in numbers and measure == "responder":
            message = f"'{row.endpoint}' is a number"
            self.fault((*path, "measure"), message, "measure: change or value")
        elif row.endpoint in conditions and measure != "responder":
            self.fault((*path, "measure"), f"'{row.endpoint}' is a response", "responder")
        return EvidenceName(
            published, row.endpoint, measure, row.factor, row.contrast, row.unrepresented, row.note
        )

    def check_rate(self, endpoint: str, path: KeyPath) -> None:
        known = [name for name, row in self.rows.components.items() if row.scale == "events"]
        if endpoint not in known:
            message = f"'{endpoint}' counts no events, so it has no rate"
            expected = "a component of scale events"
            self.fault((*path, "endpoint"), message, expected, nearest(endpoint, known))

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
        home = homes(categories)
        definitions: tuple[Score | Responder, ...] = (*scores, *responders)
        uses = {item.id: item.expression.names for item in definitions}
        for category in categories:
            uses[category.id] = frozenset().union(*(rule.names for rule in category.rules))
        needs = {
            name: sorted({home.get(one, one) for one in used} & set(uses))
            for name, used in uses.items()
        }
        order: list[str] = []
        for name in needs:
            cycle = _visit(name, needs, order, [])
            if cycle:
                path = (self.section(cycle[0]), cycle[0])
                self.fault(path, "needs itself: " + " -> ".join(cycle))
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
