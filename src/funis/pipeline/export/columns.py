"""Data sets as transport formats want them: short names, labels, three kinds of values.

The limits are those of SAS XPORT version 5, the tightest of the formats, so that one table is the
same in each of them: names of 8 characters, labels of 40, text of 200 bytes (SAS TS-140, "Record
Layout of a SAS Version 5 or 6 Data Set in SAS Transport (XPORT) Format").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from funis.checks import InputError, Issue

if TYPE_CHECKING:
    import polars

Kind = Literal["text", "integer", "number"]

NAME, LABEL, TEXT = 8, 40, 200
"""Longest name and label [characters], and longest text [bytes of UTF-8]."""

PREFERRED = {"age_year": "AGE", "weight_kg": "WEIGHTBL"}
"""Columns that have a usual name in analysis data sets."""


@dataclass(frozen=True, slots=True)
class Column:
    """One variable: its name, what it is, the kind of its values, its place among the keys."""

    name: str
    label: str
    kind: Kind = "text"
    key: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no transport file could hold."""
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,7}", self.name):
            raise ValueError(f"'{self.name}' is no name of at most {NAME} characters")
        if not self.label.isascii() or not 0 < len(self.label) <= LABEL:
            raise ValueError(f"{self.name}: a label has 1 to {LABEL} ASCII characters")


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """One table with what its columns mean; built by `dataset`."""

    name: str
    label: str
    columns: tuple[Column, ...]
    frame: polars.DataFrame


def dataset(name: str, label: str, columns: Sequence[Column], frame: polars.DataFrame) -> Dataset:
    """Return a data set of some columns of a table, in the order of its keys.

    Text longer than the limit is cut at a character; a number that is not finite is refused.

    Raises
    ------
    InputError
        A number is infinite or not a number: no transport format could say so.
    """
    import polars as pl

    Column(name, label)
    types = {"text": pl.String, "integer": pl.Int64, "number": pl.Float64}
    typed = frame.select(pl.col(one.name).cast(types[one.kind]) for one in columns)
    for one in columns:
        if one.kind == "number" and not typed[one.name].drop_nulls().is_finite().all():
            message = "holds a number that is not finite"
            raise InputError(Issue(None, None, f"{name}.{one.name}", message, "finite numbers"))
    cut = typed.with_columns(_cut(typed[one.name]) for one in columns if one.kind == "text")
    keys = sorted((one for one in columns if one.key is not None), key=lambda one: one.key or 0)
    ordered = cut.sort([one.name for one in keys], maintain_order=True)
    return Dataset(name, label, tuple(columns), ordered.rechunk())


def short_name(text: str, taken: Collection[str], tail: str = "") -> str:
    """Return a name of at most 8 characters for an id, another than those that are taken.

    Underscores go first, then vowels behind the first letter; then the end is cut, and a number
    tells it from the others.

    Parameters
    ----------
    tail
        Letters that stay at the end whatever is cut.
    """
    tail = re.sub(r"[^A-Z0-9]", "", tail.upper())[: NAME - 2]
    room = NAME - len(tail)
    whole = re.sub(r"[^A-Z0-9_]", "_", text.upper())
    whole = whole if whole[:1].isalpha() or whole[:1] == "_" else f"_{whole}"
    for name in _shortened(whole, room):
        if len(name) <= room and name + tail not in taken:
            return name + tail
    last = _shortened(whole, room)[-1]
    numbered = (f"{last[: room - len(str(n))]}{n}{tail}" for n in range(1, 10 ** (room - 1)))
    return next(name for name in numbered if name not in taken)


def _shortened(whole: str, room: int) -> tuple[str, ...]:
    plain = whole[:1] + whole[1:].replace("_", "")
    consonants = plain[:1] + re.sub(r"[AEIOU]", "", plain[1:])
    return whole, plain, consonants, consonants[:room]


def other_columns(
    frame: polars.DataFrame, known: Iterable[str], taken: Iterable[str], labels: Mapping[str, str]
) -> tuple[tuple[str, Column], ...]:
    """Return a column for each one of a table that nobody has named: (its own name, column).

    So what later trials add to their tables (strata, periods) is exported without being known.
    """
    found: list[tuple[str, Column]] = []
    names = {*taken}
    for source in frame.columns:
        if source in {*known}:
            continue
        name = PREFERRED.get(source) or short_name(source, names)
        names.add(name)
        label = ascii_label(labels.get(source, source.replace("_", " ")))
        found.append((source, Column(name, label, _kind(frame[source]))))
    return tuple(found)


def ascii_label(text: str) -> str:
    """Return text as a label: ASCII, cut at the limit."""
    plain = text.encode("ascii", "replace").decode().strip()
    return plain[:1].upper() + plain[1:LABEL] if plain else "-"


def _kind(series: polars.Series) -> Kind:
    if series.dtype.is_integer():
        return "integer"
    return "number" if series.dtype.is_numeric() else "text"


def _cut(series: polars.Series) -> polars.Series:
    """Return text of at most the longest number of bytes, cut between characters."""
    if (series.str.len_bytes().max() or 0) <= TEXT:  # type: ignore[operator]
        return series
    cut = [
        None if text is None else text.encode()[:TEXT].decode(errors="ignore") for text in series
    ]
    return type(series)(series.name, cut, dtype=series.dtype)
