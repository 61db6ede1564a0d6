"""Randomisation by keyed draws: permuted blocks within strata, or an independent draw each.

Arrivals of patients and the sites that they come to are drawn here as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.population.streams import exponential, uniform

__all__ = ["arrival_days", "arrival_sites", "open_days", "place_in_stratum", "randomise"]

Integers = NDArray[np.int64]
Array = NDArray[np.float64]

DAYS_PER_MONTH = 365.25 / 12


def randomise(
    seed: int,
    stratum: Integers,
    ratio: Sequence[int],
    *,
    block: int | None = None,
    complete: bool = False,
) -> Integers:
    """Return the arm of every patient, as its place in ``ratio``.

    Parameters
    ----------
    seed
        Seed of the trial.
    stratum
        (patient,) number of each one's stratum, in the order of enrolment.
    ratio
        Positive whole numbers, one per arm.
    block
        Patients of a block, a multiple of the sum of the ratio, which is the default. Each block
        holds every arm in exactly its ratio; the last of a stratum may be cut.
    complete
        Whether each patient has an independent draw: arm sizes then vary by chance.

    Returns
    -------
    int64 array (patient,)
        The first patients of a larger trial have the same arms.
    """
    total = sum(ratio)
    size = total if block is None else block
    if min(ratio) < 1 or size % total:
        raise ValueError(f"a block of {size} does not hold the ratio {tuple(ratio)}")
    if complete:
        luck = uniform(seed, "allocate freely", np.arange(len(stratum)))
        return np.searchsorted(np.cumsum(ratio) / total, luck, side="right").astype(np.int64)
    place = place_in_stratum(stratum)
    number, within = place // size, place % size
    pattern = np.repeat(np.arange(len(ratio)), np.asarray(ratio) * (size // total))
    arms = np.empty(len(stratum), dtype=np.int64)
    for one in np.unique(stratum):
        rows = stratum == one
        order = _orders(seed, int(one), int(number[rows].max()) + 1, size)
        arms[rows] = pattern[order][number[rows], within[rows]]
    return arms


def place_in_stratum(stratum: Integers) -> Integers:
    """Return how many patients of the same stratum came before each one, (patient,)."""
    order = np.argsort(stratum, kind="stable")
    _, first, counts = np.unique(stratum[order], return_index=True, return_counts=True)
    place = np.empty(len(stratum), dtype=np.int64)
    place[order] = np.arange(len(stratum)) - np.repeat(first, counts)
    return place


def _orders(seed: int, stratum: int, blocks: int, size: int) -> Integers:
    """Return a keyed permutation for each block of a stratum, (block, place)."""
    block = np.arange(blocks)[:, None]
    key: tuple[int, ...] = () if stratum == 0 else (stratum,)
    luck = uniform(seed, "allocate", block, np.arange(size), *key)
    return np.argsort(luck, axis=1, kind="stable")


def open_days(sites: int, start_up_day: float) -> Array:
    """Return the day on which each site opens: evenly over the start-up, the first at once."""
    if sites == 1:
        return np.zeros(1)
    return np.asarray(start_up_day * np.arange(sites) / (sites - 1), dtype=np.float64)


def arrival_days(
    seed: int, patients: int, per_month: float, sites: int, start_up_day: float = 0.0
) -> Array:
    """Return the day on which each patient is randomised, rising, since the first site opened.

    A Poisson process whose rate is that of the sites that are open (all of them: ``per_month``).
    """
    target = np.cumsum(exponential(seed, "arrival", np.arange(patients)))
    return expected_days(target, per_month, sites, start_up_day)


def expected_days(target: Array, per_month: float, sites: int, start_up_day: float = 0.0) -> Array:
    """Return the day by which some numbers of patients are expected to have arrived."""
    opened = open_days(sites, start_up_day)
    rate = per_month / DAYS_PER_MONTH / sites
    expected = np.array([rate * np.maximum(day - opened, 0).sum() for day in opened])
    full = opened[-1] + (target - expected[-1]) / (rate * sites)
    if sites == 1:
        return np.asarray(full)
    early = np.interp(target, expected, opened)
    return np.where(target < expected[-1], early, full)


def arrival_sites(seed: int, days: Array, sites: int, start_up_day: float = 0.0) -> Integers:
    """Return the site of each patient: any of those open on the day, alike."""
    count = np.searchsorted(open_days(sites, start_up_day), days, side="right")
    count = np.clip(count, 1, sites)
    luck = uniform(seed, "site", np.arange(len(days)))
    return np.minimum((luck * count).astype(np.int64), count - 1)
