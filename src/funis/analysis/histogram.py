"""Quantiles without keeping the values: counts in buckets that are fixed before the run.

A bucket is what float32 numbers with one sign, one exponent and the same first 8 bits of the
mantissa have in common: edges lie 1/256 of a power of two apart, without a range to be guessed.
Counts are whole numbers, so any order and grouping of the patients gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]

RELATIVE_ERROR = 2.0**-9
"""A quantile differs from the value of its patient by at most this share: below 0.2 %."""

SIGN = np.uint32(0x80000000)
ALL = np.uint32(0xFFFFFFFF)
SPARE_BITS = np.uint32(15)
PAGE_BITS = np.uint32(8)
PAGE = 256
OCTAVES = 512
SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of values in the fixed buckets, for many cells (columns) at once.

    The buckets of one sign and exponent of one cell are a page. Only pages that hold a count are
    kept, so memory depends on the spread of the values and not on their number.

    Attributes
    ----------
    cells : int
    pages : (pages,) int64
        ``cell * 512 + sign and exponent``, increasing with the cell and the value.
    counts : (pages, 256) uint32
    """

    cells: int
    pages: Integers
    counts: NDArray[np.uint32]

    def __post_init__(self) -> None:
        for column in (self.pages, self.counts):
            column.setflags(write=False)


def histogram(values: Singles) -> Histogram:
    """Count values (patients, cells); what is not a number is left out."""
    cells = values.shape[1]
    keys = _keys(values)
    page = (keys >> PAGE_BITS).astype(np.int32) + np.arange(cells, dtype=np.int32) * OCTAVES
    page[np.isnan(values)] = cells * OCTAVES  # a page of its own, dropped below
    seen = np.zeros(cells * OCTAVES + 1, dtype=np.bool_)
    seen[page] = True
    seen[-1] = True
    pages = np.flatnonzero(seen)
    place = (np.cumsum(seen) - 1) * PAGE
    flat = place[page] + (keys & np.uint32(PAGE - 1))
    counts = np.bincount(flat.ravel(), minlength=pages.size * PAGE).reshape(-1, PAGE)
    return Histogram(cells, pages[:-1], counts[:-1].astype(np.uint32))


def merge_histograms(first: Histogram, second: Histogram) -> Histogram:
    """Add the counts of two groups of patients.

    Raises
    ------
    ValueError
        If they differ in the number of cells.
    """
    if first.cells != second.cells:
        raise ValueError(f"histograms of {first.cells} and {second.cells} cells")
    pages = np.union1d(first.pages, second.pages)
    counts = np.zeros((pages.size, PAGE), dtype=np.uint32)
    for one in (first, second):
        counts[np.searchsorted(pages, one.pages)] += one.counts
    return Histogram(first.cells, pages, counts)


def histogram_quantiles(counted: Histogram, percents: Sequence[int]) -> Floats:
    """Quantiles of each cell: the middle of the bucket that holds the patient of that rank.

    Parameters
    ----------
    counted
        Of any number of patients.
    percents
        Whole per cent, e.g. ``(10, 50, 90)``. The rank is the smallest whole number of patients
        that makes up this share (the inverted distribution function, no interpolation).

    Returns
    -------
    array of shape (percents, cells)
        Within ``RELATIVE_ERROR`` of that patient's value, or 1.2e-38 where it is closer to 0;
        not-a-number where nothing was counted.
    """
    result = np.full((len(percents), counted.cells), np.nan)
    edges = np.searchsorted(counted.pages, np.arange(counted.cells + 1) * OCTAVES)
    share = np.asarray(percents, dtype=np.int64)
    for cell in np.flatnonzero(np.diff(edges)):
        own = slice(edges[cell], edges[cell + 1])
        cumulated = np.cumsum(counted.counts[own], dtype=np.int64)
        rank = np.maximum(-(-share * cumulated[-1] // 100), 1)
        place = np.searchsorted(cumulated, rank)
        octave = counted.pages[own][place // PAGE] % OCTAVES
        result[:, cell] = _middle(octave * PAGE + place % PAGE)
    return result


def _keys(values: Singles) -> NDArray[np.uint32]:
    """Return the bucket of each value, rising with the value."""
    bits = (np.ascontiguousarray(values, dtype=np.float32) + np.float32(0)).view(np.uint32)
    return (bits ^ np.where(bits & SIGN, ALL, SIGN)) >> SPARE_BITS


def _middle(keys: Integers) -> Floats:
    """Return the middle of buckets; the end that is a number where the other is none."""
    first = keys.astype(np.uint32) << SPARE_BITS
    low, high = (_number(bits) for bits in (first, first | np.uint32(2**15 - 1)))
    middle = np.where(np.isfinite(low) & np.isfinite(high), (low + high) / 2, np.fmax(low, high))
    return np.where(np.abs(middle) < SMALLEST, 0.0, middle)


def _number(keys: NDArray[np.uint32]) -> Floats:
    bits = keys ^ np.where(keys & SIGN, SIGN, ALL)
    with np.errstate(invalid="ignore"):  # the last bucket holds what is not a number
        return np.asarray(bits.view(np.float32), dtype=np.float64)
