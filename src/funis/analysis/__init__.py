"""Trial tables to estimates of the estimand, decisions, durability, and comparison with evidence.

Nothing here can tell virtual patients from real ones: it sees tables and endpoints only.
"""

from funis.analysis.adverse import (
    DOSE_LIMITING,
    SUMMARIES,
    AdverseEstimate,
    DoseLimit,
    adverse_estimates,
)
from funis.analysis.comparison import (
    Comparison,
    ComparisonRow,
    comparison,
    comparison_requests,
)
from funis.analysis.crossover import (
    PeriodEffects,
    PeriodTables,
    by_period,
    estimate_crossover,
)
from funis.analysis.durability import Durability, band, durability
from funis.analysis.estimates import estimate
from funis.analysis.failures import check_failures
from funis.analysis.histogram import (
    RELATIVE_ERROR,
    Histogram,
    histogram,
    histogram_quantiles,
    merge_histograms,
)
from funis.analysis.intervals import (
    Interval,
    MeanSummary,
    mean_interval,
    newcombe,
    summarise,
    welch,
    wilson,
)
from funis.analysis.online import (
    Blocks,
    Moments,
    Summary,
    empty_summary,
    merge_moments,
    moments,
    summarise_blocks,
)
from funis.analysis.pharmacology import PharmacologyRow, pharmacology_rows
from funis.analysis.published import Published, Skipped, published_results
from funis.analysis.results import ArmCount, Contrast, Decision, Estimate, Results
from funis.analysis.samples import TrialTables
from funis.analysis.scores import score_table
from funis.analysis.strategies import Handling, endpoint_values, event_counts, handling
from funis.analysis.trial_effects import trial_effect

__all__ = [
    "DOSE_LIMITING",
    "SUMMARIES",
    "AdverseEstimate",
    "DoseLimit",
    "adverse_estimates",
    "ArmCount",
    "Blocks",
    "Comparison",
    "ComparisonRow",
    "Contrast",
    "Decision",
    "Durability",
    "Estimate",
    "Histogram",
    "Interval",
    "MeanSummary",
    "Moments",
    "PeriodEffects",
    "PeriodTables",
    "PharmacologyRow",
    "Published",
    "RELATIVE_ERROR",
    "Results",
    "Skipped",
    "Summary",
    "TrialTables",
    "band",
    "by_period",
    "check_failures",
    "comparison",
    "comparison_requests",
    "durability",
    "empty_summary",
    "estimate",
    "estimate_crossover",
    "histogram",
    "histogram_quantiles",
    "mean_interval",
    "merge_histograms",
    "merge_moments",
    "moments",
    "newcombe",
    "pharmacology_rows",
    "published_results",
    "score_table",
    "summarise",
    "summarise_blocks",
    "trial_effect",
    "welch",
    "wilson",
    "Handling",
    "endpoint_values",
    "event_counts",
    "handling",
]
