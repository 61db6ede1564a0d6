"""Plain data of a file to frozen records: known keys checked for type, others kept as they are."""

import dataclasses
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from funis.checks import Document, Issue, nearest
from funis.checks.documents import dotted

Path = tuple[str | int, ...]
Record = TypeVar("Record")


class RecordReader:
    """Builds records of one document, and gathers what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.issues: list[Issue] = []
        self.kinds: dict[str, dict[str, tuple[Any, ...]]] = {}

    def fault(
        self,
        path: Path,
        message: str,
        expected: str | None = None,
        near: str | None = None,
        *,
        warning: bool = False,
    ) -> None:
        """Note an issue at the key of ``path``."""
        self.issues.append(
            Issue(
                self.document.file,
                self.document.line(path),
                dotted(path),
                message,
                expected,
                near,
                "warning" if warning else "error",
            )
        )

    def mapping(self, value: object, path: Path) -> dict[str, Any]:
        """``value`` as a mapping; an empty one, and an issue, where it is something else."""
        if isinstance(value, dict):
            return {str(key): item for key, item in value.items()}
        if value is not None:
            self.fault(path, f"{describe(value)} stands here", "a mapping of keys")
        return {}

    def items(self, value: object, path: Path) -> list[Any]:
        """``value`` as a list; an empty one, and an issue, where it is something else."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.fault(path, f"{describe(value)} stands here", "a list")
        return []

    def one_of(self, value: object, words: Mapping[str, str], path: Path) -> str | None:
        """Translate a code; an issue with the nearest code where it is unknown."""
        if value is None:
            return None
        if isinstance(value, str) and value in words:
            return words[value]
        near = nearest(value, list(words)) if isinstance(value, str) else None
        self.fault(path, f"unknown code '{value}'", "one of " + ", ".join(words), near)
        return None

    def build(
        self,
        record_type: type[Record],
        data: Mapping[str, Any],
        path: Path,
        given: Mapping[str, Any] | None = None,
    ) -> Record:
        """Record from a mapping.

        Parameters
        ----------
        record_type
            A dataclass with a field ``extra`` for the keys that it does not know.
        data
            Keys of the file.
        path
            Where the mapping stands.
        given
            Fields that were read already; their keys are not read again.
        """
        given = given or {}
        values: dict[str, Any] = dict(given)
        extra: list[tuple[str, object]] = []
        name = record_type.__name__
        if name not in self.kinds:
            self.kinds[name] = _kinds(record_type)
        kinds = self.kinds[name]
        for key, value in data.items():
            if key in given:
                continue
            if key in kinds:
                values[key] = self._typed(value, kinds[key], (*path, key))
            else:
                extra.append((key, freeze(value)))
        for name in _required(record_type):
            if values.get(name) is None:
                if name not in data or data[name] is None:
                    self.fault(path, f"{name} is missing", f"a value for {name}")
                values[name] = ""
        make: Callable[..., Record] = record_type
        return make(**values, extra=tuple(extra))

    def _typed(self, value: object, kinds: tuple[Any, ...], path: Path) -> object:
        if value is None:
            return None
        if list in kinds and isinstance(value, list):
            return self._numbers(value, path)
        if bool in kinds and isinstance(value, bool):
            return value
        if not isinstance(value, bool):
            if int in kinds and isinstance(value, int):
                return value
            if float in kinds and isinstance(value, int | float):
                return float(value)
        if str in kinds and isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        self.fault(path, f"{describe(value)} stands here", _expected(kinds))
        return None

    def _numbers(self, value: list[Any], path: Path) -> tuple[float, ...] | None:
        if all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
            return tuple(float(item) for item in value)
        self.fault(path, "the list holds something other than numbers", "a list of numbers")
        return None


def freeze(value: object) -> object:
    """Turn lists and mappings into tuples, so that a record holding them cannot change."""
    if isinstance(value, dict):
        return tuple((str(key), freeze(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(freeze(item) for item in value)
    return value


def describe(value: object) -> str:
    """Name a value in a few words, for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text '{value}'" if isinstance(value, str) else f"'{value}'"


def _expected(kinds: tuple[Any, ...]) -> str:
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    if list in kinds:
        return "a list of numbers"
    if float in kinds:
        return "a number"
    return " or ".join(words[kind] for kind in kinds if kind in words)


def _kinds(record_type: type[Any]) -> dict[str, tuple[Any, ...]]:
    """Types that each field reads from a file: str, int, float, bool, or list for numbers."""
    hints = get_type_hints(record_type)
    kinds: dict[str, tuple[Any, ...]] = {}
    for field in dataclasses.fields(record_type):
        if field.name == "extra":
            continue
        hint = hints[field.name]
        options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        kinds[field.name] = tuple(
            list if get_origin(option) is tuple else option
            for option in options
            if option is not type(None)
        )
    return kinds


def _required(record_type: type[Any]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(record_type)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
