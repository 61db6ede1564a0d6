"""Nodes of a graph as Python functions: of floats, or of whole columns with NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.models.graph import FUNCTIONS, LOGIC, RELATIONS, Graph

Array = NDArray[np.float64]

_COLUMNS = {"ln": "log", "asin": "arcsin", "acos": "arccos", "atan": "arctan"} | {
    f"a{name}h": f"arc{name}h" for name in ("sin", "cos", "tan")
}


def columns_function(
    graph: Graph, arguments: Sequence[str], nodes: Sequence[int]
) -> Callable[[Array], Array]:
    """Return a function of (row, argument) to (row, node); a row does not depend on the others."""
    function = arrays_function(graph, arguments, nodes)

    def evaluate(table: Array) -> Array:
        columns = np.ascontiguousarray(np.asarray(table, dtype=np.float64).T)
        result = np.empty((len(nodes), columns.shape[1]))
        with np.errstate(all="ignore"):
            for place, column in enumerate(function(*columns)):
                result[place] = column
        return np.ascontiguousarray(result.T)

    return evaluate


def arrays_function(
    graph: Graph, arguments: Sequence[str], nodes: Sequence[int]
) -> Callable[..., tuple[Array, ...]]:
    """Return a function of one array an argument to one array a node, broadcast by NumPy."""
    code = _source(graph, arguments, nodes, "columns")
    return _made(code, {"np": np, **_column_functions()})


def scalar_function(
    graph: Graph, arguments: Sequence[str], nodes: Sequence[int]
) -> Callable[[Sequence[float]], list[float]]:
    """Return a function of one list of floats to a list; it raises where Python's own do.

    Raises (when called)
    --------------------
    ZeroDivisionError, ValueError, OverflowError
        A division by zero, a logarithm of a negative number, and the like.
    """
    function = _made(_source(graph, arguments, nodes, "scalar"), {**FUNCTIONS, "power": math.pow})

    def evaluate(values: Sequence[float]) -> list[float]:
        return list(function(*values))

    return evaluate


def total_function(
    graph: Graph, arguments: Sequence[str], nodes: Sequence[int]
) -> Callable[[Sequence[float]], list[float]]:
    """Return a function of one list of floats to a list that has a value everywhere.

    What Python refuses has the value of IEEE arithmetic: 1/0 is infinite, the logarithm of a
    negative number is no number.
    """
    quick = scalar_function(graph, arguments, nodes)
    slow: list[Callable[[Array], Array]] = []

    def evaluate(values: Sequence[float]) -> list[float]:
        try:
            return quick(values)
        except (ArithmeticError, ValueError):
            if not slow:
                slow.append(columns_function(graph, arguments, nodes))
            found: list[float] = slow[0](np.array([values], dtype=np.float64))[0].tolist()
            return found

    return evaluate


def _made(code: str, names: dict[str, Any]) -> Callable[..., Any]:
    scope: dict[str, Any] = {f"f_{name}": value for name, value in names.items()}
    exec(compile(code, "<equations>", "exec"), scope)
    made: Callable[..., Any] = scope["equations"]
    return made


def _source(graph: Graph, arguments: Sequence[str], nodes: Sequence[int], form: str) -> str:
    places = {name: place for place, name in enumerate(arguments)}
    lines = [f"def equations({', '.join(f'a{k}' for k in range(len(arguments)))}):"]
    words: dict[int, str] = {}
    for node in graph.reached(nodes):
        text = _word(graph, node, words, places, form)
        if graph.arguments[node]:
            lines.append(f" v{node} = {text}")
            text = f"v{node}"
        words[node] = text
    return "\n".join([*lines, f" return ({''.join(words[node] + ',' for node in nodes)})"])


def _word(graph: Graph, node: int, words: dict[int, str], places: dict[str, int], form: str) -> str:
    kind, value = graph.operations[node], graph.values[node]
    given = [words[one] for one in graph.arguments[node]]
    if kind == "number":
        return f"({value!r})" if math.isfinite(float(value or 0)) else f"float('{value}')"
    if kind == "symbol":
        if value not in places:
            raise ValueError(f"unknown name '{value}'")
        return f"a{places[str(value)]}"
    if kind == "product" and graph.exact:
        return _fraction(graph, node, words)
    if kind in ("sum", "product"):
        return (" + " if kind == "sum" else "*").join(given)
    if kind == "inverse":
        nothing = form == "columns" and graph.constant(graph.arguments[node][0]) == 0
        return "float('inf')" if nothing else f"1.0/{given[0]}"
    if kind == "power":
        return _power(graph, node, given, form)
    if form == "scalar":
        return _scalar_word(kind, given)
    if kind == "if":
        return f"f_np.where({', '.join(given)})"
    if kind in RELATIONS:
        return f"1.0*({given[0]} {kind} {given[1]})"
    if kind in LOGIC:
        return f"1.0*f_np.logical_{kind}({', '.join(given)})"
    return f"f_{kind}({', '.join(given)})"


def _fraction(graph: Graph, node: int, words: dict[int, str]) -> str:
    """Write a product with its inverses as divisions."""
    above: list[int] = []
    below: list[int] = []
    for one in graph.arguments[node]:
        inside = graph.operations[one] == "inverse" and graph.constant(graph.arguments[one][0]) != 0
        (below if inside else above).append(graph.arguments[one][0] if inside else one)
    return "*".join([words[one] for one in above] or ["1.0"]) + "".join(
        f"/{words[one]}" for one in below
    )


def _scalar_word(kind: str, given: Sequence[str]) -> str:
    if kind == "if":
        return f"{given[1]} if {given[0]} else {given[2]}"
    if kind in RELATIONS:
        return f"1.0*({given[0]} {kind} {given[1]})"
    if kind in ("and", "or"):
        return f"1.0*(({given[0]} != 0) {kind} ({given[1]} != 0))"
    if kind == "xor":
        return f"1.0*(({given[0]} != 0) != ({given[1]} != 0))"
    if kind == "not":
        return f"1.0*({given[0]} == 0)"
    if kind in ("min", "max"):
        return f"{kind}({', '.join(given)})"
    return f"1.0*f_{kind}({given[0]})"


def _power(graph: Graph, node: int, given: Sequence[str], form: str) -> str:
    """Write small integer powers as multiplications, as the compiled kernel does."""
    exponent = graph.constant(graph.arguments[node][1])
    if exponent is not None and exponent in (2.0, 3.0, 4.0):
        base = given[0]
        return {2.0: f"{base}*{base}", 3.0: f"{base}*{base}*{base}"}.get(
            exponent, f"({base}*{base})*({base}*{base})"
        )
    return (
        f"f_np.power({given[0]}, {given[1]})"
        if form == "columns"
        else f"f_power({', '.join(given)})"
    )


def _column_functions() -> dict[str, Any]:
    names = [name for name in FUNCTIONS if name != "factorial"]
    found: dict[str, Any] = {name: getattr(np, _COLUMNS.get(name, name)) for name in names}
    return found | {"min": np.minimum, "max": np.maximum, "factorial": _factorial}


def _factorial(x: Array) -> Array:
    from scipy.special import gamma

    return np.asarray(gamma(np.asarray(x) + 1.0))
