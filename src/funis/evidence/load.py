"""Reads the evidence of a disease from the package's library."""

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from funis.checks import Document, InputError, Issue, nearest, read_yaml
from funis.evidence.findings import Finding, check_natural, check_study, check_targets
from funis.evidence.reader import Path, RecordReader, freeze
from funis.evidence.records import (
    TISSUES,
    AdverseEvent,
    Arm,
    Design,
    Evidence,
    GateRow,
    NaturalRow,
    Outcome,
    Pairs,
    Population,
    ProductRecord,
    Source,
    Study,
)

_NATURAL = "_natural.yaml"
_PHARMACOLOGY = "pharmacology.yaml"


def load_evidence(disease: str) -> Evidence:
    """Evidence on a disease, checked.

    Parameters
    ----------
    disease
        Id of the disease, e.g. ``ra``.

    Raises
    ------
    InputError
        If there is none for the disease, or a record cannot be true; with file and line.
    """
    with resources.as_file(resources.files("funis").joinpath("library", "evidence")) as folder:
        known = sorted(path.name.removesuffix(_NATURAL) for path in folder.glob(f"*{_NATURAL}"))
        if disease not in known:
            message = f"no evidence on the disease '{disease}'"
            expected = "one of " + ", ".join(known)
            raise InputError(Issue(None, None, None, message, expected, nearest(disease, known)))
        return read_evidence(folder, disease)


def read_evidence(folder: FilePath, disease: str) -> Evidence:
    """Evidence on a disease from the three files of a folder, checked.

    Raises
    ------
    InputError
        If a record cannot be true; with file and line.
    """
    studies, issues = read_studies(read_yaml(folder / f"{disease}.yaml"))
    drugs, more = read_studies(read_yaml(folder / _PHARMACOLOGY))
    natural, gaps, rest = read_natural(read_yaml(folder / f"{disease}{_NATURAL}"))
    found = [issue for issue in (*issues, *more, *rest) if issue.severity == "error"]
    if found:
        raise InputError(found)
    own = tuple(study for study in drugs if study.disease == disease)
    return Evidence(disease, studies, own, natural, gaps)


def read_studies(document: Document) -> tuple[tuple[Study, ...], list[Issue]]:
    """Studies of a file, and what is wrong with them."""
    reader = RecordReader(document)
    studies: list[Study] = []
    for index, item in enumerate(reader.items(document.data, ())):
        study = _study(reader, reader.mapping(item, (index,)), (index,))
        if study.id in {other.id for other in studies}:
            reader.fault((index, "id"), f"the study '{study.id}' stands here twice")
        studies.append(study)
        _note(reader, (index,), check_study(study))
    return tuple(studies), reader.issues


def read_natural(
    document: Document,
) -> tuple[tuple[NaturalRow, ...], tuple[str, ...], list[Issue]]:
    """Rows of natural history and placebo response, the gaps, and what is wrong with them."""
    reader = RecordReader(document)
    rows: list[NaturalRow] = []
    paths: list[Path] = []
    data = reader.mapping(document.data, ())
    for section, content in data.items():
        if section in ("disease", "gaps"):
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
    data = {key: value for key, value in data.items() if key != "section"}
    if "target" in data and not isinstance(data["target"], bool):
        reader.fault((*path, "target"), f"'{data['target']}' stands here", "true or false")
        given["target"] = False
    return reader.build(NaturalRow, data, path, given)


def _pairs(item: object) -> Pairs:
    frozen = freeze(item)
    return frozen if isinstance(item, dict) and isinstance(frozen, tuple) else (("value", frozen),)


def _study(reader: RecordReader, data: dict[str, Any], path: Path) -> Study:
    identity = str(data.get("id"))
    given: dict[str, Any] = {
        "disease": str(data.get("disease") or "").casefold(),
        "design": _part(reader, Design, data, "design", path),
        "population": _part(reader, Population, data, "population", path),
        "product": _product(reader, data, path),
        "arms": _arms(reader, data, path),
        "outcomes": _parts(reader, Outcome, data, "outcomes", path, {"percent": "pct"}),
        "adverse_events": _parts(reader, AdverseEvent, data, "adverse_events", path),
        "sources": _parts(reader, Source, data, "sources", path),
    }
    if "gate" in data:
        given["gate"] = _gate(reader, data, (*path, "gate"), identity)
    return reader.build(Study, data, path, given)


def _part(reader: RecordReader, kind: type[Any], data: dict[str, Any], key: str, path: Path) -> Any:
    return reader.build(kind, reader.mapping(data.get(key), (*path, key)), (*path, key))


def _parts(
    reader: RecordReader,
    kind: type[Any],
    data: dict[str, Any],
    key: str,
    path: Path,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Any, ...]:
    parts: list[Any] = []
    for index, item in enumerate(reader.items(data.get(key), (*path, key))):
        place = (*path, key, index)
        record = reader.mapping(item, place)
        named = {aliases.get(name, name): value for name, value in record.items()}
        parts.append(reader.build(kind, named, place))
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
