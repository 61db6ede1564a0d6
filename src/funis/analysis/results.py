"""What an analysis gives: estimates, contrasts, decisions."""

from dataclasses import dataclass
from typing import Literal

from funis.protocol.analyses import RATIOS, MethodSummary

EstimateMeasure = Literal["proportion", "mean", "mean_change", "rate"]
ContrastMeasure = MethodSummary
Verdict = Literal[
    "success",
    "no effect found",
    "smaller than required",
    "not after adjustment",
    "worse than the reference",
    "no data",
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One endpoint in one arm.

    Attributes
    ----------
    endpoint : str
        Key in results: ``ACR20@12``, ``DAS28_CRP_change@12``, ``DAS28_CRP@12`` or
        ``RELAPSES_rate@96``.
    n : int
        Patients in the estimate.
    estimate, low, high : float
        Value and 95 % interval; proportions from 0 to 1, rates per patient-year; not-a-number
        where there are no data.
    method : str
        Estimator, and what was done with intercurrent events and missing values.
    """

    arm: str
    endpoint: str
    week: float
    measure: EstimateMeasure
    n: int
    estimate: float
    low: float
    high: float
    unit: str
    method: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """One endpoint in one arm minus the reference, or their ratio; ``p_value`` is two-sided."""

    arm: str
    reference: str
    endpoint: str
    week: float
    measure: ContrastMeasure
    estimate: float
    low: float
    high: float
    n_arm: int
    n_reference: int
    method: str
    p_value: float | None

    @property
    def is_ratio(self) -> bool:
        """Whether it is the arm divided by the reference: 1 without any effect."""
        return self.measure in RATIOS


@dataclass(frozen=True, slots=True)
class Decision:
    """The success rule applied to one arm.

    Attributes
    ----------
    success : bool
        Whether the whole interval lies beyond the required difference, in the good direction.
    verdict : str
        The same in words; ``no effect found`` is a result, not a failure.
    estimate, low, high : float
        Difference to the reference, or ratio, with its interval at ``1 - alpha``.
    required : float
        Difference (of a ratio: to 1) that the interval has to exceed.
    null : float
        What it is without any effect: 0 of a difference, 1 of a ratio.
    p_value, adjusted : float or None
        Smallest level at which the rule would still be met, alone and adjusted over all arms and
        endpoints of the rule by ``adjustment``; only where the rule adjusts or names a method.
    """

    arm: str
    reference: str
    endpoint: str
    week: float
    success: bool
    verdict: Verdict
    estimate: float
    low: float
    high: float
    alpha: float
    required: float
    null: float = 0.0
    p_value: float | None = None
    adjusted: float | None = None
    adjustment: str | None = None


@dataclass(frozen=True, slots=True)
class SensitivityResult:
    """A contrast under another method or another idea of what is missing.

    Attributes
    ----------
    missing : str
        What was done with missing values.
    delta : float or None
        What imputed values of the arm were shifted by.
    tipping_point : float or None
        Smallest shift against the arm at which its 95 % interval holds no effect; None where none
        was searched, 0 where it does without any shift.
    """

    contrast: Contrast
    missing: str
    delta: float | None = None
    tipping_point: float | None = None


@dataclass(frozen=True, slots=True)
class ArmCount:
    """Patients of an arm: analysed, and failed in the computation, by reason."""

    arm: str
    n: int
    failed: tuple[tuple[str, int], ...]

    @property
    def n_failed(self) -> int:
        """Patients whose computation failed."""
        return sum(count for _, count in self.failed)


@dataclass(frozen=True, slots=True)
class Results:
    """All results of one trial.

    Attributes
    ----------
    estimates : tuple of Estimate
        By endpoint in the order of the protocol, then by arm.
    contrasts : tuple of Contrast
        Every other arm minus the reference.
    arms : tuple of ArmCount
    success : tuple of Decision
        One for each arm of the success rule; empty without a rule.
    sensitivity : tuple of SensitivityResult
        In the order of the protocol, then by arm.
    """

    estimates: tuple[Estimate, ...]
    contrasts: tuple[Contrast, ...]
    arms: tuple[ArmCount, ...]
    success: tuple[Decision, ...]
    sensitivity: tuple[SensitivityResult, ...] = ()

    @property
    def n(self) -> dict[str, int]:
        """Patients analysed, by arm."""
        return {arm.arm: arm.n for arm in self.arms}

    @property
    def failed(self) -> dict[str, dict[str, int]]:
        """Patients whose computation failed, by arm and reason."""
        return {arm.arm: dict(arm.failed) for arm in self.arms}

    def estimate(self, arm: str, endpoint: str) -> Estimate:
        """Estimate of an endpoint (by its key) in an arm.

        Raises
        ------
        KeyError
            If it was not asked for.
        """
        for estimate in self.estimates:
            if (estimate.arm, estimate.endpoint) == (arm, endpoint):
                return estimate
        raise KeyError((arm, endpoint))

    def contrast(self, arm: str, endpoint: str) -> Contrast:
        """Contrast of an endpoint (by its key) of an arm with the reference.

        Raises
        ------
        KeyError
            If there is none.
        """
        for contrast in self.contrasts:
            if (contrast.arm, contrast.endpoint) == (arm, endpoint):
                return contrast
        raise KeyError((arm, endpoint))
