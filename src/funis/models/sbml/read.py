"""An SBML document as equations: what is kept, how it moves, what follows, and events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from funis.checks import InputError, Issue, nearest
from funis.models.formula import RATE, TIME, Scope, UnsupportedError, symbolic, truth
from funis.models.graph import Graph
from funis.models.sbml.derivatives import Derivatives, Ruled
from funis.models.sbml.document import read_document
from funis.models.sbml.values import Quantity, RefusedError, SbmlEvent, SbmlModel


@dataclass(slots=True, eq=False)
class Draft:
    """What has been read so far."""

    file: str
    graph: Graph = field(default_factory=lambda: Graph(exact=True))
    scope: Scope = field(default_factory=Scope)
    assigned: dict[str, int] = field(default_factory=dict)
    ruled: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    initial: dict[str, int] = field(default_factory=dict)
    rates: dict[str, int] = field(default_factory=dict)
    concentrations: dict[str, Ruled] = field(default_factory=dict)
    quantities: dict[str, Quantity] = field(default_factory=dict)
    formulas: dict[int, int | None] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)

    def formula(self, element: Any, names: Mapping[str, int] | None = None) -> int:
        """Translate the formula of an element.

        Raises
        ------
        InputError
            It cannot be translated; the line is that of the element.
        """
        scope = Scope({**self.scope.names, **(names or {})}, self.scope.functions)
        line = element.getLine() or None
        try:
            node = symbolic(self.graph, element.getMath(), scope)
        except UnsupportedError as error:
            raise RefusedError(self.file, line, error.construct) from None
        except RecursionError:
            message = "a formula is nested too deep"
            raise InputError(Issue(self.file, line, None, message, "a shorter one")) from None
        except (ValueError, TypeError, IndexError) as error:
            message = f"a formula cannot be used: {error}"
            raise InputError(Issue(self.file, line, None, message)) from None
        self.formulas.setdefault(node, line)
        return node

    def named(self, name: str) -> int:
        """Return the symbol of an id of the file."""
        return self.graph.symbol(symbol_name(name))

    def keep(self, item: Any, kind: str, value: float, given: bool) -> None:
        """Note a size, parameter or stoichiometry: it holds its value unless a rule gives it."""
        name = symbol_name(item.getId())
        kept = None if name in self.assigned else name
        node = self.graph.symbol(name)
        unit = "" if kind == "stoichiometry" else item.getUnits()
        place = (item.getLine() or None, item.getConstant())
        self.quantities[item.getId()] = Quantity(
            item.getId(), kind, node, None, None, kept, None, unit, *place
        )
        if kept is not None:
            self.initial[name] = self.starts.get(name, self.graph.number(value))
            self.note_given(name, given or name in self.starts)
            if name in self.ruled:
                self.rates[name] = self.ruled[name]

    def note_given(self, name: str, given: bool) -> None:
        """Note where the file itself calls a value infinite or no number."""
        value = self.graph.constant(self.initial[name])
        if given and value is not None and not math.isfinite(value):
            self.given.add(name)


def symbol_name(name: str) -> str:
    """Return the symbol of an id: the id, but for an id that is spelt like the symbol of time."""
    return f"{name}'" if name == TIME else name


def read_sbml(path: str | Path) -> SbmlModel:
    """Read an SBML file of any Level as equations.

    Raises
    ------
    InputError
        What is wrong with the file, a line each.
    RefusedError
        A construct that is not supported; its name is the attribute `construct`.
    """
    model = read_document(Path(path)).getModel()
    draft = Draft(str(path))
    draft.scope = _scope(draft, model)
    _read_rules(draft, model)
    for item in model.getListOfCompartments():
        draft.keep(item, "compartment", item.getSize(), item.isSetSize())
    for item in model.getListOfParameters():
        draft.keep(item, "parameter", item.getValue(), item.isSetValue())
    flows = _read_reactions(draft, model)
    for item in model.getListOfSpecies():
        _read_species(draft, model, item, flows.get(item.getId(), []))
    events = [_event(draft, k, item) for k, item in enumerate(model.getListOfEvents(), 1)]
    return _model(draft, model.getId(), [event for event in events if event is not None])


def _scope(draft: Draft, model: Any) -> Scope:
    functions = {}
    for item in model.getListOfFunctionDefinitions():
        if item.isSetMath() and item.getBody() is not None:
            names = tuple(item.getArgument(k).getName() for k in range(item.getNumArguments()))
            functions[item.getId()] = (names, item.getBody())
    return Scope({TIME: draft.graph.symbol(symbol_name(TIME))}, functions)


def _read_rules(draft: Draft, model: Any) -> None:
    """Read rules and initial assignments; those without a formula say nothing."""
    for rule in model.getListOfRules():
        if rule.isSetMath():
            group = draft.assigned if rule.isAssignment() else draft.ruled
            group[symbol_name(rule.getVariable())] = draft.formula(rule)
    for item in model.getListOfInitialAssignments():
        if item.isSetMath():
            draft.starts[symbol_name(item.getSymbol())] = draft.formula(item)


def _read_reactions(draft: Draft, model: Any) -> dict[str, list[int]]:
    """Read reactions; return what they add to each species, conversion factors left out."""
    flows: dict[str, list[int]] = {}
    for item in model.getListOfReactions():
        rate = draft.named(item.getId())
        law = item.getKineticLaw()
        given = law is not None and law.isSetMath()
        value = (
            draft.formula(law, _local(draft, law)) if given else draft.graph.number(float("nan"))
        )
        draft.assigned[symbol_name(item.getId())] = value
        draft.quantities[item.getId()] = Quantity(
            item.getId(), "reaction", rate, line=item.getLine() or None
        )
        sides = ((-1.0, item.getListOfReactants()), (1.0, item.getListOfProducts()))
        for sign, references in sides:
            for reference in references:
                times = _stoichiometry(draft, reference)
                part = draft.graph.product(draft.graph.number(sign), times, rate)
                if given:
                    flows.setdefault(reference.getSpecies(), []).append(part)
    return flows


def _local(draft: Draft, law: Any) -> dict[str, int]:
    items = law.getListOfLocalParameters()
    return {item.getId(): draft.graph.number(item.getValue()) for item in items}


def _stoichiometry(draft: Draft, reference: Any) -> int:
    if reference.isSetId():
        given = reference.isSetStoichiometry()
        draft.keep(reference, "stoichiometry", reference.getStoichiometry(), given)
        return draft.named(reference.getId())
    if not reference.isSetStoichiometry():
        message = f"no stoichiometry of '{reference.getSpecies()}'"
        raise InputError(Issue(draft.file, reference.getLine() or None, None, message, "a number"))
    return draft.graph.number(reference.getStoichiometry())


def _read_species(draft: Draft, model: Any, item: Any, flows: list[int]) -> None:
    """Read a species: what is kept is its amount, and its concentration follows from it."""
    graph, name = draft.graph, symbol_name(item.getId())
    size = symbol_name(item.getCompartment())
    flat = model.getCompartment(item.getCompartment()).getSpatialDimensionsAsDouble() == 0
    whole = item.getHasOnlySubstanceUnits() or flat
    value, volume = graph.symbol(name), graph.symbol(size)
    kept = None if name in draft.assigned else name if whole else f"{name} amount"
    amount = value if whole else graph.symbol(kept) if kept else graph.product(value, volume)
    density = value if flat or not whole else graph.quotient(value, volume)
    draft.quantities[item.getId()] = Quantity(
        item.getId(), "species", value, amount, density, kept, None if whole else size,
        item.getSubstanceUnits(), item.getLine() or None, item.getConstant(),
    )  # fmt: skip
    if kept is None:
        return
    if not whole:
        draft.assigned[name] = graph.quotient(amount, volume)
    draft.initial[kept] = _start(draft, item, None if whole else volume, volume)
    given = name in draft.starts or item.isSetInitialAmount() or item.isSetInitialConcentration()
    draft.note_given(kept, given)
    if name in draft.ruled:
        if whole:
            draft.rates[kept] = draft.ruled[name]
        else:
            draft.concentrations[kept] = Ruled(name, size, draft.ruled[name])
    elif flows and not item.getBoundaryCondition() and not item.getConstant():
        factor = item.getConversionFactor() or model.getConversionFactor()
        scale = draft.named(factor) if factor else graph.number(1.0)
        draft.rates[kept] = graph.product(scale, graph.sum(*flows))


def _start(draft: Draft, item: Any, scale: int | None, volume: int) -> int:
    """Return the amount at the start."""
    graph, name = draft.graph, symbol_name(item.getId())
    if name in draft.starts:
        node = draft.starts[name]
        return node if scale is None else graph.product(node, scale)
    if item.isSetInitialAmount():
        return graph.number(item.getInitialAmount())
    if item.isSetInitialConcentration():
        return graph.product(graph.number(item.getInitialConcentration()), volume)
    return graph.number(float("nan"))


def _event(draft: Draft, number: int, item: Any) -> SbmlEvent | None:
    """Read an event; one without a trigger never happens."""
    trigger = item.getTrigger()
    if trigger is None or not trigger.isSetMath():
        return None
    delay, priority = item.getDelay(), item.getPriority()
    given = [one for one in item.getListOfEventAssignments() if one.isSetMath()]
    for one in given:
        _check_target(draft, one)
    return SbmlEvent(
        item.getId() or f"event {number}",
        truth(draft.graph, draft.formula(trigger)),
        trigger.getInitialValue() if trigger.isSetInitialValue() else True,
        trigger.getPersistent() if trigger.isSetPersistent() else True,
        item.getUseValuesFromTriggerTime() if item.isSetUseValuesFromTriggerTime() else True,
        draft.formula(delay) if delay is not None and delay.isSetMath() else None,
        draft.formula(priority) if priority is not None and priority.isSetMath() else None,
        tuple((one.getVariable(), draft.formula(one)) for one in given),
    )


def _check_target(draft: Draft, assignment: Any) -> None:
    name, line = assignment.getVariable(), assignment.getLine() or None
    found = draft.quantities.get(name)
    if found is None or found.kept is None:
        reason = "unknown" if found is None else "already given by a rule or reaction:"
        message = f"an event assigns the {reason} variable '{name}'"
        near = nearest(name, draft.quantities) if found is None else None
        raise InputError(Issue(draft.file, line, None, message, "a variable of the model", near))


def _model(draft: Draft, name: str, events: Iterable[SbmlEvent]) -> SbmlModel:
    """Put the parts together: names known, rates resolved, assignments in order."""
    _check_names(draft)
    known = Derivatives(draft.graph, draft.rates, draft.concentrations, draft.assigned)
    try:
        order = _ordered(draft)
        assigned = tuple((one, known.resolved(draft.assigned[one])) for one in order)
        moving = [one for one in draft.initial if one in draft.rates or one in draft.concentrations]
        return SbmlModel(
            draft.file, name, draft.graph, tuple(draft.initial),
            tuple(known.resolved(node) for node in draft.initial.values()),
            {one: known.of(one) for one in moving},
            assigned, tuple(_resolved(known, event) for event in events), draft.quantities,
            frozenset(draft.given),
        )  # fmt: skip
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(Issue(draft.file, None, None, str(error), "explicit rules")) from None


def _check_names(draft: Draft) -> None:
    names = {RATE + name for name in (TIME, *draft.assigned, *draft.initial)}
    names |= {TIME, *draft.assigned, *draft.initial}
    for node, line in draft.formulas.items():
        for name in sorted(draft.graph.symbols(node) - names):
            shown = name.removeprefix(RATE)
            near = nearest(shown, draft.quantities)
            message = f"unknown name '{shown}' in a formula"
            raise InputError(Issue(draft.file, line, None, message, "an id of the model", near))


def _ordered(draft: Draft) -> list[str]:
    needs = {name: draft.graph.symbols(node) for name, node in draft.assigned.items()}
    return evaluation_order(needs)


def evaluation_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return names so that each stands after those that it needs; other names do not count.

    Raises
    ------
    ValueError
        Names that need each other.
    """
    inner = {name: [one for one in sorted(found) if one in needs] for name, found in needs.items()}
    try:
        return list(TopologicalSorter(inner).static_order())
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ValueError(f"assignments in a circle: {circle}") from None


def _resolved(known: Derivatives, event: SbmlEvent) -> SbmlEvent:
    def found(node: int | None) -> int | None:
        return None if node is None else known.resolved(node)

    return replace(
        event,
        trigger=known.resolved(event.trigger),
        delay=found(event.delay),
        priority=found(event.priority),
        assignments=tuple((name, known.resolved(node)) for name, node in event.assignments),
    )
