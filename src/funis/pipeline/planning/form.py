"""The form of a consultation for one protocol, and consultations from a form, a file or FHIR."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funis.checks import Document, InputError, parse_yaml, read_yaml
from funis.models import disease_ids
from funis.pipeline.planning.assemble import ground_of, read_any
from funis.plan import Consultation
from funis.plan.bundle_text import parsed_json
from funis.plan.consultation import consultation_of, consultation_place
from funis.plan.consultation_text import fault_words, field_fault
from funis.plan.fhir_in import bundle_consultation
from funis.plan.form import form_of
from funis.plan.form_asked import asked_by, used_for
from funis.plan.form_filled import Filled, data_of
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
    chosen = ground_of(disease, protocol, arm).chosen
    model = chosen.trial.model
    routes = {one.input for one in chosen.arm.interventions if one.product is not None}
    return form_of(model, asked_by(chosen.trial.protocol, model, routes), used_for(model))


def filled_form(form: Form, filled: Filled) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the data of a form that was filled in, and what is wrong with it, by field.

    Parameters
    ----------
    form
        The form of the disease.
    filled
        What was typed, by the name of a control.

    Returns
    -------
    data : dict
        As the file of the consultation would hold them.
    faults : dict
        One line a field, the first of each; what belongs to no field stands under "".
    """
    data = data_of(form, filled)
    keys = {one.key for one in form.fields}
    faults: dict[str, str] = {}
    try:
        consultation_of(Document(data, "consultation", {}))
    except InputError as error:
        for issue in error.issues:
            faults.setdefault(_field_of(issue.key or "", keys), fault_words(issue))
    return data, faults


def _field_of(key: str, keys: set[str]) -> str:
    """Return the field that a path of a consultation belongs to."""
    plain = key.partition("[")[0]
    parts = plain.split(".")
    heads = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((head for head in heads if head in keys), "")


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
    return consultation_of(parse_yaml(text, shown))
