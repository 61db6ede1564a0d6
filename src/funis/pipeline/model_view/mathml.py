"""Formulas as MathML Core, from their expression tree; the text of a formula stays beside it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns="http://www.w3.org/1998/Math/MathML"'

LOWEST, OR, AND, NOT, RELATION, SUM, PRODUCT, SIGN, POWER, ATOM = range(10)
"""How strongly an operation binds: what binds less stands in brackets inside what binds more."""

_RELATIONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "&lt;",
    ast.LtE: "≤",
    ast.Gt: "&gt;",
    ast.GtE: "≥",
    ast.Eq: "=",
    ast.NotEq: "≠",
}
_INFIX: Mapping[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("−", SUM),
    ast.Mult: ("·", PRODUCT),
}


def formula_tree(text: str) -> ast.expr:
    """Return the tree of a formula as model files write it (``^`` is a power).

    Raises
    ------
    SyntaxError
        The text is no formula.
    """
    return ast.parse(text.replace("^", "**"), mode="eval").body


def equation_markup(left: str, text: str, *, rate: bool = False) -> str:
    """Return an equation as a MathML element.

    Parameters
    ----------
    left : name on the left; empty for a formula alone.
    text : right-hand side.
    rate : the left is the derivative of the name by time.
    """
    right = _node(formula_tree(" ".join(text.split())))[0]
    start = _rate(left) if rate else _name(left)
    whole = f"{start}<mo>=</mo>{right}" if left else right
    return f'<math {NAMESPACE} display="block"><mrow>{whole}</mrow></math>'


def _rate(name: str) -> str:
    return f"<mfrac><mrow><mi>d</mi>{_name(name)}</mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac>"


def _name(name: str) -> str:
    """Return a name; what follows its first underscore is an index."""
    head, _, tail = name.partition("_")
    if not head or not tail:
        return f"<mi>{escape(name)}</mi>"
    return f"<msub><mi>{escape(head)}</mi><mtext>{escape(tail.replace('_', ','))}</mtext></msub>"


def _node(node: ast.expr) -> tuple[str, int]:
    """Return markup, and how strongly its outermost operation binds."""
    makers: Mapping[type[ast.expr], Callable[..., tuple[str, int]]] = {
        ast.Name: lambda one: (_name(one.id), ATOM),
        ast.Constant: lambda one: (_number(one.value), ATOM),
        ast.BinOp: _binary,
        ast.UnaryOp: _unary,
        ast.Call: _call,
        ast.Compare: _compare,
        ast.BoolOp: _logic,
        ast.IfExp: _choice,
    }
    return makers[type(node)](node)


def _number(value: object) -> str:
    if isinstance(value, str | bool):
        return f"<mtext>{escape(str(value))}</mtext>"
    text = f"{value:.12g}" if isinstance(value, float | int) else str(value)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return f"<mn>{text}</mn>"
    power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>"
    return f"<mrow><mn>{mantissa}</mn><mo>·</mo>{power}</mrow>"


def _inside(node: ast.expr, least: int) -> str:
    """Return what stands inside an operation, in brackets where it binds less."""
    markup, strength = _node(node)
    return markup if strength >= least else _brackets(markup)


def _brackets(markup: str) -> str:
    return f"<mrow><mo>(</mo>{markup}<mo>)</mo></mrow>"


def _binary(node: ast.BinOp) -> tuple[str, int]:
    if isinstance(node.op, ast.Div):
        above, below = _node(node.left)[0], _node(node.right)[0]
        return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>", PRODUCT
    if isinstance(node.op, ast.Pow):
        return f"<msup>{_base(node.left)}<mrow>{_node(node.right)[0]}</mrow></msup>", POWER
    sign, strength = _INFIX[type(node.op)]
    right = _inside(node.right, strength + (sign == "−"))
    if isinstance(node.left, ast.UnaryOp):  # the minus of -a*b stands before the whole product
        return f"<mrow>{_node(node.left)[0]}<mo>{sign}</mo>{right}</mrow>", SUM
    return f"<mrow>{_inside(node.left, strength)}<mo>{sign}</mo>{right}</mrow>", strength


def _base(node: ast.expr) -> str:
    """Return the base of a power as one element; a fraction is no atom."""
    if isinstance(node, ast.BinOp):
        return _brackets(_node(node)[0])
    return f"<mrow>{_inside(node, ATOM)}</mrow>"


def _unary(node: ast.UnaryOp) -> tuple[str, int]:
    if isinstance(node.op, ast.Not):
        return f"<mrow><mtext>not </mtext>{_inside(node.operand, NOT)}</mrow>", NOT
    return f"<mrow><mo>−</mo>{_inside(node.operand, SIGN)}</mrow>", SUM


def _call(node: ast.Call) -> tuple[str, int]:
    name = node.func.id if isinstance(node.func, ast.Name) else "?"
    parts = [_node(one)[0] for one in node.args]
    if name == "sqrt":
        return f"<msqrt><mrow>{parts[0]}</mrow></msqrt>", ATOM
    if name == "abs":
        return f"<mrow><mo>|</mo>{parts[0]}<mo>|</mo></mrow>", ATOM
    inside = "<mo>,</mo>".join(parts)
    return f"<mrow>{_name(name)}{_brackets(inside)}</mrow>", ATOM


def _compare(node: ast.Compare) -> tuple[str, int]:
    markup = _inside(node.left, RELATION + 1)
    for sign, other in zip(node.ops, node.comparators, strict=True):
        markup += f"<mo>{_RELATIONS[type(sign)]}</mo>{_inside(other, RELATION + 1)}"
    return f"<mrow>{markup}</mrow>", RELATION


def _logic(node: ast.BoolOp) -> tuple[str, int]:
    word, strength = ("and", AND) if isinstance(node.op, ast.And) else ("or", OR)
    parts: Sequence[str] = [_inside(one, strength + 1) for one in node.values]
    return f"<mrow>{f'<mtext> {word} </mtext>'.join(parts)}</mrow>", strength


def _choice(node: ast.IfExp) -> tuple[str, int]:
    yes, condition, no = (_node(one)[0] for one in (node.body, node.test, node.orelse))
    words = f"{yes}<mtext> if </mtext>{condition}<mtext>, else </mtext>{no}"
    return f"<mrow>{words}</mrow>", LOWEST
