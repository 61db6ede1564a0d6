"""An SBML model compiled for one run: rates that hold still between jumps, conditions, events.

Everything that may jump (a relation, `floor`, `ceil`) is a mode. In a segment the modes are held
where they were, so the rates are smooth; the run looks for the first moment where one changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from funis.models.evaluate import total_function
from funis.models.formula import TIME
from funis.models.graph import RELATIONS
from funis.models.sbml import SbmlEvent, SbmlModel

Values = Callable[[Sequence[float]], list[float]]
"""A function of time and everything kept (and the modes, where they are held)."""

MOST_ANALYTIC = 150
"""Moving values up to which the Jacobian is analytic; it is compiled with all its zeros."""


@dataclass(frozen=True, slots=True)
class Line:
    """A mode that changes where something linear in time crosses: its place in time is known.

    Attributes
    ----------
    place : which mode.
    kind : a relation (it changes at 0), `floor` or `ceil` (it changes at whole numbers).
    """

    place: int
    kind: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an event does to one kept value; `sized` says that a size turns the one to the other."""

    place: int
    sized: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, compiled; see `SbmlEvent`."""

    event: SbmlEvent
    delay: Values | None
    priority: Values | None
    values: Values
    sizes: Values
    targets: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Equations:
    """A model compiled; functions take [time, *kept], `rates` and others also the held modes.

    Attributes
    ----------
    moving : places of what the rates move.
    kinds : operations of the modes.
    equalities : modes that are an equality, start an event, and are not on a line.
    lines, line_values : what is linear in time, with values and slopes, (2 x line).
    still : nodes of the rates with their modes held.
    uses_time : whether the rates depend on time or a mode is not on a line.
    """

    model: SbmlModel
    moving: tuple[int, ...]
    rates: Values
    jacobian: Values | None
    modes: Values
    kinds: tuple[str, ...]
    gaps: Values
    equalities: tuple[int, ...]
    lines: tuple[Line, ...]
    line_values: Values
    triggers: Values
    happenings: tuple[Happening, ...]
    outputs: Values
    still: tuple[int, ...]
    uses_time: bool


def compiled(model: SbmlModel, outputs: Sequence[int]) -> Equations:
    """Compile a model and nodes to observe."""
    graph, known = model.graph, model.substituted()
    moving = tuple(place for place, name in enumerate(model.kept) if name in model.rates)
    rates = graph.replaced([model.rates[model.kept[place]] for place in moving], known)
    rates = graph.replaced(rates, _kinks(model, rates))
    triggers = graph.replaced([event.trigger for event in model.events], known)
    jumps = [node for node in graph.reached([*rates, *triggers]) if _jumps(model, node)]
    held = {node: graph.symbol(f"mode {place}") for place, node in enumerate(jumps)}
    still = graph.replaced(rates, held)
    free = (TIME, *model.kept)
    full = (*free, *(f"mode {place}" for place in range(len(jumps))))
    names = frozenset(model.kept[place] for place in moving)
    gaps = [_gap(model, node) for node in jumps]
    lines, slopes = _lines(model, jumps, gaps, held, names)
    asked = {node for node in graph.reached(triggers) if graph.operations[node] in ("==", "!=")}
    known_places = {line.place for line in lines}
    return Equations(
        model,
        moving,
        total_function(graph, full, still),
        _jacobian(model, still, [model.kept[place] for place in moving], full),
        _numbers(total_function(graph, free, jumps)),
        tuple(graph.operations[node] for node in jumps),
        total_function(graph, free, gaps),
        tuple(k for k, node in enumerate(jumps) if node in asked and k not in known_places),
        lines,
        total_function(graph, full, slopes),
        total_function(graph, free, triggers),
        tuple(_happening(model, event, known, free) for event in model.events),
        total_function(graph, free, graph.replaced(outputs, known)),
        tuple(still),
        any(TIME in graph.symbols(node) for node in still) or len(lines) < len(jumps),
    )


def _kinks(model: SbmlModel, nodes: Sequence[int]) -> dict[int, int]:
    """Return choices in place of `min`, `max` and `abs`, so that a kink is met as a jump is."""
    graph = model.graph
    found: dict[int, int] = {}
    for node in graph.reached(nodes):
        kind = graph.operations[node]
        if kind in ("min", "max", "abs"):
            one, *rest = graph.replaced(graph.arguments[node], found)
            other = rest[0] if rest else graph.negative(one)
            holds = graph.apply("<=" if kind == "min" else ">=", one, other)
            found[node] = graph.choose(holds, one, other)
    return found


def _numbers(function: Values) -> Values:
    """Return a function with 0 in place of what is no number, which would equal nothing."""

    def found(values: Sequence[float]) -> list[float]:
        return [0.0 if value != value else value for value in function(values)]

    return found


def _jumps(model: SbmlModel, node: int) -> bool:
    kind = model.graph.operations[node]
    return kind in RELATIONS or kind in ("floor", "ceil")


def _gap(model: SbmlModel, node: int) -> int:
    """Return what crosses zero, or whole numbers, where a mode changes."""
    arguments = model.graph.arguments[node]
    return model.graph.difference(*arguments) if len(arguments) == 2 else arguments[0]


def _lines(
    model: SbmlModel, jumps: Sequence[int], gaps: Sequence[int], held: dict[int, int],
    moving: frozenset[str],
) -> tuple[tuple[Line, ...], list[int]]:  # fmt: skip
    """Find the modes that follow from time alone, linearly; return values, then slopes."""
    graph = model.graph
    found, values, slopes = [], [], []
    for place, (node, gap) in enumerate(zip(jumps, graph.replaced(gaps, held), strict=True)):
        names = graph.symbols(gap)
        if names & moving or _holds_moving(model, jumps, names, moving):
            continue
        slope = _slope(model, gap)
        if slope is not None and TIME not in graph.symbols(slope):
            found.append(Line(place, graph.operations[node]))
            values.append(gap)
            slopes.append(slope)
    return tuple(found), [*values, *slopes]


def _holds_moving(
    model: SbmlModel, jumps: Sequence[int], names: frozenset[str], moving: frozenset[str]
) -> bool:
    """Return whether a held mode inside depends on what moves."""
    inner = [int(name.removeprefix("mode ")) for name in names if name.startswith("mode ")]
    return any(model.graph.symbols(jumps[place]) & moving for place in inner)


def _slope(model: SbmlModel, node: int) -> int | None:
    try:
        slopes = model.graph.partials(node, frozenset([TIME]))
    except ValueError:
        return None
    return slopes.get(TIME, model.graph.number(0.0))


def _jacobian(
    model: SbmlModel, rates: Sequence[int], names: Sequence[str], arguments: Sequence[str]
) -> Values | None:
    """Return the analytic Jacobian, row by row; None where it does not exist or is very large."""
    zero = model.graph.number(0.0)
    if len(rates) > MOST_ANALYTIC:
        return None
    try:
        rows = [model.graph.partials(rate, frozenset(names)) for rate in rates]
    except ValueError:
        return None
    nodes = [row.get(name, zero) for row in rows for name in names]
    return total_function(model.graph, arguments, nodes)


def _happening(
    model: SbmlModel, event: SbmlEvent, known: dict[int, int], free: Sequence[str]
) -> Happening:
    graph = model.graph

    def made(*nodes: int) -> Values:
        return total_function(graph, free, graph.replaced(nodes, known))

    targets = [model.quantities[name] for name, _ in event.assignments]
    sizes = [graph.symbol(item.size) if item.size else graph.number(1.0) for item in targets]
    return Happening(
        event,
        None if event.delay is None else made(event.delay),
        None if event.priority is None else made(event.priority),
        made(*(node for _, node in event.assignments)),
        made(*sizes),
        tuple(
            Assignment(model.kept.index(str(item.kept)), item.size is not None) for item in targets
        ),
    )
