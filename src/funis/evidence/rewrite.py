"""From the open form of an evidence file to the closed one: leftovers move under ``extra``.

Comments, order, number formats and quotes of the file stay. A file that is closed already comes
out byte for byte. Nothing is added that the file does not say: a count whose number of patients
is not there becomes ``n_unknown: true``, a meta-analysis ``role: context``.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from funis.checks.yaml_reader import read
from funis.evidence.records import AdverseEvent, Outcome
from funis.evidence.schema import EXTRA, LISTS, PARTS, SPELLINGS, fits, kinds_of
from funis.evidence.studies import NaturalRow, Study

WIDTH = 160
"""Column at which a rewritten file breaks its lines."""

SHORT = 100
"""Characters up to which leftovers stand on one line."""

IN_WORDS = {"infusions": "infusions_text"}
"""Keys that take a number, and where the same stands in words."""

SECTIONS_RENAMED = {"natural_history": "natural_course", "criteria": "response_criteria"}
SECTION_OF_KIND = {
    "placebo_response": "placebo_response",
    "flare_rate": "natural_course",
    "baseline": "baseline_distributions",
    "definition": "response_criteria",
}
"""Where the rows of a file without sections go."""


def rewrite_text(text: str, file: str) -> str:
    """Return the closed form of an evidence file.

    Parameters
    ----------
    text
        The file in the open or the closed form.
    file
        Its name: errors say it, and a file of natural history without a disease gets it from there.

    Raises
    ------
    InputError
        If it is not YAML that every reader takes alike.
    ValueError
        If the written form does not read as what it was made from.
    """
    read(text, file)
    yaml = _yaml()
    data = yaml.load(text)
    before = _plain(data)
    data = _close(data, Path(file).name)
    if _plain(data) == before:
        return text
    out = StringIO()
    yaml.dump(data, out)
    written = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
    if read(written, file)[0] != _plain(data):
        raise ValueError(f"{file} does not read as it was written")
    return written


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.representer.add_representer(
        type(None), lambda made, _: made.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml


def _close(data: Any, name: str) -> Any:
    natural = Path(name).stem.endswith("_natural")
    if isinstance(data, list) and not natural:
        for record in data:
            _close_study(record)
        return data
    if isinstance(data, list):
        data = _sections(data, name)
    if isinstance(data, CommentedMap):
        _rename_sections(data)
        for row in _rows(data):
            _close_row(row)
    return data


def _sections(rows: list[Any], name: str) -> CommentedMap:
    """Sort the rows of a file without sections by their kind."""
    data = CommentedMap({"disease": Path(name).stem.removesuffix("_natural").upper()})
    for row in rows:
        section = SECTION_OF_KIND.get(row.get("kind"), "natural_course")
        data.setdefault(section, CommentedSeq()).append(row)
    return data


def _rename_sections(data: CommentedMap) -> None:
    for old, new in SECTIONS_RENAMED.items():
        if old in data:
            place, rows = list(data).index(old), data.pop(old)
            if new in data:
                data[new].extend(rows)
            else:
                data.insert(place, new, rows)


def _rows(data: CommentedMap) -> Iterable[CommentedMap]:
    for section, content in data.items():
        if section not in ("disease", "gaps") and isinstance(content, dict | list):
            rows = content.values() if isinstance(content, dict) else content
            yield from (row for row in rows if isinstance(row, CommentedMap))


def _close_study(record: Any) -> None:
    if not isinstance(record, CommentedMap):
        return
    for key, kind in PARTS.items():
        if isinstance(record.get(key), CommentedMap):
            _close_record(record[key], kind)
    for key, kind in LISTS.items():
        for part in record.get(key) or ():
            if isinstance(part, CommentedMap):
                _close_record(part, kind)
    pooled = (record.get("design") or {}).get("kind") == "meta_analysis"
    if pooled and record.get("role") is None:
        record.pop("role", None)
        record.insert(list(record).index("design"), "role", "context")
    _close_record(record, Study, (*PARTS, *LISTS))


def _close_row(row: CommentedMap) -> None:
    if isinstance(row.get("source"), dict):
        source = row["source"]
        row["source"] = source.pop("url", None)
        for key, value in source.items():
            if value is not None:
                row[key] = value
    _close_record(row, NaturalRow, ("rows",))


def _close_record(record: CommentedMap, kind: type[Any], nested: Iterable[str] = ()) -> None:
    """Rename other spellings; move leftovers under ``extra``, what the schema knows out of it."""
    kinds = kinds_of(kind)
    for old, new in SPELLINGS.get(kind, {}).items():
        if old in record and record.get(new) is None and fits(record[old], kinds[new]):
            record.pop(new, None)
            _rename(record, old, new)
    for old, new in IN_WORDS.items():
        if old in kinds and isinstance(record.get(old), str) and new not in record:
            _rename(record, old, new)
    extra = record.get(EXTRA) or CommentedMap()
    known = [key for key in extra if key not in record and _known(key, extra[key], kinds)]
    if known:
        record.pop(EXTRA, None)
    for key in known:
        _move(extra, key, record)
    own = {*nested, EXTRA}
    for key in [key for key in record if key not in own and not _known(key, record[key], kinds)]:
        _move(record, key, extra)
    _mark_unknown_n(record, kind)
    _put_extra(record, extra)


def _known(key: str, value: object, kinds: dict[str, tuple[Any, ...]]) -> bool:
    return key in kinds and fits(value, kinds[key])


def _mark_unknown_n(record: CommentedMap, kind: type[Any]) -> None:
    counts = {Outcome: "events", AdverseEvent: "patients", NaturalRow: "events"}
    count = counts.get(kind)
    counted = count is not None and isinstance(record.get(count), int)
    if counted and record.get("n") is None and "n_unknown" not in record:
        record.insert(list(record).index(count) + 1, "n_unknown", True)


def _rename(record: CommentedMap, old: str, new: str) -> None:
    place, comment = list(record).index(old), record.ca.items.pop(old, None)
    record.insert(place, new, record.pop(old))
    if comment is not None:
        record.ca.items[new] = comment


def _move(source: CommentedMap, key: str, target: CommentedMap) -> None:
    comment = source.ca.items.pop(key, None)
    target[key] = source.pop(key)
    if comment is not None:
        target.ca.items[key] = comment


def _put_extra(record: CommentedMap, extra: CommentedMap) -> None:
    if not extra:
        record.pop(EXTRA, None)
    elif EXTRA not in record:
        record[EXTRA] = extra
    if extra and not extra.ca.items and len(str(_plain(extra))) <= SHORT:
        extra.fa.set_flow_style()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
