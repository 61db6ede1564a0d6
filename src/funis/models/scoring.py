"""Computes scores, responders and levels from components, for whole columns of patients."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.models.endpoint_values import (
    Category,
    Component,
    Endpoints,
    Responder,
    Score,
    homes,
)
from funis.models.visit_rows import VisitRows, remembered

Column = NDArray[np.float64] | NDArray[np.bool_]

CLOSEST_TO_EDGE = 1e-3
"""On the logit scale a value keeps this share of its range away from both ends."""


def evaluate_endpoints(
    endpoints: Endpoints,
    values: Mapping[str, NDArray[np.float64]],
    baseline: Mapping[str, NDArray[np.float64]],
    previous: Mapping[str, NDArray[np.float64]] | None = None,
    *,
    names: Collection[str] | None = None,
    visits: VisitRows | None = None,
) -> dict[str, Column]:
    """Scores, responders and levels of patients at a visit, from their components.

    Parameters
    ----------
    endpoints
        Of the disease.
    values, baseline
        Components at the visit and at baseline, each of shape (patients,), not-a-number where
        missing; a component that is left out is missing.
    previous
        Components at the visit before.
    names
        Scores, responders, levels and categories wanted; all when none are given.
    visits
        Patient and week of each row. Without it every row stands alone, and a responder with
        ``held_weeks`` or ``ever`` is false, as it is at screening and baseline.

    Returns
    -------
    dict of str to array of shape (patients,)
        Scores as numbers, responders and levels as truth values, and each category as the index
        of its level (not-a-number where what its rules need is missing). Conditions that cannot
        be shown are false.
    """
    wanted = _needed(endpoints, names)
    start = _compute(endpoints, baseline, wanted, None, None)
    earlier = None if visits is None else visits.before()
    before = (
        None if previous is None else _compute(endpoints, previous, wanted, start, None, earlier)
    )
    at_baseline = values is baseline and previous is None and visits is None
    now = start if at_baseline else _compute(endpoints, values, wanted, start, before, visits)
    own = {component.id for component in endpoints.components}
    return {name: column for name, column in now.items() if name not in own}


def to_scale(component: Component, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in the component's unit on the scale of its noise.

    Ends of the range stay finite: a logit keeps ``CLOSEST_TO_EDGE`` away from both ends, a
    logarithm half a step of rounding above 0.
    """
    if component.scale == "linear":
        return np.asarray(value, dtype=np.float64)
    if component.scale == "log":
        floor = component.low if component.low > 0 else (component.rounding or 1e-6) / 2
        return np.log(np.maximum(value, floor))
    share = (np.asarray(value) - component.low) / (component.high - component.low)
    share = np.clip(share, CLOSEST_TO_EDGE, 1 - CLOSEST_TO_EDGE)
    return np.asarray(np.log(share) - np.log1p(-share), dtype=np.float64)


def from_scale(component: Component, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Record values: back in the component's unit, rounded half up, within its range."""
    if component.scale == "linear":
        value = np.asarray(scaled, dtype=np.float64)
    elif component.scale == "log":
        value = np.exp(scaled)
    else:
        share = 0.5 * (1 + np.tanh(np.asarray(scaled) / 2))
        value = component.low + (component.high - component.low) * share
    if component.rounding is not None:
        value = np.floor(value / component.rounding + 0.5) * component.rounding
        value = np.round(value, 9)
    return np.asarray(np.clip(value, component.low, component.high), dtype=np.float64)


class _Environment(Mapping[str, Any]):
    """Values of one visit, with those of baseline and of the visit before under a prefix."""

    def __init__(
        self,
        now: Mapping[str, Column],
        start: Mapping[str, Column],
        before: Mapping[str, Column] | None,
        missing: NDArray[np.float64],
    ) -> None:
        self.now, self.start, self.before, self.missing = now, start, before, missing

    def __getitem__(self, key: str) -> Column:
        kind, colon, name = key.partition(":")
        if not colon:
            return self.now.get(key, self.missing)
        source = self.start if kind == "baseline" else self.before
        return self.missing if source is None else source.get(name, self.missing)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self.now)

    def __len__(self) -> int:
        return len(self.now)


def _compute(
    endpoints: Endpoints,
    values: Mapping[str, NDArray[np.float64]],
    wanted: Collection[str],
    start: Mapping[str, Column] | None,
    before: Mapping[str, Column] | None,
    visits: VisitRows | None = None,
) -> dict[str, Column]:
    """Everything at one visit; without ``start`` the visit is its own baseline."""
    size = max((np.size(column) for column in values.values()), default=0)
    missing = np.full(size, np.nan)
    now: dict[str, Column] = {
        component.id: np.asarray(values.get(component.id, missing), dtype=np.float64)
        for component in endpoints.components
    }
    if visits is not None:
        visits = replace(visits, seen=_seen(now, size))
    environment = _Environment(now, now if start is None else start, before, missing)
    definitions = _definitions(endpoints)
    categories = {category.id: category for category in endpoints.categories}
    for name in endpoints.order:
        if name not in wanted:
            continue
        if name in categories:
            now.update(_place(categories[name], environment, size))
            continue
        item = definitions[name]
        value = np.asarray(item.expression.evaluate(environment))
        if isinstance(item, Responder):
            holds = np.broadcast_to(value.astype(np.bool_, copy=False), (size,)).copy()
            now[name] = _remembered(item, holds, visits)
        else:
            now[name] = np.broadcast_to(value.astype(np.float64, copy=False), (size,)).copy()
    return now


def _remembered(
    item: Responder, holds: NDArray[np.bool_], visits: VisitRows | None
) -> NDArray[np.bool_]:
    return remembered(holds, item.held_weeks, item.ever, visits) if item.remembers else holds


def _seen(now: Mapping[str, Column], size: int) -> NDArray[np.bool_]:
    """Rows at which anything was measured; the others are visits that were missed."""
    seen = np.zeros(size, dtype=np.bool_)
    for column in now.values():
        seen |= ~np.isnan(column)
    return seen


def _place(category: Category, environment: _Environment, size: int) -> dict[str, Column]:
    """Index of each patient's level, and each level as a condition."""
    unknown = np.zeros(size, dtype=np.bool_)
    for key in {key for rule in category.rules for key in rule.lookups}:
        column = environment[key]
        if column.dtype != np.bool_:
            unknown |= np.isnan(column)
    index = np.full(size, np.nan)
    for position, rule in enumerate(category.rules):
        holds = np.broadcast_to(np.asarray(rule.evaluate(environment)).astype(np.bool_), (size,))
        index[holds & np.isnan(index) & ~unknown] = position
    levels = {name: index == position for position, name in enumerate(category.level_names)}
    return {category.id: index, **levels}


def _needed(endpoints: Endpoints, names: Collection[str] | None) -> frozenset[str]:
    """Gather the names wanted and everything they are computed from."""
    if names is None:
        return frozenset(endpoints.order)
    home = homes(endpoints.categories)
    uses = {name: item.expression.names for name, item in _definitions(endpoints).items()}
    for category in endpoints.categories:
        uses[category.id] = frozenset().union(*(rule.names for rule in category.rules))
    needed: set[str] = set()
    open_names = [home.get(name, name) for name in names]
    while open_names:
        name = open_names.pop()
        if name in uses and name not in needed:
            needed.add(name)
            open_names += [home.get(used, used) for used in uses[name]]
    return frozenset(needed)


def needed_components(endpoints: Endpoints, names: Collection[str]) -> frozenset[str]:
    """Return the components that some scores, responders and levels are computed from."""
    needed, home = _needed(endpoints, names), homes(endpoints.categories)
    uses = {name: item.expression.names for name, item in _definitions(endpoints).items()}
    uses |= {
        category.id: frozenset().union(*(rule.names for rule in category.rules))
        for category in endpoints.categories
    }
    used = frozenset(names).union(*(uses[home.get(name, name)] for name in needed))
    return used & {component.id for component in endpoints.components}


def depends_on_visits(endpoints: Endpoints, names: Collection[str] | None = None) -> bool:
    """Whether any of some names needs the earlier visits of a patient, not only the last."""
    needed = _needed(endpoints, names)
    return any(item.remembers for item in endpoints.responders if item.id in needed)


def _definitions(endpoints: Endpoints) -> dict[str, Score | Responder]:
    items: tuple[Score | Responder, ...] = (*endpoints.scores, *endpoints.responders)
    return {item.id: item for item in items}
