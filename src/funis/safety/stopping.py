"""A Bayesian rule that stops a trial for toxicity, and how often it stops, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from funis.safety.events import Array

JEFFREYS = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Stop where the risk of toxicity is above a limit with more than a probability.

    Attributes
    ----------
    limit : float
        Highest acceptable risk of a patient.
    sure : float
        Posterior probability of a higher risk that stops the trial.
    prior : tuple of float
        Shapes of the beta prior of the risk.
    first : int
        Patients after whom the rule is asked first; then after each one.
    """

    limit: float
    sure: float = 0.9
    prior: tuple[float, float] = JEFFREYS
    first: int = 3

    def __post_init__(self) -> None:
        """Refuse a rule that can never be asked."""
        if not (0 < self.limit < 1 and 0 < self.sure < 1):
            raise ValueError("limit and probability lie between 0 and 1")
        if min(self.prior) <= 0 or self.first < 1:
            raise ValueError("the prior has shapes above 0, and the first look a patient")


def above_limit(rule: StoppingRule, toxicities: int, n: int) -> float:
    """Return the posterior probability that the risk is above the limit."""
    a, b = rule.prior[0] + toxicities, rule.prior[1] + n - toxicities
    return float(1.0 - betainc(a, b, rule.limit))


def fewest_to_stop(rule: StoppingRule, n: int) -> int | None:
    """Return the fewest toxicities among n patients that stop the trial; None where none do."""
    if n < rule.first:
        return None
    return next((x for x in range(n + 1) if above_limit(rule, x, n) > rule.sure), None)


def stops(rule: StoppingRule, patients: int, risk: float) -> tuple[float, float]:
    """Return the probability of stopping and the expected number of patients, exactly.

    Patients are treated one by one; the chances of each number of toxicities are carried on, and
    those that stop are taken out.
    """
    chances: Array = np.array([1.0])
    stopped, expected = 0.0, 0.0
    for n in range(1, patients + 1):
        expected += float(chances.sum())
        chances = np.append(chances * (1 - risk), 0.0) + np.insert(chances * risk, 0, 0.0)
        bound = fewest_to_stop(rule, n)
        if bound is not None:
            stopped += float(chances[bound:].sum())
            chances[bound:] = 0.0
    return stopped, expected
