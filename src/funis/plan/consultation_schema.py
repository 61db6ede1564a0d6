"""The closed schema of a consultation: no field for a name, an address, a number or a date.

Ranges are bounds of what can be true of anybody (assumed), not of who may enter a trial.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from funis.checks import InputError, Issue, StrictModel
from funis.plan.consulted import Infection, Malignancy, Sex, ThrombosisRisk
from funis.plan.vocabulary import library_drugs, library_words, unknown_word

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Weeks = Annotated[float, Field(ge=0, le=5200, allow_inf_nan=False)]


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))


def _drug(name: str) -> str:
    if name not in library_drugs().drugs:
        raise unknown_word(name, library_drugs().names, "drug")
    return name


def _failure(name: str) -> str:
    if library_drugs().class_of(name) is None:
        raise unknown_word(name, library_drugs().names, "drug or class")
    return name


def _comorbidity(name: str) -> str:
    return _word(name, "comorbidities", "comorbidity")


def _allergy(name: str) -> str:
    return _word(name, "allergies", "allergy")


def _goal(name: str) -> str:
    return _word(name, "goals", "goal")


def _criteria(name: str) -> str:
    return _word(name, "criteria_met", "classification criteria")


def _tissue(name: str) -> str:
    if name not in library_words().tissues:
        raise unknown_word(name, library_words().tissues, "tissue")
    return name


def _dose_unit(name: str) -> str:
    if name not in library_words().units:
        raise unknown_word(name, library_words().units, "unit of a dose")
    return name


def _word(name: str, kind: str, what: str) -> str:
    known = getattr(library_words(), kind)
    if name not in known:
        raise unknown_word(name, known, what)
    return name


class MeasuredSchema(StrictModel):
    """A laboratory value with its unit."""

    value: Finite
    unit: Annotated[str, Field(min_length=1, max_length=30)]


class MedicationSchema(StrictModel):
    """A drug that is or was taken; its class follows from the name."""

    drug: Annotated[str, AfterValidator(_drug)]
    dose: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    unit: Annotated[str, AfterValidator(_dose_unit)] | None = None
    since_week: Weeks | None = None
    stopped_week: Weeks | None = None

    @model_validator(mode="after")
    def _whole(self) -> MedicationSchema:
        if (self.dose is None) != (self.unit is None):
            missing = "unit" if self.unit is None else "dose"
            raise _fault(missing, f"a dose without its {missing}", "dose and unit together")
        began, ended = self.since_week, self.stopped_week
        if began is not None and ended is not None and ended > began:
            message = f"stopped {ended:g} weeks ago, and begun {began:g} weeks ago only"
            raise _fault("stopped_week", message, "at most since_week")
        return self


class PreviousInfusionSchema(StrictModel):
    """Earlier infusions of cells of one tissue."""

    tissue: Annotated[str, AfterValidator(_tissue)]
    times: Annotated[int, Field(ge=1, le=1000)]
    weeks_ago: Weeks | None = None
    reaction: bool | None = None


class ConsultationSchema(StrictModel):
    """A consultation of a virtual patient; what is left out is not known."""

    id: Id
    virtual: bool
    disease: Name
    weight_kg: Annotated[float, Field(ge=5, le=350, allow_inf_nan=False)]
    age_year: Annotated[float, Field(ge=0, le=110, allow_inf_nan=False)] | None = None
    sex: Sex | None = None
    height_cm: Annotated[float, Field(ge=40, le=250, allow_inf_nan=False)] | None = None
    criteria_met: tuple[Annotated[str, AfterValidator(_criteria)], ...] | None = None
    duration_year: Annotated[float, Field(ge=0, le=110, allow_inf_nan=False)] | None = None
    severity: dict[Name, Finite] = Field(default_factory=dict)
    labs: dict[Name, MeasuredSchema] = Field(default_factory=dict)
    medication: tuple[MedicationSchema, ...] | None = None
    prior_failures: tuple[Annotated[str, AfterValidator(_failure)], ...] | None = None
    comorbidities: tuple[Annotated[str, AfterValidator(_comorbidity)], ...] | None = None
    allergies: tuple[Annotated[str, AfterValidator(_allergy)], ...] | None = None
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    infection: Infection | None = None
    malignancy: Malignancy | None = None
    thrombosis_risk: ThrombosisRisk | None = None
    live_vaccine: bool | None = None
    renal_egfr: Annotated[float, Field(ge=0, le=250, allow_inf_nan=False)] | None = None
    previous_infusions: tuple[PreviousInfusionSchema, ...] | None = None
    anti_hla: bool | None = None
    goals: tuple[Annotated[str, AfterValidator(_goal)], ...] = ()

    @model_validator(mode="after")
    def _of_nobody(self) -> ConsultationSchema:
        if not self.virtual:
            raise _fault("virtual", "a patient who is not virtual has no place here", "true")
        return self
