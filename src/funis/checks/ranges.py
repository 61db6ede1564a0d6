"""What an expression can still be when some of its values are known within a range only.

Each value is a range (low, high); a known value is a range of one number, and a truth lies within
0 and 1. The result holds every value that the expression has for values inside the ranges. It can
be wider than needed where a name stands twice: then a question stays open that could be closed, but
no question is closed that is open.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Mapping, Sequence

Range = tuple[float, float]

ANYTHING: Range = (-math.inf, math.inf)
OPEN: Range = (0.0, 1.0)
YES: Range = (1.0, 1.0)
NO: Range = (0.0, 0.0)


def evaluate_range(node: ast.expr, environment: Mapping[str, Range]) -> Range:
    """Range of a tree that ``parse_expression`` has checked.

    Parameters
    ----------
    node
        The tree of a checked expression; it is trusted.
    environment
        A range for each lookup that is known at all; all others can be anything.
    """
    low, high = _range(node, environment)
    return ANYTHING if math.isnan(low) or math.isnan(high) else (low, high)


def _range(node: ast.expr, environment: Mapping[str, Range]) -> Range:
    def of(part: ast.expr) -> Range:
        return evaluate_range(part, environment)

    match node:
        case ast.Constant(value=bool(truth)):
            return YES if truth else NO
        case ast.Constant(value=int(number) | float(number)):
            return (float(number), float(number))
        case ast.Name(id=name):
            return environment.get(name, ANYTHING)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, arguments, environment)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            low, high = truth_of(of(operand))
            return (1.0 - high, 1.0 - low)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            low, high = of(operand)
            return (-high, -low)
        case ast.UnaryOp(operand=operand):
            return of(operand)
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return _power(of(left), of(right)[0])
        case ast.BinOp(op=operation, left=left, right=right):
            return _ARITHMETIC[type(operation)](of(left), of(right))
        case ast.BoolOp(op=operation, values=parts):
            join = min if isinstance(operation, ast.And) else max
            truths = [truth_of(of(part)) for part in parts]
            return (join(low for low, _ in truths), join(high for _, high in truths))
        case ast.Compare(left=left, ops=operations, comparators=others):
            return _compare([of(left), *map(of, others)], operations)
        case ast.IfExp(test=test, body=body, orelse=other):
            return _choice(truth_of(of(test)), of(body), of(other))
    raise TypeError(f"{ast.dump(node)} has not been checked")


def truth_of(value: Range) -> Range:
    """Range of the truth of a number: anything but 0 is true."""
    low, high = value
    if low > 0 or high < 0:
        return YES
    return NO if low == high == 0 else OPEN


def _call(name: str, arguments: Sequence[ast.expr], environment: Mapping[str, Range]) -> Range:
    if name in ("baseline", "previous", "change", "percent_change"):
        argument = arguments[0]
        assert isinstance(argument, ast.Name)
        return environment.get(f"{name}:{argument.id}", ANYTHING)
    values = [evaluate_range(argument, environment) for argument in arguments]
    if name == "isnan":
        low, high = values[0]
        return NO if low == high else OPEN
    if name == "count":
        return _sum([truth_of(value) for value in values])
    if name in ("sum", "mean"):
        low, high = _sum(values)
        parts = len(values) if name == "mean" else 1
        return (low / parts, high / parts)
    if name == "abs":
        low, high = values[0]
        return (max(low, -high, 0.0), max(abs(low), abs(high)))
    if name == "clip":  # never empty: the limits of a clip are in order
        return (
            min(max(values[0][0], values[1][0]), values[2][0]),
            min(max(values[0][1], values[1][1]), values[2][1]),
        )
    if name in ("sqrt", "log") and values[0][0] < 0:
        return ANYTHING
    rising = _RISING[name]
    return (rising(*(low for low, _ in values)), rising(*(high for _, high in values)))


def _sum(values: Sequence[Range]) -> Range:
    return functools.reduce(_add, values)


def _add(left: Range, right: Range) -> Range:
    return (left[0] + right[0], left[1] + right[1])


def _subtract(left: Range, right: Range) -> Range:
    return (left[0] - right[1], left[1] - right[0])


def _multiply(left: Range, right: Range) -> Range:
    corners = [0.0 if 0 in (x, y) else x * y for x in left for y in right]
    return (min(corners), max(corners))


def _divide(left: Range, right: Range) -> Range:
    if right[0] <= 0 <= right[1] or (any(map(math.isinf, left)) and any(map(math.isinf, right))):
        return ANYTHING
    corners = [x / y for x in left for y in right]
    return (min(corners), max(corners))


def _power(base: Range, exponent: float) -> Range:
    low, high = base
    if exponent < 0 and low <= 0 <= high:
        return ANYTHING
    corners = [_raised(low, exponent), _raised(high, exponent)]
    if low < 0 < high:
        corners.append(_raised(0.0, exponent))
    return (min(corners), max(corners))


def _raised(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 else math.inf


def _compare(values: Sequence[Range], operations: Sequence[ast.cmpop]) -> Range:
    truths = [
        _COMPARISONS[type(operation)](left, right)
        for operation, left, right in zip(operations, values, values[1:], strict=False)
    ]
    return (min(low for low, _ in truths), min(high for _, high in truths))


def _less(left: Range, right: Range) -> Range:
    if left[1] < right[0]:
        return YES
    return NO if left[0] >= right[1] else OPEN


def _at_most(left: Range, right: Range) -> Range:
    if left[1] <= right[0]:
        return YES
    return NO if left[0] > right[1] else OPEN


def _equal(left: Range, right: Range) -> Range:
    if left[0] > right[1] or right[0] > left[1]:
        return NO
    return YES if left[0] == left[1] == right[0] == right[1] else OPEN


def _unequal(left: Range, right: Range) -> Range:
    low, high = _equal(left, right)
    return (1.0 - high, 1.0 - low)


def _choice(test: Range, body: Range, other: Range) -> Range:
    if test[0] == test[1]:
        return body if test == YES else other
    return (min(body[0], other[0]), max(body[1], other[1]))


def _logarithm(value: float) -> float:
    if math.isinf(value):
        return value
    return math.log(value) if value > 0 else -math.inf


def _exponential(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _round(value: float) -> float:
    if math.isinf(value):
        return value
    whole = float(math.trunc(value))
    return whole + math.copysign(abs(value - whole) >= 0.5, value)


def _floor(value: float) -> float:
    return value if math.isinf(value) else float(math.floor(value))


def _logistic(value: float) -> float:
    tail = math.exp(-abs(value))
    return 1.0 / (1.0 + tail) if value >= 0 else tail / (1.0 + tail)


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Range, Range], Range]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: _multiply,
    ast.Div: _divide,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Range, Range], Range]] = {
    ast.Lt: _less,
    ast.LtE: _at_most,
    ast.Gt: lambda left, right: _less(right, left),
    ast.GtE: lambda left, right: _at_most(right, left),
    ast.Eq: _equal,
    ast.NotEq: _unequal,
}
_RISING: Mapping[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log": _logarithm,
    "exp": _exponential,
    "round": _round,
    "floor": _floor,
    "logistic": _logistic,
}
