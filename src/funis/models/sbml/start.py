"""Values at the start: initial assignments, rules and reactions together at time 0."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from funis.checks import InputError, Issue
from funis.models.evaluate import total_function
from funis.models.formula import TIME
from funis.models.sbml.read import evaluation_order
from funis.models.sbml.values import Quantity, SbmlModel


def start_values(model: SbmlModel) -> dict[str, float]:
    """Return the value of every symbol at time 0; what has none is no number.

    Raises
    ------
    InputError
        Initial assignments and rules that need each other.
    """
    graph = model.graph
    nodes = {**dict(zip(model.kept, model.initial, strict=True)), **dict(model.assignments)}
    plain = {name: graph.constant(node) for name, node in nodes.items()}
    literal = {name: value for name, value in plain.items() if value is not None}
    rest = {name: node for name, node in nodes.items() if name not in literal}
    try:
        order = evaluation_order({name: graph.symbols(node) for name, node in rest.items()})
    except ValueError as error:
        raise InputError(Issue(model.file, None, None, str(error), "explicit rules")) from None
    known: dict[int, int] = {}
    for name in order:
        known[graph.symbol(name)] = graph.replaced([rest[name]], known)[0]
    made = total_function(graph, (TIME, *literal), list(known.values()))
    found = made([0.0, *literal.values()])
    return {TIME: 0.0, **literal, **dict(zip(order, found, strict=True))}


def check_start(model: SbmlModel, values: Mapping[str, float], outputs: Mapping[str, int]) -> None:
    """Refuse a model whose start is not finite where that matters, and name the variable.

    What the file itself calls infinite or no number, and what follows from it, is as it says.

    Parameters
    ----------
    values : as `start_values` returns them.
    outputs : nodes that are asked for, by the id of what they show.

    Raises
    ------
    InputError
        A value that is not given, or not finite, or a rate that is not finite.
    """
    graph, known = model.graph, model.substituted()
    rates = {name: graph.replaced([node], known)[0] for name, node in model.rates.items()}
    needed = {name for node in (*rates.values(), *outputs.values()) for name in graph.symbols(node)}
    endless = _endless(model)
    for name in (*model.kept, *(one for one, _ in model.assignments)):
        if name in needed | set(rates) and name not in endless and not math.isfinite(values[name]):
            raise InputError(_not_finite(model, name, values[name]))
    owners = [_owner(model, name).name for name in rates]
    _check_nodes(model, values, zip(owners, rates.values(), strict=True), "the rate", frozenset())
    _check_nodes(model, values, outputs.items(), "the value", endless)


def _check_nodes(
    model: SbmlModel, values: Mapping[str, float], nodes: Iterable[tuple[str, int]], what: str,
    endless: Collection[str],
) -> None:  # fmt: skip
    """Refuse nodes that are not finite at the start, but for what may be."""
    pairs = list(nodes)
    names = list(values)
    function = total_function(model.graph, names, [node for _, node in pairs])
    for (name, node), value in zip(pairs, function(list(values.values())), strict=True):
        if not math.isfinite(value) and not model.graph.symbols(node) & set(endless):
            message = f"{what} of '{name}' at the start is {value:g}"
            line = model.quantities[name].line
            raise InputError(Issue(model.file, line, None, message, "a finite number"))


def _endless(model: SbmlModel) -> set[str]:
    """Return symbols that are not finite because the file says so, directly or through others."""
    graph = model.graph
    found = set(model.given)
    held = {
        *model.kept,
        *(item.name for item in model.quantities.values() if item.kind == "reaction"),
    }
    nodes = [*zip(model.kept, model.initial, strict=True), *model.assignments]
    for _ in range(2):  # initial assignments may need rules that stand later
        for name, node in nodes:
            inside = (graph.constant(one) for one in graph.reached([node]))
            literal = any(value is not None and not math.isfinite(value) for value in inside)
            alone = graph.constant(node) is not None and name in held
            if graph.symbols(node) & found or (literal and not alone):
                found.add(name)
    return found


def _owner(model: SbmlModel, symbol: str) -> Quantity:
    for item in model.quantities.values():
        if item.kept == symbol or model.graph.values[item.value] == symbol:
            return item
    raise KeyError(symbol)


def _not_finite(model: SbmlModel, symbol: str, value: float) -> Issue:
    item = _owner(model, symbol)
    if item.kept == symbol and math.isnan(value):
        place = model.kept.index(symbol)
        if model.graph.constant(model.initial[place]) is not None:
            message = f"no value is given for the {item.kind} '{item.name}'"
            return Issue(model.file, item.line, None, message, "a number")
    if item.kind == "reaction" and math.isnan(value) and _lawless(model, symbol):
        message = f"the reaction '{item.name}' has no kinetic law, and its rate is needed"
        return Issue(model.file, item.line, None, message, "a kinetic law")
    message = f"the value of '{item.name}' at the start is {value:g}"
    return Issue(model.file, item.line, None, message, "a finite number")


def _lawless(model: SbmlModel, symbol: str) -> bool:
    return model.graph.constant(dict(model.assignments)[symbol]) is not None
