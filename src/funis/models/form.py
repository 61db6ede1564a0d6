"""The equations of a model: states, parameters, assignments and rates, read from SBML.

One form serves every engine: the kernel, SciPy's right-hand side and Jacobian, the derived
constants and the observables are made from it, so engines can differ in the solver only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from funis.models.evaluate import arrays_function, columns_function, scalar_function
from funis.models.formula import TIME, symbolic
from funis.models.graph import Graph

Array = NDArray[np.float64]
Columns = Callable[[Array], Array]
Scalars = Callable[[Sequence[float]], list[float]]


@dataclass(frozen=True, eq=False)
class OdeForm:
    """An ODE model as nodes of a graph.

    Attributes
    ----------
    states, parameters : names, in the order of every array.
    constants : assignments that hold parameters only, in order of evaluation.
    assignments : all other assignments, in order of evaluation.
    rates : right-hand side of each state, in terms of states, parameters, constants, assignments.
    initial : start value of each state, in terms of parameters and constants.
    conserved : groups of states that reactions only pass on to each other, so that their sum
        changes by inflows alone (indices).
    forcing : parameters that move with time.
    """

    graph: Graph
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: tuple[float, ...]
    constants: tuple[tuple[str, int], ...]
    assignments: tuple[tuple[str, int], ...]
    rates: tuple[int, ...]
    initial: tuple[int, ...]
    conserved: tuple[tuple[int, ...], ...] = ()
    forcing: tuple[str, ...] = ()

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of everything that can be asked for: states, constants and assignments."""
        names = [name for name, _ in (*self.constants, *self.assignments)]
        return (*self.states, *names)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Column of each parameter."""
        return {name: place for place, name in enumerate(self.parameters)}

    @cached_property
    def constant_names(self) -> tuple[str, ...]:
        """Names of the derived constants."""
        return tuple(name for name, _ in self.constants)

    @cached_property
    def fixed_names(self) -> tuple[str, ...]:
        """Parameters and derived constants: what an engine holds fixed."""
        return (*self.parameters, *self.constant_names)

    @cached_property
    def solved(self) -> tuple[tuple[int, ...], Mapping[str, int]]:
        """Rates, and assignments by name, with every assignment substituted."""
        byname = self._substituted(self.assignments)
        known = {self.graph.symbol(name): node for name, node in byname.items()}
        return tuple(self.graph.replaced(self.rates, known)), byname

    def _substituted(self, rules: Sequence[tuple[str, int]]) -> dict[str, int]:
        known: dict[int, int] = {}
        byname: dict[str, int] = {}
        for name, node in rules:
            byname[name] = self.graph.replaced([node], known)[0]
            known[self.graph.symbol(name)] = byname[name]
        return byname

    def derived(self, parameters: Array) -> Array:
        """Evaluate the derived constants.

        Parameters
        ----------
        parameters : (patient, parameter)

        Returns
        -------
        array : (patient, constant)
        """
        return self._derive(parameters)

    @cached_property
    def _derive(self) -> Columns:
        nodes = list(self._substituted(self.constants).values())
        return columns_function(self.graph, self.parameters, nodes)

    def start(self, fixed: Array) -> Array:
        """Return the untreated state of each patient, (patient, state)."""
        return self._start(fixed)

    @cached_property
    def _start(self) -> Columns:
        return columns_function(self.graph, self.fixed_names, self.initial)

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """States and what is fixed: the arguments of rates and Jacobian."""
        return (*self.states, *self.fixed_names)

    @cached_property
    def jacobian_nodes(self) -> tuple[int, ...]:
        """The analytic Jacobian, row by row."""
        wanted = frozenset(self.states)
        rows = [self.graph.partials(rate, wanted) for rate in self.solved[0]]
        zero = self.graph.number(0.0)
        return tuple(row.get(name, zero) for row in rows for name in self.states)

    @cached_property
    def rate_function(self) -> Scalars:
        """Right-hand side of one patient: [states, fixed] -> rates."""
        return scalar_function(self.graph, self.arguments, self.solved[0])

    @cached_property
    def jacobian_function(self) -> Scalars:
        """Analytic Jacobian of one patient: [states, fixed] -> (state, state), row by row."""
        return scalar_function(self.graph, self.arguments, self.jacobian_nodes)

    def rates_at(self, states: Array, fixed: Array) -> Array:
        """Evaluate the right-hand side, (patient, state)."""
        function = columns_function(self.graph, self.arguments, self.solved[0])
        return function(np.hstack([states, fixed]))

    def jacobian_at(self, states: Array, fixed: Array) -> Array:
        """Evaluate the Jacobian, (patient, state, state)."""
        size = len(self.states)
        return self._jacobian_columns(np.hstack([states, fixed])).reshape(-1, size, size)

    @cached_property
    def _jacobian_columns(self) -> Columns:
        return columns_function(self.graph, self.arguments, self.jacobian_nodes)

    def observe(self, names: Sequence[str], states: Array, fixed: Array) -> Array:
        """Evaluate outputs by name.

        Parameters
        ----------
        names : states, constants or assignments.
        states : (row, state)
        fixed : (row, parameter and constant)

        Returns
        -------
        array : (row, name)
        """
        return self._observer(tuple(names))(np.hstack([states, fixed]))

    def observe_columns(self, names: Sequence[str], columns: Mapping[str, Array]) -> list[Array]:
        """Evaluate outputs from arrays of any shapes that broadcast; names not needed may lack."""
        needed, function = self._column_observer(tuple(names))
        with np.errstate(all="ignore"):
            return list(function(*(columns[name] for name in needed)))

    def observed(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the states, parameters and constants that outputs are evaluated from."""
        return self._column_observer(tuple(names))[0]

    def _column_observer(
        self, names: tuple[str, ...]
    ) -> tuple[tuple[str, ...], Callable[..., tuple[Array, ...]]]:
        cache: dict[tuple[str, ...], Any] = self.__dict__.setdefault("_column_observers", {})
        if names not in cache:
            nodes = self.output_nodes(names)
            symbols = frozenset[str]().union(*(self.graph.symbols(node) for node in nodes))
            needed = tuple(name for name in self.arguments if name in symbols)
            cache[names] = needed, arrays_function(self.graph, needed, nodes)
        found: tuple[tuple[str, ...], Callable[..., tuple[Array, ...]]] = cache[names]
        return found

    def output_nodes(self, names: Sequence[str]) -> list[int]:
        """Return outputs in terms of states, parameters and constants."""
        byname = self.solved[1]
        return [byname[n] if n in byname else self.graph.symbol(n) for n in names]

    def _observer(self, names: tuple[str, ...]) -> Columns:
        cache = self.__dict__.setdefault("_observers", {})
        if names not in cache:
            nodes = self.output_nodes(names)
            cache[names] = columns_function(self.graph, self.arguments, nodes)
        return cast(Columns, cache[names])


def form_text(form: OdeForm) -> str:
    """Return a form as JSON text, which `form_of` reads."""
    graph = form.graph
    nodes = [
        list(node) for node in zip(graph.operations, graph.arguments, graph.values, strict=True)
    ]
    kept = {
        field.name: getattr(form, field.name) for field in fields(form) if field.name != "graph"
    }
    return json.dumps({"nodes": nodes, **kept})


def form_of(text: str) -> OdeForm:
    """Return the form of a JSON text."""
    document = json.loads(text)
    graph = Graph.of(document.pop("nodes"))
    return OdeForm(graph=graph, **{name: _tuples(value) for name, value in document.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def read_form(sbml: str, forcing: Sequence[str] = ()) -> OdeForm:
    """Read an SBML model whose functions are expanded and whose species are amounts.

    Parameters
    ----------
    forcing : parameters that move with time, so that what depends on them is no constant.
    """
    import libsbml

    graph = Graph()
    model = libsbml.readSBMLFromString(sbml).getModel()
    rules = {rule.getVariable(): rule for rule in model.getListOfRules()}
    assigned = {n: _formula(graph, r.getMath()) for n, r in rules.items() if r.isAssignment()}
    rated = {n: _formula(graph, r.getMath()) for n, r in rules.items() if r.isRate()}
    flows: dict[str, list[int]] = {item.getId(): [] for item in model.getListOfSpecies()}
    for reaction in model.getListOfReactions():
        flow = _formula(graph, reaction.getKineticLaw().getMath())
        for reference in reaction.getListOfReactants():
            flows[reference.getSpecies()].append(graph.negative(flow))
        for reference in reaction.getListOfProducts():
            flows[reference.getSpecies()].append(flow)
    rates = {name: graph.sum(*terms) for name, terms in flows.items()} | rated
    parameters = [
        item for item in model.getListOfParameters() if item.getId() not in assigned | rated
    ]
    return _ordered(graph, model, parameters, assigned, rates, forcing)


def _ordered(
    graph: Graph,
    model: Any,
    parameters: list[Any],
    assigned: dict[str, int],
    rates: dict[str, int],
    forcing: Sequence[str],
) -> OdeForm:
    states = tuple(rates)
    order = _evaluation_order({name: graph.symbols(node) for name, node in assigned.items()})
    moving = {*states, *forcing}
    constants, assignments = [], []
    for name in order:
        if graph.symbols(assigned[name]) & moving:
            moving.add(name)
            assignments.append((name, assigned[name]))
        else:
            constants.append((name, assigned[name]))
    return OdeForm(
        graph,
        states,
        tuple(item.getId() for item in parameters),
        tuple(item.getValue() for item in parameters),
        tuple(constants),
        tuple(assignments),
        tuple(rates[name] for name in states),
        _resolved(graph, model, states, assignments, forcing),
        _conserved(model, states),
        tuple(forcing),
    )


def _conserved(model: Any, states: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Find groups of species joined by reactions that each take as many as they give."""
    group = {name: name for name in states}
    open_groups: set[str] = set()
    for reaction in model.getListOfReactions():
        taken = [reference.getSpecies() for reference in reaction.getListOfReactants()]
        given = [reference.getSpecies() for reference in reaction.getListOfProducts()]
        if reaction.getId().startswith("J_inflow_"):
            continue
        first = group[(taken + given)[0]]
        joined = {group[name] for name in taken + given}
        group = {name: first if own in joined else own for name, own in group.items()}
        if len(taken) != len(given):
            open_groups.add(first)
    leaking = {group[name] for name in open_groups}
    closed = [name for name in dict.fromkeys(group.values()) if name not in leaking]
    members = [
        tuple(index for index, state in enumerate(states) if group[state] == name)
        for name in closed
    ]
    return tuple(found for found in members if len(found) > 1)


def _resolved(
    graph: Graph,
    model: Any,
    states: tuple[str, ...],
    assignments: list[tuple[str, int]],
    forcing: Sequence[str],
) -> tuple[int, ...]:
    """Start values in terms of parameters and constants only; a forcing starts at zero."""
    given = {name: _initial(graph, model, name) for name in states}
    rules = dict(assignments)
    known = {graph.symbol(name): graph.number(0.0) for name in forcing}

    def resolve(node: int) -> int:
        for name in sorted(graph.symbols(node)):
            if graph.symbol(name) not in known and name in (given | rules):
                known[graph.symbol(name)] = resolve(given[name] if name in given else rules[name])
        return graph.replaced([node], known)[0]

    return tuple(resolve(given[name]) for name in states)


def _initial(graph: Graph, model: Any, name: str) -> int:
    assignment = model.getInitialAssignmentBySymbol(name)
    if assignment is not None:
        return _formula(graph, assignment.getMath())
    item = model.getSpecies(name)
    value = item.getInitialAmount() if item is not None else model.getParameter(name).getValue()
    return graph.number(value)


def _evaluation_order(needs: Mapping[str, frozenset[str]]) -> list[str]:
    waiting = {name: names & set(needs) for name, names in needs.items()}
    order: list[str] = []
    while waiting:
        ready = [name for name, names in waiting.items() if not names - set(order)]
        if not ready:
            raise ValueError(f"assignments in a circle: {', '.join(sorted(waiting))}")
        order += ready
        waiting = {name: names for name, names in waiting.items() if name not in order}
    return order


SMOOTH = frozenset({"number", "symbol", "sum", "product", "power", "inverse", "exp", "ln", "sqrt"})
"""What the equations of a disease may hold: no steps, no time but in the forcing."""


def _formula(graph: Graph, tree: Any) -> int:
    """Translate a formula of a disease."""
    import libsbml

    node = symbolic(graph, tree)
    used = {graph.operations[one] for one in graph.reached([node])}
    if used - SMOOTH or TIME in graph.symbols(node):
        words = libsbml.formulaToL3String(tree)
        raise ValueError(f"'{words}' is not part of the model language")
    return node
