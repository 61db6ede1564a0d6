"""Standard deviations from what was printed in their place, by published formulae."""

import math
from dataclasses import dataclass

from scipy.special import ndtri, stdtrit


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard deviation, and how it was obtained (empty: printed)."""

    sd: float
    note: str = ""


def sd_from_error(error: float, n: int) -> Spread:
    """Turn a standard error of a mean into a standard deviation: SE times the root of n.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, on obtaining standard deviations.
    """
    _check(error, n)
    return Spread(error * math.sqrt(n), "SD from the standard error (Cochrane Handbook)")


def sd_from_interval(low: float, high: float, n: int, confidence: float = 0.95) -> Spread:
    """Turn the confidence interval of a mean into a standard deviation, by Student's t.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, on obtaining standard deviations.
    """
    _check(high - low, n)
    width = 2 * float(stdtrit(n - 1, 0.5 + confidence / 2))
    sd = math.sqrt(n) * (high - low) / width
    return Spread(sd, "SD from the confidence interval by t (Cochrane Handbook)")


def sd_from_quartiles(low: float, high: float, n: int) -> Spread:
    """Turn the first and third quartile into a standard deviation, for a normal sample.

    References
    ----------
    Wan et al. 2014, BMC Med Res Methodol 14:135, scenario C3:
    (q3 - q1) / (2 z((0.75 n - 0.125) / (n + 0.25))).
    """
    _check(high - low, n)
    width = 2 * float(ndtri((0.75 * n - 0.125) / (n + 0.25)))
    return Spread((high - low) / width, "SD from the quartiles (Wan 2014); a normal sample assumed")


def sd_from_range(low: float, high: float, n: int) -> Spread:
    """Turn the smallest and the largest value into a standard deviation, for a normal sample.

    References
    ----------
    Wan et al. 2014, BMC Med Res Methodol 14:135, formula 7 with the approximation
    xi(n) = 2 z((n - 0.375) / (n + 0.25)) of its table 1.
    """
    _check(high - low, n)
    width = 2 * float(ndtri((n - 0.375) / (n + 0.25)))
    return Spread((high - low) / width, "SD from the range (Wan 2014); a normal sample assumed")


def _check(width: float, n: int) -> None:
    if not width > 0:
        raise ValueError("the spread is not above 0")
    if n < 2:
        raise ValueError(f"a spread needs at least 2 patients, not {n}")
