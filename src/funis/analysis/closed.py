"""Multiplicity for replicates: which hypotheses fall, from whether each is met at some levels.

A single trial adjusts p values (`multiplicity`); replicates ask only whether a hypothesis falls at
the level of the rule, so it suffices to know which are met at a few fixed levels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from funis.protocol import Multiplicity

Flags = NDArray[np.bool_]
Met = Callable[[float], Flags]
"""Level -> which hypotheses are met at it, (..., hypothesis)."""


def rejected(met: Met, alpha: float, count: int, rule: Multiplicity | None) -> Flags:
    """Return which of some hypotheses fall, (..., hypothesis).

    Parameters
    ----------
    met
        Whether each is met at a level, two-sided as the level of the rule.
    alpha
        Level of the rule.
    count
        Hypotheses.
    rule
        None tests each at the whole level.
    """
    if rule is None:
        return met(alpha)
    if rule.method == "hierarchical":
        return np.asarray(np.logical_and.accumulate(met(alpha), axis=-1))
    if rule.method == "hochberg":
        return _hochberg(met, alpha, count)
    if rule.method == "holm":
        return _closed(met, alpha, count, lambda kept: {i: 1 / len(kept) for i in kept})
    return _closed(met, alpha, count, lambda kept: _passed_on(rule, kept, count))


def _hochberg(met: Met, alpha: float, count: int) -> Flags:
    """Reject the most that are met at the level of so many (Hochberg 1988, Biometrika 75:800)."""
    found = np.zeros_like(met(alpha))
    for least in range(count, 0, -1):
        at = met(alpha / (count - least + 1))
        enough = (at.sum(axis=-1) >= least)[..., None] & ~found.any(axis=-1, keepdims=True)
        found = found | (enough & at)
    return found


def _closed(
    met: Met, alpha: float, count: int, weights: Callable[[Sequence[int]], dict[int, float]]
) -> Flags:
    """Reject what falls in every intersection that it belongs to (closed testing)."""
    found = np.ones_like(met(alpha))
    for size in range(1, count + 1):
        for kept in combinations(range(count), size):
            falls = np.zeros(found.shape[:-1], dtype=np.bool_)
            for one, weight in weights(kept).items():
                if weight > 0:
                    falls |= met(weight * alpha)[..., one]
            for one in kept:
                found[..., one] &= falls
    return found


def _passed_on(rule: Multiplicity, kept: Sequence[int], count: int) -> dict[int, float]:
    """Return the shares of the level in an intersection: those of the others are passed on.

    References
    ----------
    Bretz, Maurer, Brannath and Posch 2009, Stat Med 28:586.
    """
    from funis.analysis.multiplicity import passed_on

    weight, graph = np.array(rule.weights), np.array(rule.transitions)
    left = list(range(count))
    for gone in [one for one in range(count) if one not in kept]:
        left.remove(gone)
        weight, graph = passed_on(gone, left, weight, graph)
    return {one: float(weight[one]) for one in kept}
