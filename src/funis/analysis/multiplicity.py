"""Adjusted p values over several arms and endpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def fixed_sequence(p: Sequence[float]) -> tuple[float, ...]:
    """Return adjusted p values of hypotheses tested in order, each only if those before it fell.

    References
    ----------
    Maurer, Hothorn and Lehmacher 1995, in Biometrie in der chemisch-pharmazeutischen Industrie 6.
    """
    return tuple(float(x) for x in np.maximum.accumulate(_known(p)))


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p values.

    References
    ----------
    Holm 1979, Scand J Stat 6:65.
    """
    values = _known(p)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    found = np.empty(len(values))
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return tuple(float(x) for x in found)


def hochberg(p: Sequence[float]) -> tuple[float, ...]:
    """Return Hochberg's adjusted p values; valid for tests that depend positively.

    References
    ----------
    Hochberg 1988, Biometrika 75:800.
    """
    values = _known(p)
    order = np.argsort(-values, kind="stable")
    steps = values[order] * np.arange(1, len(values) + 1)
    found = np.empty(len(values))
    found[order] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return tuple(float(x) for x in found)


def graphical(
    p: Sequence[float], weights: Sequence[float], transitions: Sequence[Sequence[float]]
) -> tuple[float, ...]:
    """Return adjusted p values of the sequentially rejective graphical procedure.

    Parameters
    ----------
    p
        Of each hypothesis.
    weights
        Share of the level that each has at the start; at most 1 together.
    transitions
        Row i: how the level of hypothesis i is passed on once it falls; at most 1 a row.

    References
    ----------
    Bretz, Maurer, Brannath and Posch 2009, Stat Med 28:586, algorithm 2.
    """
    values = _known(p)
    weight, graph = np.array(weights, dtype=float), np.array(transitions, dtype=float)
    left, found, reached = list(range(len(values))), np.ones(len(values)), 0.0
    while left:
        ratio = [values[i] / weight[i] if weight[i] > 0 else np.inf for i in left]
        chosen = left[int(np.argmin(ratio))]
        reached = max(reached, min(ratio))
        found[chosen] = min(reached, 1.0)
        left.remove(chosen)
        weight, graph = _without(chosen, left, weight, graph)
    return tuple(float(x) for x in found)


def _without(
    gone: int, left: Sequence[int], weight: Floats, graph: Floats
) -> tuple[Floats, Floats]:
    """Pass on the level of a hypothesis that fell."""
    new_weight, new_graph = np.zeros_like(weight), np.zeros_like(graph)
    for i in left:
        new_weight[i] = weight[i] + weight[gone] * graph[gone, i]
        back = graph[i, gone] * graph[gone, i]
        for j in left:
            if i != j and back < 1:
                new_graph[i, j] = (graph[i, j] + graph[i, gone] * graph[gone, j]) / (1 - back)
    return new_weight, new_graph


def _known(p: Sequence[float]) -> Floats:
    """Return p values; one that is not known counts as 1."""
    values = np.array(p, dtype=np.float64)
    return np.where(np.isnan(values), 1.0, values)
