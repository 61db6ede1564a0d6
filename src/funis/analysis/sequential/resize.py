"""Numbers of patients that are set anew at a look."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from funis.analysis.sequential.paths import Floats
from funis.protocol.interim import Resize


def patients_for_means(
    sd: ArrayLike, difference: float, alpha: float, power: float, ratio: float = 1.0
) -> Floats:
    """Patients of the control arm for a difference of means (normal approximation).

    Parameters
    ----------
    sd
        Standard deviation within arms.
    difference
        Difference that is planned for.
    alpha
        One-sided type I error.
    power
        Power.
    ratio
        Patients of the treated arm per patient of the control.
    """
    quantiles = float(ndtri(1 - alpha) + ndtri(power))
    return (1 + 1 / ratio) * (np.asarray(sd) * quantiles / difference) ** 2


def patients_for_rates(
    pooled: ArrayLike, difference: float, alpha: float, power: float, ratio: float = 1.0
) -> Floats:
    """Patients of the control arm for a difference of proportions, from the rate of all patients.

    The variance under no effect stands for both, pooled (1 - pooled).
    """
    rate = np.asarray(pooled)
    return patients_for_means(np.sqrt(rate * (1 - rate)), difference, alpha, power, ratio)


def blinded_sd(values: Floats, difference: float = 0.0) -> Floats:
    """Standard deviation within arms of each replicate, from all patients without their arms.

    Parameters
    ----------
    values
        Replicates by patients, not-a-number where left out; arms of equal size.
    difference
        Planned difference, whose share in the total variance (difference ** 2 / 4) is taken away;
        0 leaves the total (Kieser and Friede 2003, Stat Med 22:3571: error is held).
    """
    total = np.nanvar(values, axis=1, ddof=1)
    return np.asarray(np.sqrt(np.maximum(total - difference**2 / 4, 0.0)))


def within_limits(patients: Floats, planned: int, at_most: float) -> Floats:
    """Whole numbers of patients, never fewer than planned nor more than ``at_most`` times that."""
    wanted = np.nan_to_num(patients, nan=planned, posinf=at_most * planned)
    return np.clip(np.ceil(wanted), planned, math.floor(at_most * planned))


def conditional_power(
    z: ArrayLike, share: float, critical: float, larger: ArrayLike = 1.0
) -> Floats:
    """Probability of success at the end if the trend so far goes on.

    Parameters
    ----------
    z
        Statistic at the look (large is good).
    share
        Planned share of the information there.
    critical
        Bound of the final analysis, with the stages combined by the planned weights.
    larger
        Second stage as a multiple of the planned one.
    """
    rest = math.sqrt(1 - share)
    gain = np.asarray(z) / math.sqrt(share) * rest * np.sqrt(larger)
    return np.asarray(ndtr(gain - (critical - math.sqrt(share) * np.asarray(z)) / rest))


@dataclass(frozen=True, eq=False)
class Promise:
    """What a look promises in each replicate, and how much larger the second stage becomes."""

    power: Floats
    larger: Floats


def promising_zone(z: Floats, share: float, critical: float, resize: Resize) -> Promise:
    """Second stage as a multiple of the planned one, by the promising zone.

    Where conditional power is at least ``promising`` and below ``power`` the second stage grows
    until it reaches ``power``, at most until the trial has ``at_most`` times its patients; else it
    stays as planned (Mehta and Pocock 2011, Stat Med 30:3267). Combining the stages with the
    planned weights holds type I error.

    Parameters
    ----------
    z
        Statistics at the look, large is good, one a replicate.
    share, critical
        As for `conditional_power`.
    resize
        Limits.
    """
    power = conditional_power(z, share, critical)
    most = (resize.at_most - share) / (1 - share)
    rest = math.sqrt(1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = float(ndtri(resize.power)) + (critical - math.sqrt(share) * z) / rest
        needed = (wanted / (z / math.sqrt(share) * rest)) ** 2
    promising = (power >= resize.promising) & (power < resize.power)
    return Promise(power, np.where(promising, np.clip(needed, 1.0, most), 1.0))
