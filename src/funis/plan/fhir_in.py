"""A FHIR R4B bundle of test data becomes the consultation of a virtual patient.

Every resource, the bundle too, has to bear the security label HTEST. Whatever could point to a
person is refused with the path of the field; so is every field that is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from funis.checks import Document, InputError, Issue, IssueList, validate
from funis.checks.documents import KeyPath, dotted
from funis.plan.bundle_text import read_json
from funis.plan.consultation import consultation_of
from funis.plan.consulted import Consultation
from funis.plan.fhir_fields import LOINC, fields_of
from funis.plan.privacy import find_private

LABEL = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")
"""The label of test health data."""

_LOINC = re.compile(r"\d{1,5}-\d\Z")
_CLOSED = ("system", "fullUrl", "reference")  # fixed values or random ids by the schema


def read_bundle(path: str | Path) -> Consultation:
    """Read a bundle and return its consultation, checked as a consultation file is.

    Raises
    ------
    InputError
        A missing label, anything that could point to a person, every field that is not read, and
        what a consultation refuses; one line each, with the path of the field.
    """
    return bundle_consultation(read_json(path))


def bundle_consultation(document: Document) -> Consultation:
    """Return the consultation of a bundle that was read as plain data.

    Raises
    ------
    InputError
        As ``read_bundle``.
    """
    from funis.plan.bundle_schema import BundleSchema

    _refuse_unlabelled(document)
    _refuse_persons(document)
    bundle = validate(BundleSchema, document)
    made = fields_of(bundle, document)
    try:
        return consultation_of(Document(made.fields, document.file, {}))
    except InputError as error:
        raise InputError([made.placed(issue) for issue in error.issues]) from None


def _refuse_unlabelled(document: Document) -> None:
    """Refuse anything but a bundle whose every resource bears the label."""
    data = document.data
    if not isinstance(data, dict) or data.get("resourceType") != "Bundle":
        expected = 'a resource with "resourceType": "Bundle"'
        raise InputError(Issue(document.file, None, None, "not a FHIR bundle", expected))
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
    found += _further(document.data, ())
    IssueList(
        Issue(document.file, None, dotted(path), f"{what} could point to a person",
              "a virtual patient, with nothing that names anybody")
        for path, what in found
    ).raise_errors()  # fmt: skip


def _without_closed(data: Any) -> Any:
    if isinstance(data, dict):
        closed = (*_CLOSED, "code") if _is_loinc(data) else _CLOSED
        return {key: _without_closed(one) for key, one in data.items() if key not in closed}
    return [_without_closed(one) for one in data] if isinstance(data, list) else data


def _is_loinc(data: Mapping[str, Any]) -> bool:
    """Whether this codes something by LOINC: 1742-6 looks like a date."""
    code = data.get("code")
    return data.get("system") == LOINC and isinstance(code, str) and bool(_LOINC.match(code))


def _further(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Yield identifiers, and displays that are written as names of persons are."""
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for key, one in parts:
        if key == "identifier":
            yield (*path, key), "the field 'identifier'"
        elif key == "display" and isinstance(one, str) and _as_a_name(one):
            yield (*path, key), "a name"
        elif isinstance(one, dict | list):
            yield from _further(one, (*path, key))


def _as_a_name(text: str) -> bool:
    """Whether a text is two to four words with capitals, such as ``Doe, Jane``."""
    parts = text.replace(",", " ").split()
    plain = [part.replace("-", "").replace("'", "").rstrip(".") for part in parts]
    return 2 <= len(parts) <= 4 and all(part.isalpha() and part[0].isupper() for part in plain)
