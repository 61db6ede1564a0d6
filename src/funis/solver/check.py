"""Never silently wrong: some patients of every run are solved again, much more tightly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.solver.segments import LEAST_RTOL
from funis.solver.values import FAILED, MINUTES_PER_DAY, Array, Integers, Start

if TYPE_CHECKING:
    from funis.solver.ladder import Found, Problem

MOST_DEVIATION = 10.0
"""Largest difference between the two solutions, in units of the tolerance."""


class UnreliableError(RuntimeError):
    """Two solutions of one patient differ by more than the tolerance allows."""


def sampled(count: int, share: float | NDArray[np.bool_]) -> Integers:
    """Return evenly spread rows, a share of `count`, or those that a mask names."""
    if not isinstance(share, int | float):
        return np.flatnonzero(share).astype(np.int64)
    if share <= 0:
        return np.empty(0, dtype=np.int64)
    step = max(round(1.0 / share), 1)
    return np.arange(step // 2, count, step, dtype=np.int64)


def compare(
    problem: Problem, begin: Start, found: Found, rows: Integers, rtol: float, first: int = 0
) -> Array:
    """Solve rows again at a hundredth of the tolerance and return their deviations.

    Parameters
    ----------
    first : number of the first row, for words.

    Returns
    -------
    deviation : (row,) the largest difference of a state, in units of `rtol` on its scale: one
        for a fold of the untreated value, the cells given for cells, its own size where larger.

    Raises
    ------
    UnreliableError
        A deviation beyond `MOST_DEVIATION`.
    """
    from funis.solver.ladder import solve

    if len(rows) == 0 or rtol / 100 < LEAST_RTOL:
        return np.full(len(rows), np.nan)
    again = solve(problem.rows(rows), Start(begin.minute, begin.states[rows]), "kernel", rtol / 100)
    solved = again.status != FAILED
    values = np.concatenate([again.values, again.end[:, None, problem.needed]], axis=1)
    once = np.concatenate([found.values[rows], found.end[rows][:, None, problem.needed]], axis=1)
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), _given(problem, rows))
    share = np.abs(once - values) / scale / rtol
    worst: Array = share.max(axis=(1, 2)) if share.size else np.zeros(len(rows))
    deviation = np.where(solved, worst, np.nan)
    if np.any(deviation > MOST_DEVIATION):
        place = int(np.nanargmax(deviation))
        raise UnreliableError(_words(problem, first + int(rows[place]), share[place], rtol))
    return deviation


def _given(problem: Problem, rows: Integers) -> Array:
    """Return the least scale of each state: 1, for cells the largest amount of one dose."""
    cells = np.isin(np.asarray(problem.form.states)[problem.needed], problem.model.cell_states)
    largest = np.ones(len(problem.fixed))
    amount, duration = np.asarray(problem.doses.amount), np.asarray(problem.doses.duration_minute)
    if len(amount):
        np.maximum.at(largest, np.asarray(problem.doses.patient), np.where(duration, 1.0, amount))
    scale: Array = np.where(cells, largest[rows, None], 1.0)[:, None, :]
    return scale


def _words(problem: Problem, row: int, share: Array, rtol: float) -> str:
    when, state = np.unravel_index(int(share.argmax()), share.shape)
    times = [*problem.times.tolist(), int(problem.times[-1])]
    name = problem.form.states[int(problem.needed[state])]
    return (
        f"patient {row}: {name} at day {times[when] / MINUTES_PER_DAY:g} changes by "
        f"{share.max():.3g} times the relative tolerance {rtol:g} when the tolerance is a "
        f"hundredth; expected at most {MOST_DEVIATION:g} times"
    )
