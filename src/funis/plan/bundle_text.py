"""Reading the text of a FHIR bundle: JSON of bounded size and depth, no key twice, no NaN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from funis.checks import Document, InputError, Issue

LARGEST = 2_000_000
"""Bytes that a bundle of one virtual patient may have."""

DEEPEST = 32
"""How deep values may lie in each other."""

_DEEP = "values lie too deep in each other"


def read_json(path: str | Path) -> Document:
    """Read a JSON file; the lines of the document are not known.

    Raises
    ------
    InputError
        For a missing, large, broken or deep file, a repeated key, and numbers that are none.
    """
    file = str(path)
    return parsed_json(_text(Path(path), file), file)


def parsed_json(text: str, file: str) -> Document:
    """Read the text of a JSON file.

    Raises
    ------
    InputError
        As ``read_json``.
    """
    if len(text) > LARGEST:
        _refuse(file, f"more than {LARGEST:,} bytes", "the bundle of one virtual patient")
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        _refuse(file, f"not JSON: {error.msg.lower()}", "a FHIR bundle", line=error.lineno)
    except _Refused as error:
        _refuse(file, str(error), "a FHIR bundle")
    except RecursionError:
        _refuse(file, _DEEP, f"at most {DEEPEST} levels")
    except ValueError:
        _refuse(file, "a number has too many digits", "a FHIR bundle")
    if _deep(data):
        _refuse(file, _DEEP, f"at most {DEEPEST} levels")
    return Document(data, file, {})


class _Refused(Exception):
    """What Python's reader would take and a bundle must not hold."""


def _text(path: Path, file: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            _refuse(file, f"more than {LARGEST:,} bytes", "the bundle of one virtual patient")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        _refuse(file, "no such file", "a FHIR bundle")
    except UnicodeDecodeError:
        _refuse(file, "is not text", "JSON in UTF-8")
    except OSError as error:
        _refuse(file, (error.strerror or "cannot be read").lower(), "a FHIR bundle")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Refused(f"the key '{key}' stands twice")
        found[key] = value
    return found


def _no_number(text: str) -> NoReturn:
    raise _Refused(f"{text} is no number")


def _deep(data: Any) -> bool:
    """Whether values lie deeper than allowed; by levels, so that no depth is too much."""
    level = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _refuse(file: str, message: str, expected: str, line: int | None = None) -> NoReturn:
    raise InputError(Issue(file, line, None, message, expected)) from None
