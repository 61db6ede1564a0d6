"""How a trial is laid out: allocation, masking, enrolment, sites, periods, escalation, absence.

Values alone: they declare, the trial conducts them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from funis.checks import Expression
from funis.protocol.values import CONTINUOUS, Arm, FrozenMapping, Intervention
from funis.units import DAYS_PER_WEEK

Kind = Literal["parallel", "crossover", "dose_escalation"]
Masking = Literal["double_blind", "single_blind", "open_label"]
AllocationMethod = Literal["permuted_block", "complete"]
EscalationMethod = Literal["three_plus_three", "crm"]
Mechanism = Literal["completely_at_random", "at_random", "not_at_random"]
Lost = Literal["visit", "patient"]


@dataclass(frozen=True, slots=True)
class Randomisation:
    """How patients are randomised.

    Attributes
    ----------
    ratio : mapping of str to int
        Share of each arm (of each sequence, in a crossover); empty is equal shares.
    method : str
        Keyed permuted blocks, or an independent draw for each patient.
    block : int or None
        Patients of a block; None is the sum of the ratio.
    strata : tuple of Expression
        Conditions at baseline; every combination of their answers is randomised by itself.
    """

    ratio: FrozenMapping[int] = field(default_factory=FrozenMapping)
    method: AllocationMethod = "permuted_block"
    block: int | None = None
    strata: tuple[Expression, ...] = ()

    def shares(self, arms: tuple[str, ...]) -> tuple[int, ...]:
        """Return the share of each arm."""
        return tuple(self.ratio.get(arm, 1) for arm in arms)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Patients arrive as a Poisson process at a rate that grows as sites open, evenly in time."""

    patients_per_month: float
    sites: int
    start_up_week: float = 0.0


@dataclass(frozen=True, slots=True)
class Sites:
    """In what sites differ: time from thaw to infusion, and how often a dose goes wrong.

    Attributes
    ----------
    hold_mean_minute, hold_sd_minute : float or None
        Of the sites' usual hold, log-normal between sites; None is the product's own hold.
    missed_rate, halved_rate : float
        Share of administrations of cells that are not given, or given by half.
    """

    hold_mean_minute: float | None = None
    hold_sd_minute: float = 0.0
    missed_rate: float = 0.0
    halved_rate: float = 0.0
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Unmasking:
    """Patients who guess their arm: by an adverse event after a dose, or by its absence.

    ``share`` is the share of patients who guess at all.
    """

    by: tuple[str, ...]
    share: float
    source: str


@dataclass(frozen=True, slots=True)
class Bias:
    """What knowing the arm adds to the report, in standard deviations between patients."""

    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Crossover:
    """Periods with a washout between them; each sequence names the arm of every period."""

    period_week: float
    washout_week: float
    sequences: FrozenMapping[tuple[str, ...]]

    @property
    def periods(self) -> int:
        """Number of periods."""
        return max(len(arms) for arms in self.sequences.values())

    @property
    def starts(self) -> tuple[float, ...]:
        """Week at which each period starts."""
        return tuple(n * (self.period_week + self.washout_week) for n in range(self.periods))


@dataclass(frozen=True, slots=True)
class Escalation:
    """Cohorts of rising dose: the level of a cohort follows from the toxicity of those before.

    Attributes
    ----------
    levels : tuple of str
        Arms from the lowest dose to the highest.
    target : float
        Share of patients with a dose-limiting toxicity that is sought (CRM).
    most : int
        Patients at most.
    grade, terms, within_day
        A toxicity is dose-limiting from this grade on, of these terms (all when empty), within
        this time after a dose [day].
    """

    method: EscalationMethod
    levels: tuple[str, ...]
    cohort: int
    target: float
    most: int
    grade: int
    terms: tuple[str, ...]
    within_day: float


@dataclass(frozen=True, slots=True)
class Missing:
    """Visits that are not seen, and by what they depend.

    Attributes
    ----------
    mechanism : str
        ``at_random`` judges ``when`` on what was last seen, ``not_at_random`` on what would have
        been seen today.
    lost : str
        The visit alone, or the patient from then on.
    """

    id: str
    mechanism: Mechanism
    probability: float
    when: Expression | None = None
    lost: Lost = "visit"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """The design of a trial; what is None is not used."""

    kind: Kind = "parallel"
    masking: Masking = "double_blind"
    allocation: Randomisation = field(default_factory=Randomisation)
    bias: Bias | None = None
    unmasking: Unmasking | None = None
    enrolment: Enrolment | None = None
    sites: Sites | None = None
    crossover: Crossover | None = None
    escalation: Escalation | None = None


def sequence_arms(arms: tuple[Arm, ...], crossover: Crossover) -> tuple[Arm, ...]:
    """Return an arm for each sequence: what its arms give, each in its own period.

    What would last longer than a period ends with it.
    """
    by_name = {arm.id: arm for arm in arms}
    return tuple(
        _sequence(name, tuple(by_name[arm] for arm in order), crossover)
        for name, order in crossover.sequences.items()
    )


def _sequence(name: str, order: tuple[Arm, ...], crossover: Crossover) -> Arm:
    given = [
        _in_period(one, start * DAYS_PER_WEEK, crossover.period_week * DAYS_PER_WEEK)
        for arm, start in zip(order, crossover.starts, strict=True)
        for one in arm.interventions
    ]
    label = ", then ".join(arm.label for arm in order)
    return Arm(name, label, None if given else "placebo", False, tuple(given))


def _in_period(one: Intervention, start_day: float, length_day: float) -> Intervention:
    """Return an intervention shifted to its period."""
    days = tuple(start_day + day for day in one.days)
    lasting = length_day - one.days[0] if one.duration_day == CONTINUOUS else one.duration_day
    return replace(one, days=days, duration_day=lasting)
