"""Who acts on whom, computed from the equations: arrows with a sign between states and signals.

Equations that only pass something on are put into the equations that use them. One stays a node of
its own where that takes fewer arrows, as ``killing`` does, through which two kinds of cells act on
ten. The sign is that of the partial derivative, at many states around the untreated one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.models.evaluate import columns_function
from funis.models.form import OdeForm
from funis.pipeline.model_view.equations import flows
from funis.population import uniform
from funis.protocol import Structure, library_structures
from funis.trial import has_structure

Array = NDArray[np.float64]
Sign = Literal["raises", "lowers", "either", "flows", "enters"]

SIGN_WORDS: Mapping[Sign, str] = {
    "raises": "raises",
    "lowers": "lowers",
    "either": "raises or lowers, by the state",
    "flows": "becomes",
    "enters": "is measured in",
}

SEED = 1
POINTS = 48
"""States at which signs are read."""

FOLDS = 0.25
"""Spread of the logarithm of a state around its untreated value, at those points."""

CELLS = 5.0
"""Largest number of cells in one state there [1e6]."""

MORE_ARROWS = 2
"""A signal is put into its users while that takes at most so many more arrows."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One influence.

    Attributes
    ----------
    structures : what switches it on; empty where it acts by default.
    """

    source: str
    target: str
    sign: Sign
    structures: tuple[str, ...] = ()

    @property
    def asleep(self) -> bool:
        """Whether it does nothing by default."""
        return bool(self.structures)


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in the order of the model's text, and their arrows."""

    states: tuple[str, ...]
    signals: tuple[str, ...]
    scores: tuple[str, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, eq=False)
class _Formulas:
    """A model's equations with signals put in, as nodes of its graph."""

    model: Model
    form: OdeForm
    signals: tuple[str, ...]
    nodes: Mapping[str, int]

    @cached_property
    def sources(self) -> frozenset[str]:
        """Everything that an arrow may begin at."""
        return frozenset((*self.form.states, *self.signals))


def influences(model: Model) -> Graph:
    """Return who acts on whom in a model."""
    form = model.full_form
    signals = _signals(form, _measured(model))
    formulas = _Formulas(model, form, signals, _put_in(form, signals))
    moved = {(one.source, one.target) for one in flows(model) if one.source and one.target}
    arrows = [
        Arrow(one.source, one.target, "flows", one.structures)
        if (one.source, one.target) in moved else one
        for one in _signed(formulas)
    ]  # fmt: skip
    measured = _measured(model)
    arrows += _entering(formulas, measured)
    return Graph(form.states, signals, tuple(measured), tuple(arrows))


def _measured(model: Model) -> dict[str, tuple[str, ...]]:
    """Return what is measured in the end, each with the observables that it is computed from."""
    points = model.endpoints
    of: dict[str, tuple[str, ...]] = {one.id: (one.observable,) for one in points.components}
    of |= {one.id: (one.observable,) for one in points.structural}
    inside: set[str] = set()
    for name in points.order:
        score = next((one for one in points.scores if one.id == name), None)
        if score is not None:
            parts = [part for part in points.names if part in score.expression.names]
            inside.update(parts)
            of[name] = tuple(dict.fromkeys(o for part in parts for o in of.get(part, ())))
    wanted = [one.id for one in points.scores if one.id in of]
    wanted += [one.id for one in points.components if one.id not in inside]
    return {name: of[name] for name in (*wanted, *(one.id for one in points.structural))}


def _signals(form: OdeForm, measured: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the assignments that stay nodes because arrows through them are fewer."""
    names = {name for name, _ in form.assignments}
    needs = {name: set(form.graph.symbols(node)) for name, node in form.assignments}
    rates = zip(form.states, form.rates, strict=True)
    needs |= {f"d {name}": set(form.graph.symbols(node)) for name, node in rates}
    needs |= {f"= {name}": set(observables) for name, observables in measured.items()}
    sources = {*form.states, *names}
    needs = {name: found & sources for name, found in needs.items()}
    while names:
        costs = {name: _cost(name, needs) for name in sorted(names)}
        cheapest = min(costs, key=lambda name: (costs[name], name))
        if costs[cheapest] > MORE_ARROWS:
            break
        inside = needs.pop(cheapest)
        for name, found in needs.items():
            if cheapest in found:
                needs[name] = (found - {cheapest}) | inside
        names.discard(cheapest)
    return tuple(name for name, _ in form.assignments if name in names)


def _cost(name: str, needs: Mapping[str, set[str]]) -> int:
    """Return by how many arrows the diagram grows when a signal is put into its users."""
    users = [found for found in needs.values() if name in found]
    if not users or not needs[name]:
        return -len(needs[name]) - len(users)
    after = sum(len((found - {name}) | needs[name]) for found in users)
    return after - sum(len(found) for found in users) - len(needs[name])


def _put_in(form: OdeForm, signals: Sequence[str]) -> dict[str, int]:
    """Return rates of states and formulas of signals and outputs, all else put in."""
    known: dict[int, int] = {}
    nodes: dict[str, int] = {}
    for name, node in form.assignments:
        nodes[name] = form.graph.replaced([node], known)[0]
        if name not in signals:
            known[form.graph.symbol(name)] = nodes[name]
    rates = form.graph.replaced(form.rates, known)
    return nodes | dict(zip(form.states, rates, strict=True))


def _signed(formulas: _Formulas) -> list[Arrow]:
    """Return the arrows between states and signals with their signs."""
    graph = formulas.form.graph
    targets = [*formulas.form.states, *formulas.signals]
    pairs, nodes = [], []
    for target in targets:
        for source, node in graph.partials(formulas.nodes[target], formulas.sources).items():
            if source != target:
                pairs.append((source, target))
                nodes.append(node)
    awake = _values(formulas, nodes, {})
    asleep = [place for place, column in enumerate(awake.T) if not np.any(column)]
    woken = _woken(formulas, [nodes[place] for place in asleep])
    arrows = []
    for place, (source, target) in enumerate(pairs):
        if place not in asleep:
            arrows.append(Arrow(source, target, _sign(awake[:, place])))
        elif found := woken[asleep.index(place)]:
            names, column = found
            arrows.append(Arrow(source, target, _sign(column), names))
    return arrows


def _sign(column: Array) -> Sign:
    found = column[np.isfinite(column) & (column != 0)]
    if len(found) == 0 or (np.any(found > 0) and np.any(found < 0)):
        return "either"
    return "raises" if found[0] > 0 else "lowers"


def _woken(formulas: _Formulas, nodes: Sequence[int]) -> list[tuple[tuple[str, ...], Array] | None]:
    """Return, of each derivative that is 0 by default, which structures switch it on."""
    known = [one for one in library_structures().values() if has_structure(formulas.model, one)]
    tried: list[tuple[Structure, Array]] = [
        (one, _values(formulas, nodes, one.parameters)) for one in known
    ]
    result: list[tuple[tuple[str, ...], Array] | None] = []
    for place in range(len(nodes)):
        on = [(one.id, found[:, place]) for one, found in tried if np.any(found[:, place])]
        names = tuple(name for name, _ in on)
        result.append((names, np.concatenate([column for _, column in on])) if on else None)
    return result


def _values(formulas: _Formulas, nodes: Sequence[int], changed: Mapping[str, float]) -> Array:
    """Return derivatives at states around the untreated one, (point, node)."""
    form = formulas.form
    parameters = np.array([changed.get(n, d) for n, d in zip(form.parameters, form.defaults,
                                                             strict=True)])  # fmt: skip
    rows = np.tile(parameters, (POINTS, 1))
    fixed = np.hstack([rows, form.derived(rows)])
    states = _around(formulas.model, form, form.start(fixed))
    signals = form.observe(formulas.signals, states, fixed) if formulas.signals else fixed[:, :0]
    function = columns_function(form.graph, (*form.arguments, *formulas.signals), nodes)
    return np.nan_to_num(function(np.hstack([states, fixed, signals])))


def _around(model: Model, form: OdeForm, start: Array) -> Array:
    """Return states spread around a start, (point, state); what starts at 0 lies between 0 and 1.

    So do drugs, whose standard dose is 1; of cells there are some everywhere.
    """
    from scipy.special import ndtri

    place = np.arange(POINTS)[:, None]
    luck = np.asarray(uniform(SEED, "diagram", place, np.arange(len(form.states))[None, :]))
    folds = np.where(start > 0, start * np.exp(FOLDS * ndtri(luck)), luck)
    cells = np.array([name in model.text.cells for name in form.states])
    drugs = np.array([name in drug_states(model) for name in form.states])
    return np.asarray(np.where(cells, CELLS * luck, np.where(drugs, luck, folds)))


def drug_states(model: Model) -> tuple[str, ...]:
    """Return the states that hold the exposure to drugs (1 = steady at the standard dose)."""
    return tuple(name for one in model.inputs if one.kind == "drug" for name in one.targets)


def _entering(formulas: _Formulas, measured: Mapping[str, tuple[str, ...]]) -> Iterable[Arrow]:
    """Return the arrows into what is measured: from the states and signals it is computed from."""
    graph = formulas.form.graph
    for name, observables in measured.items():
        found: set[str] = set()
        for observable in observables:
            if observable in formulas.sources:
                found.add(observable)
            elif observable in formulas.nodes:
                found |= graph.symbols(formulas.nodes[observable]) & formulas.sources
        for source in (*formulas.form.states, *formulas.signals):
            if source in found:
                yield Arrow(source, name, "enters")
