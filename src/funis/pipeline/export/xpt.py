"""SAS XPORT version 5 files, written from the published record layout.

After SAS technical support document TS-140, "Record Layout of a SAS Version 5 or 6 Data Set in SAS
Transport (XPORT) Format": records of 80 bytes; two library headers, a member, one description of
140 bytes for each variable (``NAMESTR``), then the rows. Numbers are the 8-byte floating point of
IBM mainframes. Nothing in a file depends on the clock: its dates are the zero of SAS time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.pipeline.export.columns import Column, Dataset

if TYPE_CHECKING:
    import polars

RECORD = 80
DATE = "01JAN60:00:00:00"
"""Zero of SAS time, in place of when a file was made."""

MISSING = b"." + bytes(7)
LOWEST, HIGHEST = -64, 63
"""Exponents of 16 that an IBM number can have."""


def xpt_bytes(table: Dataset) -> bytes:
    """Return a data set as the bytes of an XPORT file.

    Missing text is blank. A number under 16**-65, which the format cannot tell from zero, is zero.

    Raises
    ------
    InputError
        A number is too large for the format.
    """
    fields = [_field(column, table.frame[column.name]) for column in table.columns]
    rows = b""
    if table.frame.height:
        rows = np.concatenate(fields, axis=1).tobytes()
    widths = [field.shape[1] for field in fields]
    parts = (_library(), _member(table), _variables(table.columns, widths), _head("OBS     "))
    return b"".join([*(_padded(part) for part in parts), rows, b" " * (-len(rows) % RECORD)])


def ibm_bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return numbers as IBM floating point, (n, 8) bytes; not-a-number is missing.

    A value is ``fraction * 16**exponent`` with a fraction of 56 bits in [1/16, 1), so the 53 bits
    of an IEEE number always fit.

    Raises
    ------
    OverflowError
        A number is too large.
    """
    absent = np.isnan(values)
    fraction, power = np.frexp(np.where(absent, 0.0, np.abs(values)))
    exponent = -(-power // 4)
    if np.any((exponent > HIGHEST) & (fraction > 0)):
        raise OverflowError("a number is too large")
    shift = (3 - (4 * exponent - power)).astype(np.uint64)
    digits = (fraction * 2.0**53).astype(np.uint64) << shift
    head = (np.signbit(values).astype(np.uint64) << np.uint64(7)) | (exponent + 64).astype(
        np.uint64
    )
    there = (fraction > 0) & (exponent >= LOWEST)
    words = np.where(there, (head << np.uint64(56)) | digits, np.uint64(0))
    found = words.astype(">u8").view(np.uint8).reshape(-1, 8)
    found[absent] = np.frombuffer(MISSING, np.uint8)
    return found


def _field(column: Column, series: polars.Series) -> NDArray[np.uint8]:
    """Return the values of a column as bytes of one width, (row, width)."""
    if column.kind == "text":
        return _text(series)
    numbers = series.cast(float).fill_null(float("nan")).to_numpy().astype(np.float64)
    try:
        return ibm_bytes(numbers)
    except OverflowError:
        message = f"{np.nanmax(np.abs(numbers)):g} is too large for an XPT file"
        raise InputError(Issue(None, None, column.name, message, "less than 7.2e75")) from None


def _text(series: polars.Series) -> NDArray[np.uint8]:
    """Return text as bytes of one width, blanks behind it; the few different texts once each."""
    texts = series.fill_null("")
    different = texts.unique(maintain_order=True)
    encoded = [text.encode() for text in different]
    width = max((len(text) for text in encoded), default=0) or 1
    joined = b"".join(text.ljust(width) for text in encoded)
    table = np.frombuffer(joined, np.uint8).reshape(len(encoded), width)
    places = texts.replace_strict(different, range(len(different))) if len(texts) else texts
    return np.asarray(table[places.cast(int).to_numpy()], np.uint8)


def _library() -> bytes:
    first = f"SAS     SAS     SASLIB  9.4     funis   {'':24}{DATE}"
    return _head("LIBRARY ") + first.encode() + _padded(DATE.encode())


def _member(table: Dataset) -> bytes:
    """Return the four records that begin a data set; the second date is followed by its label."""
    name = f"SAS     {table.name:8}SASDATA 9.4     funis   {'':24}{DATE}"
    label = f"{DATE}{'':16}{table.label:40}{'':8}"
    return (
        _head("MEMBER  ", "000000000000000001600000000140")
        + _head("DSCRPTR ")
        + name.encode()
        + label.encode()
    )


def _variables(columns: Sequence[Column], widths: Sequence[int]) -> bytes:
    """Return the descriptions of the variables, one after the other."""
    numbers = f"000000{len(columns):04}{'':0<20}"
    places = np.cumsum([0, *widths])
    records = [
        struct.pack(
            ">hhhh8s40s8shhh2s8shhl52s",
            2 if column.kind == "text" else 1, 0, width, number,
            column.name.ljust(8).encode(), column.label.ljust(40).encode(),
            b" " * 8, 0, 0, 0, b"\0\0", b" " * 8, 0, 0, int(place), bytes(52),
        )
        for number, (column, width, place) in enumerate(
            zip(columns, widths, places[:-1], strict=True), 1
        )
    ]  # fmt: skip
    return _head("NAMESTR ", numbers) + b"".join(records)


def _head(kind: str, numbers: str = "0" * 30) -> bytes:
    return f"HEADER RECORD*******{kind}HEADER RECORD!!!!!!!{numbers}  ".encode()


def _padded(content: bytes) -> bytes:
    """Return content with blanks up to whole records."""
    return content + b" " * (-len(content) % RECORD)
