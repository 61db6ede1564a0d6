"""Time derivatives of anything in a model: what `rateOf` means, and rules for concentrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from funis.models.formula import RATE, TIME
from funis.models.graph import Graph


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rate rule for a concentration: what is kept is the amount."""

    concentration: str
    size: str
    rate: int


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """Time derivatives of symbols.

    Attributes
    ----------
    rates : of what is kept and moves.
    ruled : amounts whose concentration is ruled.
    assigned : definitions of what follows from the others.
    """

    graph: Graph
    rates: Mapping[str, int]
    ruled: Mapping[str, Ruled]
    assigned: Mapping[str, int]
    _found: dict[str, int] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def of(self, name: str) -> int:
        """Return the time derivative of a symbol, every `rateOf` in it resolved.

        Raises
        ------
        ValueError
            Rates that need each other in a circle, or a step without a derivative.
        """
        if name not in self._found:
            if name in self._open:
                raise ValueError(f"rates in a circle: {', '.join(sorted(self._open))}")
            self._open.append(name)
            self._found[name] = self.resolved(self._plain(name))
            self._open.pop()
        return self._found[name]

    def resolved(self, node: int) -> int:
        """Return a node with the derivatives that it names in place."""
        names = [name for name in sorted(self.graph.symbols(node)) if name.startswith(RATE)]
        known = {self.graph.symbol(name): self.of(name.removeprefix(RATE)) for name in names}
        return self.graph.replaced([node], known)[0] if known else node

    def _plain(self, name: str) -> int:
        graph = self.graph
        if name == TIME:
            return graph.number(1.0)
        if name in self.ruled:
            rule = self.ruled[name]
            grown = graph.product(graph.symbol(rule.concentration), self.of(rule.size))
            return graph.sum(graph.product(graph.symbol(rule.size), rule.rate), grown)
        if name in self.assigned:
            return self._total(self.resolved(self.assigned[name]))
        return self.rates.get(name, graph.number(0.0))

    def _total(self, node: int) -> int:
        """Return the derivative of a node by time, through everything that it depends on."""
        graph = self.graph
        slopes = graph.partials(node, graph.symbols(node))
        return graph.sum(*(graph.product(slope, self.of(name)) for name, slope in slopes.items()))
