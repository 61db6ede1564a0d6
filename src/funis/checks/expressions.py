"""The safe expression language of endpoints and rules: arithmetic, comparisons, a few functions.

An expression is read once, checked against a closed list of what may stand in it, and then
evaluated over whole columns of patients. It can reach nothing but the values that it is given.
"""

import ast
import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from funis.checks.issues import InputError, Issue, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Value: TypeAlias = NDArray[np.float64] | NDArray[np.bool_] | float | bool

LONGEST_TEXT = 4000
DEEPEST_NESTING = 200
LARGEST_POWER = 16
MOST_NAMES_SHOWN = 12

_PARSING = threading.Lock()
"""Python 3.11 counts the depth of all its parsers together: two at once raise SystemError."""

_ANY = math.inf
_ARGUMENT_COUNTS: Mapping[str, tuple[float, float]] = {
    "min": (1, _ANY),
    "max": (1, _ANY),
    "abs": (1, 1),
    "sqrt": (1, 1),
    "log": (1, 1),
    "exp": (1, 1),
    "round": (1, 1),
    "floor": (1, 1),
    "clip": (3, 3),
    "count": (1, _ANY),
    "mean": (1, _ANY),
    "sum": (1, _ANY),
    "isnan": (1, 1),
    "baseline": (1, 1),
    "change": (1, 1),
    "percent_change": (1, 1),
    "logistic": (1, 1),
    "previous": (1, 1),
}
FUNCTIONS = frozenset(_ARGUMENT_COUNTS)
_LOOKUPS: Mapping[str, tuple[str, ...]] = {
    "baseline": ("baseline:{}",),
    "change": ("{}", "baseline:{}"),
    "percent_change": ("{}", "baseline:{}"),
    "previous": ("previous:{}",),
}
_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_REFUSED: Mapping[type[ast.AST], str] = {
    ast.Attribute: "an attribute (a.b)",
    ast.Subscript: "an index (a[b])",
    ast.Lambda: "a lambda",
    ast.NamedExpr: "an assignment (:=)",
    ast.JoinedStr: "text",
    ast.List: "a list",
    ast.Tuple: "a list",
    ast.Set: "a set",
    ast.Dict: "a mapping",
    ast.Starred: "a star",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; ``parse_expression`` makes it.

    Attributes
    ----------
    text
        As written, on one line.
    names
        The names that it is about.
    functions
        The functions that it calls.
    lookups
        The keys that ``evaluate`` needs: a name, ``baseline:name`` or ``previous:name``.
    is_truth
        Whether it is true or false rather than a number.
    """

    text: str
    names: frozenset[str] = field(compare=False)
    functions: frozenset[str] = field(compare=False)
    lookups: frozenset[str] = field(compare=False)
    is_truth: bool = field(compare=False)
    _tree: ast.expr = field(compare=False, repr=False)

    def evaluate(self, environment: "Mapping[str, Value]") -> "Value":
        """The value of the expression, element by element.

        A comparison with a missing value (NaN) is false, ``!=`` included, and a missing value
        counts as false where truth is asked for; arithmetic passes it on.

        Parameters
        ----------
        environment
            A number or truth value, or an array of them (all of one shape), for each of
            ``lookups``; other keys are ignored.

        Returns
        -------
        Value
            An array if any value that is used is an array, else a float or bool.

        Raises
        ------
        KeyError
            If a lookup is not in the environment.
        """
        from funis.checks.evaluation import evaluate

        return evaluate(self._tree, environment)

    def limits(self, environment: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        """The lowest and highest value that the expression can have, for values within ranges.

        A truth lies within 0 and 1: (0, 1) is open, (1, 1) holds whatever is missing.

        Parameters
        ----------
        environment
            A range (low, high) for each of ``lookups`` that is known at all.
        """
        from funis.checks.ranges import evaluate_range

        return evaluate_range(self._tree, environment)


def parse_expression(
    text: str,
    names: Collection[str] | None = None,
    file: str | None = None,
    line: int | None = None,
    key: str | None = None,
) -> Expression:
    """Read and check an expression.

    Parameters
    ----------
    text
        A subset of Python: numbers, names, ``+ - * /``, ``**`` with a whole number, comparisons
        (also chained), ``and or not``, ``a if c else b`` and calls of ``FUNCTIONS``.
    names
        The names that may stand in it; any where none are given.
    file, line, key
        Place of the text, for messages.

    Raises
    ------
    InputError
        For anything else, with the nearest valid name.
    """

    def refuse(problem: str, expected: str | None = None, near: str | None = None) -> InputError:
        return InputError(Issue(file, line, key, problem, expected, near))

    reading = _Reading(names, refuse)
    plain = " ".join(text.split())
    tree = _parse(plain, refuse)
    reading.check(tree, 0)
    return Expression(
        text=plain,
        names=frozenset(reading.names),
        functions=frozenset(reading.functions),
        lookups=frozenset(reading.lookups),
        is_truth=_is_truth(tree),
        _tree=tree,
    )


Refuse: TypeAlias = Callable[..., InputError]


def _parse(text: str, refuse: Refuse) -> ast.expr:
    if not text:
        raise refuse("the expression is empty")
    if len(text) > LONGEST_TEXT:
        raise refuse(f"the expression has {len(text)} characters", f"at most {LONGEST_TEXT}")
    if "#" in text:
        raise refuse("'#' cannot stand in an expression")
    try:
        with _PARSING:
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        where = "" if error.offset is None else f" at character {error.offset}"
        raise refuse(f"cannot read the expression '{_short(text)}': {error.msg}{where}") from None
    except (ValueError, RecursionError, MemoryError):
        raise refuse(f"cannot read the expression '{_short(text)}'") from None


class _Reading:
    """One walk through a tree: refuses what is not allowed, notes the names and functions."""

    def __init__(self, valid: Collection[str] | None, refuse: Refuse) -> None:
        self.valid = valid
        self.refuse = refuse
        self.names: set[str] = set()
        self.functions: set[str] = set()
        self.lookups: set[str] = set()

    def check(self, node: ast.AST, depth: int) -> None:
        if depth > DEEPEST_NESTING:
            raise self.refuse("the expression is nested too deeply")
        match node:
            case ast.Constant():
                self.constant(node)
            case ast.Name():
                self.lookups.add(self.name(node))
            case ast.Call():
                self.call(node, depth)
            case ast.BinOp(op=operator):
                if type(operator) not in _OPERATORS:
                    raise self.no(node, "this operator", "one of + - * / **")
                if isinstance(operator, ast.Pow):
                    self.power(node)
                self.check(node.left, depth + 1)
                self.check(node.right, depth + 1)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not()):
                self.check(node.operand, depth + 1)
            case ast.BoolOp() | ast.IfExp():
                for part in ast.iter_child_nodes(node):
                    if not isinstance(part, ast.boolop):
                        self.check(part, depth + 1)
            case ast.Compare():
                if not all(isinstance(operator, _COMPARISONS) for operator in node.ops):
                    raise self.no(node, "this comparison", "one of < <= > >= == !=")
                for part in (node.left, *node.comparators):
                    self.check(part, depth + 1)
            case _:
                raise self.no(node, _REFUSED.get(type(node), "this"))

    def no(self, node: ast.AST, what: str, expected: str | None = None) -> InputError:
        allowed = "numbers, names, arithmetic, comparisons and calls of functions"
        problem = f"{what} cannot stand in an expression: '{_short(ast.unparse(node))}'"
        return self.refuse(problem, expected or allowed)

    def constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, int | float):
            kind = "text" if isinstance(node.value, str) else "this"
            raise self.no(node, kind)
        try:
            finite = math.isfinite(float(node.value))
        except OverflowError:
            finite = False
        if not finite:
            raise self.refuse("a number of the expression is too large")

    def name(self, node: ast.Name) -> str:
        name = node.id
        if self.valid is None or name in self.valid:
            if name in FUNCTIONS and self.valid is None:
                raise self.refuse(f"'{name}' is a function", f"{name}(...)")
            self.names.add(name)
            return name
        if name in FUNCTIONS:
            raise self.refuse(f"'{name}' is a function", f"{name}(...)")
        near = nearest(name, {*self.valid, "True", "False"})
        raise self.refuse(f"unknown name '{name}'", _one_of(self.valid), near)

    def call(self, node: ast.Call, depth: int) -> None:
        name = self.function(node)
        self.functions.add(name)
        if name not in _LOOKUPS:
            for argument in node.args:
                self.check(argument, depth + 1)
            return
        argument = node.args[0]
        if not isinstance(argument, ast.Name):
            raise self.refuse(f"'{name}' takes a bare name", f"for example {name}(x)")
        bare = self.name(argument)
        self.lookups.update(pattern.format(bare) for pattern in _LOOKUPS[name])

    def function(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name):
            raise self.no(node.func, _REFUSED.get(type(node.func), "this"))
        name = node.func.id
        if name not in FUNCTIONS:
            near = nearest(name, FUNCTIONS)
            raise self.refuse(f"unknown function '{_short(name)}'", near=near)
        if node.keywords:
            raise self.refuse(f"'{name}' takes no named arguments")
        least, most = _ARGUMENT_COUNTS[name]
        if not least <= len(node.args) <= most:
            expected = f"at least {least}" if most == _ANY else f"{least}"
            raise self.refuse(f"'{name}' is given {len(node.args)} arguments", expected)
        return name

    def power(self, node: ast.BinOp) -> None:
        exponent = node.right
        if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
            exponent = exponent.operand
        value = exponent.value if isinstance(exponent, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int) or value > LARGEST_POWER:
            expected = f"a whole number up to {LARGEST_POWER} (for roots sqrt or exp and log)"
            raise self.refuse(f"'{_short(ast.unparse(node.right))}' is no power", expected)


def _is_truth(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, bool)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Call(func=ast.Name(id="isnan")):
            return True
        case ast.IfExp():
            return _is_truth(node.body) and _is_truth(node.orelse)
    return False


def _one_of(names: Collection[str]) -> str | None:
    if not names or len(names) > MOST_NAMES_SHOWN:
        return None
    return f"one of {', '.join(sorted(names))}" if len(names) > 1 else next(iter(names))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
