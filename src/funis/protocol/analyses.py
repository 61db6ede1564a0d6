"""How a trial is analysed, as values: methods by name, multiplicity, sensitivity analyses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MethodSummary = Literal[
    "difference_in_proportions",
    "difference_in_means",
    "difference_in_location",
    "rate_ratio",
    "hazard_ratio",
    "odds_ratio",
    "win_ratio",
]
Adjustment = Literal["hierarchical", "holm", "hochberg", "graphical"]
Filling = Literal["observed", "nonresponder", "multiple_imputation", "jump_to_reference", "delta"]

_PROPORTIONS: tuple[tuple[str, ...], MethodSummary] = (
    ("responder",),
    "difference_in_proportions",
)
_NUMBERS = ("change", "value")
_ORDERED = ("responder", *_NUMBERS)

METHOD_USES: Mapping[str, tuple[tuple[str, ...], MethodSummary]] = {
    "newcombe": _PROPORTIONS,
    "miettinen_nurminen": _PROPORTIONS,
    "chi_square": _PROPORTIONS,
    "fisher": _PROPORTIONS,
    "cmh": _PROPORTIONS,
    "welch": (_NUMBERS, "difference_in_means"),
    "ancova": (_NUMBERS, "difference_in_means"),
    "mmrm": (_NUMBERS, "difference_in_means"),
    "wilcoxon": (_NUMBERS, "difference_in_location"),
    "rate_ratio": (("rate",), "rate_ratio"),
    "negative_binomial": (("rate",), "rate_ratio"),
    "log_rank": (("responder",), "hazard_ratio"),
    "cox": (("responder",), "hazard_ratio"),
    "ordinal": (_ORDERED, "odds_ratio"),
    "win_ratio": (_ORDERED, "win_ratio"),
}
"""Measures of an endpoint that a method takes, and how it compares two arms."""

DEFAULT_METHOD: Mapping[str, str] = {
    "responder": "newcombe",
    "change": "welch",
    "value": "welch",
    "rate": "rate_ratio",
}
"""Method of an endpoint that names none, by its measure."""

TIME_METHODS = ("log_rank", "cox")
"""Methods that ask for the time to the first visit at which a condition is met."""

RATIOS = ("rate_ratio", "hazard_ratio", "odds_ratio", "win_ratio")
"""Summaries that are 1 without any effect."""


@dataclass(frozen=True, slots=True)
class Multiplicity:
    """How p values are adjusted over the hypotheses of the success rule, in their order.

    Attributes
    ----------
    method : {"hierarchical", "holm", "hochberg", "graphical"}
    weights : tuple of float
        Of the graph: share of the level that each hypothesis has at the start.
    transitions : tuple of tuple of float
        Of the graph: row i says where the level of hypothesis i goes once it is refused.
    """

    method: Adjustment
    weights: tuple[float, ...] = ()
    transitions: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FurtherEndpoint:
    """One more endpoint of the success rule; its hypotheses come after those before it."""

    endpoint: str
    week: float
    measure: MethodSummary
    direction: Literal["greater", "less"]
    minimal_difference: float = 0.0
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The same question under another method or another idea of what is missing.

    Attributes
    ----------
    endpoint, week
        An endpoint of the trial at one of its weeks.
    method : str or None
        None is the method of the endpoint.
    missing : str
        ``observed`` leaves out what is missing, or treats it as the endpoint does.
    delta : float or None
        What imputed values of the arms are shifted by; the tipping point is searched without it.
    """

    endpoint: str
    week: float
    method: str | None = None
    missing: Filling = "observed"
    delta: float | None = None
