"""Reads studies and rows of natural history from the closed form of a file."""

from collections.abc import Iterable, Sequence
from typing import Any

from funis.checks import Document, Issue, nearest
from funis.evidence.findings import Finding, check_natural, check_study, check_targets
from funis.evidence.marks import check_marks, check_names
from funis.evidence.reader import Path, RecordReader, describe, freeze
from funis.evidence.records import TISSUES, Arm, Pairs, ProductRecord
from funis.evidence.schema import LISTS, PARTS
from funis.evidence.studies import SECTIONS, GateRow, NaturalRow, Study

_BESIDE = ("disease", "gaps")


def read_studies(
    document: Document, file_hash: str | None = None
) -> tuple[tuple[Study, ...], list[Issue]]:
    """Studies of a file, and what is wrong with them.

    Parameters
    ----------
    document
        What ``read_yaml`` gave.
    file_hash
        SHA-256 of a file of the user's own; none for the library.
    """
    reader = RecordReader(document)
    studies: list[Study] = []
    if document.data is None:
        reader.fault((), "nothing stands here", "a list of studies")
    for index, item in enumerate(reader.items(document.data, ())):
        if not isinstance(item, dict):
            reader.fault((index,), f"{describe(item)} stands here", "a study")
            continue
        study = _study(reader, reader.mapping(item, (index,)), (index,), file_hash)
        if study.id in {other.id for other in studies}:
            reader.fault((index, "id"), f"the study '{study.id}' stands here twice")
        studies.append(study)
        _note(reader, (index,), check_study(study))
    return tuple(studies), reader.issues


def lint_studies(
    document: Document,
    others: Sequence[Study] = (),
    known: Sequence[Study] = (),
    file_hash: str | None = None,
) -> tuple[tuple[Study, ...], list[Issue]]:
    """Studies of a file and what is wrong with them, the studies of other files considered.

    Parameters
    ----------
    document
        What ``read_yaml`` gave.
    others
        Studies that count before them: duplicates of them have to be marked.
    known
        Studies that marks may name beside those.
    file_hash
        SHA-256 of a file of the user's own; none for the library.
    """
    reader = RecordReader(document)
    studies, issues = read_studies(document, file_hash)
    found = (*check_marks(studies, others), *check_names(studies, (*others, *known)))
    for index, finding in found:
        if finding.path != ("id",) or studies[index].id in {other.id for other in others}:
            _note(reader, (index,), [finding])
    return studies, [*issues, *reader.issues]


def read_natural(
    document: Document,
) -> tuple[tuple[NaturalRow, ...], tuple[str, ...], list[Issue]]:
    """Rows of natural history and placebo response, the gaps, and what is wrong with them."""
    reader = RecordReader(document)
    rows: list[NaturalRow] = []
    paths: list[Path] = []
    data = reader.mapping(document.data, ())
    for section, content in data.items():
        if section in _BESIDE:
            continue
        if section not in SECTIONS:
            expected = "one of " + ", ".join((*_BESIDE, *SECTIONS))
            message = f"unknown section '{section}'"
            reader.fault((section,), message, expected, nearest(section, SECTIONS))
            continue
        for path, name, record in _records(reader, content, section):
            rows.append(_natural_row(reader, record, path, section, name))
            paths.append(path)
            _note(reader, path, check_natural(rows[-1]))
    for index, finding in check_targets(tuple(rows)):
        _note(reader, paths[index], [finding])
    gaps = tuple(str(item) for item in reader.items(data.get("gaps"), ("gaps",)))
    return tuple(rows), gaps, reader.issues


def _records(
    reader: RecordReader, content: object, section: str
) -> Iterable[tuple[Path, str, dict[str, Any]]]:
    """Path, fallback name and content of each record of a section, a list or a mapping."""
    if isinstance(content, dict):
        for key, item in content.items():
            yield (section, key), str(key), reader.mapping(item, (section, key))
        return
    for index, item in enumerate(reader.items(content, (section,))):
        record = reader.mapping(item, (section, index))
        name = str(record.get("measure") or record.get("study") or section)
        yield (section, index), f"{name}_{index}", record


def _natural_row(
    reader: RecordReader, data: dict[str, Any], path: Path, section: str, name: str
) -> NaturalRow:
    given: dict[str, Any] = {"section": section}
    if "id" not in data:
        given["id"] = name
    if "rows" in data:
        items = reader.items(data["rows"], (*path, "rows"))
        given["rows"] = tuple(_pairs(item) for item in items)
    if "target" in data and not isinstance(data["target"], bool):
        reader.fault((*path, "target"), f"'{data['target']}' stands here", "true or false")
        given["target"] = False
    return reader.build(NaturalRow, data, path, given)


def _pairs(item: object) -> Pairs:
    frozen = freeze(item)
    return frozen if isinstance(item, dict) and isinstance(frozen, tuple) else (("value", frozen),)


def _study(reader: RecordReader, data: dict[str, Any], path: Path, file_hash: str | None) -> Study:
    given: dict[str, Any] = {
        "disease": str(data.get("disease") or "").casefold(),
        **{key: _part(reader, key, data, path) for key in ("design", "population")},
        "product": _product(reader, data, path),
        "arms": _arms(reader, data, path),
        **{key: _parts(reader, key, data, path) for key in LISTS if key != "arms"},
        "origin": "library" if file_hash is None else "user",
        "file_hash": file_hash,
    }
    if "gate" in data:
        given["gate"] = _gate(reader, data, (*path, "gate"), str(data.get("id")))
    return reader.build(Study, data, path, given)


def _part(reader: RecordReader, key: str, data: dict[str, Any], path: Path) -> Any:
    place = (*path, key)
    return reader.build(PARTS[key], reader.mapping(data.get(key), place), place)


def _parts(reader: RecordReader, key: str, data: dict[str, Any], path: Path) -> tuple[Any, ...]:
    parts: list[Any] = []
    for index, item in enumerate(reader.items(data.get(key), (*path, key))):
        place = (*path, key, index)
        parts.append(reader.build(LISTS[key], reader.mapping(item, place), place))
    return tuple(parts)


def _arms(reader: RecordReader, data: dict[str, Any], path: Path) -> tuple[Arm, ...]:
    arms: list[Arm] = []
    for index, item in enumerate(reader.items(data.get("arms"), (*path, "arms"))):
        place = (*path, "arms", index)
        record = reader.mapping(item, place)
        route = record.get("route")
        given = {"route": route.casefold()} if isinstance(route, str) else {}
        arms.append(reader.build(Arm, record, place, given))
    return tuple(arms)


def _product(reader: RecordReader, data: dict[str, Any], path: Path) -> ProductRecord:
    place = (*path, "product")
    record = reader.mapping(data.get("product"), place)
    tissue = reader.one_of(record.get("source"), TISSUES, (*place, "source"))
    return reader.build(ProductRecord, record, place, {"source": tissue})


def _gate(reader: RecordReader, data: dict[str, Any], path: Path, study: str) -> GateRow:
    product = data.get("product")
    given = {
        "study": study,
        "mechanism": str(data.get("mechanism") or ""),
        "drug": product.get("drug") if isinstance(product, dict) else None,
    }
    return reader.build(GateRow, reader.mapping(data["gate"], path), path, given)


def _note(reader: RecordReader, path: Path, findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = (*path, *finding.path)
        warning = finding.severity == "warning"
        reader.fault(place, finding.message, finding.expected, warning=warning)
