"""A model's equations in the shape that the kernel is written from.

Assignments stay unknowns of their own beside the states: the matrix of a step is larger and much
sparser for it, and its elimination does what the chain rule would. What depends on parameters
alone is taken out: each patient's value of it stands in a table that is filled once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from funis.models import OdeForm
from funis.models.formula import TIME
from funis.models.graph import Graph
from funis.solver.kernel.elimination import Elimination, eliminate


@dataclass(frozen=True, eq=False)
class Equations:
    """States and assignments as rows of one system.

    Attributes
    ----------
    graph : holds every node.
    states : names, in the order of the form.
    assignments : names of the assignments that rates need, in order of evaluation.
    rows : node of each row: the rates, then the assignments.
    inflows : parameters that change from segment to segment, in the order of their slots.
    moving : the name that moves with time, or None: a forcing, or time itself.
    slopes : of each row: unknown -> partial derivative.
    timed : of each row that moves with time directly: its partial derivative by `moving`.
    elimination : the plan of the matrix of a step.
    table : nodes that depend on parameters alone; grows while the code is written.
    """

    graph: Graph
    states: tuple[str, ...]
    assignments: tuple[str, ...]
    rows: tuple[int, ...]
    inflows: tuple[str, ...]
    moving: str | None
    slopes: tuple[Mapping[int, int], ...]
    timed: Mapping[int, int]
    elimination: Elimination
    table: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of states."""
        return len(self.states)

    @property
    def extra(self) -> tuple[int, ...]:
        """Rows of assignments that move with time directly: they have a right-hand side."""
        return tuple(row for row in sorted(self.timed) if row >= self.size)

    @property
    def names(self) -> frozenset[str]:
        """What is not fixed: states, assignments, inflows and what moves with time."""
        moving = () if self.moving is None else (self.moving,)
        return frozenset((*self.states, *self.assignments, *self.inflows, *moving))

    def is_fixed(self, node: int) -> bool:
        """Return whether a node depends on parameters alone."""
        return not self.graph.symbols(node) & self.names

    def column(self, node: int) -> int:
        """Return the column of a fixed node in the table."""
        if node not in self.table:
            self.table.append(node)
        return self.table.index(node)


def equations(form: OdeForm, *, forced: bool) -> Equations:
    """Return the equations of a form.

    Parameters
    ----------
    forced : whether the form's forcing moves; else it is a parameter like any other.
    """
    graph = form.graph
    needed = _needed(form)
    moving = form.forcing[0] if forced else TIME if _uses_time(form, needed) else None
    flows = {f"inflow_{state}" for state in form.states}
    inflows = tuple(name for name in form.parameters if name in flows)
    variables = {*form.states, *inflows} | ({moving} if moving else set())
    assignments = []
    for name, node in form.assignments:
        if name in needed and graph.symbols(node) & variables:
            assignments.append((name, node))
            variables.add(name)
    known = _fixed_assignments(form, {name for name, _ in assignments})
    rows = graph.replaced([*form.rates, *(node for _, node in assignments)], known)
    unknowns = {name: i for i, name in enumerate((*form.states, *(n for n, _ in assignments)))}
    wanted = frozenset(unknowns)
    slopes = tuple(
        {unknowns[name]: node for name, node in graph.partials(row, wanted).items()} for row in rows
    )
    timed = {}
    if moving is not None:
        by_time = [graph.partials(row, frozenset([moving])).get(moving) for row in rows]
        timed = {number: node for number, node in enumerate(by_time) if node is not None}
    pattern = [(row, column) for row, found in enumerate(slopes) for column in found]
    return Equations(
        graph,
        form.states,
        tuple(name for name, _ in assignments),
        tuple(rows),
        inflows,
        moving,
        slopes,
        timed,
        eliminate(len(rows), pattern),
    )


def _needed(form: OdeForm) -> set[str]:
    """Return the assignments that the rates depend on."""
    rules = dict(form.assignments)
    front = {name for rate in form.rates for name in form.graph.symbols(rate)} & set(rules)
    needed: set[str] = set()
    while front:
        needed |= front
        front = {
            name for one in front for name in form.graph.symbols(rules[one]) if name in rules
        } - needed
    return needed


def _uses_time(form: OdeForm, needed: set[str]) -> bool:
    nodes = [*form.rates, *(node for name, node in form.assignments if name in needed)]
    return any(TIME in form.graph.symbols(node) for node in nodes)


def _fixed_assignments(form: OdeForm, kept: set[str]) -> dict[int, int]:
    """Return assignments that turn out fixed (a forcing at rest) as what to put in their place."""
    known: dict[int, int] = {}
    for name, node in form.assignments:
        if name not in kept:
            known[form.graph.symbol(name)] = form.graph.replaced([node], known)[0]
    return known
