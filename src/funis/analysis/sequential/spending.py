"""How much of an error is spent by a share of the information.

Lan and DeMets 1983 (Biometrika 70:659), Kim and DeMets 1987 (Biometrika 74:149), Hwang, Shih and
DeCani 1990 (Stat Med 9:1439). The formulas were seen in chapter 17 of Friedman et al.,
Fundamentals of Clinical Trials (the first three; doi:10.1007/978-3-319-18539-2_23), and the
documentation of gsDesign (sfHSD).
"""

import math

from scipy.special import ndtr, ndtri

from funis.protocol.interim import Spending


def spent(spending: Spending, parameter: float | None, error: float, share: float) -> float:
    """Error that is spent up to a share of the information.

    Parameters
    ----------
    spending, parameter
        Spending function: ``lan_demets_obrien_fleming``, ``lan_demets_pocock``, ``kim_demets``
        (power) or ``hwang_shih_decani`` (gamma).
    error
        What is spent in all: a one-sided alpha, or beta.
    share
        Share of the information, 0 to 1.

    Raises
    ------
    ValueError
        The name is one of constants, which spend nothing by a function.
    """
    at = min(share, 1.0)
    if spending == "lan_demets_obrien_fleming":
        return float(2 * ndtr(ndtri(error / 2) / math.sqrt(at)))
    if spending == "lan_demets_pocock":
        return error * math.log(1 + (math.e - 1) * at)
    if spending == "kim_demets":
        return float(error * at ** (parameter or 1.0))
    if spending == "hwang_shih_decani":
        return error * _exponential_share(parameter or 0.0, at)
    raise ValueError(f"{spending} is no spending function")


def _exponential_share(gamma: float, share: float) -> float:
    if abs(gamma) < 1e-12:
        return share
    return math.expm1(-gamma * share) / math.expm1(-gamma)
