"""Formulas of SBML as nodes of a graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from typing import Any

from funis.models.graph import LOGIC, RELATIONS, Graph

TIME = "time"
"""The symbol that stands for time in a graph; it is no legal name of a parameter here."""

AVOGADRO = 6.02214179e23
"""The value of the SBML symbol `avogadro` (SBML Level 3 Version 1, section 3.4.6)."""

RATE = "rateOf "
"""The symbol `rateOf x` stands for the time derivative of x until it is known."""

Maker = Callable[[Graph, Sequence[int]], int]


class UnsupportedError(ValueError):
    """A construct of SBML that is no part of an ordinary differential equation."""

    def __init__(self, construct: str) -> None:
        self.construct = construct
        super().__init__(f"{construct} is not supported")


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in a formula.

    Attributes
    ----------
    names : nodes that stand for names; any other name is a symbol of its own.
    functions : of each function, its arguments and the tree of its body.
    inside : functions that are being expanded.
    """

    names: Mapping[str, int] = field(default_factory=dict)
    functions: Mapping[str, tuple[tuple[str, ...], Any]] = field(default_factory=dict)
    inside: tuple[str, ...] = ()


def symbolic(graph: Graph, node: Any, scope: Scope | None = None) -> int:
    """Translate a libsbml formula tree to a node; functions of the scope are expanded.

    Raises
    ------
    UnsupportedError
        A delay: it is no part of an ODE.
    ValueError
        A function that is not known, and the like; it is named.
    """
    import libsbml

    scope = scope or Scope()
    kind = node.getType()
    if kind == libsbml.AST_INTEGER:
        return graph.number(node.getInteger())
    if kind in (libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL):
        return graph.number(node.getReal())
    if kind == libsbml.AST_NAME:
        return _named(graph, node.getName(), scope)
    if kind == libsbml.AST_FUNCTION_DELAY:
        raise UnsupportedError("csymbol delay")
    children = [symbolic(graph, node.getChild(i), scope) for i in range(node.getNumChildren())]
    if kind == libsbml.AST_FUNCTION_RATE_OF:
        return _rate(graph, children)
    if kind == libsbml.AST_FUNCTION and node.getName() in scope.functions:
        return _expanded(graph, node.getName(), children, scope)
    made = _all_makers().get(kind)
    if made is None:
        raise ValueError(f"'{libsbml.formulaToL3String(node)}' is not part of the model language")
    return made(graph, children)


def _named(graph: Graph, name: str, scope: Scope) -> int:
    return scope.names[name] if name in scope.names else graph.symbol(name)


def _rate(graph: Graph, children: Sequence[int]) -> int:
    if len(children) == 1 and graph.operations[children[0]] == "number":
        return graph.number(0.0)
    if len(children) != 1 or graph.operations[children[0]] != "symbol":
        raise ValueError("'rateOf' takes the name of one variable")
    return graph.symbol(f"{RATE}{graph.values[children[0]]}")


def _expanded(graph: Graph, name: str, given: Sequence[int], scope: Scope) -> int:
    """Return the body of a function with nodes in place of its arguments."""
    arguments, body = scope.functions[name]
    if name in scope.inside:
        raise ValueError(f"functions in a circle: {', '.join(sorted(scope.inside))}")
    if len(given) != len(arguments):
        raise ValueError(f"'{name}' takes {len(arguments)} arguments and is given {len(given)}")
    names = {**scope.names, **dict(zip(arguments, given, strict=True))}
    return symbolic(graph, body, Scope(names, scope.functions, (*scope.inside, name)))


@cache
def _all_makers() -> dict[int, Maker]:
    import libsbml

    return _makers(libsbml)


def _makers(libsbml: Any) -> dict[int, Maker]:
    plain = {
        name: libsbml.__dict__[f"AST_FUNCTION_{word}"]
        for name, word in (
            ("exp", "EXP"), ("ln", "LN"), ("abs", "ABS"), ("floor", "FLOOR"), ("ceil", "CEILING"),
            ("sin", "SIN"), ("cos", "COS"), ("tan", "TAN"), ("asin", "ARCSIN"),
            ("acos", "ARCCOS"), ("atan", "ARCTAN"), ("sinh", "SINH"), ("cosh", "COSH"),
            ("tanh", "TANH"), ("asinh", "ARCSINH"), ("acosh", "ARCCOSH"), ("atanh", "ARCTANH"),
            ("factorial", "FACTORIAL"),
        )
    }  # fmt: skip
    reciprocal = {
        "COT": "tan", "SEC": "cos", "CSC": "sin", "COTH": "tanh", "SECH": "cosh", "CSCH": "sinh",
    }  # fmt: skip
    makers: dict[int, Maker] = {code: _function(name) for name, code in plain.items()}
    for word, name in reciprocal.items():
        makers[libsbml.__dict__[f"AST_FUNCTION_{word}"]] = _reciprocal(name)
        makers[libsbml.__dict__[f"AST_FUNCTION_ARC{word}"]] = _of_reciprocal("a" + name)
    return makers | _structure(libsbml) | _numbers(libsbml)


def _structure(libsbml: Any) -> dict[int, Maker]:
    relations = {"<": "LT", "<=": "LEQ", ">": "GT", ">=": "GEQ", "==": "EQ", "!=": "NEQ"}
    found: dict[int, Maker] = {
        libsbml.__dict__[f"AST_RELATIONAL_{word}"]: _relation(name)
        for name, word in relations.items()
    }
    for name in ("and", "or", "xor"):
        found[libsbml.__dict__[f"AST_LOGICAL_{name.upper()}"]] = _logical(name)
    return found | {
        libsbml.AST_LOGICAL_NOT: lambda g, a: g.apply("not", truth(g, a[0])),
        libsbml.AST_LOGICAL_IMPLIES: lambda g, a: g.apply(
            "or", g.apply("not", truth(g, a[0])), truth(g, a[1])
        ),
        libsbml.AST_FUNCTION_PIECEWISE: _piecewise,
        libsbml.AST_PLUS: lambda g, a: g.sum(*a),
        libsbml.AST_TIMES: lambda g, a: g.product(*a),
        libsbml.AST_MINUS: lambda g, a: g.negative(a[0]) if len(a) == 1 else g.difference(*a),
        libsbml.AST_DIVIDE: lambda g, a: g.quotient(*a),
        libsbml.AST_POWER: lambda g, a: g.power(*a),
        libsbml.AST_FUNCTION_POWER: lambda g, a: g.power(*a),
        libsbml.AST_FUNCTION_ROOT: _root,
        libsbml.AST_FUNCTION_LOG: _logarithm,
        libsbml.AST_FUNCTION_MIN: lambda g, a: reduce(lambda x, y: g.apply("min", x, y), a),
        libsbml.AST_FUNCTION_MAX: lambda g, a: reduce(lambda x, y: g.apply("max", x, y), a),
        libsbml.AST_FUNCTION_QUOTIENT: lambda g, a: _truncated(g, g.quotient(*a)),
        libsbml.AST_FUNCTION_REM: lambda g, a: g.difference(
            a[0], g.product(a[1], _truncated(g, g.quotient(*a)))
        ),
    }


def _numbers(libsbml: Any) -> dict[int, Maker]:
    return {
        libsbml.AST_NAME_TIME: lambda g, _: g.symbol(TIME),
        libsbml.AST_NAME_AVOGADRO: lambda g, _: g.number(AVOGADRO),
        libsbml.AST_CONSTANT_PI: lambda g, _: g.number(math.pi),
        libsbml.AST_CONSTANT_E: lambda g, _: g.number(math.e),
        libsbml.AST_CONSTANT_TRUE: lambda g, _: g.number(1.0),
        libsbml.AST_CONSTANT_FALSE: lambda g, _: g.number(0.0),
    }


def truth(graph: Graph, node: int) -> int:
    """Return a node as a condition: a number holds where it is not zero."""
    if graph.operations[node] in RELATIONS or graph.operations[node] in LOGIC:
        return node
    return graph.apply("!=", node, graph.number(0.0))


def _function(name: str) -> Maker:
    return lambda graph, a: graph.apply(name, a[0])


def _reciprocal(name: str) -> Maker:
    return lambda graph, a: graph.inverse(graph.apply(name, a[0]))


def _of_reciprocal(name: str) -> Maker:
    return lambda graph, a: graph.apply(name, graph.inverse(a[0]))


def _relation(name: str) -> Maker:
    """Return a chain such as a < b < c as all of its links."""

    def made(graph: Graph, a: Sequence[int]) -> int:
        links = [graph.apply(name, *a[i : i + 2]) for i in range(len(a) - 1)]
        return reduce(lambda x, y: graph.apply("and", x, y), links or [graph.number(1.0)])

    return made


def _logical(name: str) -> Maker:
    def made(graph: Graph, a: Sequence[int]) -> int:
        if not a:
            return graph.number(1.0 if name == "and" else 0.0)
        return reduce(lambda x, y: graph.apply(name, x, y), [truth(graph, one) for one in a])

    return made


def _piecewise(graph: Graph, a: Sequence[int]) -> int:
    """Return value, condition, value, condition, ... and last what holds otherwise."""
    otherwise = a[-1] if len(a) % 2 else graph.number(math.nan)
    pairs = [(a[i], truth(graph, a[i + 1])) for i in range(0, len(a) - 1, 2)]
    return reduce(lambda no, pair: graph.choose(pair[1], pair[0], no), reversed(pairs), otherwise)


def _root(graph: Graph, a: Sequence[int]) -> int:
    degree = graph.constant(a[0]) if len(a) == 2 else 2.0
    if degree == 2:
        return graph.apply("sqrt", a[-1])
    return graph.power(a[1], graph.inverse(a[0]))


def _logarithm(graph: Graph, a: Sequence[int]) -> int:
    base = a[0] if len(a) == 2 else graph.number(10.0)
    return graph.quotient(graph.apply("ln", a[-1]), graph.apply("ln", base))


def _truncated(graph: Graph, node: int) -> int:
    positive = graph.apply(">=", node, graph.number(0.0))
    return graph.choose(positive, graph.apply("floor", node), graph.apply("ceil", node))
