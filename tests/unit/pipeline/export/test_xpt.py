"""XPORT files: published bytes, exact arithmetic, and another program's reading of them."""

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.checks import InputError
from funis.pipeline.export.columns import Column, dataset
from funis.pipeline.export.xpt import ibm_bytes, xpt_bytes

INSIDE = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda x: x == 0 or 1e-77 < abs(x) < 7e75
)


def ibm_value(word):
    """An IBM number by its definition: sign, exponent of 16 less 64, fraction of 56 bits."""
    sign = -1 if word[0] & 128 else 1
    fraction = Fraction(int.from_bytes(word[1:], "big"), 2**56)
    return sign * fraction * Fraction(16) ** ((word[0] & 127) - 64)


def test_published_examples_of_ibm_numbers():
    # -118.625 is the worked example of the format; 1 and 100 follow from the definition
    found = ibm_bytes(np.array([-118.625, 1.0, 100.0, 0.0, np.nan]))
    words = ["c276a00000000000", "4110000000000000", "4264000000000000", "00" * 8, "2e" + "00" * 7]
    assert [bytes(row).hex() for row in found] == words


@given(st.lists(INSIDE, min_size=1, max_size=20))
def test_numbers_are_exact_in_the_range_of_the_format(values):
    for value, word in zip(values, ibm_bytes(np.array(values)), strict=True):
        assert ibm_value(bytes(word)) == Fraction(value)
        assert word[1] & 0xF0 or value == 0  # normalised: the first digit is not zero


def test_what_is_too_small_is_zero_and_what_is_too_large_is_refused():
    small = ibm_bytes(np.array([1e-80, -5e-324, 2.0**-260]))
    assert [ibm_value(bytes(word)) for word in small] == [0, 0, Fraction(2) ** -260]
    with pytest.raises(OverflowError):
        ibm_bytes(np.array([7.3e75]))
    table = dataset("ADX", "x", [Column("A", "x", "number")], pl.DataFrame({"A": [1e80]}))
    with pytest.raises(InputError, match=r"A: 1e\+80 is too large for an XPT file"):
        xpt_bytes(table)


TEXT = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=70)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(TEXT, st.none() | INSIDE, st.none() | st.integers(-(2**50), 2**50)), max_size=9
    )
)
def test_another_program_reads_the_same_values(tmp_path_factory, rows):
    columns = [
        Column("ROW", "Running number", "integer", key=1), Column("TEXT", "Some text"),
        Column("NUMBER", "A number", "number"), Column("WHOLE", "A whole number", "integer"),
    ]  # fmt: skip
    given_rows = [(place, *row) for place, row in enumerate(rows)]
    schema = {"ROW": pl.Int64, "TEXT": pl.String, "NUMBER": pl.Float64, "WHOLE": pl.Int64}
    table = dataset("ADX", "Label", columns, pl.DataFrame(given_rows, schema=schema, orient="row"))
    path = tmp_path_factory.mktemp("xpt") / "adx.xpt"
    path.write_bytes(xpt_bytes(table))
    read, about = pyreadstat.read_xport(path, output_format="dict")
    assert about.column_names_to_labels == {one.name: one.label for one in columns}
    assert about.file_label == "Label"
    assert about.table_name == "ADX"
    if rows:
        assert [x or "" for x in read["TEXT"]] == [row[0] or "" for row in rows]
        assert [_missing(x) for x in read["NUMBER"]] == [row[1] for row in rows]
        assert [_missing(x) for x in read["WHOLE"]] == [row[2] for row in rows]


def _missing(value):
    return None if value is None or math.isnan(value) else value


def test_every_record_has_80_bytes_and_no_date_of_the_clock():
    table = dataset("ADX", "x", [Column("A", "x")], pl.DataFrame({"A": ["abc"]}))
    content = xpt_bytes(table)
    assert len(content) % 80 == 0
    assert content.count(b"01JAN60:00:00:00") == 4
    assert content == xpt_bytes(table)
