"""Endpoints as formulas of what the model computes, in the words of PEtab."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from funis.models.endpoints import Endpoints

_CALLS: Mapping[str, Callable[[list[str]], str]] = {
    "sqrt": lambda given: f"sqrt({given[0]})",
    "log": lambda given: f"log({given[0]})",
    "exp": lambda given: f"exp({given[0]})",
    "sum": lambda given: f"({' + '.join(given)})",
    "mean": lambda given: f"(({' + '.join(given)})/{len(given)})",
}
_SIGNS: Mapping[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^",
}  # fmt: skip


class NoFormula(ValueError):
    """An endpoint that is no smooth formula of what the model computes."""


def endpoint_formula(name: str, endpoints: Endpoints) -> str:
    """Return a component, score or structural endpoint as a formula.

    Rounding, ranges and noise of a visit are left away.

    Raises
    ------
    NoFormula
        It is a response or a count of events, or not smooth; the reason is the message.
    """
    for component in endpoints.components:
        if component.id == name:
            return f"{component.gain!r}*{component.observable}"
    for item in endpoints.structural:
        if item.id == name:
            return item.observable
    for score in endpoints.scores:
        if score.id == name:
            return _formula(ast.parse(score.expression.text, mode="eval").body, endpoints)
    raise NoFormula("a response of a patient has no formula for a typical one")


def _formula(node: ast.expr, endpoints: Endpoints) -> str:
    match node:
        case ast.Constant(value=value) if not isinstance(value, bool):
            return repr(value)
        case ast.Name(id=name):
            return f"({endpoint_formula(name, endpoints)})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{_formula(operand, endpoints)})"
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SIGNS:
            sides = (_formula(side, endpoints) for side in (left, right))
            return f"({_SIGNS[type(sign)].join(sides)})"
        case ast.Call(func=ast.Name(id=name), args=given) if name in _CALLS:
            return _CALLS[name]([_formula(one, endpoints) for one in given])
    raise NoFormula(f"'{ast.unparse(node)}' is not smooth, or asks for the baseline")
