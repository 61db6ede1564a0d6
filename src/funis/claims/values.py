"""What a claim is judged by, as frozen values: pools, measurements, statements of the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from funis.analysis.intervals import Interval

Verdict = Literal[
    "supported", "uncertain", "contradicted", "not testable", "implemented", "planned"
]
Side = Literal["benefit", "harm", "open"]
Direction = Literal["higher", "lower", "none", "unclear"]


Z95 = 1.959963984540054

NEGLIGIBLE = 0.001
"""Share of an effect below which the effect at potency 0 is the solver's error, not an effect."""


TOLERANCE = 1e-5
"""Relative tolerance of the solver: less than this share of a number is no effect either."""


def silent(at_zero: Interval, effect: float, control: float) -> bool:
    """Whether an effect at potency 0 is none: its interval holds 0, or it is the solver's error.

    Parameters
    ----------
    effect, control
        The effect of cells that act, and the number without cells.
    """
    error = max(NEGLIGIBLE * abs(effect), TOLERANCE * abs(control))
    return abs(at_zero.estimate) <= error or at_zero.low <= 0 <= at_zero.high


@dataclass(frozen=True, slots=True)
class Pool:
    """Published numbers of one kind of study: pooled, or those of the only study.

    Attributes
    ----------
    label : str
        The stratum in words.
    study_type : str
        randomised | non-randomised controlled | single-arm | control arms.
    measure : str
        What the numbers are, in words.
    contrast : bool
        Whether they compare cells with a control.
    centres : int
        Centre families; studies of one family may share patients.
    patients, randomised : int
        Patients behind the numbers, and how many were allocated by chance.
    estimate, low, high : float
        With the 95 % interval; not-a-number where it cannot be known.
    null : float or None
        The value that means no effect; None where nothing is compared.
    better : int
        1 where a higher estimate favours cells, -1 where a lower one does.
    cells : str
        Tissue and route of the cells.
    cord : bool
        Whether all of them are of umbilical cord: only such numbers move a verdict.
    own : tuple of str
        Studies that are the user's own.
    """

    label: str
    study_type: str
    measure: str
    contrast: bool
    week: float
    studies: tuple[str, ...]
    centres: int
    patients: int
    randomised: int
    estimate: float
    low: float
    high: float
    null: float | None
    better: int
    cells: str
    cord: bool
    own: tuple[str, ...] = ()

    @property
    def side(self) -> Side:
        """Where the interval lies, seen from no effect."""
        if self.null is None or math.isnan(self.low) or math.isnan(self.high):
            return "open"
        if self.low > self.null:
            return "benefit" if self.better > 0 else "harm"
        if self.high < self.null:
            return "harm" if self.better > 0 else "benefit"
        return "open"

    @property
    def controlled(self) -> bool:
        """Whether it compares randomised patients."""
        return self.contrast and self.study_type == "randomised"

    @property
    def counts(self) -> bool:
        """Whether it moves a verdict: randomised patients, and cells of umbilical cord."""
        return self.study_type == "randomised" and self.cord


@dataclass(frozen=True, slots=True)
class Statement:
    """What the model says of one outcome: the same virtual patients with and without cells.

    Attributes
    ----------
    trial, arm : str
        Of the library.
    patients : int
        Virtual patients, followed under every potency.
    control : float
        Mean without cells.
    treated : float
        Mean with cells of the middle effect.
    at_zero, middle, gain : Interval
        Effect at potency 0, the middle effect of those that cells may have, and the second minus
        the first, each patient compared with himself; 95 % intervals over patients.
    low80, high80 : float
        Middle 80 % of the mean effect over what the parameters may be, if cells do anything.
    no_effect : float
        Probability that cells do nothing.
    basis : str
        Where the parameters come from.
    better : int
        1 where a higher number is the better one, -1 where a lower one is.
    """

    trial: str
    arm: str
    patients: int
    control: float
    treated: float
    at_zero: Interval
    middle: Interval
    gain: Interval
    low80: float
    high80: float
    no_effect: float
    basis: str
    better: int

    @property
    def silent_at_zero(self) -> bool:
        """Whether cells of potency 0 show nothing, or less than the solver's own error."""
        return silent(self.at_zero, self.middle.estimate, self.control)

    @property
    def changes(self) -> bool:
        """Whether the statement is another one when potency is 0."""
        return self.gain.low > 0 or self.gain.high < 0

    @property
    def stops(self) -> bool:
        """Whether, at the best of the middle 80 %, patients with cells no longer get worse."""
        best = max(self.better * self.low80, self.better * self.high80)
        return self.better * self.control + best >= 0

    @property
    def supports(self) -> bool:
        """Whether cells help in the model, if they act, and those of potency 0 do not."""
        helps = self.gain.low > 0 if self.better > 0 else self.gain.high < 0
        return helps and self.silent_at_zero


@dataclass(frozen=True, slots=True)
class Measurement:
    """One published measurement in people that were given cells."""

    study: str
    family: str
    study_type: str
    n: int | None
    week: float | None
    words: str
    direction: Direction
    numbers: bool
    own: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published comparison of tissues in the laboratory."""

    source: str
    direction: str
    note: str


@dataclass(frozen=True, slots=True)
class Harm:
    """A pooled ratio of an adverse event, cells against control."""

    term: str
    kind: str
    estimate: float
    low: float
    high: float
    study: str
    trials: int | None
    patients: int | None
    route: str

    @property
    def p_value(self) -> float:
        """Probability of a ratio as far from 1 if there is no difference, from the interval."""
        error = (math.log(self.high) - math.log(self.low)) / (2 * Z95)
        return math.erfc(abs(math.log(self.estimate)) / error / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way from a patient to an account: the share that counts as improved."""

    label: str
    share: Interval


@dataclass(frozen=True, slots=True)
class Chain:
    """How accounts of improvement arise in patients on placebo, in one disease."""

    disease: str
    endpoint: str
    name: str
    felt: bool
    week: float
    at_least: float
    unit: str
    patients: int
    steps: tuple[Step, ...]

    @property
    def told(self) -> Interval:
        """Share of the accounts that tell of an improvement, by the stated ratio of telling."""
        return self.steps[-1].share


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and what would change it."""

    verdict: Verdict
    why: str
    needs: str
