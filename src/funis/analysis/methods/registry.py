"""The methods by name: what each compares, what it gives, and how it is told in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from funis.analysis.methods import events, means, ordered, proportions, repeated, survival, wins
from funis.analysis.methods.values import Contrasts, Kind, ReplicateSample

Compare = Callable[[ReplicateSample, ReplicateSample, float], Contrasts]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to compare two arms.

    Attributes
    ----------
    kind : str
        What it compares: a responder, a number, a rate, a time to an event, ordered levels.
    compare : callable
        The arm, the reference and the confidence to contrasts in each replicate.
    text : str
        Interval and test in words.
    size : str
        What is known of its type I error in small samples.
    """

    id: str
    kind: Kind
    compare: Compare
    text: str
    size: str = ""


_METHODS = (
    Method(
        "newcombe", "responder", proportions.newcombe,
        "Newcombe interval (square-and-add of Wilson limits); score test",
        "interval conservative at rare events; the score test is not exact (below)",
    ),
    Method(
        "miettinen_nurminen", "responder", proportions.miettinen_nurminen,
        "Miettinen-Nurminen score interval and test",
        "not exact (below)",
    ),
    Method(
        "chi_square", "responder", proportions.chi_square,
        "Pearson chi-squared test without correction; interval that inverts it (Mee)",
        "not exact (below)",
    ),
    Method(
        "fisher", "responder", proportions.fisher,
        "Fisher exact test; Miettinen-Nurminen interval",
        "conservative: exact given the number of events",
    ),
    Method(
        "cmh", "responder", proportions.cmh,
        "Mantel-Haenszel difference over strata, Sato variance; Cochran-Mantel-Haenszel test",
    ),
    Method("welch", "number", means.welch, "Welch t interval and test"),
    Method(
        "ancova", "number", means.ancova,
        "analysis of covariance: baseline and strata as covariates, t interval and test",
    ),
    Method(
        "mmrm", "number", repeated.mmrm,
        "mixed model for repeated measures, unstructured covariance, REML, Kenward-Roger; "
        "analysis of covariance where it does not converge",
    ),
    Method(
        "wilcoxon", "number", means.wilcoxon,
        "Hodges-Lehmann shift, Moses interval; Wilcoxon rank-sum test with ties",
    ),
    Method(
        "rate_ratio", "rate", events.rate_ratio,
        "ratio of rates, robust score interval and test with each patient as one unit",
        "conservative where few patients have events",
    ),
    Method(
        "negative_binomial", "rate", events.negative_binomial,
        "negative binomial model, time as offset, dispersion by Cox-Reid, t interval and test",
        "conservative in small trials",
    ),
    Method(
        "log_rank", "time", survival.log_rank,
        "log-rank test; hazard ratio by proportional hazards",
        "the test alone is liberal where small arms differ in size; a decision asks for the "
        "interval of the hazard ratio too",
    ),
    Method(
        "cox", "time", survival.cox,
        "proportional hazards, ties by Efron, Wald interval and test",
        "conservative where events are few",
    ),
    Method(
        "ordinal", "ordered", ordered.ordinal,
        "proportional odds of a higher level, Wald interval and test",
    ),
    Method(
        "win_ratio", "ordered", wins.win_ratio,
        "win ratio of unmatched pairs, U-statistic interval; Finkelstein-Schoenfeld test",
    ),
)  # fmt: skip

METHODS: Mapping[str, Method] = {method.id: method for method in _METHODS}
