"""The evidence as it lies in folders: the library's, and the user's own studies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from funis.checks import Document, InputError, Issue, IssueList, nearest, read_yaml
from funis.checks.yaml_reader import read
from funis.evidence.load import read_natural, read_studies
from funis.evidence.studies import Evidence, Study
from funis.evidence.user import user_files
from funis.store import hash_file

NATURAL = "_natural.yaml"
PHARMACOLOGY = "pharmacology.yaml"
SAFETY = "safety.yaml"


def evidence_folder() -> Path:
    """Return the folder of the library's evidence."""
    return Path(str(resources.files("funis").joinpath("library", "evidence")))


def evidence_diseases() -> tuple[str, ...]:
    """Return the ids of the diseases on which the library has evidence."""
    names = (path.name.removesuffix(NATURAL) for path in evidence_folder().glob(f"*{NATURAL}"))
    return tuple(sorted(names))


def load_evidence(disease: str) -> Evidence:
    """Evidence on a disease, checked: the library's, and the user's own studies marked as such.

    Parameters
    ----------
    disease
        Id of the disease, e.g. ``ra``.

    Raises
    ------
    InputError
        If there is none for the disease, or a record cannot be true; with file and line.
    """
    known = evidence_diseases()
    if disease not in known:
        message = f"no evidence on the disease '{disease}'"
        expected = "one of " + ", ".join(known)
        raise InputError(Issue(None, None, None, message, expected, nearest(disease, known)))
    found = read_evidence(evidence_folder(), disease)
    own = [study for study in user_studies() if study.disease == disease]
    if not own:
        return found
    _require_new(own, (*found.studies, *found.pharmacology))
    cells = tuple(study for study in own if study.gate is None)
    drugs = tuple(study for study in own if study.gate is not None)
    return Evidence(
        disease,
        (*found.studies, *cells),
        (*found.pharmacology, *drugs),
        found.natural,
        found.gaps,
    )


def read_evidence(folder: Path, disease: str) -> Evidence:
    """Evidence on a disease from the three files of a folder, checked.

    Raises
    ------
    InputError
        If a record cannot be true; with file and line.
    """
    studies, issues = _studies(folder / f"{disease}.yaml")
    drugs, more = _studies(folder / PHARMACOLOGY)
    natural, gaps, rest = read_natural(read_yaml(folder / f"{disease}{NATURAL}"))
    IssueList((*issues, *more, *rest)).raise_errors()
    own = tuple(study for study in drugs if study.disease == disease)
    return Evidence(disease, studies, own, natural, gaps)


def read_study_file(path: str | Path, *, open_form: bool = False) -> tuple[Study, ...]:
    """Studies of one file in the evidence schema, a list of records, checked.

    Parameters
    ----------
    path
        The file.
    open_form
        Whether leftovers may stand beside the keys of the schema: the file is then read as
        ``rewrite_text`` would write it.

    Raises
    ------
    InputError
        If it is no such list, or a record cannot be true; with file and line.
    """
    studies, issues = read_studies(_closed(Path(path))) if open_form else _studies(Path(path))
    IssueList(issues).raise_errors()
    return studies


def _closed(path: Path) -> Document:
    """Return the closed form of a file, with the lines of the file as it stands."""
    from funis.evidence.rewrite import rewrite_text

    document = read_yaml(path)
    data, _ = read(rewrite_text(path.read_text(encoding="utf-8-sig"), str(path)), str(path))
    return Document(data, document.file, document.lines)


def library_studies() -> tuple[Study, ...]:
    """Every study of the library: of cells by disease, of drugs, of safety."""
    return tuple(study for path in study_files() for study in read_study_file(path))


def study_files() -> tuple[Path, ...]:
    """Files of the library that hold studies, in the order in which they count."""
    folder = evidence_folder()
    names = [*(f"{disease}.yaml" for disease in evidence_diseases()), PHARMACOLOGY, SAFETY]
    return tuple(folder / name for name in names)


def user_studies() -> tuple[Study, ...]:
    """The user's own studies, checked.

    Raises
    ------
    InputError
        If a record cannot be true, or its id stands twice; with file and line.
    """
    found: dict[str, Study] = {}
    for path in user_files():
        for study in read_user_file(path):
            if study.id in found:
                message = f"the study '{study.id}' stands in two files of the folder"
                raise InputError(Issue(str(path), None, study.id, message, "one of them"))
            found[study.id] = study
    return tuple(found.values())


def read_user_file(path: Path) -> tuple[Study, ...]:
    """Studies of one file of the user's own, checked and marked as such.

    Raises
    ------
    InputError
        If a record cannot be true; with file and line.
    """
    studies, issues = _studies(path, hash_file(path))
    IssueList(issues).raise_errors()
    return studies


def all_studies() -> tuple[Study, ...]:
    """Every study of the library, then the user's own."""
    return (*library_studies(), *user_studies())


def other_studies(path: Path) -> tuple[tuple[Study, ...], tuple[Study, ...]]:
    """Return the studies that count before those of a file, and those that count after them.

    For a file of the library these are the files before and after it; for any other one the whole
    library and the user's other files come before. What is wrong with them does not matter here.
    """
    place, library = path.resolve(), study_files()
    every = [one for one in (*library, *user_files()) if one.resolve() != place]
    inside = [one.resolve() for one in library]
    cut = inside.index(place) if place in inside else len(every)
    before, after = (
        tuple(study for one in part for study in _of_file(one))
        for part in (every[:cut], every[cut:])
    )
    return before, after


def _require_new(own: Sequence[Study], library: Sequence[Study]) -> None:
    """Refuse studies of the user's own that bear an id of the library."""
    ids = {study.id for study in library}
    for study in own:
        if study.id in ids:
            message = f"your own study '{study.id}' bears the id of one of the library"
            raise InputError(Issue(None, None, None, message, "another id in your folder"))


def _of_file(path: Path) -> tuple[Study, ...]:
    digest = None if path.parent == evidence_folder() else hash_file(path)
    return _studies(path, digest)[0]


def load_safety() -> tuple[Study, ...]:
    """Studies of the safety of stromal cells across diseases, meta-analyses among them."""
    return read_study_file(evidence_folder() / SAFETY)


def _studies(path: Path, digest: str | None = None) -> tuple[tuple[Study, ...], list[Issue]]:
    """Read a file once for as long as it stays the same."""
    try:
        state = path.stat()
    except OSError:
        return read_studies(read_yaml(path), digest)  # which says what is wrong with it
    return _kept(path, digest, state.st_mtime_ns, state.st_size)


@cache
def _kept(
    path: Path, digest: str | None, changed: int, size: int
) -> tuple[tuple[Study, ...], list[Issue]]:
    return read_studies(read_yaml(path), digest)
