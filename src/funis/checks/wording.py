"""The errors of pydantic, said in the words of the file: place, expectation, nearest name."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from funis.checks.annotations import child, choices, describe, keys, strip, tagged, unions
from funis.checks.documents import Document, KeyPath, dotted
from funis.checks.issues import InputError, Issue, IssueList, nearest

MOST_NAMES_SHOWN = 12
LONGEST_VALUE_SHOWN = 40

MOST_FAULTS = 200
"""Faults that are told one by one: finding the nearest names of thousands takes minutes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of pydantic with its path in the data.

    Attributes
    ----------
    kind, message, context, value
        Type, message, context and offending input as pydantic gives them.
    path
        Path in the data, without the labels that pydantic adds for the branches of a union.
    branches
        For each union on the way: its path and the branch that this error belongs to.
    annotation, parent
        What the schema expects at the path and at the mapping around it; none where unknown.
    """

    kind: str
    message: str
    context: Mapping[str, Any]
    value: Any
    path: KeyPath
    branches: tuple[tuple[KeyPath, str], ...]
    annotation: Any
    parent: Any


def issues_of(
    error: ValidationError, schema: Any, data: Any, document: Document, at: KeyPath
) -> IssueList:
    """One issue for each fault that pydantic found, in the order of the file.

    Parameters
    ----------
    error
        What pydantic raised.
    schema, data
        The annotation that was not met, and the plain data that did not meet it.
    document, at
        The file, and the path of ``data`` in it.
    """
    details = error.errors(include_url=False)
    more, details = len(details) - MOST_FAULTS, details[:MOST_FAULTS]
    faults = _settle([_fault(detail, schema) for detail in details], 0)
    misspelt = {
        (*fault.path[:-1], near)
        for fault in faults
        if (near := _nearest_key(fault, data)) is not None
    }
    issues = [
        issue
        for fault in faults
        if not (fault.kind == "missing" and fault.path in misspelt)
        for issue in _issues(fault, data, document, at)
    ]
    told = sorted(issues, key=lambda issue: issue.line or 0)
    rest = [Issue(document.file, None, None, f"and {more:,} more faults")] if more > 0 else []
    return IssueList([*told, *rest])


def _fault(detail: Mapping[str, Any], schema: Any) -> Fault:
    path: list[str | int] = []
    branches: list[tuple[KeyPath, str]] = []
    annotation, parent = strip(schema), None
    for part in detail["loc"]:
        if len(unions(annotation)) > 1:
            branches.append((tuple(path), str(part)))
            annotation = strip(choices(annotation).get(str(part)))
        elif part != "[key]":
            path.append(part)
            parent, annotation = annotation, strip(child(annotation, part))
    return Fault(
        kind=detail["type"],
        message=detail["msg"],
        context=detail.get("ctx", {}),
        value=detail["input"],
        path=tuple(path),
        branches=tuple(branches),
        annotation=annotation,
        parent=parent,
    )


def _settle(faults: Sequence[Fault], depth: int) -> list[Fault]:
    """Of the branches of each union keep the one that was meant, or join them in one fault."""
    settled: list[Fault] = []
    groups: dict[KeyPath, dict[str, list[Fault]]] = {}
    for fault in faults:
        if len(fault.branches) <= depth:
            settled.append(fault)
        else:
            path, label = fault.branches[depth]
            groups.setdefault(path, {}).setdefault(label, []).append(fault)
    for path, labelled in groups.items():
        fitting = [
            branch
            for branch in labelled.values()
            if all(fault.path != path or fault.kind.startswith("union_tag") for fault in branch)
        ]
        if len(labelled) == 1 or fitting:
            meant = min(fitting or labelled.values(), key=len)
            settled.extend(_settle(meant, depth + 1))
        else:
            settled.append(_joined([branch[0] for branch in labelled.values()]))
    return settled


def _joined(faults: Sequence[Fault]) -> Fault:
    """One fault for a value that fits no branch of a union."""
    options = [option for fault in faults for option in _options(fault)]
    phrases = dict.fromkeys(phrase for fault in faults if (phrase := _wording(fault)[1]))
    telling = [fault for fault in faults if not fault.kind.endswith("_type")]
    context = {"expected": " or ".join(phrases), "options": options}
    first = telling[0] if telling else faults[0]
    return replace(first, kind="no_branch", context={**first.context, **context})


def _issues(fault: Fault, data: Any, document: Document, at: KeyPath) -> list[Issue]:
    inner = fault.context.get("error")
    if isinstance(inner, InputError):
        return [_placed(issue, (*at, *fault.path), document) for issue in inner.issues]
    message, expected = _wording(fault)
    path = (*at, *fault.path)
    if fault.kind.startswith("union_tag"):
        path = (*path, _discriminator(fault))
    near = _nearest_key(fault, data)
    if near is None and fault.kind != "extra_forbidden":
        given = _tag(fault) if fault.kind == "union_tag_invalid" else fault.value
        near = nearest(given, _options(fault)) if isinstance(given, str) else None
        near = None if near == given else near
    place = (document.file, document.line(path), dotted(path))
    return [Issue(*place, _named(message, path), expected, near)]


def _placed(issue: Issue, path: KeyPath, document: Document) -> Issue:
    """An issue raised inside a validator, with the place that only the document knows."""
    if issue.file is not None:
        return issue
    full = (*path, *_undotted(issue.key or ""))
    line = document.line(full) if issue.line is None else issue.line
    return replace(issue, file=document.file, line=line, key=dotted(full))


def _undotted(key: str) -> KeyPath:
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)
    return tuple(int(index) if index else name for index, name in parts)


def _nearest_key(fault: Fault, data: Any) -> str | None:
    """The valid key that a misspelt one stands for; keys not given yet come first."""
    if fault.kind != "extra_forbidden":
        return None
    around = data
    for part in fault.path[:-1]:
        around = around[part]
    given, valid = str(fault.path[-1]), keys(fault.parent)
    return nearest(given, [key for key in valid if key not in around]) or nearest(given, valid)


def _named(message: str, path: KeyPath) -> str:
    """Put the last key in the place of ``{name}``."""
    name = path[-1] if path and isinstance(path[-1], str) else "value"
    return message.replace("{name}", str(name))


def _options(fault: Fault) -> list[str]:
    if "options" in fault.context:
        return list(fault.context["options"])
    if fault.kind == "union_tag_invalid":
        return re.findall(r"'([^']*)'", fault.context["expected_tags"])
    if fault.kind in {"literal_error", "enum"}:
        return re.findall(r"'([^']*)'", fault.context["expected"])
    return []


def _tag(fault: Fault) -> str:
    return str(fault.context["tag"])


def _discriminator(fault: Fault) -> str:
    return str(fault.context["discriminator"]).strip("'")


def _wording(fault: Fault) -> tuple[str, str | None]:
    """What is wrong, and what was expected."""
    shown, context = _show(fault.value), fault.context
    if fault.kind.startswith("int") and isinstance(fault.value, float):
        return f"{shown} is not a whole number", "a whole number"
    if fault.kind in _TYPES:
        return _what(fault.value), _TYPES[fault.kind]
    if fault.kind in _LIMITS:
        message, phrase, key = _LIMITS[fault.kind]
        return f"{shown} is {message}", f"a number {phrase} {context[key]:g}"
    if fault.kind in _WORDINGS:
        return _WORDINGS[fault.kind](fault, shown)
    if fault.message.startswith("Input should be "):
        return f"{shown} is not valid", fault.message.removeprefix("Input should be ")
    return fault.message[0].lower() + fault.message[1:], None


def _extra_wording(fault: Fault, _: str) -> tuple[str, str | None]:
    return "unknown key", _one_of(keys(fault.parent))


def _missing_wording(fault: Fault, _: str) -> tuple[str, str | None]:
    return "key is missing", describe(fault.annotation)


def _literal_wording(fault: Fault, shown: str) -> tuple[str, str | None]:
    options = describe(fault.annotation) or str(fault.context["expected"])
    if isinstance(fault.value, str):
        return f"unknown {{name}} {shown}", options
    return _what(fault.value), options


def _branch_wording(fault: Fault, shown: str) -> tuple[str, str | None]:
    plain = isinstance(fault.value, str | int | float) and not isinstance(fault.value, bool)
    return f"{shown} is not valid" if plain else _what(fault.value), fault.context["expected"]


def _tag_wording(fault: Fault, _: str) -> tuple[str, str | None]:
    return f"unknown {{name}} {_show(_tag(fault))}", _one_of(_options(fault))


def _no_tag_wording(fault: Fault, _: str) -> tuple[str, str | None]:
    return "key is missing", _one_of(list(tagged(fault.annotation)))


def _length_wording(fault: Fault, shown: str) -> tuple[str, str | None]:
    context = fault.context
    what = "characters" if fault.kind.startswith("string") else "items"
    phrase = "at least" if "min_length" in context else "at most"
    limit = context.get("min_length", context.get("max_length"))
    length = len(fault.value) if isinstance(fault.value, str | list | dict) else None
    subject = f"{shown} " if isinstance(fault.value, str) else ""
    message = f"{subject}has {length} {what}" if length else "is empty"
    return message, f"{phrase} {limit} {what if limit != 1 else what[:-1]}"


def _pattern_wording(fault: Fault, shown: str) -> tuple[str, str | None]:
    return f"{shown} does not have the right form", f"text like {fault.context['pattern']}"


def _value_wording(fault: Fault, _: str) -> tuple[str, str | None]:
    return str(fault.context["error"]) or "is not valid", None


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    shown = f"'{value}'" if isinstance(value, str) else repr(value)
    if len(shown) <= LONGEST_VALUE_SHOWN:
        return shown
    return shown[: LONGEST_VALUE_SHOWN - 3] + "..."


def _what(value: Any) -> str:
    """What kind of thing stands where another was expected."""
    if isinstance(value, str):
        return f"{_show(value)} is text"
    if isinstance(value, bool):
        return f"{_show(value)} is a truth value"
    if isinstance(value, int | float):
        return f"{_show(value)} is a number"
    if value is None:
        return "is empty"
    return f"is {_show(value)}"


def _one_of(names: Sequence[str]) -> str | None:
    if not names or len(names) > MOST_NAMES_SHOWN:
        return None
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


_MAPPING = "a mapping of keys to values"
_TYPES: Mapping[str, str] = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "none_required": "nothing",
}
_LIMITS: Mapping[str, tuple[str, str, str]] = {
    "greater_than": ("too small", "greater than", "gt"),
    "greater_than_equal": ("too small", "of at least", "ge"),
    "less_than": ("too large", "less than", "lt"),
    "less_than_equal": ("too large", "of at most", "le"),
}
_WORDINGS: Mapping[str, Callable[[Fault, str], tuple[str, str | None]]] = {
    "extra_forbidden": _extra_wording,
    "missing": _missing_wording,
    "literal_error": _literal_wording,
    "enum": _literal_wording,
    "no_branch": _branch_wording,
    "union_tag_invalid": _tag_wording,
    "union_tag_not_found": _no_tag_wording,
    "too_short": _length_wording,
    "too_long": _length_wording,
    "string_too_short": _length_wording,
    "string_too_long": _length_wording,
    "string_pattern_mismatch": _pattern_wording,
    "value_error": _value_wording,
    "assertion_error": _value_wording,
}
