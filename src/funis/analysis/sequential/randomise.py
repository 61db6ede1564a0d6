"""Randomisation that follows the outcomes so far, in replicates at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln

from funis.analysis.sequential.paths import Floats
from funis.protocol.interim import Allocation

POINTS = 96
TINY = 1e-12


def best_probability(responders: Floats, patients: Floats) -> Floats:
    """Posterior probability that each arm has the highest response rate.

    Parameters
    ----------
    responders, patients
        Replicates by arms; each rate has the prior Beta(1, 1).

    Returns
    -------
    ndarray
        Replicates by arms, rows that sum to 1.
    """
    a, b = responders[..., None] + 1.0, patients[..., None] - responders[..., None] + 1.0
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    rate = (nodes + 1) / 2
    density = np.exp((a - 1) * np.log(rate) + (b - 1) * np.log1p(-rate) - betaln(a, b))
    below = np.maximum(betainc(a, b, rate), TINY)
    others = below.prod(axis=1, keepdims=True) / below
    chance = (density * others) @ weights / 2
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def allocation_shares(rule: Allocation, responders: Floats, patients: Floats, total: int) -> Floats:
    """Probabilities with which the next patient is given each arm.

    Parameters
    ----------
    rule
        ``thall_wathen``: the probability of being the best, to a power (after Thall and Wathen
        2007, Eur J Cancer 43:859); that the power is patients so far over twice all is an
        assumption where none is given. ``doubly_adaptive``: Hu and Zhang 2004 (Ann Stat 32:268)
        with gamma 2 by default, towards shares in proportion to the root of the response rate
        (Rosenberger et al. 2001, Biometrics 57:909).
    responders, patients
        Replicates by arms, of patients whose outcome is known; for ``doubly_adaptive`` the present
        shares are those of ``patients``.
    total
        Patients of the whole trial.

    Returns
    -------
    ndarray
        Replicates by arms: within ``low`` and ``high``, rows that sum to 1.
    """
    if rule.rule == "thall_wathen":
        so_far = patients.sum(axis=1, keepdims=True)
        power = so_far / (2 * total) if rule.exponent is None else rule.exponent
        raw = best_probability(responders, patients) ** power
    else:
        raw = _biased_coin(responders, patients, 2.0 if rule.exponent is None else rule.exponent)
    return limited(raw / raw.sum(axis=1, keepdims=True), rule.low, rule.high)


def _biased_coin(responders: Floats, patients: Floats, gamma: float) -> Floats:
    target = np.sqrt((responders + 0.5) / (patients + 1.0))
    target = target / target.sum(axis=1, keepdims=True)
    present = (patients + 0.5) / (patients + 0.5).sum(axis=1, keepdims=True)
    return np.asarray(target * (target / present) ** gamma)


def limited(shares: Floats, low: float, high: float) -> Floats:
    """Shares within limits that still sum to 1: the arms within them give and take in proportion.

    Limits that leave out equal shares cannot be kept, and are refused where a trial is read.
    """
    found = shares
    for _ in range(shares.shape[1]):
        held = np.clip(found, low, high)
        free = (held > low) & (held < high)
        lack = 1 - held.sum(axis=1, keepdims=True)
        room = np.where(free, held, 0.0)
        total = room.sum(axis=1, keepdims=True)
        found = held + np.where(
            total > 0, lack * room / np.maximum(total, TINY), lack / held.shape[1]
        )
    return np.asarray(np.clip(found, low, high))


def draw_arm(shares: Floats, luck: Floats) -> NDArray[np.int64]:
    """Arm of the next patient of each replicate: where ``luck`` falls among the shares."""
    edges = np.cumsum(shares, axis=1)[:, :-1]
    return np.asarray((luck[:, None] > edges).sum(axis=1), dtype=np.int64)
