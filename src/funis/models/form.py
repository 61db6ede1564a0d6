"""The equations of a model as symbols: states, parameters, assignments and rates, read from SBML.

One form serves every engine: SciPy's right-hand side and Jacobian, the derived constants and the
observables are compiled from it, so engines can differ in the solver only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OdeForm:
    """An ODE model in symbols.

    Attributes
    ----------
    states, parameters : names, in the order of every array.
    constants : assignments that hold parameters only, in order of evaluation.
    assignments : all other assignments, in order of evaluation.
    rates : right-hand side of each state, in terms of states, parameters, constants, assignments.
    initial : start value of each state, in terms of parameters and constants.
    conserved : groups of states that reactions only pass on to each other, so that their sum
        changes by inflows alone (indices).
    """

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: tuple[float, ...]
    constants: tuple[tuple[str, Any], ...]
    assignments: tuple[tuple[str, Any], ...]
    rates: tuple[Any, ...]
    initial: tuple[Any, ...]
    conserved: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of everything that can be asked for: states, constants and assignments."""
        names = [name for name, _ in (*self.constants, *self.assignments)]
        return (*self.states, *names)

    @cached_property
    def constant_names(self) -> tuple[str, ...]:
        """Names of the derived constants."""
        return tuple(name for name, _ in self.constants)

    @cached_property
    def fixed_names(self) -> tuple[str, ...]:
        """Parameters and derived constants: what an engine holds fixed."""
        return (*self.parameters, *self.constant_names)

    @cached_property
    def _solved(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Rates and assignments with every assignment substituted."""
        import symengine

        known: dict[Any, Any] = {}
        byname: dict[str, Any] = {}
        for name, expression in self.assignments:
            value = expression.subs(known)
            known[symengine.Symbol(name)] = value
            byname[name] = value
        return tuple(rate.subs(known) for rate in self.rates), byname

    def derived(self, parameters: Array) -> Array:
        """Evaluate the derived constants.

        Parameters
        ----------
        parameters : (patient, parameter)

        Returns
        -------
        array : (patient, constant)
        """
        if not self.constants:
            return np.empty((len(parameters), 0))
        return _call(self._derive, parameters, len(self.constants))

    @cached_property
    def _derive(self) -> Any:
        import symengine

        known: dict[Any, Any] = {}
        for name, expression in self.constants:
            known[symengine.Symbol(name)] = expression.subs(known)
        return compile_expressions(self.parameters, list(known.values()))

    def start(self, fixed: Array) -> Array:
        """Return the untreated state of each patient, (patient, state)."""
        return _call(self._start, fixed, len(self.states))

    @cached_property
    def _start(self) -> Any:
        return compile_expressions(self.fixed_names, list(self.initial))

    @cached_property
    def rate_function(self) -> Any:
        """Compiled right-hand side of [states, fixed] -> rates."""
        return compile_expressions((*self.states, *self.fixed_names), list(self._solved[0]))

    @cached_property
    def jacobian_function(self) -> Any:
        """Compiled analytic Jacobian of [states, fixed] -> (state, state), row by row."""
        import symengine

        rates = symengine.Matrix(len(self.states), 1, list(self._solved[0]))
        symbols = symengine.Matrix(len(self.states), 1, [symengine.Symbol(s) for s in self.states])
        entries = list(rates.jacobian(symbols))
        return compile_expressions((*self.states, *self.fixed_names), entries)

    def rates_at(self, states: Array, fixed: Array) -> Array:
        """Evaluate the right-hand side, (patient, state)."""
        return _call(self.rate_function, np.hstack([states, fixed]), len(self.states))

    def jacobian_at(self, states: Array, fixed: Array) -> Array:
        """Evaluate the Jacobian, (patient, state, state)."""
        size = len(self.states)
        flat = _call(self.jacobian_function, np.hstack([states, fixed]), size * size)
        return flat.reshape(-1, size, size)

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
        function = self._observer(tuple(names))
        return _call(function, np.hstack([states, fixed]), len(names))

    def _observer(self, names: tuple[str, ...]) -> Any:
        cache = self.__dict__.setdefault("_observers", {})
        if names not in cache:
            import symengine

            byname = self._solved[1]
            wanted = [byname.get(name, symengine.Symbol(name)) for name in names]
            cache[names] = compile_expressions((*self.states, *self.fixed_names), wanted)
        return cache[names]


def compile_expressions(names: Sequence[str], expressions: Sequence[Any]) -> Any:
    """Compile expressions of named arguments to one vectorised function."""
    import symengine

    arguments = [symengine.Symbol(name) for name in names]
    backend = "llvm" if symengine.have_llvm else "lambda"
    return symengine.Lambdify(arguments, list(expressions), backend=backend, cse=True)


def _call(function: Any, arguments: Array, width: int) -> Array:
    if len(arguments) == 0:
        return np.empty((0, width))
    values = np.asarray(function(np.ascontiguousarray(arguments, dtype=np.float64)))
    return values.reshape(len(arguments), width)


def read_form(sbml: str, forcing: Sequence[str] = ()) -> OdeForm:
    """Read an SBML model whose functions are expanded and whose species are amounts.

    Parameters
    ----------
    forcing : parameters that move with time, so that what depends on them is no constant.
    """
    import libsbml
    import symengine

    model = libsbml.readSBMLFromString(sbml).getModel()
    rules = {rule.getVariable(): rule for rule in model.getListOfRules()}
    assigned = {name: _symbolic(r.getMath()) for name, r in rules.items() if r.isAssignment()}
    rated = {name: _symbolic(r.getMath()) for name, r in rules.items() if r.isRate()}
    species = [item.getId() for item in model.getListOfSpecies()]
    rates: dict[str, Any] = {name: symengine.Integer(0) for name in species} | rated
    for reaction in model.getListOfReactions():
        flow = _symbolic(reaction.getKineticLaw().getMath())
        for side, sign in ((reaction.getListOfReactants(), -1), (reaction.getListOfProducts(), 1)):
            for reference in side:
                rates[reference.getSpecies()] += sign * flow
    parameters = [
        item for item in model.getListOfParameters() if item.getId() not in assigned | rated
    ]
    return _ordered(model, parameters, assigned, rates, forcing)


def _ordered(
    model: Any,
    parameters: list[Any],
    assigned: dict[str, Any],
    rates: dict[str, Any],
    forcing: Sequence[str],
) -> OdeForm:
    states = tuple(rates)
    order = _evaluation_order(assigned)
    moving = {*states, *forcing}
    constants, assignments = [], []
    for name in order:
        free = {str(symbol) for symbol in assigned[name].free_symbols}
        if free & moving:
            moving.add(name)
            assignments.append((name, assigned[name]))
        else:
            constants.append((name, assigned[name]))
    return OdeForm(
        states,
        tuple(item.getId() for item in parameters),
        tuple(item.getValue() for item in parameters),
        tuple(constants),
        tuple(assignments),
        tuple(rates[name] for name in states),
        _resolved(model, states, assignments, forcing),
        _conserved(model, states),
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
    model: Any, states: tuple[str, ...], assignments: list[tuple[str, Any]], forcing: Sequence[str]
) -> tuple[Any, ...]:
    """Start values in terms of parameters and constants only; a forcing starts at zero."""
    import symengine

    zero = {symengine.Symbol(name): symengine.Integer(0) for name in forcing}
    given = {name: _initial(model, name) for name in states}
    known = dict(zero)
    rules = dict(assignments)

    def resolve(expression: Any) -> Any:
        for symbol in expression.free_symbols:
            name = str(symbol)
            if symbol not in known and name in (given | rules):
                known[symbol] = resolve(given[name] if name in given else rules[name])
        return expression.subs(known)

    return tuple(resolve(given[name]) for name in states)


def _initial(model: Any, name: str) -> Any:
    import symengine

    assignment = model.getInitialAssignmentBySymbol(name)
    if assignment is not None:
        return _symbolic(assignment.getMath())
    item = model.getSpecies(name)
    value = item.getInitialAmount() if item is not None else model.getParameter(name).getValue()
    return symengine.RealDouble(value)


def _evaluation_order(assigned: dict[str, Any]) -> list[str]:
    waiting = {
        name: {str(s) for s in expression.free_symbols} & set(assigned)
        for name, expression in assigned.items()
    }
    order: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if not needs - set(order)]
        if not ready:
            raise ValueError(f"assignments in a circle: {', '.join(sorted(waiting))}")
        order += ready
        waiting = {name: needs for name, needs in waiting.items() if name not in order}
    return order


def _symbolic(node: Any) -> Any:
    """Translate a libsbml formula tree."""
    import libsbml
    import symengine

    kind = node.getType()
    children = [_symbolic(node.getChild(i)) for i in range(node.getNumChildren())]
    if kind in (libsbml.AST_INTEGER,):
        return symengine.Integer(node.getInteger())
    if kind in (libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL):
        value = node.getReal()
        return symengine.Integer(int(value)) if value == int(value) else symengine.RealDouble(value)
    if kind == libsbml.AST_NAME:
        return symengine.Symbol(node.getName())
    if kind in _OPERATIONS(libsbml):
        return _OPERATIONS(libsbml)[kind](*children)
    raise ValueError(f"'{libsbml.formulaToL3String(node)}' is not part of the model language")


def _OPERATIONS(libsbml: Any) -> dict[int, Any]:  # noqa: N802
    import symengine

    def total(*terms: Any) -> Any:
        result = terms[0]
        for term in terms[1:]:
            result = result + term
        return result

    def product(*factors: Any) -> Any:
        result = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return result

    return {
        libsbml.AST_PLUS: total,
        libsbml.AST_TIMES: product,
        libsbml.AST_MINUS: lambda a, b=None: -a if b is None else a - b,
        libsbml.AST_DIVIDE: lambda a, b: a / b,
        libsbml.AST_POWER: lambda a, b: a**b,
        libsbml.AST_FUNCTION_POWER: lambda a, b: a**b,
        libsbml.AST_FUNCTION_EXP: symengine.exp,
        libsbml.AST_FUNCTION_LN: symengine.log,
        libsbml.AST_FUNCTION_ROOT: lambda *a: symengine.sqrt(a[-1]),
    }
