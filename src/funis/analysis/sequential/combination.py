"""Tests that stay valid when a trial is changed at a look: combined stages, closed families.

Stages are combined by the inverse normal with weights fixed beforehand (Lehmacher and Wassmer
1999, Biometrics 55:1286; Cui, Hung and Wang 1999, Biometrics 55:853). Dose selection is tested by
the closed family of intersections (Bretz et al. 2006, Biom J 48:623), each by Dunnett, Simes or
Bonferroni.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from funis.analysis.sequential.paths import Floats
from funis.protocol.interim import SelectionTest

HERMITE_POINTS = 64


def combined_z(first: ArrayLike, second: ArrayLike, share: float) -> Floats:
    """Statistic of both stages, with the weights of the plan.

    Parameters
    ----------
    first, second
        Statistics of the patients of each stage alone.
    share
        Planned share of the information of the first stage; what the second stage became in fact
        does not enter.
    """
    return math.sqrt(share) * np.asarray(first) + math.sqrt(1 - share) * np.asarray(second)


def second_stage_z(first: ArrayLike, both: ArrayLike, share: float) -> Floats:
    """Statistic of the second stage alone, from that of the first and that of all patients.

    ``share`` is the share of the first stage in the information that was there in fact.
    """
    return (np.asarray(both) - math.sqrt(share) * np.asarray(first)) / math.sqrt(1 - share)


def keep_best(z: Floats, keep: int = 1) -> NDArray[np.bool_]:
    """Arms that go on: the ``keep`` largest statistics of each replicate; of equal ones the first.

    Parameters
    ----------
    z
        Replicates by treated arms; not-a-number is never kept before a number.
    """
    rank = np.argsort(np.argsort(-np.nan_to_num(z, nan=-np.inf), axis=1, kind="stable"), axis=1)
    return np.asarray(rank < keep)


def intersection_p(z: Floats, test: SelectionTest, ratio: float = 1.0) -> Floats:
    """One-sided p value of "no treated arm is better than the control".

    Parameters
    ----------
    z
        Statistics of the treated arms against the common control, replicates by arms; columns
        that are not-a-number are left out of a replicate. No arm at all gives 1.
    test
        ``dunnett`` (known variance), ``simes`` or ``bonferroni``.
    ratio
        Patients of a treated arm per patient of the control (Dunnett).
    """
    given = ~np.isnan(z)
    p = np.where(given, ndtr(-np.nan_to_num(z)), np.inf)
    count = np.maximum(given.sum(axis=1), 1)
    if test == "bonferroni":
        found = count * p.min(axis=1)
    elif test == "simes":
        ranks = np.arange(1, z.shape[1] + 1)
        found = (count[:, None] * np.sort(p, axis=1) / ranks).min(axis=1)
    else:
        largest = np.where(given, z, -np.inf).max(axis=1)
        found = dunnett_p(largest, count, ratio)
    return np.where(given.any(axis=1), np.minimum(found, 1.0), 1.0)


def dunnett_p(largest: Floats, arms: NDArray[np.int64], ratio: float = 1.0) -> Floats:
    """Probability that the largest of several statistics with a common control is exceeded.

    Dunnett 1955 (J Am Stat Assoc 50:1096) for a known variance: the statistics are correlated by
    ratio / (1 + ratio), so that given the control they are independent.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(HERMITE_POINTS)
    shared = math.sqrt(ratio / (1 + ratio))
    inner = ndtr((largest[:, None] - shared * nodes) / math.sqrt(1 - shared**2))
    mean = (inner ** arms[:, None]) @ weights / math.sqrt(2 * math.pi)
    return np.asarray(1 - mean)


def closed_z(
    stages: Sequence[Floats],
    weights: Sequence[float],
    test: SelectionTest = "dunnett",
    ratio: float = 1.0,
) -> Floats:
    """Statistics of the treated arms after any selection, by the closed family of intersections.

    An arm's statistic is the smallest over all intersections that it belongs to; comparing it with
    the bound of one test holds the familywise error, whatever the selection followed.

    Parameters
    ----------
    stages
        Statistics of each stage alone, replicates by treated arms; not-a-number for arms that were
        dropped before.
    weights
        Planned information of each stage.
    test, ratio
        As for `intersection_p`.

    Returns
    -------
    ndarray
        Replicates by arms; minus infinity for arms that are not in the last stage.
    """
    least = np.full(stages[0].shape, np.inf)
    share = np.sqrt(np.asarray(weights) / sum(weights))
    for members in _families(stages[0].shape[1]):
        columns = list(members)
        p = [intersection_p(stage[:, columns], test, ratio) for stage in stages]
        z = sum(root * _quantile(one) for root, one in zip(share, p, strict=True))
        least[:, columns] = np.minimum(least[:, columns], np.asarray(z)[:, None])
    return np.where(np.isnan(stages[-1]), -np.inf, least)


def closed_combination(
    first: Floats,
    second: Floats,
    share: float,
    test: SelectionTest = "dunnett",
    ratio: float = 1.0,
) -> Floats:
    """Adjusted one-sided p values of the treated arms of two stages; 1 for those dropped.

    ``share`` is the planned share of the first stage; the rest is as for `closed_z`.
    """
    return np.asarray(ndtr(-closed_z([first, second], [share, 1 - share], test, ratio)))


def _families(arms: int) -> Iterator[Sequence[int]]:
    for size in range(1, arms + 1):
        yield from combinations(range(arms), size)


def _quantile(p: Floats) -> Floats:
    """Statistic of a one-sided p value, finite for 0 and 1."""
    return np.asarray(-ndtri(np.clip(p, 1e-300, 1 - 1e-16)))
