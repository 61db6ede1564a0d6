"""Summaries of any number of patients, block by block, in memory that does not grow with them.

Sums follow the order of the blocks, so the same blocks in the same order give the same bytes
whoever computed them; histograms are whole numbers and need no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from funis.analysis.histogram import (
    Floats,
    Histogram,
    Integers,
    Singles,
    histogram,
    histogram_quantiles,
    merge_histograms,
)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Number, mean, sum of squared deviations and range of some patients, each (cells,).

    ``low`` and ``high`` are infinite where there is no patient.
    """

    n: Integers
    mean: Floats
    squares: Floats
    low: Floats
    high: Floats

    @property
    def sd(self) -> Floats:
        """Standard deviation (n - 1); not-a-number for fewer than two patients."""
        return np.sqrt(self.squares / np.where(self.n > 1, self.n - 1, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks that are not added up yet: the moments of each, in order, and one histogram."""

    moments: tuple[Moments, ...]
    histogram: Histogram


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What is known of many cells (columns): moments, and counts for the quantiles."""

    moments: Moments
    histogram: Histogram

    def add(self, blocks: Blocks) -> Summary:
        """Summary with more blocks; blocks have to come in their order."""
        return Summary(
            reduce(merge_moments, blocks.moments, self.moments),
            merge_histograms(self.histogram, blocks.histogram),
        )

    def quantiles(self, percents: Sequence[int]) -> Floats:
        """Quantiles (percents, cells), as `histogram_quantiles`, within the range of the values."""
        found = histogram_quantiles(self.histogram, percents)
        return np.clip(found, self.moments.low, self.moments.high)


def empty_summary(cells: int) -> Summary:
    """Summary of nobody."""
    nobody = np.empty((0, cells), dtype=np.float32)
    return Summary(moments(nobody), histogram(nobody))


def summarise_blocks(values: Singles, block: int) -> Blocks:
    """Summarise patients (patients, cells) in blocks of a fixed number; the last may be short."""
    pieces = (values[at : at + block] for at in range(0, len(values), block))
    return Blocks(tuple(moments(piece) for piece in pieces), histogram(values))


def moments(values: Singles) -> Moments:
    """Moments of one block, (patients, cells); what is not a number is left out."""
    missing = np.isnan(values)
    n = len(values) - missing.sum(axis=0, dtype=np.int64)
    whole = values.astype(np.float64)
    whole[missing] = 0.0
    with np.errstate(invalid="ignore"):  # an infinite value has no deviation
        mean = whole.sum(axis=0) / np.maximum(n, 1)
        whole -= mean
    whole[missing] = 0.0
    squares = np.einsum("ij,ij->j", whole, whole)
    low = np.fmin.reduce(values, axis=0, initial=np.inf).astype(np.float64)
    high = np.fmax.reduce(values, axis=0, initial=-np.inf).astype(np.float64)
    return Moments(n, mean, squares, low, high)


def merge_moments(first: Moments, second: Moments) -> Moments:
    """Moments of two groups of patients (Chan, Golub and LeVeque 1979, updating formulae)."""
    n = first.n + second.n
    share = second.n / np.maximum(n, 1)
    with np.errstate(invalid="ignore"):
        apart = second.mean - first.mean
        mean = first.mean + apart * share
        squares = first.squares + second.squares + apart**2 * first.n * share
    return Moments(
        n,
        mean,
        squares,
        np.minimum(first.low, second.low),
        np.maximum(first.high, second.high),
    )
