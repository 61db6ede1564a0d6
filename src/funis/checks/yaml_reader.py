"""Plain data and line numbers from the nodes of a YAML 1.2 text."""

import marshal
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from funis.checks.documents import KeyPath, dotted
from funis.checks.issues import InputError, Issue, IssueList

FORM = 1
"""Changes when what a reading holds does."""

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_LOOSE = re.compile(r"([-+]?)([0-9]*)(\.?)([0-9]*)(?:[eE]([-+]?)([0-9]+))?")
_READ_DIFFERENTLY = re.compile(
    r"[-+]?0[0-9_]+|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?"
    r"|[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"
)
_HALF = re.compile("[\ud800-\udfff]")
_MOST_DIGITS = 400
MOST_DEPTH = 40
"""Lists and maps within each other: the parser's time grows with the square of them."""

_TAG = re.compile(r"(?:&\S+\s+)?!")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_TRUTHS = frozenset({"yes", "no", "on", "off"})


def read(text: str, file: str) -> tuple[Any, Mapping[KeyPath, int]]:
    """The plain data of a YAML text, and the line of every key and list item by its path.

    Raises
    ------
    InputError
        For broken YAML and for whatever YAML readers do not take alike.
    """
    data, lines = marshal.loads(_packed(text, file))
    return data, MappingProxyType(lines)


def read_once(text: str, file: str) -> tuple[Any, Mapping[KeyPath, int]]:
    """As `read`, and nothing of the text is kept, in memory or on a shelf.

    Raises
    ------
    InputError
        As ``read``.
    """
    data, lines = marshal.loads(_read(text, file))
    return data, MappingProxyType(lines)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where readings are kept between processes: by a key, None for what is not there."""

    fetch: Callable[[str], bytes | None]
    keep: Callable[[str, bytes], None]


_shelves: list[Shelf] = []


def use_shelf(shelf: Shelf | None) -> None:
    """Keep readings of this process on a shelf; None for no shelf, as it is by default."""
    _shelves[:] = [] if shelf is None else [shelf]


@lru_cache(maxsize=256)
def _packed(text: str, file: str) -> bytes:
    """Read a text once a process: reading is slow, and each reader gets a copy of its own.

    A text without a fault is read once at all where there is a shelf. Its key holds the text and
    the version of Python, whose format the reading has.
    """
    if not _shelves:
        return _read(text, file)
    key = sha256(f"{FORM} {sys.version} {text}".encode()).hexdigest()
    known = _shelves[0].fetch(key)
    if known is None:
        known = _read(text, file)
        _shelves[0].keep(key, known)
    return known


def _read(text: str, file: str) -> bytes:
    root = _compose(text, file)
    reader = _Reader(file)
    data = None if root is None else reader.value(root, ())
    IssueList(reader.issues).raise_errors()
    return marshal.dumps((data, reader.lines))


def _compose(text: str, file: str) -> Node | None:
    reader = YAML(typ="safe", pure=True)
    reader.Composer = _Shallow
    try:
        node = reader.compose(text)
    except _TooDeep as error:
        expected = f"at most {MOST_DEPTH} lists and maps within each other"
        raise InputError(Issue(file, error.line, None, "is nested too deeply", expected)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise InputError(Issue(file, line, None, f"not valid YAML: {problem}")) from None
    except YAMLError as error:
        problem = str(error).strip().splitlines()[0]
        raise InputError(Issue(file, None, None, f"not valid YAML: {problem}")) from None
    return node if isinstance(node, Node) else None


class _TooDeep(Exception):
    """More lists and maps stand within each other than anybody writes by hand."""

    def __init__(self, line: int) -> None:
        self.line = line


class _Shallow(Composer):
    """Makes nodes of a text as it is parsed, and no further where they stand too deep."""

    within = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node with all that is in it."""
        self.within += 1
        if self.within > MOST_DEPTH + 1:
            raise _TooDeep(self.parser.peek_event().start_mark.line + 1)
        try:
            return super().compose_node(parent, index)
        finally:
            self.within -= 1


class _Reader:
    """Turns the nodes of one file into plain data, noting lines and issues on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.issues: list[Issue] = []
        self.seen: set[int] = set()

    def note(self, node: Node, path: KeyPath, message: str, expected: str | None = None) -> None:
        line = _line(node)
        self.issues.append(Issue(self.file, line, dotted(path), message, expected))

    def value(self, node: Node, path: KeyPath) -> Any:
        if id(node) in self.seen:  # the node itself stands elsewhere, at its anchor
            line = self.lines.get(path, self.lines[path[:-1]])
            expected = "the content written out"
            issue = Issue(self.file, line, dotted(path), "aliases (*) are not read", expected)
            self.issues.append(issue)
            return None
        self.lines.setdefault(path, _line(node))
        self.seen.add(id(node))
        if _TAG.match(_source(node)):
            self.note(node, path, f"tags ({node.tag}) are not read", "plain YAML")
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self.scalar(node, path)

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str | int, Any]:
        data: dict[str | int, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in data:
                message = f"duplicate key; it stands on line {self.lines[here]} too"
                self.note(key_node, here, message)
                continue
            self.lines[here] = _line(key_node)
            data[key] = self.value(value_node, here)
        return data

    def key(self, node: Node, path: KeyPath) -> str | int | None:
        if node.tag == "tag:yaml.org,2002:merge":
            self.note(node, path, "merge keys (<<) are not read", "the keys written out")
            return None
        key = self.scalar(node, path) if isinstance(node, ScalarNode) else None
        if isinstance(key, bool) or not isinstance(key, str | int):
            self.note(node, path, "a key is neither text nor a whole number", "text")
            return None
        return key

    def scalar(self, node: ScalarNode, path: KeyPath) -> str | int | float | bool | None:
        text = str(node.value)
        if _HALF.search(text):
            self.note(node, path, "holds half of a character (a lone surrogate)", "whole text")
            return ""
        if node.style is not None:
            return text
        if len(text) > _MOST_DIGITS and _INTEGER.fullmatch(text):
            self.note(node, path, f"a number of {len(text):,} digits", "text in quotes")
            return None
        expected = _portable(text)
        if expected is not None:
            self.note(node, path, f"'{text}' is not read alike everywhere", expected)
        return _plain_value(text)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _source(node: Node) -> str:
    """The first characters of a node as written, from its anchor or tag on."""
    mark = node.start_mark
    return str(mark.buffer[mark.pointer : mark.pointer + 200])


def _plain_value(text: str) -> str | int | float | bool | None:
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _portable(text: str) -> str | None:
    """What to write in place of a plain scalar that YAML readers take differently, or none."""
    if text.casefold() in _OLD_TRUTHS:
        return f"true, false or the text in quotes, '{text}'"
    if text.casefold() == ".nan":
        return "a number, or null where there is none"
    if _READ_DIFFERENTLY.fullmatch(text):
        return f"a plain decimal number or the text in quotes, '{text}'"
    if _INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text):
        return None
    return _decimal_form(text)


def _decimal_form(text: str) -> str | None:
    loose = _LOOSE.fullmatch(text)
    if loose is None or not (loose[2] or loose[4]):
        return None
    sign, whole, point, fraction, exponent_sign, exponent = loose.groups(default="")
    number = f"{sign}{whole or 0}.{fraction or 0}"
    if exponent:
        number += f"e{exponent_sign or '+'}{exponent}"
    parts = ["the sign"] if exponent and not exponent_sign else []
    if not (whole and point):
        parts.insert(0, "the point" if whole else "the zero")
    return f"{number} (without {' and '.join(parts)} some YAML readers take it for text)"
