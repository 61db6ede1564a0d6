"""The form of a consultation for one protocol, and consultations from a form, a file or FHIR."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funis.checks import Document, read_yaml
from funis.checks.yaml_reader import read_once
from funis.models import disease_ids
from funis.pipeline.planning.assemble import read_any
from funis.pipeline.planning.setting import chosen_protocol
from funis.plan import Consultation
from funis.plan.bundle_text import parsed_json
from funis.plan.consultation import consultation_of, consultation_place
from funis.plan.consultation_text import field_fault
from funis.plan.fhir_in import bundle_consultation
from funis.plan.form import form_of
from funis.plan.form_asked import asked_by, used_for
from funis.plan.form_values import Form

JSON_SUFFIX = ".json"


def disease_of(name: str) -> str:
    """Return the disease that a consultation is for, given its id or a consultation.

    Raises
    ------
    InputError
        Neither a disease nor a consultation.
    """
    return name if name in disease_ids() else read_any(name).disease


def checked_field(place: str, key: str) -> str | None:
    """Return what is wrong with one field of a consultation file, None for nothing.

    Parameters
    ----------
    place
        A consultation file, or one of the library.
    key
        Path of the field, such as ``severity.crp``.

    Raises
    ------
    InputError
        No such file, or one that is no YAML.
    """
    data = read_yaml(consultation_place(place)).data
    return field_fault(data if isinstance(data, dict) else {}, key)


def consultation_form(disease: str, protocol: str | None = None, arm: str | None = None) -> Form:
    """Return the form of a disease, with why each field is asked under a protocol.

    Parameters
    ----------
    disease
        Id of a disease of the library.
    protocol, arm
        As for a plan.

    Raises
    ------
    InputError
        An unknown disease, protocol or arm.
    """
    chosen = chosen_protocol(disease, protocol, arm)
    model = chosen.trial.model
    routes = {one.input for one in chosen.arm.interventions if one.product is not None}
    return form_of(model, asked_by(chosen.trial.protocol, model, routes), used_for(model))


def consultation_from(data: Mapping[str, Any]) -> Consultation:
    """Return the consultation that a filled-in form makes, checked as a file is.

    Raises
    ------
    InputError
        One issue a fault.
    """
    return consultation_of(Document(dict(data), "consultation", {}))


def consultation_from_text(text: str, name: str) -> Consultation:
    """Return the consultation in the text of a file: YAML, or a FHIR bundle of test data.

    Nothing of it is kept.

    Parameters
    ----------
    text
        Content of the file.
    name
        Its name: ``.json`` is a FHIR bundle.

    Raises
    ------
    InputError
        One issue a fault; of a bundle, first that it is not labelled as test data.
    """
    shown = Path(name).name[:80]
    if Path(name).suffix.lower() == JSON_SUFFIX:
        return bundle_consultation(parsed_json(text, shown))
    return consultation_of(Document(*_placed(text, shown)))


def _placed(text: str, name: str) -> tuple[Any, str, Mapping[Any, int]]:
    data, lines = read_once(text, name)
    return data, name, lines
