"""A quadratic surface through what was simulated, in the logarithms of the factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RIDGE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Quadratic:
    """A surface of least squares for each row.

    Attributes
    ----------
    weights : (term, row)
    explained : (row,) share of the variance between points that it explains.
    left_out : (row,) root mean square of what it misses at a point that it was not fitted to.
    covariance : (row, row) of these misses.
    """

    weights: Array
    explained: Array
    left_out: Array
    covariance: Array

    def at(self, logs: Array) -> Array:
        """Return the rows at some points, (point, row)."""
        return np.asarray(terms(logs) @ self.weights)


def terms(logs: Array) -> Array:
    """Return 1, each logarithm, their squares and their products, (point, term)."""
    count = logs.shape[1]
    columns = [np.ones(len(logs)), *logs.T]
    columns += [logs[:, i] * logs[:, j] for i in range(count) for j in range(i, count)]
    return np.stack(columns, axis=1)


def quadratic(logs: Array, values: Array) -> Quadratic:
    """Fit a surface to the rows at some points.

    What it misses at a point left out is the residual over 1 less the leverage of the point, as
    for any least squares.

    Parameters
    ----------
    logs
        (point, parameter) logarithms of the factors.
    values
        (point, row).
    """
    known = terms(logs)
    gram = known.T @ known
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    solved = np.linalg.solve(gram, known.T)
    weights = solved @ values
    left = values - known @ weights
    leverage = np.einsum("ij,ji->i", known, solved)
    missed = left / np.maximum(1 - leverage, 1e-6)[:, None]
    total = np.mean((values - values.mean(axis=0)) ** 2, axis=0)
    share = 1 - np.mean(left**2, axis=0) / np.where(total > 0, total, 1.0)
    covariance = missed.T @ missed / len(missed)
    explained = np.where(total > 0, share, 1.0)
    return Quadratic(weights, explained, np.sqrt(np.diag(covariance)), covariance)
