"""Short codes of figures and tables: `ra-7F3K-2QXM` leads back to the run that drew it.

A code is made from what a run depends on and from the name of the figure, so the same run gives
the same codes on every machine. Four signs are of the run and three of the figure, in Crockford's
base 32 (no I, L, O, U); the last sign checks the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from funis.checks import InputError, Issue
from funis.report.content import Provenance

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BASE, RUN_SIGNS, FIGURE_SIGNS = 32, 4, 3
LENGTH = RUN_SIGNS + FIGURE_SIGNS + 1
READ_AS = str.maketrans("OIL", "011")
MACHINE = ("Python", "NumPy", "solved a second time")
"""Entries of the provenance that are not what a run was asked for."""

EXAMPLE = "ra-7F3K-2QXM"
_LAST_TWO = re.compile(rf"^(.*?)[-\s]*(\w{{{RUN_SIGNS}}})[-\s]*(\w{{{FIGURE_SIGNS + 1}}})$")


@dataclass(frozen=True, slots=True)
class FigureMark:
    """A figure or table of a page: what it is called, what it shows, and its short code.

    Attributes
    ----------
    id
        Its name in the page.
    kind
        figure | table.
    title
        What it shows, in words.
    about
        Endpoint (``ACR20@12``), score, responder rule or observable; empty where it is of none.
    arm
        Id of the arm; empty where it shows several.
    code
        Empty until it is given one.
    """

    id: str
    kind: Literal["figure", "table"]
    title: str
    about: str = ""
    arm: str = ""
    code: str = ""

    def document(self) -> dict[str, str]:
        """Return the mark as plain data, without what is empty."""
        names = ("id", "kind", "title", "about", "arm", "code")
        return {name: text for name in names if (text := getattr(self, name))}


def run_identity(source: Provenance, *more: object) -> str:
    """Return the SHA-256 of what a run depends on, places and machines left out.

    Parameters
    ----------
    source
        Where the run came from.
    more
        What else it was asked for, as JSON values.
    """
    asked = {name: text for name, text in source.more.items() if name not in MACHINE}
    asked |= {"endpoints": source.endpoints_hash} if source.endpoints_hash else {}
    content = (
        source.protocol_hash, source.model_hash, source.pool_hash, source.library_version,
        source.seed, asked, more,
    )  # fmt: skip
    return sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def run_code(identity: str, prefix: str) -> str:
    """Return the part that the codes of all figures of a run share, such as ``ra-7F3K``."""
    signs = _signs(int(identity[:16], 16), RUN_SIGNS)
    return f"{prefix}-{signs}" if prefix else signs


def with_codes(marks: Iterable[FigureMark], identity: str, prefix: str) -> tuple[FigureMark, ...]:
    """Give every figure its code; no two figures of a run share one.

    Raises
    ------
    ValueError
        Two figures have the same name.
    """
    taken: set[int] = set()
    found: list[FigureMark] = []
    named: set[str] = set()
    for mark in marks:
        if mark.id in named:
            raise ValueError(f"two figures are named '{mark.id}'")
        named.add(mark.id)
        number = int(sha256(f"{identity}\0{mark.id}".encode()).hexdigest()[:16], 16)
        while (number := number % BASE**FIGURE_SIGNS) in taken:
            number += 1
        taken.add(number)
        code = _whole(run_code(identity, ""), _signs(number, FIGURE_SIGNS), prefix)
        found.append(FigureMark(mark.id, mark.kind, mark.title, mark.about, mark.arm, code))
    return tuple(found)


def read_code(text: str) -> str:
    """Return a code as typed, without its prefix, as eight signs: ``7F3K2QXM``.

    Case, hyphens and spaces do not count; O is read as 0, I and L as 1.

    Raises
    ------
    InputError
        It is no code, or one of its signs is wrong.
    """
    expected = f"a code as it stands under a figure, such as {EXAMPLE}"
    parts = _LAST_TWO.match(text.strip().upper())
    signs = "".join(parts.groups()[1:]).translate(READ_AS) if parts else ""
    if len(signs) != LENGTH or any(sign not in SIGNS for sign in signs):
        raise InputError(Issue(None, None, None, f"'{text[:60]}' is no short code", expected))
    if _remainder(signs) != 0:
        message = f"'{text[:60]}' has a slip: its last sign does not fit the others"
        raise InputError(Issue(None, None, None, message, expected))
    return signs


def codes_of(marks: Sequence[FigureMark]) -> Mapping[str, str]:
    """Return the code of each figure by its name."""
    return {mark.id: mark.code for mark in marks}


def _whole(run: str, figure: str, prefix: str) -> str:
    signs = run + figure
    check = _double(_remainder(signs))
    parts = (prefix, run, f"{figure}{SIGNS[check]}")
    return "-".join(part for part in parts if part)


def _signs(number: int, length: int) -> str:
    return "".join(SIGNS[number // BASE**place % BASE] for place in reversed(range(length)))


def _remainder(signs: str) -> int:
    """Return a polynomial over the field of 32 elements, zero for a whole code.

    One wrong sign, or two neighbours exchanged, never leaves it zero.
    """
    value = 0
    for sign in signs:
        value = _double(value) ^ SIGNS.index(sign)
    return value


def _double(value: int) -> int:
    """Return a value times the generator of the field, x^5 + x^2 + 1 = 0."""
    value <<= 1
    return value ^ 0b100101 if value & BASE else value
