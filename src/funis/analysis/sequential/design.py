"""A group-sequential design of a trial: its bounds, and which replicates they stop."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.analysis.sequential.bounds import drift_for_power, efficacy_bounds, futility_bounds
from funis.analysis.sequential.paths import Crossing, Floats, crossing
from funis.protocol.interim import Interim

Side = Literal["greater", "less", "either"]

AGREED = 1e-10
ROUNDS = 60


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Bounds of the standardised statistic at each look, in the direction of the trial.

    Attributes
    ----------
    information
        Shares of the planned information.
    efficacy_z
        Bounds of success; negative where small values are good (``less``).
    futility_z
        Bounds of the end without success, minus infinity (``less``: infinity) where there is none;
        at the last look the bound of success.
    direction
        ``greater``, ``less``, or ``either`` (two-sided: beyond the bound on either side).
    alpha
        Type I error: one-sided, or in all (``either``).
    binding
        Whether the bounds of success count on the trial's end at the bounds of futility.
    """

    information: Floats
    efficacy_z: Floats
    futility_z: Floats
    direction: Side
    alpha: float
    binding: bool

    @property
    def sign(self) -> float:
        """1, or -1 where small values are good."""
        return -1.0 if self.direction == "less" else 1.0

    @property
    def high(self) -> Floats:
        """Bounds of success of the statistic for which large values are good."""
        return self.sign * self.efficacy_z

    @property
    def low(self) -> Floats:
        """Bounds of futility of the same statistic; of harm where the test is two-sided."""
        if self.direction == "either":
            return -self.efficacy_z
        return self.sign * self.futility_z


@dataclass(frozen=True, slots=True)
class Monitored:
    """What became of replicates under bounds.

    Attributes
    ----------
    stopped_at
        Look at which each replicate ended, counted from 0.
    success
        Whether it ended beyond the bound of success.
    """

    stopped_at: NDArray[np.int64]
    success: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What a design does under one drift.

    Attributes
    ----------
    drift
        Expected statistic at full information.
    success, futility
        Probability of ending at each look with and without success; at the last look every trial
        ends.
    power
        Probability of success.
    expected_information
        Mean share of the planned information that is used.
    """

    drift: float
    success: Floats
    futility: Floats
    power: float
    expected_information: float


def boundaries(interim: Interim, alpha: float, direction: Side = "greater") -> Boundaries:
    """Bounds of a trial with interim looks.

    Parameters
    ----------
    interim
        Looks, spending and futility.
    alpha
        Type I error: one-sided for ``greater`` and ``less``, in all for ``either``. A success rule
        that asks for the whole interval at 1 - a has the one-sided error a / 2.
    direction
        Which values are good.

    Raises
    ------
    ValueError
        The error lies outside 0 to 1 (one-sided: 1/2), or a two-sided test has futility bounds.
    """
    most = 1.0 if direction == "either" else 0.5
    if not 0 < alpha < most:
        raise ValueError(f"alpha {alpha:g}; expected a value between 0 and {most:g}")
    if direction == "either" and interim.futility is not None:
        raise ValueError("a two-sided test with futility bounds; expected one side, or no futility")
    high, low = _bounds(interim, alpha, direction == "either")
    sign = -1.0 if direction == "less" else 1.0
    binding = interim.futility is not None and interim.futility.binding
    information = np.array(interim.looks)
    return Boundaries(information, sign * high, sign * low, direction, alpha, binding)


@lru_cache(maxsize=256)
def _bounds(interim: Interim, alpha: float, two_sided: bool) -> tuple[Floats, Floats]:
    """Upper and lower bounds; binding ones are found by turns until they agree."""
    looks, futility = interim.looks, interim.futility

    def efficacy(low: Floats | None) -> Floats:
        return efficacy_bounds(looks, interim.spending, interim.parameter, alpha, low, two_sided)

    high = efficacy(None)
    if futility is None:
        return high, np.array([-math.inf] * (len(looks) - 1) + [high[-1]])
    low = futility_bounds(looks, high, futility)
    for _ in range(ROUNDS if futility.binding else 0):
        before, high = high, efficacy(low)
        low = futility_bounds(looks, high, futility)
        if np.abs(high - before).max() < AGREED:
            break
    return high, low


def monitor(z: Floats, bounds: Boundaries, obey_futility: bool = True) -> Monitored:
    """End each replicate at the first look beyond a bound.

    Parameters
    ----------
    z
        Standardised statistics, replicates by looks; not-a-number where a look did not happen or
        nothing could be computed: the trial goes on, and fails at the last look.
    bounds
        Bounds of as many looks.
    obey_futility
        Whether trials end at bounds of futility.
    """
    # written so that not-a-number is beyond no bound
    statistic = np.abs(z) if bounds.direction == "either" else bounds.sign * np.asarray(z)
    success = statistic >= bounds.high
    ended = success.copy()
    if obey_futility and bounds.direction != "either":
        ended |= statistic < bounds.low
    ended[:, -1] = True
    stopped = np.argmax(ended, axis=1).astype(np.int64)
    return Monitored(stopped, success[np.arange(len(z)), stopped])


def ending(bounds: Boundaries, drift: float, obey_futility: bool = True) -> Crossing:
    """Probabilities of ending at each look with (above) and without (below) success.

    Success of a two-sided test is beyond the bound on either side.
    """
    looks, high = bounds.information.tolist(), bounds.high
    free = np.array([-math.inf] * (len(looks) - 1) + [high[-1]])
    if bounds.direction == "either":
        both = crossing(looks, -high, high, drift)
        success = both.above + both.below
        rest = np.zeros(len(looks))
        rest[-1] = 1 - success.sum()
        return Crossing(success, rest)
    return crossing(looks, bounds.low if obey_futility else free, high, drift)


def characteristics(
    bounds: Boundaries, drift: float, obey_futility: bool = True
) -> Characteristics:
    """What the design does under a drift: where it ends, power, information that is used."""
    ends = ending(bounds, drift, obey_futility)
    used = float((ends.above + ends.below) @ bounds.information)
    return Characteristics(drift, ends.above, ends.below, float(ends.above.sum()), used)


def drift_of_power(bounds: Boundaries, power: float) -> float:
    """Drift (expected statistic at full information) at which the design has a power."""
    low = None if bounds.direction == "either" else bounds.low
    return drift_for_power(bounds.information.tolist(), bounds.high, power, low)
