"""What one study changes: one of the library left out, or one of the user's own put in as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from funis.checks import Document, InputError, Issue, IssueList, nearest, parse_yaml
from funis.evidence import Study, all_studies
from funis.models import disease_ids
from funis.pipeline.evidence import Added, add_evidence
from funis.pipeline.evidence_check import study_issues
from funis.pipeline.impact import evidence_impact, impact_document
from funis.pipeline.inputs import trial_names
from funis.pipeline.kept import keep_document, kept_document
from funis.pipeline.processes import Progress, silent
from funis.pipeline.studies.table import entry_of

KIND = "impact"
NAME = "your study"
"""Stands where a message names the file of a study that is in none."""

MOST_CHARACTERS = 50_000
MOST_STUDIES = 5
"""Studies of one text: each is simulated under every point of the parameters."""


@dataclass(frozen=True, slots=True)
class OwnStudies:
    """A text of the user's own as studies, with every fault as one line."""

    studies: tuple[Study, ...]
    faults: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def disease(self) -> str:
        """The disease that they are on; empty where there is none."""
        return self.studies[0].disease if self.studies else ""


def own_studies(text: str) -> OwnStudies:
    """Read studies from a text in the schema of the evidence; nothing of it is kept."""
    try:
        document = _document(text)
        studies, issues = study_issues(document, all_studies())
    except InputError as error:
        return OwnStudies((), error.lines, ())
    issues = issues + _of_one_disease(document, studies)
    return OwnStudies(
        studies, tuple(str(one) for one in issues.errors),
        tuple(str(one) for one in issues.warnings),
    )  # fmt: skip


def _document(text: str) -> Document:
    if not text.strip():
        raise InputError(Issue(NAME, None, None, "nothing stands here", "a list of studies (YAML)"))
    if len(text) > MOST_CHARACTERS:
        message = f"holds {len(text):,} characters"
        raise InputError(Issue(NAME, None, None, message, f"at most {MOST_CHARACTERS:,}"))
    return parse_yaml(text, NAME)


def _of_one_disease(document: Document, studies: Sequence[Study]) -> IssueList:
    """Refuse no study, too many, an unknown disease, and several diseases in one text."""
    if not studies:
        return IssueList([Issue(NAME, None, None, "holds no study", "a list of studies")])
    if len(studies) > MOST_STUDIES:
        message = f"holds {len(studies)} studies"
        return IssueList([Issue(NAME, None, None, message, f"at most {MOST_STUDIES}")])
    known, found = disease_ids(), []
    for place, study in enumerate(studies):
        at = document.line((place, "disease"))
        if study.disease and study.disease not in known:
            message, near = f"unknown disease '{study.disease}'", nearest(study.disease, known)
            expected = f"one of {', '.join(known)}"
            found.append(Issue(NAME, at, f"[{place}].disease", message, expected, near))
        elif study.disease != studies[0].disease:
            message = f"a study on '{study.disease}' beside one on '{studies[0].disease}'"
            found.append(Issue(NAME, at, f"[{place}].disease", message, "one disease"))
    return IssueList(found)


def kept_impact(study_id: str, trial: str | None = None) -> dict[str, Any] | None:
    """Return what a study of the library changes, if that was found before.

    Raises
    ------
    InputError
        No such study, one that changes nothing, or an unknown trial.
    """
    disease, planned = _asked(study_id, trial)
    return kept_document(KIND, disease, study_id, planned)


def impact_without(
    study_id: str, trial: str | None = None, *, workers: int | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:  # fmt: skip
    """Return what a study of the library changes: the evidence without it beside that with it.

    The side ``old`` is without the study, ``new`` with it.

    Raises
    ------
    InputError
        As for `kept_impact`.
    """
    disease, planned = _asked(study_id, trial)
    known = kept_document(KIND, disease, study_id, planned)
    if known is not None:
        return known
    found = evidence_impact(
        disease, without=(study_id,), trial=planned, workers=workers, progress=progress
    )
    document = impact_document(found)
    turned = {**document, "old": document["new"], "new": document["old"], "study": study_id}
    return keep_document(KIND, turned, disease, study_id, planned)


def impact_of_text(
    text: str, trial: str | None = None, *, workers: int | None = None, progress: Progress = silent
) -> dict[str, Any]:
    """Return what studies of the user's own change; the text is kept nowhere.

    Raises
    ------
    InputError
        Each fault of the text, or an unknown trial.
    """
    own = own_studies(text)
    if own.faults:
        raise InputError([Issue(None, None, None, line) for line in own.faults])
    planned = known_trial(own.disease, trial)
    found = evidence_impact(
        own.disease, studies=own.studies, trial=planned, workers=workers, progress=progress
    )
    return {**impact_document(found), "study": ", ".join(one.id for one in own.studies)}


def _asked(study_id: str, trial: str | None) -> tuple[str, str]:
    entry = entry_of(study_id)
    if not entry.represented:
        message = f"'{study_id}' changes nothing: {entry.not_represented}"
        raise InputError(Issue(None, None, "study", message, "a study that the model represents"))
    return entry.study.disease, known_trial(entry.study.disease, trial)


def known_trial(disease: str, trial: str | None) -> str:
    """Return the name of a planned trial of the library on a disease; its demo trial when None.

    Raises
    ------
    InputError
        The library has no such trial on the disease.
    """
    names = trials_on(disease)
    chosen = trial or f"{disease}_demo"
    if chosen not in names:
        message = f"the library has no trial '{chosen}' on '{disease}'"
        expected = f"one of {', '.join(names)}"
        raise InputError(Issue(None, None, "trial", message, expected, nearest(chosen, names)))
    return chosen


def trials_on(disease: str) -> tuple[str, ...]:
    """Return the names of the library's trials on a disease, its demo trial first."""
    names = [name for name in trial_names() if name.startswith(f"{disease}_")]
    return tuple(sorted(names, key=lambda name: (name != f"{disease}_demo", name)))


def store_own(text: str) -> Added:
    """Put a text of the user's own into his folder of studies, whole or not at all.

    Raises
    ------
    InputError
        Each fault of the text, an id that exists, or no place for the user's data.
    """
    own = own_studies(text)
    if own.faults:
        raise InputError([Issue(None, None, None, line) for line in own.faults])
    stem = "".join(one if one.isalnum() else "_" for one in own.studies[0].id)[:60]
    with TemporaryDirectory(prefix="funis-study-") as folder:
        path = Path(folder) / f"{stem}.yaml"
        path.write_text(text, encoding="utf-8")
        return add_evidence(path)
