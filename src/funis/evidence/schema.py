"""The closed schema: which keys each record has in a file, and what type each reads."""

import dataclasses
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

from funis.evidence.records import (
    AdverseEvent,
    Arm,
    Design,
    Outcome,
    Population,
    ProductRecord,
    Source,
)
from funis.evidence.studies import DERIVED, GateRow, NaturalRow, Study

EXTRA = "extra"
"""The one key under which a record keeps what only its study has."""

PARTS: dict[str, type[Any]] = {
    "design": Design,
    "population": Population,
    "product": ProductRecord,
    "gate": GateRow,
}
"""Records that stand in a study under a key."""

LISTS: dict[str, type[Any]] = {
    "arms": Arm,
    "outcomes": Outcome,
    "adverse_events": AdverseEvent,
    "sources": Source,
}
"""Records that stand in a study as a list."""

SPELLINGS: dict[type[Any], dict[str, str]] = {
    Outcome: {"percent": "pct"},
    AdverseEvent: {"percent": "pct"},
    NaturalRow: {"percent": "pct", "notes": "note"},
    Arm: {"note": "notes"},
    Population: {"studies": "n_studies"},
}
"""Keys of the open form that are another spelling of a key of the closed one."""

_KINDS: dict[type[Any], dict[str, tuple[Any, ...]]] = {}

RECORD_NAMES: dict[type[Any], str] = {
    Study: "a study",
    Design: "a design",
    Population: "a population",
    ProductRecord: "a product",
    Arm: "an arm",
    Outcome: "an outcome",
    AdverseEvent: "an adverse event",
    Source: "a source",
    GateRow: "a gate",
    NaturalRow: "a row of natural history",
}
"""Records in words, for messages."""


def kinds_of(record_type: type[Any]) -> dict[str, tuple[Any, ...]]:
    """Types that each key of a record reads.

    They are str, int, float and bool; list for numbers, tuple for words.
    """
    if record_type not in _KINDS:
        hints = get_type_hints(record_type)
        names = (field.name for field in dataclasses.fields(record_type))
        hidden = DERIVED.get(record_type, frozenset()) | {EXTRA}
        _KINDS[record_type] = {name: _kinds(hints[name]) for name in names if name not in hidden}
    return _KINDS[record_type]


def keys_of(record_type: type[Any]) -> tuple[str, ...]:
    """Keys that a record may have in a file, ``extra`` included."""
    return (*kinds_of(record_type), EXTRA)


def schema_rows() -> tuple[tuple[str, str], ...]:
    """Each record in words, and its keys but for ``extra``; those that must be there come first."""
    return tuple(
        (name, ", ".join(sorted(kinds_of(kind), key=lambda key: key not in required_of(kind))))
        for kind, name in RECORD_NAMES.items()
    )


def required_of(record_type: type[Any]) -> tuple[str, ...]:
    """Fields without a default."""
    missing = dataclasses.MISSING
    return tuple(
        field.name
        for field in dataclasses.fields(record_type)
        if field.default is missing and field.default_factory is missing
    )


def fits(value: object, kinds: tuple[Any, ...]) -> bool:
    """Whether a key of these types takes a value of a file."""
    if value is None:
        return True
    if isinstance(value, list):
        words = all(isinstance(item, str) for item in value)
        return (list in kinds and all(map(_is_number, value))) or (tuple in kinds and words)
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, str):
        return str in kinds
    if isinstance(value, int):
        return bool({int, float, str} & {*kinds})
    return isinstance(value, float) and bool({float, str} & {*kinds})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kinds(hint: Any) -> tuple[Any, ...]:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return tuple(_kind(option) for option in options if option is not type(None))


def _kind(option: Any) -> Any:
    if get_origin(option) is not tuple:
        return option
    return tuple if get_args(option)[0] is str else list
