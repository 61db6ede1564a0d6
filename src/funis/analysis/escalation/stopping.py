"""A Bayesian rule that ends a trial for toxicity: counts at which the posterior is too sure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Stop where the probability that the rate is above ``limit`` exceeds ``probability``.

    Attributes
    ----------
    limit
        Rate of toxicity that is not accepted.
    probability
        Posterior probability that ends the trial.
    prior_events, prior_patients
        The prior Beta(events, patients - events).
    first
        Fewest patients with whom it is asked.
    """

    limit: float
    probability: float = 0.9
    prior_events: float = 1.0
    prior_patients: float = 2.0
    first: int = 1


def exceeds(rule: StoppingRule, events: int, patients: int) -> float:
    """Posterior probability that the rate is above the limit."""
    a = rule.prior_events + events
    b = rule.prior_patients - rule.prior_events + patients - events
    return float(1 - betainc(a, b, rule.limit))


def stopping_counts(rule: StoppingRule, most: int) -> tuple[int | None, ...]:
    """Fewest events that end the trial at 1, 2 ... ``most`` patients; None where none do."""
    return tuple(_count(rule, patients) for patients in range(1, most + 1))


def _count(rule: StoppingRule, patients: int) -> int | None:
    if patients < rule.first:
        return None
    for events in range(patients + 1):
        if exceeds(rule, events, patients) > rule.probability:
            return events
    return None


def stopping_chance(rule: StoppingRule, most: int, rate: float) -> NDArray[np.float64]:
    """Probability that the trial has been ended after 1, 2 ... ``most`` patients, exactly.

    Parameters
    ----------
    rule
        The rule, asked after every patient.
    most
        Patients of the trial.
    rate
        True rate of toxicity.
    """
    from scipy.stats import binom

    chance, stopped = np.ones(1), []
    for count in stopping_counts(rule, most):
        moved = np.convolve(chance, binom.pmf([0, 1], 1, rate))
        chance = moved if count is None else np.where(np.arange(len(moved)) < count, moved, 0.0)
        stopped.append(1 - chance.sum())
    return np.array(stopped)
