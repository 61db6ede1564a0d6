"""Values of checked expressions, over columns of patients."""

import ast
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Value: TypeAlias = NDArray[np.float64] | NDArray[np.bool_] | float | bool
Column: TypeAlias = NDArray[Any]


def evaluate(tree: ast.expr, environment: Mapping[str, Value]) -> Value:
    """The value of a tree that ``parse_expression`` has checked.

    Parameters
    ----------
    tree
        The tree of a checked expression; it is trusted.
    environment
        A number, truth value or array for each lookup of the expression.

    Returns
    -------
    Value
        An array if any value used is an array, else a float or bool; it may be one of those given.
    """
    with np.errstate(all="ignore"):
        column = _value(tree, environment)
    if column.ndim:
        return column
    return bool(column) if column.dtype == np.bool_ else float(column)


def _value(node: ast.expr, environment: Mapping[str, Value]) -> Column:
    match node:
        case ast.Constant(value=constant):
            return _column(constant)
        case ast.Name(id=name):
            return _look_up(name, environment)
        case ast.Call(func=ast.Name(id=name)):
            return _call(name, node.args, environment)
        case ast.UnaryOp(op=operation, operand=operand):
            value = _value(operand, environment)
            return ~_truth(value) if isinstance(operation, ast.Not) else _signed(operation, value)
        case ast.BinOp(op=operation, left=left, right=right):
            values = _number(_value(left, environment)), _number(_value(right, environment))
            return _ARITHMETIC[type(operation)](*values)
        case ast.BoolOp(op=operation, values=parts):
            truths = [_truth(_value(part, environment)) for part in parts]
            join = operator.and_ if isinstance(operation, ast.And) else operator.or_
            return functools.reduce(join, truths)
        case ast.Compare():
            return _compare(node, environment)
        case ast.IfExp(test=test, body=body, orelse=other):
            condition = _truth(_value(test, environment))
            return np.where(condition, _value(body, environment), _value(other, environment))
    raise TypeError(f"{ast.dump(node)} has not been checked")


def _look_up(key: str, environment: Mapping[str, Value]) -> Column:
    if key not in environment:
        raise KeyError(f"the expression needs '{key}', which is not among the values given")
    return _column(environment[key])


def _column(value: Any) -> Column:
    column = np.asarray(value)
    return column if column.dtype == np.bool_ else _number(column)


def _number(column: Column) -> Column:
    return column.astype(np.float64, copy=False)


def _truth(column: Column) -> Column:
    if column.dtype == np.bool_:
        return column
    return np.asarray((column != 0) & ~np.isnan(column))


def _signed(operation: ast.unaryop, column: Column) -> Column:
    return np.asarray(-_number(column) if isinstance(operation, ast.USub) else _number(column))


def _compare(node: ast.Compare, environment: Mapping[str, Value]) -> Column:
    values = [_number(_value(part, environment)) for part in (node.left, *node.comparators)]
    result = None
    for operation, left, right in zip(node.ops, values, values[1:], strict=False):
        holds = _COMPARISONS[type(operation)](left, right)
        if isinstance(operation, ast.NotEq):  # the only one that a missing value would meet
            holds = holds & ~(np.isnan(left) | np.isnan(right))
        result = holds if result is None else result & holds
    assert result is not None
    return np.asarray(result)


def _call(name: str, arguments: Sequence[ast.expr], environment: Mapping[str, Value]) -> Column:
    if name in _OF_NAME:
        argument = arguments[0]
        assert isinstance(argument, ast.Name)
        return _OF_NAME[name](argument.id, environment)
    values = [_value(argument, environment) for argument in arguments]
    if name == "count":
        return np.asarray(functools.reduce(operator.add, [_number(_truth(v)) for v in values]))
    return np.asarray(_OF_VALUES[name](*(_number(value) for value in values)))


def _baseline(name: str, environment: Mapping[str, Value]) -> Column:
    return _number(_look_up(f"baseline:{name}", environment))


def _previous(name: str, environment: Mapping[str, Value]) -> Column:
    return _number(_look_up(f"previous:{name}", environment))


def _change(name: str, environment: Mapping[str, Value]) -> Column:
    return np.asarray(_number(_look_up(name, environment)) - _baseline(name, environment))


def _percent_change(name: str, environment: Mapping[str, Value]) -> Column:
    """Change in percent of baseline; from 0 to 0 is no change, from 0 to more is unknown.

    Rounded to 1e-9 so that an exact fall, 10.5 to 8.4, is 20 and not a hair less.
    """
    value, baseline = _number(_look_up(name, environment)), _baseline(name, environment)
    percent = np.asarray(np.round(100.0 * (value - baseline) / baseline, 9))
    zero = baseline == 0
    if not zero.any():
        return percent
    return np.where(zero, np.where(value == 0, 0.0, np.nan), percent)


def _round(column: Column) -> Column:
    """Nearest whole number, halves away from zero as in clinical forms."""
    whole = np.trunc(column)
    return np.asarray(whole + np.sign(column) * (np.abs(column - whole) >= 0.5))


def _logistic(column: Column) -> Column:
    tail = np.exp(-np.abs(column))
    return np.where(column >= 0, 1.0 / (1.0 + tail), tail / (1.0 + tail))


def _sum(*columns: Column) -> Column:
    return np.asarray(functools.reduce(operator.add, columns))


def _mean(*columns: Column) -> Column:
    return np.asarray(_sum(*columns) / len(columns))


def _minimum(*columns: Column) -> Column:
    return np.asarray(functools.reduce(np.minimum, columns))


def _maximum(*columns: Column) -> Column:
    return np.asarray(functools.reduce(np.maximum, columns))


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Column, Column], Column]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Column, Column], Column]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_OF_NAME: Mapping[str, Callable[[str, Mapping[str, Value]], Column]] = {
    "baseline": _baseline,
    "previous": _previous,
    "change": _change,
    "percent_change": _percent_change,
}
_OF_VALUES: Mapping[str, Callable[..., Column]] = {
    "min": _minimum,
    "max": _maximum,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "round": _round,
    "floor": np.floor,
    "clip": np.clip,
    "mean": _mean,
    "sum": _sum,
    "isnan": np.isnan,
    "logistic": _logistic,
}
