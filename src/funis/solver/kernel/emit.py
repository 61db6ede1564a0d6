"""Nodes of a graph as lines of code: what is fixed is loaded, the rest is computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from funis.models.graph import LOGIC, RELATIONS
from funis.solver.kernel.code import Code, Value
from funis.solver.kernel.equations import Equations

_RELATIONS = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
_NATIVE = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil"}


class Emitter:
    """Writes nodes into a function.

    Parameters
    ----------
    fixed : pointer to the table of the lanes.
    loads : name -> how to load a state, an inflow or what moves with time.
    """

    def __init__(
        self,
        code: Code,
        equations: Equations,
        fixed: Value,
        loads: Mapping[str, Callable[[], Value]],
    ) -> None:
        self.code, self.equations, self.fixed, self.loads = code, equations, fixed, loads
        self.graph = equations.graph
        size = equations.size
        self._rows = dict(zip(equations.assignments, equations.rows[size:], strict=True))
        self._made: dict[int, Value] = {}
        self._chains: dict[tuple[object, ...], Value] = {}

    def value(self, node: int) -> Value:
        """Return a node's vector."""
        if node not in self._made:
            self._made[node] = self._written(node)
        return self._made[node]

    def _written(self, node: int) -> Value:
        number = self.graph.constant(node)
        if number is not None:
            return self.code.number(number)
        if self.equations.is_fixed(node):
            return self.code.load(self.fixed, self.equations.column(node))
        kind = self.graph.operations[node]
        if kind == "symbol":
            name = str(self.graph.values[node])
            return self.value(self._rows[name]) if name in self._rows else self.loads[name]()
        if kind == "sum":
            return self._sum(self.graph.arguments[node])
        if kind == "product":
            return self._product(self.graph.arguments[node])
        return self._operation(kind, node)

    def _operation(self, kind: str, node: int) -> Value:
        code, arguments = self.code, self.graph.arguments[node]
        if kind == "power":
            return self._power(*arguments)
        if kind == "if":
            yes, no = self.value(arguments[1]), self.value(arguments[2])
            return code.select(self._condition(arguments[0]), yes, no)
        if kind in RELATIONS or kind in LOGIC:
            return code.select(self._condition(node), code.number(1.0), code.number(0.0))
        given = [self.value(one) for one in arguments]
        if kind == "inverse":
            return code.div(code.number(1.0), given[0])
        if kind in _NATIVE:
            return code.unary(_NATIVE[kind], given[0])
        if kind in ("min", "max"):
            less = code.compare("olt" if kind == "min" else "ogt", given[1], given[0])
            return code.select(less, given[1], given[0])
        if kind == "exp":
            return code.exp(given[0])
        if kind == "ln":
            return code.ln(given[0])
        if kind == "factorial":
            return code.lanes("tgamma", code.add(given[0], code.number(1.0)))
        return code.lanes(kind, given[0])

    def _condition(self, node: int) -> Value:
        """Return a node as a mask."""
        kind, arguments = self.graph.operations[node], self.graph.arguments[node]
        if self.equations.is_fixed(node) or kind not in (*RELATIONS, *LOGIC):
            return self.code.compare("une", self.value(node), self.code.number(0.0))
        if kind in RELATIONS:
            return self.code.compare(_RELATIONS[kind], *(self.value(one) for one in arguments))
        masks = [self._condition(one) for one in arguments]
        if kind == "not":
            return self.code.but(masks[0])
        if kind == "xor":
            return self.code.new(f"xor {self.code.mask} {masks[0]}, {masks[1]}")
        return self.code.both(*masks) if kind == "and" else self.code.either(*masks)

    def _sum(self, terms: tuple[int, ...]) -> Value:
        fixed = [term for term in terms if self.equations.is_fixed(term)]
        moving = [term for term in terms if not self.equations.is_fixed(term)]
        parts = [(one, *self._signed(one)) for one in moving]
        total = self.value(self.graph.sum(*fixed)) if fixed else None
        if total is None:  # begin with a term that is added, if there is one
            first = next((i for i, part in enumerate(parts) if not part[1]), 0)
            _, minus, bare = parts.pop(first)
            total = self.value(bare)
            total = self.code.sub(self.code.number(0.0), total) if minus else total
        for _, minus, bare in parts:
            join = self.code.sub if minus else self.code.add
            total = join(total, self.value(bare))
        return total

    def _signed(self, node: int) -> tuple[bool, int]:
        """Return whether a term is taken away, and the term without its sign."""
        if self.graph.operations[node] == "product":
            first, *rest = self.graph.arguments[node]
            if self.graph.constant(first) == -1:
                bare = rest[0] if len(rest) == 1 else self.graph.product(*rest)
                return True, bare
        return False, node

    def _product(self, factors: tuple[int, ...]) -> Value:
        """Multiply what is fixed once and for all, then what moves, one after the other."""
        fixed = [factor for factor in factors if self.equations.is_fixed(factor)]
        moving = [factor for factor in factors if not self.equations.is_fixed(factor)]
        start = self.graph.product(*fixed) if fixed else None
        key: tuple[object, ...] = (start,)
        if start is None:
            key, result, moving = ("", moving[0]), self.value(moving[0]), moving[1:]
        else:
            result = self.value(start)
        for factor in moving:
            key = (*key, factor)
            if key not in self._chains:
                self._chains[key] = self.code.mul(result, self.value(factor))
            result = self._chains[key]
        return result

    def _power(self, base: int, exponent: int) -> Value:
        number = self.graph.constant(exponent)
        if number is not None and number == int(number) and 2 <= number <= 64:
            return self._integer_power(base, int(number))
        code, x = self.code, self.value(base)
        e = self.value(exponent)
        found = code.exp(code.mul(e, code.ln(code.unary("fabs", x))))
        # a negative base has a power where the exponent is a whole number
        whole = code.compare("oeq", code.unary("floor", e), e)
        half = code.mul(e, code.number(0.5))
        odd = code.both(whole, code.compare("une", code.unary("floor", half), half))
        signed = code.select(odd, code.sub(code.number(0.0), found), found)
        nothing = code.number(float("nan"))
        below = code.select(whole, signed, nothing)
        found = code.select(code.compare("olt", x, code.number(0.0)), below, found)
        return code.select(code.compare("oeq", e, code.number(0.0)), code.number(1.0), found)

    def _integer_power(self, base: int, power: int) -> Value:
        node = self.graph.power(base, self.graph.number(power)) if power > 1 else base
        if node in self._made:
            return self._made[node]
        if power == 1:
            return self.value(base)
        half = self._integer_power(base, power // 2)
        found = self.code.mul(half, half)
        if power % 2:
            found = self.code.mul(found, self.value(base))
        self._made[node] = found
        return found
