"""Published evidence as frozen values: studies, arms, outcomes, their sources."""

from dataclasses import dataclass
from typing import Literal

Pairs = tuple[tuple[str, object], ...]
"""Study-specific keys of a record, in file order; lists and mappings are frozen to tuples."""

EvidenceType = Literal[
    "randomised", "non-randomised controlled", "single-arm", "meta-analysis", "other"
]

TISSUES: dict[str, str] = {
    "UC": "umbilical_cord",
    "BM": "bone_marrow",
    "AD": "adipose",
    "CB": "cord_blood",
    "placenta": "placenta",
    "other": "other",
    "drug": "drug",
}
"""Tissue codes of the evidence files, and the words that replace them on loading."""

EVIDENCE_TYPES: dict[str, EvidenceType] = {
    "randomized": "randomised",
    "nonrandomized_controlled": "non-randomised controlled",
    "single_arm": "single-arm",
    "case_series": "single-arm",
    "meta_analysis": "meta-analysis",
}
"""Kinds of design in the evidence files, and the label under which they are shown."""


EFFECTS = (
    "mean_difference",
    "SMD",
    "SMD_self_controlled",
    "odds_ratio",
    "risk_ratio",
    "risk_difference",
    "rate_ratio",
    "hazard_ratio",
)
"""Kinds of outcome that compare two arms."""

KINDS = ("change", "percent_change", *EFFECTS, "direction_only")
"""Kinds of outcome that are not a value, a count or a share."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number was read, and in what (full_text, abstract, review_table, registry)."""

    url: str
    what: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Design:
    """How a study was made; an empty field was not stated in the text that was read."""

    kind: str
    blinding: str | None = None
    phase: str | None = None
    control: str | None = None
    allocation: str | None = None
    masking: str | None = None
    centre: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Population:
    """Who was studied."""

    n: int | None = None
    n_analysed: int | None = None
    n_studies: int | None = None
    n_rct: int | None = None
    age_mean: float | None = None
    age_sd: float | None = None
    age_median: float | None = None
    age_range: tuple[float, ...] | None = None
    female_fraction: float | None = None
    female_n: int | None = None
    weight_kg_mean: float | None = None
    disease_duration_years: float | None = None
    background: str | None = None
    criteria: str | None = None
    notes: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """What was given; ``source`` is the tissue in words, or ``drug``."""

    source: str | None = None
    allogeneic: bool | None = None
    passage: str | None = None
    fresh: bool | None = None
    viability: float | None = None
    drug: str | None = None
    notes: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """One published arm.

    Attributes
    ----------
    n, n_analysed, n_completed : int or None
        Patients allocated, analysed, and seen to the end.
    route : str or None
        In lower case (``iv``, ``it``, ``sc``, ...); none where it was not stated.
    cells_per_infusion, cells_per_kg : float or None
        Dose of one infusion, in cells or in cells per kg of body weight.
    cells_per_infusion_range, cells_per_kg_range : tuple of float or None
        The same where only a range was printed.
    total_cells : float or None
        Cells of all infusions together.
    infusions : int or None
    infusions_range : tuple of float or None
    infusions_text : str or None
        Their number in words, where it is no number.
    days : tuple of float or None
        Days of the infusions, day 0 first.
    dose : str or None
        Dose of a drug as printed.
    cotreatment : str or None
    """

    id: str
    n: int | None = None
    n_analysed: int | None = None
    n_completed: int | None = None
    route: str | None = None
    cells_per_infusion: float | None = None
    cells_per_infusion_range: tuple[float, ...] | None = None
    cells_per_kg: float | None = None
    cells_per_kg_range: tuple[float, ...] | None = None
    total_cells: float | None = None
    infusions: int | None = None
    infusions_range: tuple[float, ...] | None = None
    infusions_text: str | None = None
    days: tuple[float, ...] | None = None
    dose: str | None = None
    cotreatment: str | None = None
    notes: str | None = None
    extra: Pairs = ()

    @property
    def regimen_unknown(self) -> tuple[str, ...]:
        """What was not stated of how cells were given: dose, route, schedule."""
        dose = self.cells_per_infusion is None and self.cells_per_kg is None
        schedule = not self.days and self.infusions != 1
        parts = (("dose", dose), ("route", self.route is None), ("schedule", schedule))
        return tuple(name for name, unknown in parts if unknown)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One published result, as printed; ``proportion`` is its rate from 0 to 1.

    Attributes
    ----------
    arm : str
        Id of an arm, or the name of a union of arms.
    reference : str or None
        Arm against which an effect was printed.
    endpoint : str
        Name as published; ``evidence_names`` of the disease's endpoints translates it.
    kind : str or None
        One of ``KINDS``: change, percent_change, an effect (``EFFECTS``) or direction_only; none
        for a value, a count or a share.
    week : float or None
        Week 0 is the baseline.
    time : str or None
        When, in words.
    n, events : int or None
    n_unknown : bool or None
        Whether the denominator of a count was not printed: it is shown, and never used as a share.
    pct : float or None
        Percentage as printed [%].
    mean, sd, se : float or None
    pm : float or None
        A number after a plus-minus sign that the paper does not explain.
    median : float or None
    iqr, range : tuple of float or None
    estimate : float or None
        Size of an effect.
    ci95 : tuple of float or None
        Printed interval of ``mean``, ``pct`` or ``estimate``, in its unit.
    stat : str or None
        LSM | adjusted: how a mean was obtained.
    unit_of_analysis : str or None
        What n counts where that is not patients.
    """

    arm: str
    endpoint: str
    reference: str | None = None
    kind: str | None = None
    week: float | None = None
    time: str | None = None
    unit: str | None = None
    n: int | None = None
    n_unknown: bool | None = None
    events: int | None = None
    pct: float | None = None
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    pm: float | None = None
    median: float | None = None
    iqr: tuple[float, ...] | None = None
    range: tuple[float, ...] | None = None
    estimate: float | None = None
    ci95: tuple[float, ...] | None = None
    p: str | float | None = None
    stat: str | None = None
    unit_of_analysis: str | None = None
    subgroup: str | None = None
    direction: str | None = None
    qualitative: str | None = None
    definition: str | None = None
    where: str | None = None
    notes: str | None = None
    extra: Pairs = ()

    @property
    def proportion(self) -> float | None:
        """Share of patients [0, 1], from the count where there is one."""
        if self.events is not None and self.n:
            return self.events / self.n
        return None if self.pct is None else self.pct / 100

    @property
    def baseline(self) -> bool:
        """Whether it was seen before treatment."""
        return self.week == 0 and self.kind is None

    @property
    def effect(self) -> bool:
        """Whether it compares two arms."""
        return self.kind in EFFECTS


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One published adverse event.

    Attributes
    ----------
    patients, events, n : int or None
        Patients with it, how often it occurred, patients at risk.
    n_unknown : bool or None
        Whether the number at risk was not printed.
    kind, estimate, ci95, i2, p
        An effect (``EFFECTS``) with its interval and heterogeneity [%]; ``direction`` in words.
    """

    arm: str
    term: str
    kind: str | None = None
    patients: int | None = None
    events: int | None = None
    n: int | None = None
    n_unknown: bool | None = None
    pct: float | None = None
    estimate: float | None = None
    ci95: tuple[float, ...] | None = None
    i2: float | None = None
    p: str | float | None = None
    direction: str | None = None
    time: str | None = None
    serious: bool | None = None
    infusion_related: bool | None = None
    definition: str | None = None
    where: str | None = None
    notes: str | None = None
    extra: Pairs = ()


def extra_value(record_extra: Pairs, key: str, default: object = None) -> object:
    """Value of a study-specific key, or ``default``."""
    return next((value for name, value in record_extra if name == key), default)
