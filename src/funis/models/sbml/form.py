"""A smooth SBML model as the form that every engine takes."""

from __future__ import annotations

from funis.models.form import OdeForm
from funis.models.formula import TIME
from funis.models.graph import LOGIC, RELATIONS
from funis.models.sbml.read import evaluation_order
from funis.models.sbml.values import SbmlModel

STEPS = frozenset({*RELATIONS, *LOGIC, "floor", "ceil", "if"})
"""Operations whose value may jump."""


def is_smooth(model: SbmlModel) -> bool:
    """Return whether a model has neither events nor anything that may jump."""
    nodes = [*model.rates.values(), *(node for _, node in model.assignments)]
    used = {model.graph.operations[node] for node in model.graph.reached(nodes)}
    return not model.events and not used & STEPS


def ode_form(model: SbmlModel) -> OdeForm:
    """Return a smooth model as states, parameters, assignments and rates.

    States are what moves; parameters have a plain number at the start; what the start gives by a
    formula and then keeps is a constant. Time stands in it as the symbol `TIME`.

    Raises
    ------
    ValueError
        A model with events or jumps.
    """
    if not is_smooth(model):
        raise ValueError("a model with events or jumps has no smooth form")
    graph = model.graph
    start = dict(zip(model.kept, model.initial, strict=True))
    states = tuple(name for name in model.kept if name in model.rates)
    plain = {
        name: value
        for name, node in start.items()
        if name not in model.rates and (value := graph.constant(node)) is not None
    }
    fixed, known = _start_nodes(model, plain)
    kept = {name: known[name] for name in start if name not in plain and name not in states}
    constants = {name: graph.replaced([node], fixed)[0] for name, node in kept.items()}
    moving = {TIME, *states}
    assignments = []
    for name, node in model.assignments:
        if graph.symbols(node) & moving:
            moving.add(name)
            assignments.append((name, node))
        else:
            constants[name] = node
    order = evaluation_order({name: graph.symbols(node) for name, node in constants.items()})
    return OdeForm(
        graph,
        states,
        tuple(plain),
        tuple(plain.values()),
        tuple((name, constants[name]) for name in order),
        tuple(assignments),
        tuple(model.rates[name] for name in states),
        tuple(known[name] for name in states),
    )


def _start_nodes(
    model: SbmlModel, plain: dict[str, float]
) -> tuple[dict[int, int], dict[str, int]]:
    """Return everything at time 0 in terms of parameters, by symbol and by name."""
    graph = model.graph
    nodes = {**dict(zip(model.kept, model.initial, strict=True)), **dict(model.assignments)}
    rest = {name: node for name, node in nodes.items() if name not in plain}
    known = {graph.symbol(TIME): graph.number(0.0)}
    for name in evaluation_order({name: graph.symbols(node) for name, node in rest.items()}):
        known[graph.symbol(name)] = graph.replaced([rest[name]], known)[0]
    return known, {name: known[graph.symbol(name)] for name in rest}
