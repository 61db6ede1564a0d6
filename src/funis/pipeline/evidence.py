"""`funis evidence`: what was published, one record in full, and the user's own studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from funis.checks import InputError, Issue, IssueList, nearest, read_yaml
from funis.evidence import (
    EVIDENCE_TYPES,
    TISSUES,
    NaturalRow,
    Study,
    all_studies,
    evidence_diseases,
    library_studies,
    load_evidence,
)
from funis.evidence.library import read_user_file
from funis.evidence.rewrite import rewrite_text
from funis.evidence.user import DATA_VARIABLE, user_files, user_folder
from funis.pipeline.evidence_check import study_issues
from funis.store import write_bytes, write_text

Entry = dict[str, Any]


def list_evidence(
    disease: str | None = None, design: str | None = None, product: str | None = None
) -> tuple[Entry, ...]:
    """Return studies, a line each: the library's by disease, then the user's own.

    Parameters
    ----------
    disease
        Id of a disease, or what a record names in its place (``mixed``).
    design
        Kind of design (``randomized``), or its label (``randomised``).
    product
        Tissue of the cells as code (``UC``) or in words, ``drug``, or the name of a drug.

    Raises
    ------
    InputError
        A disease, design or product that no study has.
    """
    studies = all_studies()
    given = {"disease": disease, "design": design, "product": product}
    for key, wanted in given.items():
        if wanted is not None:
            names = sorted({name for study in studies for name in _names(study, key)})
            _require_known(key, wanted, names)
            studies = tuple(s for s in studies if _plain(wanted) in map(_plain, _names(s, key)))
    return tuple(_entry(study) for study in studies)


def find_record(record_id: str) -> Study | NaturalRow:
    """Return a study, or a row of natural history, by its id.

    Raises
    ------
    InputError
        If there is none, with the nearest id.
    """
    studies = {study.id: study for study in all_studies()}
    if record_id in studies:
        return studies[record_id]
    rows = {
        row.id: row for disease in evidence_diseases() for row in load_evidence(disease).natural
    }
    if record_id in rows:
        return rows[record_id]
    near = nearest(record_id, [*studies, *rows])
    expected = "an id of `funis evidence list`"
    raise InputError(Issue(None, None, None, f"no record '{record_id}'", expected, near))


def plain_record(record: Any) -> Any:
    """Return a record as plain data, with the keys of the file; what is not known is left out."""
    if is_dataclass(record) and not isinstance(record, type):
        pairs = ((field.name, getattr(record, field.name)) for field in fields(record))
        return {
            key: thawed(value) if key in ("extra", "rows") else plain_record(value)
            for key, value in pairs
            if value not in (None, ())
        }
    if isinstance(record, tuple):
        return [plain_record(item) for item in record]
    return record


@dataclass(frozen=True, slots=True)
class Added:
    """A file that was taken into the user's folder: where, its studies, and warnings."""

    path: Path
    ids: tuple[str, ...]
    warnings: IssueList


def add_evidence(file: str | Path, *, replace: bool = False) -> Added:
    """Copy a file of studies into the user's own folder, whole or not at all.

    Parameters
    ----------
    file
        A list of studies in the closed schema.
    replace
        Whether studies of the user's own with the same ids give way. Those of the library never do.

    Raises
    ------
    InputError
        Anything wrong with a study, an id that exists, or no place for the user's data.
    """
    path, folder = Path(file), _own_folder()
    document = read_yaml(path)
    before = {one: read_user_file(one) for one in user_files()}
    records = document.data if isinstance(document.data, list) else []
    ids = {str(item.get("id")) for item in records if isinstance(item, dict)}
    giving_way = [one for one, own in before.items() if replace and ids & {s.id for s in own}]
    kept = [study for one, own in before.items() if one not in giving_way for study in own]
    studies, issues = study_issues(document, (*library_studies(), *kept))
    issues = issues + _disease_issues(path, studies) + _lost(path, studies, giving_way, before)
    if not studies:
        issues += [Issue(str(path), None, None, "holds no study", "a list of studies")]
    issues.raise_errors()
    place = giving_way[0] if giving_way else _free_name(folder, path.stem)
    write_bytes(place, path.read_bytes())
    for other in giving_way[1:]:
        other.unlink()
    return Added(place, tuple(study.id for study in studies), issues.warnings)


def rewrite_evidence(folder: str | Path, out: str | Path) -> tuple[tuple[Path, bool], ...]:
    """Write the evidence files of a folder in the closed form; all are read before one is written.

    Returns
    -------
    tuple of (Path, bool)
        Each file that was written, and whether it differs from what it was made of.

    Raises
    ------
    InputError
        No evidence file in the folder, a file that is not YAML, or no place to write to.
    """
    source, target = Path(folder), Path(out)
    paths = sorted(source.glob("*.yaml"))
    if not paths:
        expected = "a folder with evidence files (*.yaml)"
        raise InputError(Issue(str(source), None, None, "holds no evidence", expected))
    if target.exists() and not target.is_dir():
        raise InputError(Issue(str(target), None, None, "is a file", "the name of a folder"))
    texts = [(path, path.read_text(encoding="utf-8-sig")) for path in paths]
    made = [(path, text, rewrite_text(text, str(path))) for path, text in texts]
    for path, _, new in made:
        write_text(target / path.name, new)
    return tuple((target / path.name, new != text) for path, text, new in made)


def _entry(study: Study) -> Entry:
    return {
        "id": study.id,
        "disease": study.disease,
        "design": study.evidence_type,
        "product": study.product.drug or study.product.source,
        "n": study.population.n,
        "outcomes": len(study.outcomes),
        "fitted": study.fitted,
        "family": study.family,
        "confidence": study.confidence,
        "origin": study.origin,
        "title": study.title,
    }


def _names(study: Study, key: str) -> list[str]:
    """Return the names by which a study is found under an option."""
    if key == "disease":
        return [study.disease]
    if key == "design":
        kinds = [kind for kind, label in EVIDENCE_TYPES.items() if label == study.evidence_type]
        return [study.evidence_type, study.design.kind, *(kinds if len(kinds) == 1 else ())]
    codes = [code for code, word in TISSUES.items() if word == study.product.source]
    return [name for name in (*codes, study.product.source, study.product.drug) if name]


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ")


def _require_known(key: str, wanted: str, names: Sequence[str]) -> None:
    if _plain(wanted) not in map(_plain, names):
        few = ", ".join(names) if len(names) < 40 else "what `funis evidence list` shows"
        message = f"no study with the {key} '{wanted}'"
        expected = few if few.startswith("what") else f"one of {few}"
        raise InputError(Issue(None, None, None, message, expected, nearest(wanted, names)))


def thawed(value: Any) -> Any:
    """Return lists and mappings from the tuples that a record holds in their place."""
    if not isinstance(value, tuple):
        return value
    if value and all(isinstance(x, tuple) and len(x) == 2 and isinstance(x[0], str) for x in value):
        return {key: thawed(item) for key, item in value}
    return [thawed(item) for item in value]


def _own_folder() -> Path:
    folder = user_folder()
    if folder is None:
        expected = f"a folder in {DATA_VARIABLE}"
        message = "there is no place for studies of your own"
        raise InputError(Issue(None, None, None, message, expected))
    return folder


def _disease_issues(path: Path, studies: Sequence[Study]) -> list[Issue]:
    known = [*evidence_diseases(), *sorted({one.disease for one in library_studies()})]
    known = list(dict.fromkeys(known))
    expected = "one of " + ", ".join(known)
    document = read_yaml(path)
    return [
        Issue(
            str(path), document.line((index, "disease")), f"[{index}].disease",
            f"unknown disease '{study.disease}'", expected, nearest(study.disease, known),
        )
        for index, study in enumerate(studies)
        if study.disease and study.disease not in known
    ]  # fmt: skip


def _lost(
    path: Path,
    studies: Sequence[Study],
    giving_way: Sequence[Path],
    before: Mapping[Path, Sequence[Study]],
) -> list[Issue]:
    """Return an issue for each study that would go with a file that gives way."""
    ids = {study.id for study in studies}
    return [
        Issue(
            str(path), None, None, f"'{study.id}' stands in {one} too and would be lost",
            f"'{study.id}' in {path.name} as well",
        )
        for one in giving_way
        for study in before[one]
        if study.id not in ids
    ]  # fmt: skip


def _free_name(folder: Path, stem: str) -> Path:
    names = (f"{stem}{'' if number == 1 else f'_{number}'}.yaml" for number in range(1, 10_000))
    return next(folder / name for name in names if not (folder / name).exists())
