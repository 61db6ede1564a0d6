"""How fine a run must step so that what moves with time alone is not stepped over."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from funis.models.evaluate import columns_function
from funis.models.formula import TIME
from funis.models.sbml import SbmlModel

Array = NDArray[np.float64]

POINTS = 2**16
"""Moments at which everything that follows from time is looked at."""

FINEST = 4
"""Least number of points in a step: a run has at most a few times ten thousand of these steps."""

MISS = 0.02
"""Part of its range by which a straight line from one step to the next may miss a forcing."""


def longest_step(
    model: SbmlModel, rates: tuple[int, ...], start: dict[str, float], end: float
) -> float:
    """Return the longest step that resolves all forcings; infinite where there is none.

    Parameters
    ----------
    rates : nodes with their modes held, in terms of time and what is kept.
    start : values at time 0 of what is kept.
    end : last time.
    """
    graph = model.graph
    moving = frozenset(model.rates)
    nodes = [
        node
        for node in graph.reached(rates)
        if TIME in graph.symbols(node)
        and graph.arguments[node]
        and not any(name in moving or name.startswith("mode ") for name in graph.symbols(node))
    ]
    if not nodes or end <= 0:
        return math.inf
    grid = np.linspace(0.0, end, POINTS + 1)
    used = frozenset[str]().union(*(graph.symbols(node) for node in nodes)) - {TIME}
    names = [TIME, *sorted(used)]
    table = np.empty((POINTS + 1, len(names)))
    table[:, 0] = grid
    table[:, 1:] = [start[name] for name in names[1:]]
    values = columns_function(graph, names, nodes)(table)
    return min(_resolved(grid, values[:, place]) for place in range(len(nodes)))


def _resolved(grid: Array, values: Array) -> float:
    """Return the longest step whose straight lines follow some values."""
    known = np.isfinite(values)
    spread = float(np.ptp(values[known])) if np.any(known) else 0.0
    stride = POINTS
    while stride > FINEST and spread > 0:
        lines = np.interp(grid, grid[::stride], values[::stride])
        if np.nanmax(np.abs(lines - values)[known], initial=0.0) <= MISS * spread:
            break
        stride //= 2
    return float(grid[stride] - grid[0]) if spread > 0 else math.inf
