"""Dose escalation: 3 + 3, continual reassessment, and a Bayesian end for toxicity."""

from funis.analysis.escalation.choice import (
    Design,
    escalate,
    levels_of,
    mtd,
    next_level,
    simulated_escalation,
)
from funis.analysis.escalation.crm import Crm, Posterior, calibrated_skeleton, posterior
from funis.analysis.escalation.stopping import (
    StoppingRule,
    exceeds,
    stopping_chance,
    stopping_counts,
)
from funis.analysis.escalation.three_plus_three import (
    Escalated,
    ThreePlusThree,
    counts_of,
    exact_escalation,
)

__all__ = [
    "Crm",
    "Design",
    "Escalated",
    "Posterior",
    "StoppingRule",
    "ThreePlusThree",
    "calibrated_skeleton",
    "counts_of",
    "escalate",
    "exact_escalation",
    "exceeds",
    "levels_of",
    "mtd",
    "next_level",
    "posterior",
    "simulated_escalation",
    "stopping_chance",
    "stopping_counts",
]
