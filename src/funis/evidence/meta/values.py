"""Frozen values of a meta-analysis: what goes in, and what comes out."""

import math
from dataclasses import dataclass
from typing import Literal

Measure = Literal["md", "smd", "rd", "rr", "or", "rate_ratio", "proportion", "mean", "rate"]
Method = Literal["fixed", "dl", "pm", "ml", "reml", "binomial"]

METHODS: dict[Method, str] = {
    "fixed": "fixed effect, inverse variance",
    "dl": "DerSimonian-Laird",
    "pm": "Paule-Mandel",
    "ml": "maximum likelihood",
    "reml": "restricted maximum likelihood",
    "binomial": "binomial-normal, maximum likelihood",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How a measure is analysed and shown.

    Attributes
    ----------
    name : str
        In words.
    transform : {"identity", "log", "logit"}
        From the shown value to the one that is analysed.
    null : float or None
        Shown value without any effect; none for what a single arm has.
    """

    name: str
    transform: Literal["identity", "log", "logit"]
    null: float | None

    @property
    def contrast(self) -> bool:
        """Whether it compares two arms."""
        return self.null is not None

    def shown(self, value: float) -> float:
        """Turn an analysed value into the one that is shown."""
        if self.transform == "log":
            return math.exp(min(value, 700.0))
        if self.transform == "logit":
            return 1 / (1 + math.exp(min(-value, 700.0)))
        return value


SCALES: dict[Measure, Scale] = {
    "md": Scale("mean difference", "identity", 0.0),
    "smd": Scale("standardised mean difference (Hedges' g)", "identity", 0.0),
    "rd": Scale("risk difference", "identity", 0.0),
    "rr": Scale("risk ratio", "log", 1.0),
    "or": Scale("odds ratio", "log", 1.0),
    "rate_ratio": Scale("rate ratio", "log", 1.0),
    "proportion": Scale("proportion of patients", "logit", None),
    "mean": Scale("mean", "identity", None),
    "rate": Scale("events per patient-year", "log", None),
}


@dataclass(frozen=True, slots=True)
class Effect:
    """The result of one trial, published or simulated, ready to be pooled.

    Attributes
    ----------
    study : str
    measure : str
    estimate, variance : float
        On the scale of analysis: the logarithm of ratios and rates, the logit of proportions.
    n : int or None
        Patients behind it.
    events : int or None
        Patients with the event, of a proportion.
    notes : tuple of str
        Corrections and approximations that were used.
    """

    study: str
    measure: Measure
    estimate: float
    variance: float
    n: int | None = None
    events: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def error(self) -> float:
        """Standard error."""
        return math.sqrt(self.variance)


@dataclass(frozen=True, slots=True)
class Range:
    """Two limits."""

    low: float
    high: float


NO_RANGE = Range(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How much trials differ beyond chance.

    Attributes
    ----------
    tau2 : float
        Variance between trials, on the scale of analysis; its interval by ``interval``.
    q, freedom, p_value : float
        Cochran's Q, or a likelihood ratio, as ``test`` says.
    i2 : float
        Share of the variance that lies between trials [0, 1].
    h2 : float
    """

    tau2: float
    tau2_range: Range
    interval: str
    q: float
    freedom: int
    p_value: float
    test: str
    i2: float
    i2_range: Range
    h2: float


@dataclass(frozen=True, slots=True)
class LeftOne:
    """The pool without one trial."""

    study: str
    estimate: float
    low: float
    high: float
    tau2: float


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several trials as one number, on the scale of analysis; ``SCALES`` turns it back.

    Attributes
    ----------
    estimate, error, low, high, p_value : float
        With the interval that ``interval`` names.
    prediction : Range
        Where the true effect of a further trial lies; not-a-number for fewer than three.
    wald : Range
        The interval by the normal distribution, for comparison.
    fixed : Effect
        The fixed-effect pool.
    weights : tuple of float
        Shares of the trials; they add up to 1.
    leave_one_out : tuple of LeftOne
        Empty for two trials.
    notes : tuple of str
    """

    measure: Measure
    method: Method
    effects: tuple[Effect, ...]
    estimate: float
    error: float
    low: float
    high: float
    p_value: float
    interval: str
    prediction: Range
    wald: Range
    heterogeneity: Heterogeneity
    fixed: Effect
    weights: tuple[float, ...]
    leave_one_out: tuple[LeftOne, ...]
    notes: tuple[str, ...]

    @property
    def scale(self) -> Scale:
        """How the measure is analysed and shown."""
        return SCALES[self.measure]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of a meta-regression, with its Hartung-Knapp t test."""

    name: str
    estimate: float
    error: float
    low: float
    high: float
    t: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A mixed-effects meta-regression.

    Attributes
    ----------
    coefficients : tuple of Coefficient
        The intercept first.
    tau2, residual_q, residual_p, i2, h2 : float
        Of what the covariates leave.
    r2 : float
        Share of the variance between trials that the covariates take away [0, 1].
    f, f_freedom, f_p_value
        Omnibus test of all covariates, with both degrees of freedom.
    notes : tuple of str
    """

    k: int
    coefficients: tuple[Coefficient, ...]
    tau2: float
    i2: float
    h2: float
    r2: float
    residual_q: float
    residual_p: float
    f: float
    f_freedom: tuple[int, int]
    f_p_value: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """A regression test of funnel-plot asymmetry.

    Attributes
    ----------
    t, freedom, p_value : float
        Test of the slope of the effect against its standard error.
    limit : float
        Estimate for a trial without error, with its interval.
    notes : tuple of str
        Says so where there are too few trials.
    """

    k: int
    t: float
    freedom: int
    p_value: float
    limit: float
    limit_range: Range
    notes: tuple[str, ...]
