"""A study with all that was read of it, rows of natural history, and the evidence on a disease."""

from dataclasses import dataclass
from typing import Any, Literal

from funis.evidence.records import (
    EVIDENCE_TYPES,
    AdverseEvent,
    Arm,
    Design,
    EvidenceType,
    Outcome,
    Pairs,
    Population,
    ProductRecord,
    Source,
)


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
    trial: str | None = None
    note: str | None = None
    extra: Pairs = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One published study with all that was read of it.

    Attributes
    ----------
    role : str or None
        ``target`` may be fitted; ``context`` never is: meta-analyses, reviews, other diseases,
        second reports of the same patients.
    family : str or None
        Studies of one centre or group bear the same word: they may share patients.
    family_basis : str or None
        What in the records says so.
    overlaps : tuple of str
        Ids of studies that share patients or inputs with this one, as far as the records say.
    distinct_from : tuple of str
        Ids of studies of the family that had other patients.
    duplicate_of : str or None
        Id of the record that holds the same patients; this one is context.
    context : str or None
        What it is beside the disease's own evidence.
    origin : str
        ``library``, or ``user`` where it stands in the user's own folder.
    file_hash : str or None
        SHA-256 of the user's file.
    """

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
    registry_probable: str | None = None
    country: str | None = None
    role: str | None = None
    family: str | None = None
    family_basis: str | None = None
    overlaps: tuple[str, ...] = ()
    distinct_from: tuple[str, ...] = ()
    duplicate_of: str | None = None
    context: str | None = None
    excluded_reason: str | None = None
    mechanism: str | None = None
    gate: GateRow | None = None
    notes: str | None = None
    extra: Pairs = ()
    origin: Literal["library", "user"] = "library"
    file_hash: str | None = None

    @property
    def randomised(self) -> bool:
        """Whether patients were allocated by chance."""
        return self.evidence_type == "randomised"

    @property
    def evidence_type(self) -> EvidenceType:
        """Label under which results of this design are shown, never mixed with another."""
        return EVIDENCE_TYPES.get(self.design.kind, "other")

    @property
    def fitted(self) -> bool:
        """Whether anything may be set to it: not to meta-analyses, reviews and other context."""
        return self.role != "context" and self.evidence_type != "meta-analysis"

    def arm(self, arm_id: str) -> Arm | None:
        """Arm by its id; none for a union of arms such as ``both``."""
        return next((arm for arm in self.arms if arm.id == arm_id), None)


SECTIONS = (
    "placebo_response",
    "standard_of_care_response",
    "msc_trial_control_response",
    "active_comparators",
    "natural_course",
    "baseline_distributions",
    "response_criteria",
    "mcid",
    "general_msc_safety",
)
"""Parts of a file of natural history; beside them stand ``disease`` and ``gaps``."""


@dataclass(frozen=True, slots=True)
class NaturalRow:
    """One row of placebo response, natural course, baseline values or criteria.

    Attributes
    ----------
    section : str
        Part of the file: one of ``SECTIONS``.
    target : bool
        Whether the model is set to this row (one row per endpoint and week).
    pct : float or None
        Percentage as printed [%].
    mean, sd, ci95
        In ``unit``; the interval of a percentage is in percent.
    range_across_trials_pct : tuple of float or None
        Spread between trials, which predictions are held against [%].
    events : int or None
        Patients of ``n``.
    value : float, tuple of float or None
        A threshold or an estimate that is no response of patients.
    trial : str or None
        A trial of the library in whose patients the row is judged, or a published one.
    derived : str or None
        How a number was computed from printed ones.
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
    se: float | None = None
    median: float | None = None
    iqr: tuple[float, ...] | None = None
    range: tuple[float, ...] | None = None
    ci95: tuple[float, ...] | None = None
    range_across_trials_pct: tuple[float, ...] | None = None
    week_range: tuple[float, ...] | None = None
    n: int | None = None
    n_unknown: bool | None = None
    n_trial: int | None = None
    events: int | None = None
    trials: int | None = None
    trial: str | None = None
    study: str | None = None
    arm: str | None = None
    measure: str | None = None
    value: float | tuple[float, ...] | None = None
    kind: str | None = None
    definition: str | None = None
    fact: str | None = None
    statement: str | None = None
    derived: str | None = None
    population: str | None = None
    source: str | None = None
    url: str | None = None
    what: str | None = None
    where: str | None = None
    confidence: str | None = None
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
    def user_files(self) -> dict[str, str]:
        """SHA-256 of the file of each study that stands in the user's own folder, by id."""
        every = (*self.studies, *self.pharmacology)
        return {study.id: study.file_hash or "" for study in every if study.origin == "user"}

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


DERIVED: dict[type[Any], frozenset[str]] = {
    Study: frozenset({"origin", "file_hash"}),
    GateRow: frozenset({"study", "mechanism", "drug"}),
    NaturalRow: frozenset({"section"}),
}
"""Fields that no file holds: they follow from where a record stands."""
