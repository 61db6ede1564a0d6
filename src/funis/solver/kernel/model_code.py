"""The four functions of a model that the driver calls, as LLVM text.

- ``rates(y, fixed, inflow, moving, r)`` adds the right-hand side to r
- ``slopes(y, fixed, inflow, moving, r, matrix, timed)`` stores it, the partial derivatives that
  are neither numbers nor fixed, and the derivatives by what moves with time
- ``factor(fixed, matrix, shift, lu)`` factorises J - shift*I, assignments beside states (their
  rows are partial derivatives, with -1 on the diagonal)
- ``solve(fixed, matrix, lu, r, x)`` solves for the states

Rows of r and timed are the states, then the assignments that move with time directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from funis.solver.kernel.code import Code, Value
from funis.solver.kernel.emit import Emitter
from funis.solver.kernel.equations import Equations

Entry = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ModelCode:
    """The text of a model's functions and the room that they need, in rows of W doubles."""

    text: str
    table_rows: int
    matrix_rows: int
    lu_rows: int


def model_code(equations: Equations, width: int) -> ModelCode:
    """Write the functions of a model."""
    writer = _Writer(equations, width)
    functions = [writer.rates(), writer.slopes(), writer.factor(), writer.solve()]
    needs = sorted(frozenset().union(*(code.needs for code in functions)))
    text = "\n".join([*needs, "", *(code.text() for code in functions)])
    table, matrix = max(len(equations.table), 1), max(len(writer.matrix), 1)
    return ModelCode(text, table, matrix, max(len(writer.lu), 1))


class _Writer:
    """Writes functions and keeps count of the places that they share.

    Attributes
    ----------
    matrix : entry -> row in the memory of partial derivatives that are computed.
    lu : entry -> row in the memory of the factors. With the signs that make every operation an
        addition: (k, k) holds -1/pivot, an entry of the lower factor its negative. What equals a
        partial derivative is not stored again.
    """

    def __init__(self, equations: Equations, width: int) -> None:
        self.equations, self.width = equations, width
        self.matrix: dict[Entry, int] = {}
        self.lu: dict[Entry, int] = {}
        for row, found in enumerate(equations.slopes):
            for column, node in found.items():
                if not equations.is_fixed(node):
                    self.matrix[row, column] = len(self.matrix)
        plan = equations.elimination
        for place, unknown in enumerate(plan.order):
            for column in plan.lower[place]:
                if (unknown, column) in plan.changed or self._has_pivot(column):
                    self.lu[unknown, column] = len(self.lu)
            for column in plan.upper[place]:
                if (unknown, column) in plan.changed:
                    self.lu[unknown, column] = len(self.lu)
            if self._has_pivot(unknown):
                self.lu[unknown, unknown] = len(self.lu)

    def _has_pivot(self, unknown: int) -> bool:
        """Return whether a pivot is anything but -1."""
        entry = (unknown, unknown)
        return unknown < self.equations.size or entry in self.equations.elimination.changed

    def _code(self, name: str, *pointers: str) -> Code:
        return Code(name, [("ptr", pointer) for pointer in pointers], self.width)

    def _emitter(self, code: Code) -> Emitter:
        loads: dict[str, Callable[[], Value]] = {
            name: partial(code.load, "%y", place)
            for place, name in enumerate(self.equations.states)
        }
        for place, name in enumerate(self.equations.inflows):
            loads[name] = partial(code.load, "%inflow", place)
        if self.equations.moving is not None:
            loads[self.equations.moving] = partial(code.load, "%moving", 0)
        return Emitter(code, self.equations, "%fixed", loads)

    def rates(self) -> Code:
        """Add the right-hand side to r."""
        code = self._code("rates", "y", "fixed", "inflow", "moving", "r")
        emitter = self._emitter(code)
        for place in range(self.equations.size):
            rate = emitter.value(self.equations.rows[place])
            code.store(code.add(code.load("%r", place), rate), "%r", place)
        return code

    def slopes(self) -> Code:
        """Store the right-hand side, the partial derivatives and those by what moves with time."""
        names = ("y", "fixed", "inflow", "moving", "r", "matrix", "timed")
        code = self._code("slopes", *names)
        emitter, equations = self._emitter(code), self.equations
        for row in (*range(equations.size, len(equations.rows)), *range(equations.size)):
            if row < equations.size:
                code.store(emitter.value(equations.rows[row]), "%r", row)
            for column, node in equations.slopes[row].items():
                if (row, column) in self.matrix:
                    code.store(emitter.value(node), "%matrix", self.matrix[row, column])
        if equations.moving is not None:
            for place, row in enumerate((*range(equations.size), *equations.extra)):
                timed = equations.timed.get(row)
                found = code.number(0.0) if timed is None else emitter.value(timed)
                code.store(found, "%timed", place)
        return code

    def factor(self) -> Code:
        """Factorise J - shift*I row by row, each entry stored as soon as it is done."""
        code = self._code("factor", "fixed", "matrix", "shift", "lu")
        plan, shift = self.equations.elimination, code.load("%shift", 0)
        place = {unknown: number for number, unknown in enumerate(plan.order)}
        for number, row in enumerate(plan.order):
            values: dict[int, Value | None] = {
                column: self._slope(code, row, column)
                for column in (*plan.lower[number], row, *plan.upper[number])
            }
            values[row] = self._less_shift(code, row, values[row], shift)
            for pivot in plan.lower[number]:
                self._add_row(code, plan.upper[place[pivot]], row, pivot, values)
            for column in plan.upper[number]:
                if (row, column) in self.lu:
                    code.store(values[column] or code.number(0.0), "%lu", self.lu[row, column])
            if (row, row) in self.lu:
                pivot_value = values[row] or code.number(0.0)
                inverse = code.div(code.number(-1.0), pivot_value)
                code.store(inverse, "%lu", self.lu[row, row])
        return code

    def _less_shift(self, code: Code, row: int, own: Value | None, shift: Value) -> Value:
        """Return a diagonal entry."""
        away = shift if row < self.equations.size else code.number(1.0)
        return code.sub(code.number(0.0) if own is None else own, away)

    def _add_row(
        self,
        code: Code,
        upper: tuple[int, ...],
        row: int,
        pivot: int,
        values: dict[int, Value | None],
    ) -> None:
        """Add a multiple of a pivot's row to a row, so that its entry below the pivot vanishes."""
        share = values[pivot]
        if share is None:
            return
        if (pivot, pivot) in self.lu:
            share = code.mul(share, code.load("%lu", self.lu[pivot, pivot]))
        if (row, pivot) in self.lu:
            code.store(share, "%lu", self.lu[row, pivot])
        for column in upper:
            other = self._entry(code, pivot, column)
            if other is not None:
                product = code.mul(share, other)
                own = values[column]
                values[column] = product if own is None else code.add(own, product)

    def _slope(self, code: Code, row: int, column: int) -> Value | None:
        """Return a partial derivative; None is zero."""
        node = self.equations.slopes[row].get(column)
        if node is None:
            return None
        if (row, column) in self.matrix:
            return code.load("%matrix", self.matrix[row, column])
        number = self.equations.graph.constant(node)
        if number is not None:
            return code.number(number)
        return code.load("%fixed", self.equations.column(node))

    def _entry(self, code: Code, row: int, column: int) -> Value | None:
        """Return an entry of the factors; None is zero."""
        if (row, column) in self.lu:
            return code.load("%lu", self.lu[row, column])
        return self._slope(code, row, column)

    def solve(self) -> Code:
        """Solve for all unknowns and store the states."""
        code = self._code("solve", "fixed", "matrix", "lu", "r", "x")
        plan, size = self.equations.elimination, self.equations.size
        places = {row: place for place, row in enumerate((*range(size), *self.equations.extra))}
        half: dict[int, Value | None] = {}
        for number, row in enumerate(plan.order):
            value = code.load("%r", places[row]) if row in places else None
            for column in plan.lower[number]:
                value = self._plus(code, value, row, column, half[column])
            half[row] = value
        found: dict[int, Value | None] = {}
        for number, row in reversed(list(enumerate(plan.order))):
            value = half[row]
            for column in plan.upper[number]:
                value = self._plus(code, value, row, column, found[column])
            if value is not None and (row, row) in self.lu:
                value = code.mul(value, code.load("%lu", self.lu[row, row]))
            found[row] = value
            if row < size:
                code.store(value or code.number(0.0), "%x", row)
        return code

    def _plus(
        self, code: Code, value: Value | None, row: int, column: int, other: Value | None
    ) -> Value | None:
        """Return value + entry * other."""
        node = self.equations.slopes[row].get(column)
        if other is None:
            return value
        stored = (row, column) in self.lu
        if node is not None and not stored and self.equations.graph.constant(node) == 1.0:
            return other if value is None else code.add(value, other)
        entry = self._entry(code, row, column)
        if entry is None:
            return value
        product = code.mul(entry, other)
        return product if value is None else code.add(value, product)
