"""Bounds of group-sequential tests: efficacy by constants or spending, futility by power or beta.

Everything here is for a one-sided test in which large values speak for the treatment, or for its
symmetric two-sided form; ``boundaries`` turns it into the direction of a trial.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtri

from funis.analysis.sequential.paths import (
    Floats,
    Paths,
    beginning,
    chance_above,
    chance_below,
    crossing,
    go_on,
    smallest_step,
)
from funis.analysis.sequential.spending import spent
from funis.protocol.interim import Futility, Spending

HIGHEST = 10.0
"""Largest bound that is looked for; what is spent beyond it is less than 1e-23."""
EXACT = 1e-12
CONSTANT_SHAPES = {"obrien_fleming": 0.0, "pocock": 0.5}
"""Delta of Wang and Tsiatis (1987, Biometrics 43:193): z_k = C t_k ** (Delta - 1/2)."""


def efficacy_bounds(
    looks: Sequence[float],
    spending: Spending,
    parameter: float | None,
    alpha: float,
    low: Floats | None = None,
    two_sided: bool = False,
) -> Floats:
    """Upper bounds of the statistic at each look.

    Parameters
    ----------
    looks
        Shares of the information, rising.
    spending, parameter
        Constants or spending function.
    alpha
        Type I error: of one side, or of both where ``two_sided``.
    low
        Lower bounds that count as binding; None is without.
    two_sided
        Whether the lower bounds are the upper ones with the other sign.
    """
    floor = np.full(len(looks), -math.inf) if low is None else low
    side = alpha / 2 if two_sided else alpha
    if spending in CONSTANT_SHAPES or spending == "wang_tsiatis":
        delta = CONSTANT_SHAPES.get(spending, parameter or 0.0)
        return _constant_bounds(looks, delta, side, floor, two_sided)
    cumulative = [spent(spending, parameter, side, share) for share in looks]
    return _spending_bounds(looks, cumulative, floor, two_sided)


def _constant_bounds(
    looks: Sequence[float], delta: float, side: float, floor: Floats, two_sided: bool
) -> Floats:
    from scipy.optimize import brentq

    shape = np.asarray(looks) ** (delta - 0.5)

    def excess(constant: float) -> float:
        high = constant * shape
        low = -high if two_sided else np.minimum(floor, high)
        return float(crossing(looks, low, high).above.sum()) - side

    first = -float(ndtri(side)) * 0.5
    return np.asarray(brentq(excess, min(first, 0.5), HIGHEST, xtol=EXACT) * shape)


def _spending_bounds(
    looks: Sequence[float], cumulative: Sequence[float], floor: Floats, two_sided: bool
) -> Floats:
    paths, step = beginning(), smallest_step(looks)
    found: list[float] = []
    for index, share in enumerate(looks):
        due = cumulative[index] - (cumulative[index - 1] if index else 0.0)
        high = upper_bound(paths, share, due)
        found.append(high)
        low = -high if two_sided else min(float(floor[index]), high)
        paths = go_on(paths, share, low, high, 0.0, step)
    return np.array(found)


def upper_bound(paths: Paths, share: float, due: float, drift: float = 0.0) -> float:
    """Bound that is exceeded at a look with the probability ``due``; infinite for nothing.

    Where fewer trials are left than are due, the bound is out of reach.
    """
    from scipy.optimize import brentq

    if not due > 1e-20:
        return math.inf
    left = chance_above(paths, share, -HIGHEST, drift)
    if left < due or chance_above(paths, share, HIGHEST, drift) > due:
        return HIGHEST
    return float(
        brentq(lambda z: chance_above(paths, share, z, drift) - due, -HIGHEST, HIGHEST, xtol=EXACT)
    )


def lower_bound(paths: Paths, share: float, due: float, drift: float) -> float:
    """Bound that is not reached at a look with the probability ``due``; infinite for nothing."""
    from scipy.optimize import brentq

    if not due > 1e-20:
        return -math.inf
    if chance_below(paths, share, HIGHEST, drift) < due:
        return HIGHEST
    return float(
        brentq(lambda z: chance_below(paths, share, z, drift) - due, -HIGHEST, HIGHEST, xtol=EXACT)
    )


def futility_bounds(looks: Sequence[float], high: Floats, futility: Futility) -> Floats:
    """Lower bounds of the statistic at each look; at the last it is the upper one.

    Conditional and predictive power are those of the final analysis alone: its bound is the last
    of ``high``, and that the trial could succeed at a look before is left out.
    """
    if futility.rule == "z":
        return np.asarray(np.minimum([*futility.bounds, high[-1]], high))
    if futility.rule == "beta_spending":
        drift = drift_by_beta(looks, high, futility)
        return _beta_bounds(looks, high, futility, drift)[0]
    drift = drift_for_power(looks, high, 1 - futility.beta)
    early = [_power_bound(share, float(high[-1]), futility, drift) for share in looks[:-1]]
    return np.asarray(np.minimum(np.array([*early, high[-1]]), high))


def _power_bound(share: float, final: float, futility: Futility, drift: float) -> float:
    """Statistic at which conditional or predictive power is ``below``."""
    quantile, rest = float(ndtri(futility.below or 0.0)), math.sqrt(1 - share)
    if futility.rule == "predictive_power":
        return math.sqrt(share) * final + rest * quantile
    if futility.assuming == "trend":
        return math.sqrt(share) * (final + rest * quantile)
    return (final + rest * quantile - drift * (1 - share)) / math.sqrt(share)


def drift_by_beta(looks: Sequence[float], high: Floats, futility: Futility) -> float:
    """Drift at which the trial, with its lower bounds by beta spending, misses with ``beta``."""
    return _root(lambda drift: _beta_bounds(looks, high, futility, drift)[1] - futility.beta)


def _beta_bounds(
    looks: Sequence[float], high: Floats, futility: Futility, drift: float
) -> tuple[Floats, float]:
    """Lower bounds under a drift, and the probability of missing that they come to."""
    cumulative = [
        spent(futility.spending, futility.parameter, futility.beta, share) for share in looks
    ]
    paths, step, missed = beginning(), smallest_step(looks), 0.0
    found: list[float] = []
    for index, share in enumerate(looks[:-1]):
        low = min(lower_bound(paths, share, cumulative[index] - missed, drift), float(high[index]))
        missed += chance_below(paths, share, low, drift)
        found.append(low)
        paths = go_on(paths, share, low, float(high[index]), drift, step)
    missed += chance_below(paths, looks[-1], float(high[-1]), drift)
    return np.array([*found, high[-1]]), missed


def drift_for_power(
    looks: Sequence[float], high: Floats, power: float, low: Floats | None = None
) -> float:
    """Drift at which the upper bounds are crossed with the probability ``power``."""
    floor = np.full(len(looks), -math.inf) if low is None else low
    return _root(lambda drift: power - float(crossing(looks, floor, high, drift).above.sum()))


def _root(excess: Callable[[float], float]) -> float:
    from scipy.optimize import brentq

    return float(brentq(excess, 0.0, 3 * HIGHEST, xtol=1e-10))
