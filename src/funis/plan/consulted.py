"""What a consultation of a virtual patient finds out, and how it is judged, as frozen values.

Nothing here identifies anybody: a consultation belongs to a virtual patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["meets", "does not meet", "cannot tell"]
Sex = Literal["female", "male"]
Infection = Literal["none", "latent", "chronic", "active"]
Malignancy = Literal["never", "within_5_years", "earlier"]
ThrombosisRisk = Literal["none", "risk_factor", "past_event", "recent_event"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with its unit, as a laboratory or a scale gives it."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Medication:
    """A drug that is taken or was taken.

    Attributes
    ----------
    drug : str
        Its common name, as ``library/drug_names.yaml`` spells it.
    drug_class : str or None
        Its class; None for a drug of no class that matters here.
    dose : float or None
    unit : str or None
        Unit of the dose, such as ``mg_per_day``.
    since_week : float or None
        Weeks since it was begun.
    stopped_week : float or None
        Weeks since the last dose; None while it is still taken.
    """

    drug: str
    drug_class: str | None = None
    dose: float | None = None
    unit: str | None = None
    since_week: float | None = None
    stopped_week: float | None = None


@dataclass(frozen=True, slots=True)
class PreviousInfusion:
    """Earlier infusions of cells: tissue, how many, weeks since the last, whether one reacted."""

    tissue: str
    times: int
    weeks_ago: float | None = None
    reaction: bool | None = None


@dataclass(frozen=True, slots=True)
class Consultation:
    """What a consultation of a virtual patient finds out; None is not known.

    Attributes
    ----------
    id, disease : str
    age_year, weight_kg, height_cm, duration_year : float or None
        Age, body weight (the one number that a plan cannot do without), height, and years since
        diagnosis.
    criteria_met : tuple of str or None
        Classification criteria, as the vocabulary of the library spells them.
    severity : mapping
        Value of each component or score of the disease's endpoints that is known.
    labs : mapping
        Value and unit of each laboratory test that is known.
    medication, prior_failures, comorbidities, allergies : tuple or None
        An empty tuple is "none"; None is "not asked". Failures are drugs or classes.
    anti_hla : bool or None
        Whether antibodies against donor HLA were found.
    where : str or None
        File it was read from.
    """

    id: str
    disease: str
    weight_kg: float
    age_year: float | None = None
    sex: Sex | None = None
    height_cm: float | None = None
    criteria_met: tuple[str, ...] | None = None
    duration_year: float | None = None
    severity: Mapping[str, float] = field(default_factory=dict)
    labs: Mapping[str, Measured] = field(default_factory=dict)
    medication: tuple[Medication, ...] | None = None
    prior_failures: tuple[str, ...] | None = None
    comorbidities: tuple[str, ...] | None = None
    allergies: tuple[str, ...] | None = None
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    infection: Infection | None = None
    malignancy: Malignancy | None = None
    thrombosis_risk: ThrombosisRisk | None = None
    live_vaccine: bool | None = None
    renal_egfr: float | None = None
    previous_infusions: tuple[PreviousInfusion, ...] | None = None
    anti_hla: bool | None = None
    goals: tuple[str, ...] = ()
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One criterion held against a consultation.

    Attributes
    ----------
    id, text : str
        Criterion, and what it asks in words.
    verdict : str
        "meets" is "fulfils what the protocol asks" also for criteria that exclude.
    value : str or None
        What was found, with its unit; None when it is missing.
    rule : str
        The criterion as an expression.
    reason : str
        One sentence: why this verdict; names what is missing.
    source : str
        Where the criterion was seen, or "assumed".
    origin : str
        Whether the protocol itself or the general set of the library asks it.
    missing : tuple of str
        Fields of the consultation without which it cannot be told.
    """

    id: str
    text: str
    verdict: Verdict
    value: str | None
    rule: str
    reason: str
    source: str
    origin: Literal["protocol", "general"] = "protocol"
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Eligibility:
    """All judgements for one protocol; the overall verdict is the worst of them.

    Attributes
    ----------
    judgements : tuple of Judgement
    verdict : str
        "does not meet" if one criterion is not met, else "cannot tell" if one cannot be told.
    missing : tuple of str
        All fields that are missing, each once.
    notes : tuple of str
        What is worth knowing and is no criterion, such as a drug's effect on licensing.
    """

    judgements: tuple[Judgement, ...]
    verdict: Verdict
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
