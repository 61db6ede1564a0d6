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
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Population:
    """Who was studied."""

    n: int | None = None
    n_analysed: int | None = None
    age_mean: float | None = None
    age_sd: float | None = None
    age_range: tuple[float, ...] | None = None
    female_fraction: float | None = None
    weight_kg_mean: float | None = None
    disease_duration_years: float | None = None
    background: str | None = None
    criteria: str | None = None
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
    n, n_analysed : int or None
        Patients allocated, and analysed.
    route : str or None
        In lower case (``iv``, ``it``, ``sc``, ...); none where it was not stated.
    cells_per_infusion, cells_per_kg : float or None
        Dose of one infusion, in cells or in cells per kg of body weight.
    infusions : int or None
    days : tuple of float or None
        Days of the infusions, day 0 first.
    dose : str or None
        Dose of a drug as printed.
    cotreatment : str or None
    """

    id: str
    n: int | None = None
    n_analysed: int | None = None
    route: str | None = None
    cells_per_infusion: float | None = None
    cells_per_kg: float | None = None
    infusions: int | None = None
    days: tuple[float, ...] | None = None
    dose: str | None = None
    cotreatment: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One published result, as printed; ``proportion`` is its rate from 0 to 1.

    Attributes
    ----------
    arm : str
        Id of an arm, or the name of a union of arms.
    endpoint : str
        Name as published; ``evidence_names`` of the disease's endpoints translates it.
    week : float or None
    n, events : int or None
    pct : float or None
        Percentage as printed [%].
    mean, sd : float or None
    ci95 : tuple of float or None
        Printed interval of ``mean`` or ``pct``, in its unit.
    """

    arm: str
    endpoint: str
    week: float | None = None
    unit: str | None = None
    n: int | None = None
    events: int | None = None
    pct: float | None = None
    mean: float | None = None
    sd: float | None = None
    ci95: tuple[float, ...] | None = None
    subgroup: str | None = None
    qualitative: str | None = None
    definition: str | None = None
    where: str | None = None
    extra: Pairs = ()

    @property
    def proportion(self) -> float | None:
        """Share of patients [0, 1], from the count where there is one."""
        if self.events is not None and self.n:
            return self.events / self.n
        return None if self.pct is None else self.pct / 100


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One published adverse event."""

    arm: str
    term: str
    patients: int | None = None
    events: int | None = None
    n: int | None = None
    serious: bool | None = None
    infusion_related: bool | None = None
    where: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class GateRow:
    """Effect of a targeted drug that the immune core has to reproduce.

    Attributes
    ----------
    study, mechanism, drug : str
    endpoint : str
        Name as published.
    week : float
    arm, reference : str
        Published arms whose difference the effect is.
    direction : str
        benefit | none | harm.
    scale : str
        risk_difference_pp | odds_ratio | mean_difference | ...
    effect : float or None
        Active minus control (ratios: active / control).
    ci95, effect_range : tuple of float or None
        Interval of the effect; range over drugs of a class.
    better : str
        Whether a lower or a higher effect is the better one.
    tier : str
        hard (size counts) | soft (size is a guide) | direction_only | context (not a test).
    basis : str
        How the effect was obtained.
    measure : str
        In words.
    """

    study: str
    mechanism: str
    drug: str | None
    direction: str
    scale: str
    better: str
    tier: str
    basis: str
    measure: str
    endpoint: str | None = None
    week: float | None = None
    arm: str | None = None
    reference: str | None = None
    effect: float | None = None
    ci95: tuple[float, ...] | None = None
    effect_range: tuple[float, ...] | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One published study with all that was read of it."""

    id: str
    title: str
    disease: str
    design: Design
    population: Population
    product: ProductRecord
    arms: tuple[Arm, ...]
    outcomes: tuple[Outcome, ...]
    adverse_events: tuple[AdverseEvent, ...]
    sources: tuple[Source, ...]
    confidence: str
    citation: str | None = None
    doi: str | None = None
    pmid: str | None = None
    registry: str | None = None
    country: str | None = None
    mechanism: str | None = None
    gate: GateRow | None = None
    notes: str | None = None
    extra: Pairs = ()

    @property
    def randomised(self) -> bool:
        """Whether patients were allocated by chance."""
        return self.evidence_type == "randomised"

    @property
    def evidence_type(self) -> EvidenceType:
        """Label under which results of this design are shown, never mixed with another."""
        return EVIDENCE_TYPES.get(self.design.kind, "other")

    def arm(self, arm_id: str) -> Arm | None:
        """Arm by its id; none for a union of arms such as ``both``."""
        return next((arm for arm in self.arms if arm.id == arm_id), None)


@dataclass(frozen=True, slots=True)
class NaturalRow:
    """One row of placebo response, natural course, baseline values or criteria.

    Attributes
    ----------
    section : str
        Part of the file: placebo_response, baseline_distributions, mcid, ...
    target : bool
        Whether the model is set to this row (one row per endpoint and week).
    pct : float or None
        Percentage as printed [%].
    mean, sd, ci95
        In ``unit``; the interval of a percentage is in percent.
    range_across_trials_pct : tuple of float or None
        Spread between trials, which predictions are held against [%].
    rows : tuple of Pairs
        Rows of a table over trials.
    """

    id: str
    section: str
    endpoint: str | None = None
    week: float | None = None
    unit: str | None = None
    target: bool = False
    pct: float | None = None
    mean: float | None = None
    sd: float | None = None
    ci95: tuple[float, ...] | None = None
    range_across_trials_pct: tuple[float, ...] | None = None
    n: int | None = None
    trials: int | None = None
    population: str | None = None
    source: str | None = None
    where: str | None = None
    note: str | None = None
    rows: tuple[Pairs, ...] = ()
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All evidence on one disease.

    Attributes
    ----------
    disease : str
        Id of the disease, e.g. ``ra``.
    studies : tuple of Study
        Studies of stromal cells.
    pharmacology : tuple of Study
        Placebo-controlled studies of targeted drugs, each with its gate.
    natural : tuple of NaturalRow
    gaps : tuple of str
        What was looked for and not found.
    """

    disease: str
    studies: tuple[Study, ...]
    pharmacology: tuple[Study, ...]
    natural: tuple[NaturalRow, ...]
    gaps: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[NaturalRow, ...]:
        """Placebo rows that the model is set to."""
        return tuple(row for row in self.natural if row.target)

    @property
    def gates(self) -> tuple[GateRow, ...]:
        """Drug effects that the immune core has to reproduce."""
        return tuple(study.gate for study in self.pharmacology if study.gate is not None)

    def study(self, study_id: str) -> Study:
        """Study by its id.

        Raises
        ------
        KeyError
            If there is no such study.
        """
        for study in (*self.studies, *self.pharmacology):
            if study.id == study_id:
                return study
        raise KeyError(study_id)


def extra_value(record_extra: Pairs, key: str, default: object = None) -> object:
    """Value of a study-specific key, or ``default``."""
    return next((value for name, value in record_extra if name == key), default)
