"""A FHIR R4B bundle of test data becomes the consultation of a virtual patient.

Every resource, the bundle too, has to bear the security label HTEST. Whatever could point to a
person is refused with the path of the field; so is every field that is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from funis.checks import Document, InputError, Issue, IssueList, read_yaml, validate
from funis.checks.documents import KeyPath, dotted
from funis.models import library_folder
from funis.plan.bundle_text import read_json
from funis.plan.consultation import consultation_of
from funis.plan.privacy import find_private
from funis.plan.values import Consultation
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

LABEL = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")
"""The label of test health data."""

LOINC = "http://loinc.org"
_OWN = "urn:funis:"
_CLOSED = ("system", "fullUrl", "reference")  # fixed values or random ids by the schema
_FINDINGS = (
    "pregnant", "breastfeeding", "infection", "malignancy", "thrombosis_risk", "live_vaccine",
    "anti_hla", "duration_year",
)  # fmt: skip
Fields = dict[str, Any]


def read_bundle(path: str | Path) -> Consultation:
    """Read a bundle and return its consultation, checked as a consultation file is.

    Raises
    ------
    InputError
        A missing label, anything that could point to a person, every field that is not read, and
        what a consultation refuses; one line each, with the path of the field.
    """
    from funis.plan.bundle_schema import BundleSchema

    document = read_json(path)
    _refuse_unlabelled(document)
    _refuse_persons(document)
    bundle = validate(BundleSchema, document)
    return consultation_of(Document(_fields(bundle, document), document.file, {}))


def _refuse_unlabelled(document: Document) -> None:
    """Refuse anything but a bundle whose every resource bears the label."""
    data = document.data
    if not isinstance(data, dict) or data.get("resourceType") != "Bundle":
        _fail(document, (), "not a FHIR bundle", 'a resource with "resourceType": "Bundle"')
    IssueList(
        Issue(document.file, None, dotted((*path, "meta", "security")) or "",
              f"{_kind(one)} without the security label HTEST", "test data alone")
        for path, one in _resources(data)
        if not _labelled(one)
    ).raise_errors()  # fmt: skip


def _resources(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    yield (), data
    entries = data.get("entry")
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        yield ("entry", place, "resource"), entry.get("resource") if isinstance(entry, dict) else {}


def _kind(one: Any) -> str:
    kind = one.get("resourceType") if isinstance(one, dict) else None
    return kind if isinstance(kind, str) and kind.isalpha() and len(kind) < 40 else "a resource"


def _labelled(one: Any) -> bool:
    meta = one.get("meta") if isinstance(one, dict) else None
    labels = meta.get("security") if isinstance(meta, dict) else None
    return isinstance(labels, list) and any(
        isinstance(label, dict) and (label.get("system"), label.get("code")) == LABEL
        for label in labels
    )


def _refuse_persons(document: Document) -> None:
    """Refuse what could point to a person; the text itself is not repeated."""
    found = list(find_private(_without_closed(document.data)))
    found += _identifiers(document.data, ())
    IssueList(
        Issue(document.file, None, dotted(path), f"{what} could point to a person",
              "a virtual patient, with nothing that names anybody")
        for path, what in found
    ).raise_errors()  # fmt: skip


def _without_closed(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_closed(one) for key, one in data.items() if key not in _CLOSED}
    return [_without_closed(one) for one in data] if isinstance(data, list) else data


def _identifiers(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for key, one in parts:
        if key == "identifier":
            yield (*path, key), "the field 'identifier'"
        elif isinstance(one, dict | list):
            yield from _identifiers(one, (*path, key))


def _fields(bundle: BundleSchema, document: Document) -> Fields:
    """Return the consultation as its file would hold it."""
    fields: Fields = {"id": "fhir_bundle", "virtual": True}
    for place, entry in enumerate(bundle.entry):
        at: KeyPath = ("entry", place, "resource")
        one: Any = entry.resource
        _READERS[one.resourceType](one, fields, document, at)
    return fields


def _patient(one: PatientSchema, fields: Fields, document: Document, at: KeyPath) -> None:
    sex = one.gender if one.gender in ("male", "female") else None
    _put(fields, "sex", sex, document, at)


def _condition(one: ConditionSchema, fields: Fields, document: Document, at: KeyPath) -> None:
    kind, code = _own(one.code, ("disease", "comorbidity"), document, (*at, "code"))
    if kind == "disease":
        _put(fields, "disease", code, document, (*at, "code"))
    else:
        fields.setdefault("comorbidities", []).append(code)


def _allergy(
    one: AllergyIntoleranceSchema, fields: Fields, document: Document, at: KeyPath
) -> None:
    fields.setdefault("allergies", []).append(
        _own(one.code, ("allergy",), document, (*at, "code"))[1]
    )


def _medication(
    one: MedicationStatementSchema, fields: Fields, document: Document, at: KeyPath
) -> None:
    place = (*at, "medicationCodeableConcept")
    drug: Fields = {"drug": _own(one.medicationCodeableConcept, ("drug",), document, place)[1]}
    for dosage in one.dosage:
        dose = dosage.doseAndRate[0].doseQuantity
        drug |= {"dose": dose.value, "unit": dose.unit or dose.code}
    fields.setdefault("medication", []).append(drug)


def _observation(one: ObservationSchema, fields: Fields, document: Document, at: KeyPath) -> None:
    known = _codes()
    for coding in one.code.coding:
        if coding.system == LOINC and coding.code in known:
            return _measured(known[coding.code], one, fields, document, at)
    kind, code = _own(one.code, ("severity", "finding"), document, (*at, "code"))
    if kind == "severity":
        quantity = _quantity(one, document, at)
        return _put(fields.setdefault("severity", {}), code, quantity.value, document, at)
    if code not in _FINDINGS:
        _fail(
            document, (*at, "code"), f"unknown finding '{code}'", "one of " + ", ".join(_FINDINGS)
        )
    return _put(fields, code, _value(one, document, at), document, at)


def _measured(
    known: ObservedSchema, one: ObservationSchema, fields: Fields, document: Document, at: KeyPath
) -> None:
    quantity = _quantity(one, document, at)
    value = _converted(known, quantity, document, (*at, "valueQuantity"))
    if known.fold:
        value /= _upper_limit(known, one, document, at)
    if known.field is not None:
        return _put(fields, known.field, value, document, at)
    name = known.lab or ""
    lab = {"value": value, "unit": library_words().labs[name].unit}
    return _put(fields.setdefault("labs", {}), name, lab, document, at)


def _converted(
    known: ObservedSchema, quantity: QuantitySchema, document: Document, at: KeyPath
) -> float:
    if quantity.code not in known.units:
        expected = "one of " + ", ".join(known.units)
        _fail(document, (*at, "code"), f"unit '{quantity.code}' is not read here", expected)
    return quantity.value * known.units[quantity.code]


def _upper_limit(
    known: ObservedSchema, one: ObservationSchema, document: Document, at: KeyPath
) -> float:
    highs = [limits.high for limits in one.referenceRange if limits.high is not None]
    place = (*at, "referenceRange")
    if len(highs) != 1 or highs[0].value <= 0:
        _fail(document, place, "no upper limit of the reference range", "one, above 0")
    return _converted(known, highs[0], document, place)


def _quantity(one: ObservationSchema, document: Document, at: KeyPath) -> QuantitySchema:
    if one.valueQuantity is None:
        _fail(document, (*at, "valueQuantity"), "no number", "a value with its UCUM unit")
    return one.valueQuantity


def _value(one: ObservationSchema, document: Document, at: KeyPath) -> Any:
    if one.valueQuantity is not None:
        return one.valueQuantity.value
    values = [value for value in (one.valueBoolean, one.valueString) if value is not None]
    if len(values) != 1:
        _fail(document, at, "no single value", "valueBoolean, valueString or valueQuantity")
    return values[0]


def _own(
    concept: ConceptSchema, kinds: tuple[str, ...], document: Document, at: KeyPath
) -> tuple[str, str]:
    """Return kind and code of the first coding in one of the program's code systems."""
    for coding in concept.coding:
        kind = coding.system.removeprefix(_OWN)
        if coding.system.startswith(_OWN) and kind in kinds:
            return kind, coding.code
    systems = " or ".join(f"{_OWN}{kind}" for kind in kinds)
    _fail(document, at, "no code that is read here", f"a code of {systems}")


def _put(target: Fields, key: str, value: Any, document: Document, at: KeyPath) -> None:
    if key in target:
        _fail(document, at, f"'{key}' is given twice", "one value")
    target[key] = value


def _fail(document: Document, at: KeyPath, message: str, expected: str) -> NoReturn:
    raise InputError(Issue(document.file, None, dotted(at), message, expected))


@lru_cache(maxsize=1)
def _codes() -> Mapping[str, ObservedSchema]:
    from funis.plan.bundle_schema import CodesSchema

    return validate(CodesSchema, read_yaml(library_folder() / "fhir_codes.yaml")).loinc


_READERS: Mapping[str, Any] = {
    "Patient": _patient,
    "Observation": _observation,
    "Condition": _condition,
    "MedicationStatement": _medication,
    "AllergyIntolerance": _allergy,
}
