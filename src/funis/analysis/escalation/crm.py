"""The continual reassessment method: one parameter, its posterior by quadrature.

O'Quigley, Pepe and Fisher 1990 (Biometrics 46:33); the parametrisation is that of Cheung 2011, Dose
Finding by the Continual Reassessment Method, and of the R package dfcrm: ``power``
p_i = skeleton_i ** exp(b), ``logistic`` logit p_i = a + exp(b) x_i with fixed a, x_i such that
b = 0 gives the skeleton, and b normal with mean 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from funis.analysis.escalation.three_plus_three import Counts

Floats = NDArray[np.float64]

PRIOR_VARIANCE = 1.34
"""Prior variance of b in dfcrm (scale = sqrt(1.34)); O'Quigley and Shen 1996."""
WIDTH, POINTS = 8.0, 1601


@dataclass(frozen=True, slots=True)
class Crm:
    """A continual reassessment.

    Attributes
    ----------
    skeleton
        Prior guess of the probability of toxicity at each level, rising.
    target
        Probability of toxicity that is aimed at.
    patients
        Patients at most.
    cohort
        Patients who are treated before the next decision.
    start
        First level, counted from 0.
    model, intercept
        ``power`` or ``logistic`` with its fixed intercept.
    variance
        Prior variance of the parameter.
    too_toxic
        The escalation ends where the probability that the lowest level is above ``target`` exceeds
        this; None is never.
    enough
        It ends when the level that is due next has so many patients; None is never.
    """

    skeleton: tuple[float, ...]
    target: float
    patients: int = 30
    cohort: int = 1
    start: int = 0
    model: Literal["power", "logistic"] = "power"
    intercept: float = 3.0
    variance: float = PRIOR_VARIANCE
    too_toxic: float | None = 0.95
    enough: int | None = None


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the data so far say.

    Attributes
    ----------
    mean, variance
        Of the parameter.
    toxicity
        Probability of toxicity at each level at the mean of the parameter (plug-in).
    lowest_too_toxic
        Probability that the lowest level is above the target.
    """

    mean: float
    variance: float
    toxicity: Floats
    lowest_too_toxic: float


def curve(design: Crm, parameter: Floats) -> Floats:
    """Probability of toxicity, parameters by levels."""
    skeleton, slope = np.array(design.skeleton), np.exp(parameter)[:, None]
    if design.model == "power":
        return np.asarray(skeleton**slope)
    dose = np.log(skeleton / (1 - skeleton)) - design.intercept
    return np.asarray(expit(design.intercept + slope * dose))


@lru_cache(maxsize=65536)
def posterior(design: Crm, counts: Counts) -> Posterior:
    """Posterior of the parameter by the trapezoidal rule over eight prior deviations each way."""
    grid, toxicity = _grid(design)
    patients, harmed = np.array(counts, dtype=float).T
    tiny = 1e-300
    log = np.log(np.maximum(toxicity, tiny)) @ harmed
    log += np.log(np.maximum(1 - toxicity, tiny)) @ (patients - harmed)
    log -= grid**2 / (2 * design.variance)
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    mean = float(mass @ grid)
    variance = float(mass @ (grid - mean) ** 2)
    lowest = float(mass @ (toxicity[:, 0] > design.target))
    return Posterior(mean, variance, curve(design, np.array([mean]))[0], lowest)


@lru_cache(maxsize=64)
def _grid(design: Crm) -> tuple[Floats, Floats]:
    reach = WIDTH * math.sqrt(design.variance)
    grid = np.linspace(-reach, reach, POINTS)
    return grid, curve(design, grid)


def best_level(design: Crm, counts: Counts) -> int:
    """Level whose probability of toxicity is nearest to the target."""
    return int(np.argmin(np.abs(posterior(design, counts).toxicity - design.target)))


def next_crm(design: Crm, counts: Counts, last: int | None, harmed_last: bool) -> int | None:
    """Level of the next cohort; None where the escalation has ended.

    No level is skipped on the way up, and the level does not rise right after a cohort with a
    toxicity (coherence).
    """
    if last is None:
        return design.start
    if sum(patients for patients, _ in counts) >= design.patients or is_too_toxic(design, counts):
        return None
    level = min(best_level(design, counts), 1 + max(_given(counts)))
    if harmed_last:
        level = min(level, last)
    done = design.enough is not None and counts[level][0] >= design.enough
    return None if done else level


def is_too_toxic(design: Crm, counts: Counts) -> bool:
    """Whether even the lowest level is too toxic."""
    limit = design.too_toxic
    return limit is not None and posterior(design, counts).lowest_too_toxic > limit


def _given(counts: Counts) -> list[int]:
    return [level for level, (patients, _) in enumerate(counts) if patients]


def calibrated_skeleton(
    target: float, halfwidth: float, prior_level: int, levels: int
) -> tuple[float, ...]:
    """Skeleton of the power model by indifference intervals.

    Neighbouring levels are such that, at the parameter where the method is indifferent between
    them, their toxicities are ``target`` plus and minus ``halfwidth`` (Lee and Cheung 2009, Clin
    Trials 6:227): the logarithms form a geometric series.

    Parameters
    ----------
    target
        Probability of toxicity that is aimed at.
    halfwidth
        Half the width of the indifference interval.
    prior_level
        Level that is believed to have the target, from 0.
    levels
        Number of levels.

    Raises
    ------
    ValueError
        The interval leaves 0 to 1, or the prior level is none of the levels.
    """
    if not 0 < halfwidth < min(target, 1 - target):
        expected = f"a value above 0 and below {min(target, 1 - target):g}"
        raise ValueError(f"half-width {halfwidth:g}; expected {expected}")
    if not 0 <= prior_level < levels:
        raise ValueError(f"prior level {prior_level}; expected 0 to {levels - 1}")
    ratio = math.log(target + halfwidth) / math.log(target - halfwidth)
    powers = [math.log(target) * ratio ** (level - prior_level) for level in range(levels)]
    return tuple(math.exp(power) for power in powers)


def toxicity_record(tried: Sequence[int], toxicities: Sequence[int], cohort: int) -> bool:
    """Whether anybody of the last cohort had a toxicity."""
    size = len(tried) % cohort or cohort
    return any(toxicities[-size:])
