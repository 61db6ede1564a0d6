"""What an SBML model says, as nodes of one graph: what holds a value, what follows, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from funis.checks import InputError, Issue
from funis.models.graph import Graph


class RefusedError(InputError):
    """A model that uses a construct which is not supported.

    Attributes
    ----------
    construct : its name, such as `algebraic rule`.
    """

    def __init__(self, file: str, line: int | None, construct: str) -> None:
        self.construct = construct
        expected = "a model of ordinary differential equations with events"
        super().__init__(Issue(file, line, None, f"{construct} is not supported", expected))


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something in the file that has an id and a value.

    Attributes
    ----------
    kind : `species`, `compartment`, `parameter`, `stoichiometry` or `reaction`.
    value : node of what the id means in a formula.
    amount, concentration : nodes, of a species only.
    kept : symbol that holds the value between events; None where a rule gives it.
    size : symbol of the size that turns the id's value into what is kept; None where both are one.
    """

    name: str
    kind: str
    value: int
    amount: int | None = None
    concentration: int | None = None
    kept: str | None = None
    size: str | None = None
    unit: str = ""
    line: int | None = None
    constant: bool = False


@dataclass(frozen=True, slots=True)
class SbmlEvent:
    """An event; its nodes are in terms of the model's symbols.

    Attributes
    ----------
    holds_before : value of the trigger before the start.
    persistent : it is executed also where its trigger has become false again.
    values_at_trigger : the values are those of the moment when it was triggered.
    delay, priority : None where there is none.
    assignments : ids and their new values.
    """

    name: str
    trigger: int
    holds_before: bool
    persistent: bool
    values_at_trigger: bool
    delay: int | None
    priority: int | None
    assignments: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SbmlModel:
    """An SBML model as equations.

    Attributes
    ----------
    kept : symbols that hold a value of their own: amounts of species, sizes, parameters,
        stoichiometries.
    initial : of each, its start value in terms of any symbols.
    rates : time derivatives of those that move continuously.
    assignments : what follows from the others, in order of evaluation: rules, concentrations,
        rates of reactions.
    given : symbols whose value in the file is itself infinite or no number.
    quantities : everything in the file that has an id and a value.
    """

    file: str
    id: str
    graph: Graph
    kept: tuple[str, ...]
    initial: tuple[int, ...]
    rates: Mapping[str, int]
    assignments: tuple[tuple[str, int], ...]
    events: tuple[SbmlEvent, ...]
    quantities: Mapping[str, Quantity]
    given: frozenset[str] = frozenset()

    def substituted(self) -> dict[int, int]:
        """Return, for the symbol of each assignment, a node in terms of what is kept and time."""
        known: dict[int, int] = {}
        for name, node in self.assignments:
            known[self.graph.symbol(name)] = self.graph.replaced([node], known)[0]
        return known
