"""Whether control arms do better in later years, beyond what the model says of their patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.control import DRAWS, Case, Shift, no_shift, seen
from funis.calibrate.random_effects import Seen
from funis.calibrate.rows import LOGISTIC_SD

Array = NDArray[np.float64]

LEAST_TRIALS = 3
"""Dated trials, comparable with another one, from which a drift is learned."""


LEARNED = 0.9
"""Share of the prior standard deviation below which something was learned."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A linear drift towards improvement, in units of the spread between patients a decade.

    Attributes
    ----------
    mean, sd : normal belief; that of the prior where nothing is known.
    trials : dated trials that it rests on.
    prior : standard deviation before any trial was seen; its mean is 0.
    """

    mean: float
    sd: float
    trials: int

    prior: float

    @property
    def known(self) -> bool:
        """Whether the dated trials say anything: at least three, and more than the prior did."""
        return self.trials >= LEAST_TRIALS and self.sd <= LEARNED * self.prior

    def shift(self, year: int | None, sign: float) -> Shift:
        """Return what a year adds beside the mean year of the trials learned from.

        Parameters
        ----------
        sign
            +1 where the endpoint improves by rising.
        """
        if year is None or not self.known:
            return no_shift

        def added(cases: Sequence[Case]) -> Array:
            dated = [case.arm.year for case in cases if case.arm.year is not None]
            if not dated:
                return no_shift(cases)
            decades = (year - float(np.mean(dated))) / 10
            normal = np.random.default_rng(year).standard_normal(DRAWS)
            return np.asarray(sign * decades * (self.mean + self.sd * normal))

        return added


def drift(cases: Sequence[Case], signs: Mapping[str, float], scale: float, between: float) -> Drift:
    """Return the drift of the misses of the model with the year, within each kind of number.

    Kinds of numbers have levels of their own, the drift is common; its prior is normal around none.

    Parameters
    ----------
    signs
        Endpoint -> +1 where it improves by rising.
    scale
        Standard deviation of the prior.
    between
        Spread between trials around the model.
    """
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        if case.arm.year is not None:
            groups.setdefault(case.arm.family, []).append(case)
    used = [own for own in groups.values() if len({case.arm.year for case in own}) > 1]
    rows: dict[str, int] = {}
    for case in (case for own in used for case in own):
        rows[case.arm.trial] = rows.get(case.arm.trial, 0) + 1
    precision, pull = 1 / scale**2, 0.0
    if len(rows) >= LEAST_TRIALS:
        for own in used:
            more, towards = _information(own, signs, between, rows)
            precision, pull = precision + more, pull + towards
    return Drift(pull / precision, precision**-0.5, len(rows), scale)


def _information(
    own: Sequence[Case], signs: Mapping[str, float], between: float, rows: Mapping[str, int]
) -> tuple[float, float]:
    """Return the precision of the slope within one kind of number, and precision times slope."""
    sign = signs.get(own[0].arm.request.endpoint, 1.0)
    missed = np.array([sign * miss(case) for case in own])
    decade = np.array([(case.arm.year or 0) / 10 for case in own])
    weight = np.array(
        [1 / rows[c.arm.trial] / (between**2 + variance(seen(c))) for c in own]
    )  # fmt: skip
    decade = decade - np.average(decade, weights=weight)
    return float(weight @ decade**2), float(weight @ (decade * missed))


def miss(case: Case) -> float:
    """Return how far an arm lay from its simulated one, on the common scale."""
    found = seen(case)
    if found.events is None:
        return found.value - case.unit
    share = (found.events + 0.5) / (found.n + 1)
    return float(np.log(share / (1 - share)) / LOGISTIC_SD) - case.unit


def variance(found: Seen) -> float:
    """Return the variance by chance of what an arm reported."""
    if found.events is None:
        return found.error**2
    responders, others = found.events + 0.5, found.n - found.events + 0.5
    return float((1 / responders + 1 / others) / LOGISTIC_SD**2)
