"""What a plan is made of, as frozen values: consultation, judgements, worksheet, calendar, course.

Free functions of the neighbouring modules make them; nothing here reads a file or computes.
Nothing here identifies anybody: a consultation belongs to a virtual patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Verdict = Literal["meets", "does not meet", "cannot tell"]
Sex = Literal["female", "male"]
Infection = Literal["none", "latent", "chronic", "active"]
Malignancy = Literal["never", "within_5_years", "earlier"]
ThrombosisRisk = Literal["none", "risk_factor", "past_event", "recent_event"]
EntryKind = Literal[
    "screening",
    "baseline",
    "premedication",
    "infusion",
    "monitoring",
    "visit",
    "decision",
    "maintenance",
    "stopping",
    "end",
]


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


@dataclass(frozen=True, slots=True)
class ProtocolReference:
    """The protocol a plan follows: a trial of the library, or a regimen within the demo trial."""

    id: str
    title: str
    kind: Literal["trial", "regimen"]
    trial: str
    arm: str
    arm_label: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How strong the evidence behind a protocol is; advertised and published range side by side.

    Attributes
    ----------
    grade : str
    study_types : mapping
        Number of studies of each type.
    n_randomised : int
        Patients in the randomised studies.
    advertised, published : str or None
        The ranges in words, with units.
    pooled : tuple of str
        What was published on the primary endpoints, a kind of study a line, never added up.
    """

    grade: str
    study_types: Mapping[str, int]
    n_randomised: int
    advertised: str | None = None
    published: str | None = None
    sources: tuple[str, ...] = ()
    pooled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of arithmetic: what, how, how much. Values are exact decimals."""

    name: str
    formula: str
    value: Decimal
    unit: str
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The preparation of one arm's product for one weight band; simulated, not to be given.

    Attributes
    ----------
    arm, route, product : str
    weight_band : tuple of Decimal
        Lowest and highest weight of the band [kg]; the lines are worked for the weight given.
    weight_kg : Decimal
    lines : tuple of Line
        In the order of the work, each with its arithmetic.
    vials : int
    dmso_mg_per_kg : Decimal or None
    expiry_minute : Decimal or None
        From thaw to the end of the infusion [minute].
    premedication, warnings : tuple of str
    """

    arm: str
    route: str
    product: str
    weight_band: tuple[Decimal, Decimal]
    weight_kg: Decimal
    lines: tuple[Line, ...]
    vials: int
    lot: str | None = None
    dmso_mg_per_kg: Decimal | None = None
    expiry_minute: Decimal | None = None
    premedication: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar, in days relative to the first infusion (day 0)."""

    day_first: int
    day_last: int
    kind: EntryKind
    title: str
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The entries of a plan by day."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval; the unit stands beside it."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Response:
    """One endpoint of matching virtual patients, treated, on placebo, and with no-effect cells."""

    endpoint: str
    week: float
    measure: str
    unit: str
    treated: Interval
    placebo: Interval
    no_effect: Interval
    difference: Interval | None = None
    """Treated minus placebo, in the same virtual patients."""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """Share of virtual patients with an event within the horizon, treated and on placebo."""

    id: str
    name: str
    treated: Interval
    placebo: Interval
    source: str | None = None


@dataclass(frozen=True, slots=True)
class AveragedEffect:
    """Effect against placebo, averaged over a span of years."""

    endpoint: str
    years: float
    unit: str
    effect: Interval
    no_effect: Interval | None = None
    """The same of cells without effect (potency 0)."""


@dataclass(frozen=True, slots=True)
class Influence:
    """How far a prediction moves between the low and the high end of one unknown.

    ``low`` and ``high`` are the effects against placebo at the two ends, ``ends`` says which.
    """

    name: str
    change: float
    unit: str
    note: str | None = None
    ends: tuple[str, str] | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One number of the consultation beside the virtual patients that match it.

    Attributes
    ----------
    name, unit : str
    given : float
        Of the consultation.
    mean, low, high : float
        Mean of the matches, and the range that holds 90 % of them.
    """

    name: str
    unit: str
    given: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Median of virtual patients over time, and the range that holds 80 % of them."""

    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """A score of the same matching virtual patients over time under each arm."""

    endpoint: str
    unit: str
    weeks: tuple[float, ...]
    treated: Spread
    placebo: Spread
    no_effect: Spread


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another dose, route or schedule in the same stratum, beside no cells.

    Attributes
    ----------
    id, label, route : str
    kind : str
        Where it is from: the plan itself, a trial arm, an advertised or a published regimen.
    cells_million : float
        Cells of the whole horizon in a virtual patient of the stratum, mean [1e6].
    infusions : int
    response, course : Interval
        Benefit against no cells: of the endpoint, and of the score averaged over the horizon.
    events : Interval or None
        Adverse events that follow the doses of a patient; None where nothing is known.
    alike : bool
        Whether it belongs to those that cannot be told apart.
    """

    id: str
    label: str
    kind: Literal["plan", "trial arm", "advertised", "published"]
    route: str
    cells_million: float
    infusions: int
    response: Interval
    course: Interval | None
    events: Interval | None
    alike: bool
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Alternatives side by side for a stratum; it ranks arms, never a treatment of anybody.

    Attributes
    ----------
    stratum : str
        Whom it holds for, in words.
    answer : str
        Whether the alternatives can be told apart, in one sentence.
    response, course : str
        What is compared, in words with the unit.
    settings : tuple of str
        Dose shapes and potencies that a difference had to survive.
    """

    stratum: str
    answer: str
    response: str
    course: str
    n_patients: int
    draws: int
    horizon_week: float
    settings: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """The predicted course of the virtual patients that resemble this one.

    Attributes
    ----------
    n_patients : int
        Matching virtual patients of the pool.
    stratum : str
        How they were matched, in words.
    responses, adverse_events, averaged, influences : tuple
        ``influences`` by falling size: what would change the prediction most.
    matches : tuple of Match
        How well they match, number by number.
    bands : tuple of ScoreBand
    draws : int
        Draws of the model that every match is followed under.
    no_effect_share : float or None
        Share of the draws of the posterior in which cells do nothing; None without a posterior.
    drugs : tuple of str
        Background drugs of the consultation as they are given in the simulation, or left out.
    """

    n_patients: int
    stratum: str
    responses: tuple[Response, ...]
    adverse_events: tuple[AdverseEvent, ...] = ()
    averaged: tuple[AveragedEffect, ...] = ()
    influences: tuple[Influence, ...] = ()
    warnings: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    bands: tuple[ScoreBand, ...] = ()
    draws: int = 0
    no_effect_share: float | None = None
    drugs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegulatoryRow:
    """The status of one product in one country on the day it was checked (ISO date)."""

    product: str
    country: str
    indication: str
    status: str
    date_checked: str
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a plan holds, with the statement of use and the grade of evidence."""

    consultation: Consultation
    protocol: ProtocolReference
    evidence: Evidence
    eligibility: Eligibility
    worksheet: Worksheet
    calendar: Calendar
    course: Course | None
    regulatory: tuple[RegulatoryRow, ...]
    statement: str
    grade: str
    warnings: tuple[str, ...] = ()
    comparison: Comparison | None = None
