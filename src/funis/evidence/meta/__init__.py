"""Meta-analysis of trials, published or virtual: effects, pools, regression, asymmetry.

Numbers only: what may be pooled with what is decided where studies are known
(`funis.pipeline.meta`).
"""

from funis.evidence.meta.effects import (
    Counts,
    Events,
    Means,
    arm_mean,
    arm_rate,
    combine_counts,
    combine_means,
    mean_difference,
    odds_ratio,
    printed_effect,
    proportion,
    rate_ratio,
    risk_difference,
    risk_ratio,
    standardised_mean_difference,
)
from funis.evidence.meta.pooling import fixed_effect, pool
from funis.evidence.meta.predictive import SHARES, Predicted, predict_risk, quantile
from funis.evidence.meta.regression import ENOUGH_STUDIES, categories, egger, regress
from funis.evidence.meta.spread import (
    Spread,
    sd_from_error,
    sd_from_interval,
    sd_from_quartiles,
    sd_from_range,
)
from funis.evidence.meta.values import (
    METHODS,
    SCALES,
    Asymmetry,
    Coefficient,
    Effect,
    Heterogeneity,
    LeftOne,
    Measure,
    Method,
    Pooled,
    Range,
    Regression,
    Scale,
)

__all__ = [
    "ENOUGH_STUDIES",
    "METHODS",
    "SCALES",
    "SHARES",
    "Asymmetry",
    "Coefficient",
    "Counts",
    "Effect",
    "Events",
    "Heterogeneity",
    "LeftOne",
    "Means",
    "Measure",
    "Method",
    "Pooled",
    "Predicted",
    "Range",
    "Regression",
    "Scale",
    "Spread",
    "arm_mean",
    "arm_rate",
    "categories",
    "combine_counts",
    "combine_means",
    "egger",
    "fixed_effect",
    "mean_difference",
    "odds_ratio",
    "pool",
    "predict_risk",
    "printed_effect",
    "proportion",
    "quantile",
    "rate_ratio",
    "regress",
    "risk_difference",
    "risk_ratio",
    "sd_from_error",
    "sd_from_interval",
    "sd_from_quartiles",
    "sd_from_range",
    "standardised_mean_difference",
]
