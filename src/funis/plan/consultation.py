"""Read the consultation of a virtual patient; refuse what is wrong or contradicts itself.

The file has no field for anything that points to a person, its words come from closed lists, and
whatever still looks like a name, an address, a telephone or a record number is refused.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from funis.checks import Document, InputError, Issue, nearest, read_yaml, validate
from funis.checks.documents import dotted
from funis.models import disease_ids, library_folder, load_model
from funis.plan.consulted import Consultation, Measured, Medication, PreviousInfusion
from funis.plan.contradictions import contradictions
from funis.plan.privacy import refuse_private
from funis.plan.vocabulary import library_drugs

if TYPE_CHECKING:
    from funis.models import Model
    from funis.plan.consultation_schema import ConsultationSchema, MedicationSchema

FOLDER = "consultations"


def read_consultation(path: str | Path) -> Consultation:
    """Read a consultation file, or one of the library by its name.

    Parameters
    ----------
    path
        A YAML file, or a name in ``library/consultations``.

    Raises
    ------
    InputError
        One issue a fault, each with file, line, key, what was expected and the nearest name.
    """
    return consultation_of(read_yaml(consultation_place(path)))


def consultation_of(document: Document) -> Consultation:
    """Turn the plain content of a document into a consultation, checked as a file is.

    A reader of another format may make the document itself: keys and values as in the YAML file,
    and the lines may be empty.

    Raises
    ------
    InputError
        What points to a person, what the closed schema refuses, what contradicts itself.
    """
    from funis.plan.consultation_schema import ConsultationSchema

    refuse_private(document)
    read = validate(ConsultationSchema, document)
    model = _model(read.disease, document)
    consultation = _consultation(read, document)
    contradictions(consultation, model, document).raise_errors()
    return consultation


def library_consultations() -> tuple[str, ...]:
    """Names of the library's consultations, in order."""
    return tuple(sorted(path.stem for path in (library_folder() / FOLDER).glob("*.yaml")))


def consultation_place(path: str | Path) -> Path:
    """File of a consultation, given a path or a name in the library.

    Raises
    ------
    InputError
        A name that is no consultation of the library.
    """
    place, name, names = Path(path), str(path), library_consultations()
    if place.is_file() or place.suffix or len(place.parts) > 1:
        return place  # reading it says what is wrong
    if name in names:
        return library_folder() / FOLDER / f"{name}.yaml"
    expected = f"a consultation file, or one of {', '.join(names)}"
    message = f"unknown consultation '{name}'"
    raise InputError(Issue(None, None, None, message, expected, nearest(name, names)))


def _model(disease: str, document: Document) -> Model:
    known = disease_ids()
    if disease not in known:
        line = document.line(("disease",))
        message, expected = f"unknown disease '{disease}'", "one of " + ", ".join(known)
        near = nearest(disease, known)
        raise InputError(Issue(document.file, line, dotted(("disease",)), message, expected, near))
    return library_model(disease)


@lru_cache(maxsize=16)
def library_model(disease: str) -> Model:
    """Return a disease of the library, read once a process: a form asks for it at every key."""
    return load_model(disease)


def _consultation(read: ConsultationSchema, document: Document) -> Consultation:
    plain = read.model_dump(
        exclude={"virtual", "labs", "medication", "previous_infusions", "severity"}
    )
    earlier = read.previous_infusions
    return Consultation(
        **plain,
        severity=dict(read.severity),
        labs={name: Measured(one.value, one.unit) for name, one in read.labs.items()},
        medication=None if read.medication is None else tuple(map(_medication, read.medication)),
        previous_infusions=None
        if earlier is None
        else tuple(PreviousInfusion(**one.model_dump()) for one in earlier),
        where=document.file,
    )


def _medication(one: MedicationSchema) -> Medication:
    drug_class = library_drugs().drugs[one.drug].drug_class
    return Medication(one.drug, drug_class, one.dose, one.unit, one.since_week, one.stopped_week)
