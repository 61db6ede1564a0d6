"""Published numbers of a disease beside predictions from all its other studies, kept."""

from __future__ import annotations

from typing import Any

from funis.checks import one_of
from funis.models import disease_ids
from funis.pipeline.kept import keep_document, kept_document
from funis.pipeline.processes import Progress, silent
from funis.pipeline.validate import validate, validation_document

KIND = "predictions"


def kept_predictions(disease: str) -> dict[str, Any] | None:
    """Return the predictions of a disease's studies, if they were made before.

    Raises
    ------
    InputError
        No such disease.
    """
    return kept_document(KIND, one_of("disease", disease, disease_ids()))


def predictions_of(
    disease: str, *, workers: int | None = None, progress: Progress = silent
) -> dict[str, Any]:
    """Return the document of `funis validate` of a disease, kept or made now.

    Raises
    ------
    InputError
        No such disease.
    """
    known = kept_predictions(disease)
    if known is not None:
        return known
    found = validate(disease, workers=workers, progress=progress)
    return keep_document(KIND, {**validation_document(found), "disease": disease}, disease)


def of_study(document: dict[str, Any], study: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows and contrasts of one study, those outside of their interval first."""
    return {
        part: sorted(
            (row for row in document[part] if row["study"] == study),
            key=lambda row: (bool(row["inside80"]), bool(row["inside95"])),
        )
        for part in ("rows", "contrasts")
    }
