"""Trial tables to estimates of the estimand, decisions, durability, and comparison with evidence.

Nothing here can tell virtual patients from real ones: it sees tables and endpoints only.
"""

from funis.analysis.comparison import (
    Comparison,
    ComparisonRow,
    comparison,
    comparison_requests,
)
from funis.analysis.durability import Durability, band, durability
from funis.analysis.estimates import TrialTables, estimate
from funis.analysis.failures import check_failures
from funis.analysis.intervals import (
    Interval,
    MeanSummary,
    mean_interval,
    newcombe,
    summarise,
    welch,
    wilson,
)
from funis.analysis.pharmacology import PharmacologyRow, pharmacology_rows
from funis.analysis.published import Published, Skipped, published_results
from funis.analysis.results import ArmCount, Contrast, Decision, Estimate, Results
from funis.analysis.scores import score_table

__all__ = [
    "ArmCount",
    "Comparison",
    "ComparisonRow",
    "Contrast",
    "Decision",
    "Durability",
    "Estimate",
    "Interval",
    "MeanSummary",
    "PharmacologyRow",
    "Published",
    "Results",
    "Skipped",
    "TrialTables",
    "band",
    "check_failures",
    "comparison",
    "comparison_requests",
    "durability",
    "estimate",
    "mean_interval",
    "newcombe",
    "pharmacology_rows",
    "published_results",
    "score_table",
    "summarise",
    "welch",
    "wilson",
]
