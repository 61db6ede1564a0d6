"""Plain data of a file to frozen records: every key checked, what is unknown refused."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from funis.checks import Document, Issue, nearest
from funis.checks.documents import dotted
from funis.evidence.records import Pairs
from funis.evidence.schema import (
    EXTRA,
    RECORD_NAMES,
    SPELLINGS,
    fits,
    keys_of,
    kinds_of,
    required_of,
)

Path = tuple[str | int, ...]
Record = TypeVar("Record")


class RecordReader:
    """Builds records of one document, and gathers what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.issues: list[Issue] = []

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
        """Record from a mapping; a key that the schema does not know is an error.

        Parameters
        ----------
        record_type
            A dataclass with a field ``extra`` for what only one study has.
        data
            Keys of the file.
        path
            Where the mapping stands.
        given
            Fields that were read already; their keys are not read again.
        """
        given = given or {}
        values: dict[str, Any] = dict(given)
        kinds = kinds_of(record_type)
        for key, value in data.items():
            if key in kinds and key not in given:
                found = self._typed(value, kinds[key], (*path, key))
                if found is not None:
                    values[key] = found
            elif key not in kinds and key != EXTRA:
                self._unknown(record_type, key, path)
        for name in required_of(record_type):
            if values.get(name) is None:
                if name not in data or data[name] is None:
                    self.fault(path, f"{name} is missing", f"a value for {name}")
                values[name] = ""
        make: Callable[..., Record] = record_type
        return make(**values, extra=self._extra(record_type, data, path))

    def _unknown(self, record_type: type[Any], key: str, path: Path) -> None:
        keys = keys_of(record_type)
        record = RECORD_NAMES.get(record_type, "the record")
        expected = f"a key of {record}, or '{key}' under its extra"
        near = SPELLINGS.get(record_type, {}).get(key) or nearest(key, keys)
        self.fault((*path, key), f"unknown key '{key}'", expected, near)

    def _extra(self, record_type: type[Any], data: Mapping[str, Any], path: Path) -> Pairs:
        """What stands under ``extra``: any key that is not one of the schema's own."""
        place = (*path, EXTRA)
        extra = self.mapping(data.get(EXTRA), place)
        kinds = kinds_of(record_type)
        for key, value in extra.items():
            if key in kinds and fits(value, kinds[key]):
                self.fault((*place, key), f"'{key}' stands under extra", "it in the record itself")
        return tuple((key, freeze(value)) for key, value in extra.items())

    def _typed(self, value: object, kinds: tuple[Any, ...], path: Path) -> object:
        if value is None:
            return None
        if isinstance(value, list) and {list, tuple} & {*kinds}:
            return self._items(value, kinds, path)
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

    def _items(self, value: list[Any], kinds: tuple[Any, ...], path: Path) -> tuple[Any, ...]:
        if fits(value, kinds):
            return tuple(item if isinstance(item, str) else float(item) for item in value)
        what = "numbers" if list in kinds else "text"
        self.fault(path, f"the list holds something other than {what}", f"a list of {what}")
        return ()


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
    names = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    if list in kinds or tuple in kinds:
        items = "a list of numbers" if list in kinds else "a list of text"
        return f"a number or {items}" if float in kinds else items
    if float in kinds and str not in kinds:
        return "a number"
    return " or ".join(names[kind] for kind in kinds if kind in names)
