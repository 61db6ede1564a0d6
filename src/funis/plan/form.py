"""The form of a consultation as data: what is asked of a virtual patient, in which range, and why.

Ranges and words are those by which a consultation is read, so the form cannot say anything else.
No field takes free text, and none asks who somebody is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, get_args

from funis.models import Model
from funis.plan.consulted import Infection, Malignancy, Sex, ThrombosisRisk
from funis.plan.form_values import Choice, Form, FormField, FormGroup
from funis.plan.limits import library_limits, weight_band
from funis.plan.severity import traits
from funis.plan.vocabulary import Drugs, Words, library_drugs, library_words

UNITS: Mapping[str, str] = {
    "age_year": "years", "height_cm": "cm", "duration_year": "years", "renal_egfr": "mL/min/1.73 m²"
}  # fmt: skip

LABELS: Mapping[str, str] = {
    "age_year": "Age", "sex": "Sex", "height_cm": "Height",
    "duration_year": "Time since diagnosis", "criteria_met": "Classification criteria met",
    "weight_kg": "Weight band", "medication": "Drugs taken now or before",
    "prior_failures": "Drugs or classes that failed", "comorbidities": "Other diseases",
    "allergies": "Allergies", "pregnant": "Pregnant", "breastfeeding": "Breastfeeding",
    "infection": "Infection", "malignancy": "Malignancy", "thrombosis_risk": "Thrombosis",
    "live_vaccine": "Live vaccine within 4 weeks", "anti_hla": "Antibodies against donor HLA",
    "renal_egfr": "Estimated glomerular filtration", "goals": "Goals",
    "previous_infusions": "Cells given before",
}  # fmt: skip

HELP: Mapping[str, str] = {
    "weight_kg": "A worksheet belongs to a band of weights, never to a person.",
    "prior_failures": "Biologics and targeted drugs count.",
    "infection": "Latent: found by a test alone. Chronic: hepatitis B or C, HIV, tuberculosis.",
    "thrombosis_risk": "Recent: within 3 months.",
    "anti_hla": "Not known is told apart from no.",
    "goals": "Printed in the plan; nothing is computed from them.",
    "previous_infusions": "Cells of any tissue.",
    "medication": "Leave the last week empty for a drug that is still taken.",
}

CHOICES: Mapping[str, tuple[str, ...]] = {
    "sex": get_args(Sex), "infection": get_args(Infection), "malignancy": get_args(Malignancy),
    "thrombosis_risk": get_args(ThrombosisRisk),
}  # fmt: skip

PERSON = ("age_year", "sex", "weight_kg", "height_cm", "duration_year", "criteria_met", "goals")
HISTORY = (
    "infection", "malignancy", "thrombosis_risk", "pregnant", "breastfeeding", "live_vaccine",
    "comorbidities", "allergies",
)  # fmt: skip
TREATMENT = ("medication", "prior_failures", "previous_infusions")
LABORATORY = ("renal_egfr", "anti_hla")

Reasons = Mapping[str, tuple[str, ...]]


def form_of(model: Model, asked: Reasons, used: Reasons) -> Form:
    """Return the form of a disease.

    Parameters
    ----------
    model : Model
    asked, used
        By the key of a field: criteria that ask for it, and what else it changes.
    """
    words, drugs = library_words(), library_drugs()
    own = tuple(_own(key, words, drugs) for key in (*PERSON, *HISTORY, *TREATMENT, *LABORATORY))
    known = {one.key: one for one in own}
    parts = (
        FormGroup("person", "The virtual patient", tuple(known[key] for key in PERSON)),
        FormGroup("severity", "Severity", tuple(_components(model))),
        FormGroup("signs", "Signs", tuple(_signs(model)), "Present, not present, or not known."),
        FormGroup(
            "scores", "Scores", tuple(_scores(model)),
            "Where components are not known; else a score follows from them.", folded=True,
        ),
        FormGroup("treatment", "Treatment so far", tuple(known[key] for key in TREATMENT)),
        FormGroup("history", "History", tuple(known[key] for key in HISTORY)),
        FormGroup(
            "laboratory", "Laboratory", (*_labs(words), *(known[key] for key in LABORATORY))
        ),
    )  # fmt: skip
    groups = tuple(_with_reasons(one, asked, used) for one in parts if one.fields)
    return Form(model.id, model.name, groups)


def _with_reasons(group: FormGroup, asked: Reasons, used: Reasons) -> FormGroup:
    fields = tuple(
        replace(one, asked_by=asked.get(one.key, ()), used_for=used.get(one.key, ()))
        for one in group.fields
    )
    return replace(group, fields=fields)


def _own(key: str, words: Words, drugs: Drugs) -> FormField:
    """Return a field that every disease has."""
    label, text = LABELS[key], HELP.get(key)
    if key == "weight_kg":
        return FormField(key, label, "band", "kg", choices=weight_bands(), help=text, required=True)
    if key in CHOICES:
        choices = tuple(Choice(one, one.replace("_", " ")) for one in CHOICES[key])
        return FormField(key, label, "choice", choices=choices, help=text)
    if key in ("comorbidities", "allergies", "goals", "criteria_met"):
        return FormField(key, label, "words", choices=_choices(getattr(words, key)), help=text)
    if key == "prior_failures":
        return FormField(key, label, "words", choices=_failures(drugs), help=text)
    if key == "medication":
        units = tuple(Choice(one, _unit(one)) for one in words.units)
        named = {name: name.replace("_", " ") for name in drugs.drugs}
        return FormField(key, label, "medication", choices=_choices(named), units=units, help=text)
    if key == "previous_infusions":
        tissues = tuple(Choice(one, one.replace("_", " ")) for one in words.tissues)
        return FormField(key, label, "infusions", choices=tissues, help=text)
    limits = _schema_limits(key)
    if limits is None:
        return FormField(key, label, "yes_no", help=text)
    return FormField(key, label, "number", UNITS[key], *limits, help=text)


@cache
def weight_bands() -> tuple[Choice, ...]:
    """Return the bands of weights that a worksheet may belong to, by their middle."""
    limits = library_limits()
    low, high = (int(one.value or 0) for one in (limits.low_kg, limits.high_kg))
    bands = (weight_band(middle, limits) for middle in range(low, high + 1, limits.band_kg))
    return tuple(
        Choice(f"{band.middle_kg:f}", f"{band.low_kg:f} to {band.high_kg:f} kg") for band in bands
    )


@cache
def _schema() -> Mapping[str, Any]:
    from funis.plan.consultation_schema import ConsultationSchema

    properties: Mapping[str, Any] = ConsultationSchema.model_json_schema()["properties"]
    return properties


def _schema_limits(key: str) -> tuple[float, float] | None:
    """Return the range by which a number of a consultation is read; None for a truth value."""
    found = _schema()[key]
    options = found.get("anyOf", [found])
    number = next((one for one in options if one["type"] == "number"), None)
    return None if number is None else (float(number["minimum"]), float(number["maximum"]))


def _components(model: Model) -> Iterator[FormField]:
    for one in model.endpoints.components:
        if one.scale != "presence":
            yield FormField(
                f"severity.{one.id}", _capital(one.name), "number", one.unit, one.low, one.high,
                one.rounding,
            )  # fmt: skip


def _signs(model: Model) -> Iterator[FormField]:
    for one in model.endpoints.components:
        if one.scale == "presence":
            yield FormField(f"severity.{one.id}", _capital(one.name), "presence")
    for name in traits(model):
        yield FormField(f"severity.{name}", _capital(name.replace("_", " ")), "presence")


def _scores(model: Model) -> Iterator[FormField]:
    for one in model.endpoints.scores:
        yield FormField(
            f"severity.{one.id}", _capital(one.name), "number", one.unit, one.low, one.high
        )


def _labs(words: Words) -> Iterator[FormField]:
    for name, lab in words.labs.items():
        yield FormField(
            f"labs.{name}", _capital(lab.name), "number", lab.unit, lab.low, lab.high
        )  # fmt: skip


def _choices(words: Mapping[str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(value, label) for value, label in words.items())


def _failures(drugs: Drugs) -> tuple[Choice, ...]:
    """Return the classes that count as failures, then their drugs."""
    counted = {
        one.id: one for one in drugs.classes.values() if one.kind in ("biologic", "targeted")
    }
    named = [
        Choice(name, f"{name.replace('_', ' ')} ({counted[one.drug_class].name})")
        for name, one in drugs.drugs.items()
        if one.drug_class in counted and name not in counted
    ]
    others = [
        Choice(name, name.replace("_", " "))
        for name, one in drugs.drugs.items()
        if one.drug_class not in counted and name not in drugs.classes
    ]
    return (*(Choice(one.id, f"any {one.name}") for one in counted.values()), *named, *others)


def _unit(name: str) -> str:
    return name.replace("_per_", "/").replace("_", " ")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
