"""Draws of what is uncertain in a model: factors of parameters, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NO_CELLS = "potency"
"""Parameter that makes cells do nothing when it is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Factors of parameters, a row a point; all rows of a posterior weigh the same.

    Attributes
    ----------
    names : parameters.
    factors : (point, parameter), each times the value of the library.
    """

    names: tuple[str, ...]
    factors: Array

    def __len__(self) -> int:
        """Number of points."""
        return len(self.factors)

    def without_cells(self) -> Points:
        """Return the same points with cells that do nothing."""
        factors = self.factors.copy()
        if NO_CELLS in self.names:
            factors[:, self.names.index(NO_CELLS)] = 0.0
        return Points(self.names, factors)

    def rows(self, index: NDArray[np.int64]) -> Points:
        """Return some points."""
        return Points(self.names, self.factors[index])

    def beside(self, other: Points) -> Points:
        """Return points with the factors of both, row by row."""
        return Points((*other.names, *self.names), np.hstack([other.factors, self.factors]))
