"""CDISC Dataset-JSON 1.1: one data set a file, its columns described, its rows as lists.

After the specification "CDISC Dataset-JSON v1.1" (final, 2024-12-05; attributes and their order,
column data types, missing values) in github.com/cdisc-org/DataExchange-DatasetJson. It has no place
for a remark: the statements stand in ``originator``, and ``metaDataRef`` names the README.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from funis.pipeline.export.columns import Column, Dataset
from funis.pipeline.export.marks import Marks

VERSION = "1.1.0"
CREATED = "1960-01-01T00:00:00"
"""In place of when a file was made, which the standard demands: bytes do not follow the clock."""

ROWS_AT_ONCE = 10_000

TYPES: Mapping[str, str] = {"text": "string", "integer": "integer", "number": "double"}


def dataset_json_bytes(table: Dataset, marks: Marks) -> bytes:
    """Return a data set as Dataset-JSON, in the order of attributes that the standard advises."""
    document: dict[str, Any] = {
        "datasetJSONCreationDateTime": CREATED,
        "datasetJSONVersion": VERSION,
        "fileOID": f"funis.{marks.study}.{marks.run}.{table.name}",
        "originator": marks.statement,
        "sourceSystem": {"name": "funis (virtual patients)", "version": marks.version},
        "studyOID": f"funis.{marks.study}",
        "metaDataVersionOID": f"MDV.funis.{marks.version}",
        "metaDataRef": "README.md",
        "itemGroupOID": f"IG.{table.name}",
        "records": table.frame.height,
        "name": table.name,
        "label": table.label,
        "columns": [_column(table, column) for column in table.columns],
    }
    return _text(document)[:-1] + b',"rows":[' + b",".join(_rows(table)) + b"]}\n"


def _rows(table: Dataset) -> Iterator[bytes]:
    """Return the rows as text, without the brackets around them, some thousand at a time."""
    for part in table.frame.iter_slices(ROWS_AT_ONCE):
        yield _text(part.rows())[1:-1]


def _text(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _column(table: Dataset, column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {
        "itemOID": f"IT.{table.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "dataType": TYPES[column.kind],
    }
    if column.kind == "text":
        longest = table.frame[column.name].str.len_chars().max()
        described["length"] = max(int(str(longest or 0)), 1)
    if column.key is not None:
        described["keySequence"] = column.key
    return described
