"""Objects of a USDM document: plain data with a type, an identifier and references to others.

Class and attribute names are those of the Unified Study Definitions Model 4.0 (CDISC and
TransCelerate, Digital Data Flow; USDM_API.json in github.com/cdisc-org/DDF-RA).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]

CDISC, TERMINOLOGY = "http://www.cdisc.org", "2026-03-27"
"""The code system, and the version of its packages."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of CDISC controlled terminology: its NCI code and preferred term."""

    code: str
    decode: str


def item(kind: str, /, id: str | None = None, **attributes: Any) -> Item:
    """Return an object of a class; one without an identifier gets a number later."""
    return {"id": id, "extensionAttributes": [], **attributes, "instanceType": kind}


def named(kind: str, /, key: str, name: str | None = None, **attributes: Any) -> Item:
    """Return an object with a name, that others can refer to by `reference`."""
    known = {"label": None, "description": None, **attributes}
    return item(kind, reference(kind, key), name=key if name is None else name, **known)


def reference(kind: str, key: str) -> str:
    """Return the identifier of a named object."""
    return f"{kind}_{key.replace(' ', '_')}"


def coded(term: Term) -> Item:
    """Return a term as a code."""
    return item(
        "Code", code=term.code, codeSystem=CDISC, codeSystemVersion=TERMINOLOGY, decode=term.decode
    )


def own_code(word: str, version: str) -> Item:
    """Return a word of funis itself as a code, where no controlled term was confirmed."""
    return item("Code", code=word, codeSystem="funis", codeSystemVersion=version, decode=word)


def aliased(code: Item) -> Item:
    """Return a code that may have aliases: it has none."""
    return item("AliasCode", standardCode=code, standardCodeAliases=[])


def quantity(value: float, unit: Item | None) -> Item:
    """Return a number with its unit."""
    return item("Quantity", value=value, unit=None if unit is None else aliased(unit))


def duration(text: str, length: Item | None) -> Item:
    """Return a length of time, in words and where it is known as a number."""
    return item(
        "Duration", text=text, quantity=length, durationWillVary=False, reasonDurationWillVary=None
    )


def note(text: str) -> Item:
    """Return a remark."""
    return item("CommentAnnotation", text=text, codes=[])


def markup(text: str) -> str:
    """Return text for an attribute that holds XHTML."""
    return escape(text, quote=False)


def chained(items: Sequence[Item]) -> list[Item]:
    """Return objects in order, each naming the one before and the one after it."""
    ids = [None, *(one["id"] for one in items), None]
    return [
        {**one, "previousId": ids[place], "nextId": ids[place + 2]}
        for place, one in enumerate(items)
    ]


def numbered(tree: Item) -> Item:
    """Return a document in which every object has an identifier, by class and running number."""
    counts: Counter[str] = Counter()
    known = {one["id"] for one in walk(tree) if one.get("id")}
    copied: Item = _numbered(tree, counts, known)
    return copied


def walk(tree: Any) -> Iterable[Item]:
    """Every object of a document, each before those within it."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from walk(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from walk(value)


def _numbered(value: Any, counts: Counter[str], known: set[str]) -> Any:
    if isinstance(value, list):
        return [_numbered(one, counts, known) for one in value]
    if not isinstance(value, dict):
        return value
    done = dict(value)
    if "id" in done and done["id"] is None:
        done["id"] = _next(done["instanceType"], counts, known)
    return {key: _numbered(one, counts, known) for key, one in done.items()}


def _next(kind: str, counts: Counter[str], known: set[str]) -> str:
    while True:
        counts[kind] += 1
        name = f"{kind}_{counts[kind]}"
        if name not in known:
            return name
