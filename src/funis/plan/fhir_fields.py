"""From the resources of a bundle to the fields of a consultation, each with where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from funis.checks import Document, InputError, Issue, read_yaml, validate
from funis.checks.documents import KeyPath, dotted
from funis.models import library_folder
from funis.plan.vocabulary import library_words

if TYPE_CHECKING:
    from funis.plan.bundle_schema import (
        AllergyIntoleranceSchema,
        BundleSchema,
        ConceptSchema,
        ConditionSchema,
        MedicationStatementSchema,
        ObservationSchema,
        ObservedSchema,
        PatientSchema,
        QuantitySchema,
    )

LOINC = "http://loinc.org"
_OWN = "urn:funis:"
_FINDINGS = (
    "pregnant", "breastfeeding", "infection", "malignancy", "thrombosis_risk", "live_vaccine",
    "anti_hla", "duration_year",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A consultation in the making.

    Attributes
    ----------
    file
        The bundle.
    fields
        What the file of the consultation would hold.
    origins
        Path in the bundle of each field, by the path of the field.
    """

    file: str
    fields: dict[str, Any]
    origins: dict[str, str] = field(default_factory=dict)

    def put(self, path: tuple[str, ...], value: Any, at: KeyPath) -> None:
        """Set a field; ``path`` has one part, or two for severity and laboratory."""
        target = self.fields
        for part in path[:-1]:
            target = target.setdefault(part, {})
        if path[-1] in target:
            self.fail(at, f"'{path[-1]}' is given twice", "one value")
        target[path[-1]] = value
        self.origins[dotted(path) or ""] = dotted(at) or ""

    def add(self, name: str, value: Any, at: KeyPath) -> None:
        """Append to a list."""
        items = self.fields.setdefault(name, [])
        self.origins[f"{name}[{len(items)}]"] = dotted(at) or ""
        items.append(value)

    def fail(self, at: KeyPath, message: str, expected: str) -> NoReturn:
        """Refuse a field of the bundle."""
        raise InputError(Issue(self.file, None, dotted(at), message, expected))

    def placed(self, issue: Issue) -> Issue:
        """Return an issue with a field of the consultation at its place in the bundle."""
        known = [path for path in self.origins if (issue.key or "").startswith(path)]
        if not known:
            return issue
        return replace(issue, key=self.origins[max(known, key=len)])


def fields_of(bundle: BundleSchema, document: Document) -> Made:
    """Return the fields of a consultation.

    Raises
    ------
    InputError
        A code, unit or value that is not read, and what is given twice.
    """
    made = Made(document.file, {"id": "fhir_bundle", "virtual": True})
    for place, entry in enumerate(bundle.entry):
        one: Any = entry.resource
        _READERS[one.resourceType](one, made, ("entry", place, "resource"))
    return made


def _patient(one: PatientSchema, made: Made, at: KeyPath) -> None:
    sex = one.gender if one.gender in ("male", "female") else None
    made.put(("sex",), sex, at)


def _condition(one: ConditionSchema, made: Made, at: KeyPath) -> None:
    kind, code = _own(one.code, ("disease", "comorbidity"), made, (*at, "code"))
    if kind == "disease":
        made.put(("disease",), code, (*at, "code"))
    else:
        made.add("comorbidities", code, (*at, "code"))


def _allergy(one: AllergyIntoleranceSchema, made: Made, at: KeyPath) -> None:
    _, code = _own(one.code, ("allergy",), made, (*at, "code"))
    made.add("allergies", code, (*at, "code"))


def _medication(one: MedicationStatementSchema, made: Made, at: KeyPath) -> None:
    place = (*at, "medicationCodeableConcept")
    _, code = _own(one.medicationCodeableConcept, ("drug",), made, place)
    drug: dict[str, Any] = {"drug": code}
    for dosage in one.dosage:
        dose = dosage.doseAndRate[0].doseQuantity
        drug |= {"dose": dose.value, "unit": dose.unit or dose.code}
    made.add("medication", drug, at)


def _observation(one: ObservationSchema, made: Made, at: KeyPath) -> None:
    known = _codes()
    for coding in one.code.coding:
        if coding.system == LOINC and coding.code in known:
            return _measured(known[coding.code], one, made, at)
    kind, code = _own(one.code, ("severity", "finding"), made, (*at, "code"))
    if kind == "severity":
        return made.put(("severity", code), _quantity(one, made, at).value, at)
    if code not in _FINDINGS:
        expected = "one of " + ", ".join(_FINDINGS)
        made.fail((*at, "code"), f"unknown finding '{code}'", expected)
    return made.put((code,), _value(one, made, at), at)


def _measured(known: ObservedSchema, one: ObservationSchema, made: Made, at: KeyPath) -> None:
    quantity = _quantity(one, made, at)
    value = _converted(known, quantity, made, (*at, "valueQuantity"))
    if known.fold:
        value /= _upper_limit(known, one, made, at)
    if known.field is not None:
        return made.put((known.field,), value, at)
    name = known.lab or ""
    lab = {"value": value, "unit": library_words().labs[name].unit}
    return made.put(("labs", name), lab, at)


def _converted(known: ObservedSchema, quantity: QuantitySchema, made: Made, at: KeyPath) -> float:
    if quantity.code not in known.units:
        expected = "one of " + ", ".join(known.units)
        made.fail((*at, "code"), f"unit '{quantity.code}' is not read here", expected)
    return quantity.value * known.units[quantity.code]


def _upper_limit(known: ObservedSchema, one: ObservationSchema, made: Made, at: KeyPath) -> float:
    highs = [limits.high for limits in one.referenceRange if limits.high is not None]
    place = (*at, "referenceRange")
    if len(highs) != 1 or highs[0].value <= 0:
        made.fail(place, "no upper limit of the reference range", "one, above 0")
    return _converted(known, highs[0], made, place)


def _quantity(one: ObservationSchema, made: Made, at: KeyPath) -> QuantitySchema:
    if one.valueQuantity is None:
        made.fail((*at, "valueQuantity"), "no number", "a value with its UCUM unit")
    return one.valueQuantity


def _value(one: ObservationSchema, made: Made, at: KeyPath) -> float | bool | str:
    number = None if one.valueQuantity is None else one.valueQuantity.value
    values = [part for part in (number, one.valueBoolean, one.valueString) if part is not None]
    if len(values) != 1:
        made.fail(at, "no single value", "valueBoolean, valueString or valueQuantity")
    return values[0]


def _own(
    concept: ConceptSchema, kinds: tuple[str, ...], made: Made, at: KeyPath
) -> tuple[str, str]:
    """Return kind and code of the first coding in one of the program's code systems."""
    for coding in concept.coding:
        kind = coding.system.removeprefix(_OWN)
        if coding.system.startswith(_OWN) and kind in kinds:
            return kind, coding.code
    systems = " or ".join(f"{_OWN}{kind}" for kind in kinds)
    made.fail(at, "no code that is read here", f"a code of {systems}")


@lru_cache(maxsize=1)
def _codes() -> Mapping[str, ObservedSchema]:
    from funis.plan.bundle_schema import CodesSchema

    return validate(CodesSchema, read_yaml(library_folder() / "fhir_codes.yaml")).loinc


_READERS: Mapping[str, Callable[[Any, Made, KeyPath], None]] = {
    "Patient": _patient,
    "Observation": _observation,
    "Condition": _condition,
    "MedicationStatement": _medication,
    "AllergyIntolerance": _allergy,
}
