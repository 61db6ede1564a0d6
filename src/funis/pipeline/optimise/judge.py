"""Which candidates can be told apart, which lie on the front, and whether one is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LOW, HIGH = 0.1, 0.9
"""Ends of the intervals: 80 % of draws and samples of patients lie between them."""

NEGLIGIBLE = 0.01
"""Share of the important difference below which a difference is no difference (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What a search can say.

    Places are those of the candidates.

    Attributes
    ----------
    optimum : the one that is better than every other, and than no cells, in every setting.
    alike : those that cannot be told apart; empty where there is an optimum.
    no_cells_stands : whether no candidate is better than no cells in every setting.
    beats : (setting, candidate, other) whether the whole paired interval lies above; the last of
        both is no cells.
    """

    optimum: int | None
    alike: tuple[int, ...]
    no_cells_stands: bool
    beats: Flags


def judge(samples: Sequence[Array], floor: float = 0.0, low: float = LOW) -> Verdict:
    """Return what can be said of candidates from their effects in every setting.

    Parameters
    ----------
    samples
        One a setting: (draw, sample, candidate), against no cells, more is better. Draws and
        samples are shared by all candidates.
    floor
        Differences up to it are none.
    low
        Low end of the intervals of the differences, as a share.
    """
    beats = np.stack([paired(one, floor, low) for one in samples])
    always = np.asarray(np.all(beats, axis=0))
    count = len(always) - 1
    beaten = np.asarray(np.any(always, axis=0))
    best = np.flatnonzero((always | np.eye(count + 1, dtype=np.bool_))[:count].all(axis=1))
    stands = not beaten[count]
    if len(best) == 1:
        return Verdict(int(best[0]), (), stands, beats)
    alike = np.flatnonzero(~beaten[:count])
    if len(alike) == 1:
        alike = np.flatnonzero(~always[alike[0], :count])
    return Verdict(None, tuple(int(one) for one in alike), stands, beats)


def paired(samples: Array, floor: float = 0.0, low: float = LOW) -> Flags:
    """Return whether each candidate is better than each other; the last of both is no cells.

    It is where the whole interval of the paired differences lies above the floor.
    """
    rows = _with_none(samples)
    ends = [np.quantile(rows[:, [one]] - rows, low, axis=0) for one in range(rows.shape[1])]
    return np.asarray(np.stack(ends) > floor)


def interval(samples: Array) -> Array:
    """Return the low and high end of each candidate, (2, candidate)."""
    return np.quantile(samples.reshape(-1, samples.shape[-1]), [LOW, HIGH], axis=0)


def on_front(samples: Array, events: Array, uses: Sequence[Array]) -> Array:
    """Return in what share of draws and samples each candidate lies on the front, (candidate,).

    It does where no other, and not no cells, is at least as good in everything and better in
    something: effect up; adverse events, cells and cost down.

    Parameters
    ----------
    samples
        (draw, sample, candidate) of the effect.
    events
        (draw, candidate)
    uses
        (candidate,) each: what is the same in every draw.
    """
    rows = _with_none(samples)
    repeated = _with_none(np.repeat(events[:, None], samples.shape[1], axis=1))
    fixed = [np.append(one, 0.0) for one in uses]
    found = []
    for one in range(rows.shape[1] - 1):
        better_or_alike = (rows >= rows[:, [one]]) & (repeated <= repeated[:, [one]])
        better = (rows > rows[:, [one]]) | (repeated < repeated[:, [one]])
        for use in fixed:
            better_or_alike &= use <= use[one]
            better |= use < use[one]
        found.append(1 - float((better_or_alike & better).any(axis=1).mean()))
    return np.asarray(found)


def _with_none(samples: Array) -> Array:
    """Return the samples as rows, with a column of zeros for no cells."""
    rows = samples.reshape(-1, samples.shape[-1])
    return np.column_stack([rows, np.zeros(len(rows))])
