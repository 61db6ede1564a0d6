"""Equations as one graph of operations: each distinct expression stands in it once.

A node is an integer; a node's arguments have smaller numbers, so their order is an order of
evaluation. Truth values are 0 and 1. The graph simplifies as it is built: numbers are folded,
sums and products are flattened, integer powers stay powers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock

FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "factorial": lambda x: math.gamma(x + 1.0),
}
"""Functions of one argument."""

RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
LOGIC: Mapping[str, Callable[..., bool]] = {
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "xor": lambda a, b: bool(a) != bool(b),
    "not": lambda a: not a,
}


GROWING = Lock()
"""A graph may be used by several threads: one node is added at a time."""


class Graph:
    """A growing set of nodes.

    Parameters
    ----------
    exact : quotients stay as they are written, so that 49/49 is 1 where 49*(1/49) is not.

    Attributes
    ----------
    operations : of each node: `number`, `symbol`, `sum`, `product`, `power`, `inverse`, `if`,
        `min`, `max`, or a key of `FUNCTIONS`, `RELATIONS` or `LOGIC`.
    arguments : of each node, nodes with smaller numbers.
    values : of each node: the number, the name of the symbol, else None.
    """

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.operations: list[str] = []
        self.arguments: list[tuple[int, ...]] = []
        self.values: list[float | str | None] = []
        self._known: dict[tuple[object, ...], int] = {}
        self._symbols: list[frozenset[str]] = []

    @classmethod
    def of(cls, nodes: Iterable[tuple[str, Sequence[int], float | str | None]]) -> Graph:
        """Return the graph of some nodes, each after its arguments, all as they are."""
        graph = cls()
        for operation, arguments, value in nodes:
            graph._node(operation, tuple(arguments), value)
        return graph

    def __len__(self) -> int:
        return len(self.operations)

    def number(self, value: float) -> int:
        """Return the node of a number."""
        return self._node("number", (), float(value))

    def symbol(self, name: str) -> int:
        """Return the node of a name."""
        return self._node("symbol", (), name)

    def sum(self, *nodes: int) -> int:
        """Return a sum, flat, numbers added up."""
        terms, constant = self._collected("sum", nodes, 0.0, lambda a, b: a + b)
        if constant != 0 or not terms:
            terms = [*terms, self.number(constant)]
        return terms[0] if len(terms) == 1 else self._node("sum", tuple(terms))

    def product(self, *nodes: int) -> int:
        """Return a product, flat, numbers multiplied; zero times anything is zero."""
        factors, constant = self._collected("product", nodes, 1.0, lambda a, b: a * b)
        if constant == 0:
            return self.number(0.0)
        if constant != 1 or not factors:
            factors = [self.number(constant), *factors]
        return factors[0] if len(factors) == 1 else self._node("product", tuple(factors))

    def times(self, left: int, right: int) -> int:
        """Return a product of two that stays nested: its factors keep their own nodes."""
        values = self.constant(left), self.constant(right)
        if None not in values or 0 in values or 1 in values:
            return self.product(left, right)
        return self._node("product", (left, right))

    def negative(self, node: int) -> int:
        """Return the negative."""
        return self.product(self.number(-1.0), node)

    def difference(self, left: int, right: int) -> int:
        """Return left - right."""
        return self.sum(left, self.negative(right))

    def inverse(self, node: int) -> int:
        """Return 1 / node."""
        value = self.constant(node)
        if value is not None and value != 0 and not self.exact:
            return self.number(1.0 / value)
        if self.operations[node] == "inverse":
            return self.arguments[node][0]
        return self._node("inverse", (node,))

    def quotient(self, left: int, right: int) -> int:
        """Return left / right."""
        above, below = self.constant(left), self.constant(right)
        if self.exact and above is not None and below is not None and below != 0:
            return self.number(above / below)
        return self.product(left, self.inverse(right))

    def power(self, base: int, exponent: int) -> int:
        """Return base to the exponent; integer exponents become multiplications when compiled."""
        value, known = self.constant(exponent), self.constant(base)
        if value == 0:
            return self.number(1.0)
        if value == 1:
            return base
        if value is not None and known is not None and _fits(known, value):
            return self.number(known**value)
        if value == 0.5:
            return self.apply("sqrt", base)
        if value is not None and value < 0 and value == int(value):
            return self.inverse(self.power(base, self.number(-value)))
        return self._node("power", (base, exponent))

    def apply(self, operation: str, *nodes: int) -> int:
        """Return a function, relation, logical operation, `min` or `max` of nodes."""
        values = [self.constant(node) for node in nodes]
        if all(value is not None for value in values):
            folded = _folded(operation, [value for value in values if value is not None])
            if folded is not None:
                return self.number(folded)
        return self._node(operation, tuple(nodes))

    def choose(self, condition: int, yes: int, no: int) -> int:
        """Return `yes` where the condition holds, else `no`."""
        value = self.constant(condition)
        if value is not None:
            return yes if value else no
        return yes if yes == no else self._node("if", (condition, yes, no))

    def constant(self, node: int) -> float | None:
        """Return the value of a number, None for anything else."""
        value = self.values[node]
        return value if isinstance(value, float) else None

    def symbols(self, node: int) -> frozenset[str]:
        """Return the names that a node depends on."""
        return self._symbols[node]

    def reached(self, nodes: Iterable[int]) -> list[int]:
        """Return everything that some nodes need, themselves included, in order of evaluation."""
        seen: set[int] = set()
        front = list(nodes)
        while front:
            node = front.pop()
            if node not in seen:
                seen.add(node)
                front += self.arguments[node]
        return sorted(seen)

    def replaced(self, nodes: Sequence[int], known: Mapping[int, int]) -> list[int]:
        """Return nodes with some nodes replaced by others."""
        there = dict(known)
        for node in self.reached(nodes):
            if node not in there:
                there[node] = self._again(node, [there[one] for one in self.arguments[node]])
        return [there[node] for node in nodes]

    def partials(self, node: int, wanted: frozenset[str]) -> dict[str, int]:
        """Return the partial derivative by each wanted name that the node depends on.

        Functions with steps (floor, relations, `if` by its condition) count as constant between
        their steps.

        Raises
        ------
        ValueError
            The derivative of a factorial.
        """
        found: dict[int, dict[str, int]] = {}
        for one in self.reached([node]):
            if self._symbols[one] & wanted:
                found[one] = self._chain(one, found)
        return {name: value for name, value in found.get(node, {}).items() if value != self._zero}

    @property
    def _zero(self) -> int:
        return self.number(0.0)

    def _chain(self, node: int, found: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
        if self.operations[node] == "symbol":
            return {str(self.values[node]): self.number(1.0)}
        if self.operations[node] in ("if", "min", "max"):
            return self._chosen(node, found)
        result: dict[str, list[int]] = {}
        for place, argument in enumerate(self.arguments[node]):
            inside, outer = self._outer(node, place, argument)
            for name, slope in found.get(inside, {}).items():
                result.setdefault(name, []).append(self.times(outer(), slope))
        return {name: self.sum(*terms) for name, terms in result.items()}

    def _chosen(self, node: int, found: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
        """Return the derivatives of what a node picks; nothing of the other one is in them."""
        kind, (*condition, yes, no) = self.operations[node], self.arguments[node]
        holds = condition[0] if condition else self.apply("<=" if kind == "min" else ">=", yes, no)
        one, other = found.get(yes, {}), found.get(no, {})
        return {
            name: self.choose(holds, one.get(name, self._zero), other.get(name, self._zero))
            for name in {**one, **other}
        }

    def _outer(self, node: int, place: int, argument: int) -> tuple[int, Callable[[], int]]:
        """Return what is inside a node at a place, and the derivative of the node by it.

        Inside of a quotient is the divisor itself, so that the derivative re-uses the quotient.
        """
        if self.operations[node] == "product" and self.operations[argument] == "inverse":
            divisor = self.arguments[argument][0]
            return divisor, lambda: self.times(self.number(-1.0), self.times(node, argument))
        return argument, lambda: self._slope(node, place)

    def _slope(self, node: int, place: int) -> int:
        """Return the derivative of a node by one of its arguments."""
        kind, arguments = self.operations[node], self.arguments[node]
        if kind == "sum":
            return self.number(1.0)
        if kind == "product":
            return self.times(self.product(*arguments[:place]), self._tail(arguments, place + 1))
        if kind == "inverse":
            return self.negative(self.product(node, node))
        if kind == "power":
            return self._slope_of_power(node, place)
        if kind in RELATIONS or kind in LOGIC or kind in ("floor", "ceil"):
            return self.number(0.0)
        return self._slope_of_function(kind, arguments[0], node)

    def _tail(self, factors: Sequence[int], first: int) -> int:
        """Return the product of the last factors, nested so that shorter tails are part of it."""
        result = self.number(1.0)
        for factor in reversed(factors[first:]):
            result = self.times(factor, result)
        return result

    def _slope_of_power(self, node: int, place: int) -> int:
        base, exponent = self.arguments[node]
        if place == 0:
            less = self.difference(exponent, self.number(1.0))
            return self.product(exponent, self.power(base, less))
        vanishes = self.apply("==", node, self.number(0.0))  # faster than ln(base) grows
        return self.choose(vanishes, self._zero, self.product(node, self.apply("ln", base)))

    def _slope_of_function(self, kind: str, x: int, node: int) -> int:
        one, square = self.number(1.0), self.product(x, x)
        slopes: dict[str, Callable[[], int]] = {
            "exp": lambda: node,
            "ln": lambda: self.inverse(x),
            "sqrt": lambda: self.quotient(self.number(0.5), node),
            "abs": lambda: self.choose(
                self.apply(">=", x, self.number(0.0)), one, self.number(-1.0)
            ),
            "sin": lambda: self.apply("cos", x),
            "cos": lambda: self.negative(self.apply("sin", x)),
            "tan": lambda: self.sum(one, self.product(node, node)),
            "asin": lambda: self.inverse(self.apply("sqrt", self.difference(one, square))),
            "acos": lambda: self.negative(
                self.inverse(self.apply("sqrt", self.difference(one, square)))
            ),
            "atan": lambda: self.inverse(self.sum(one, square)),
            "sinh": lambda: self.apply("cosh", x),
            "cosh": lambda: self.apply("sinh", x),
            "tanh": lambda: self.difference(one, self.product(node, node)),
            "asinh": lambda: self.inverse(self.apply("sqrt", self.sum(square, one))),
            "acosh": lambda: self.inverse(self.apply("sqrt", self.difference(square, one))),
            "atanh": lambda: self.inverse(self.difference(one, square)),
        }
        if kind not in slopes:
            raise ValueError(f"no derivative of '{kind}'")
        return slopes[kind]()

    def _again(self, node: int, arguments: Sequence[int]) -> int:
        kind = self.operations[node]
        if kind in ("number", "symbol") or tuple(arguments) == self.arguments[node]:
            return node
        makers: dict[str, Callable[..., int]] = {
            "sum": self.sum,
            "product": self.product,
            "power": self.power,
            "inverse": self.inverse,
            "if": self.choose,
        }
        return makers[kind](*arguments) if kind in makers else self.apply(kind, *arguments)

    def _collected(
        self,
        kind: str,
        nodes: Sequence[int],
        start: float,
        joined: Callable[[float, float], float],
    ) -> tuple[list[int], float]:
        terms: list[int] = []
        constant = start
        for node in nodes:
            parts = self.arguments[node] if self.operations[node] == kind else (node,)
            for part in parts:
                value = self.constant(part)
                if value is None:
                    terms.append(part)
                else:
                    constant = joined(constant, value)
        return terms, constant

    def _node(
        self, operation: str, arguments: tuple[int, ...], value: float | str | None = None
    ) -> int:
        # a number's sign of zero matters, its type does not
        key = (operation, arguments, repr(value) if isinstance(value, float) else value)
        found = self._known.get(key)
        return self._added(key, operation, arguments, value) if found is None else found

    def _added(
        self,
        key: tuple[object, ...],
        operation: str,
        arguments: tuple[int, ...],
        value: float | str | None,
    ) -> int:
        """Add a node, unless another thread has just done so; it is known once it is whole."""
        with GROWING:
            found = self._known.get(key)
            if found is None:
                found = len(self.operations)
                self.operations.append(operation)
                self.arguments.append(arguments)
                self.values.append(value)
                names = frozenset([value]) if isinstance(value, str) else frozenset[str]()
                self._symbols.append(names.union(*(self._symbols[one] for one in arguments)))
                self._known[key] = found
            return found


def _fits(base: float, exponent: float) -> bool:
    """Return whether a power of numbers is a plain finite number."""
    try:
        return not isinstance(base**exponent, complex) and math.isfinite(base**exponent)
    except (OverflowError, ZeroDivisionError):
        return False


def _folded(operation: str, values: Sequence[float]) -> float | None:
    """Return the value of an operation on numbers, None where it has none."""
    known: dict[str, Callable[..., float]] = {**FUNCTIONS, **RELATIONS, **LOGIC}
    known |= {"min": min, "max": max}
    try:
        result = float(known[operation](*values))
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    return result if math.isfinite(result) else None
