"""The formats by name: how a table becomes the bytes of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

from funis.checks import InputError, Issue, nearest
from funis.pipeline.export.columns import Dataset
from funis.pipeline.export.dataset_json import dataset_json_bytes
from funis.pipeline.export.marks import Marks
from funis.pipeline.export.xpt import xpt_bytes
from funis.report import RESEARCH_USE
from funis.report.statement import SIMULATED

USDM = "usdm"
"""The format of the protocol; all others are of tables."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one format names its files and writes a table."""

    ending: str
    write: Callable[[Dataset, Marks], bytes]


def parquet_bytes(table: Dataset, marks: Marks) -> bytes:
    """Return a data set as Parquet, its statements and labels in the metadata of the file."""
    content = BytesIO()
    labels = {column.name: column.label for column in table.columns}
    told = {
        "data": SIMULATED,
        "research_use": RESEARCH_USE,
        "evidence": marks.evidence,
        "study": marks.study,
        "title": marks.title,
        "dataset": table.name,
        "label": table.label,
        "labels": json.dumps(labels, sort_keys=True),
    }
    table.frame.write_parquet(content, compression="zstd", metadata=told)
    return content.getvalue()


def csv_bytes(table: Dataset, marks: Marks) -> bytes:
    """Return a data set as CSV: a line of names, then rows; what is missing is left empty."""
    content = BytesIO()
    table.frame.write_csv(content)
    return content.getvalue()


FORMATS: Mapping[str, Format] = {
    "parquet": Format("parquet", parquet_bytes),
    "csv": Format("csv", csv_bytes),
    "xpt": Format("xpt", lambda table, _: xpt_bytes(table)),
    "dataset-json": Format("json", dataset_json_bytes),
}
"""Formats of tables by name."""

NAMES = (*FORMATS, USDM)


def require_format(name: str) -> None:
    """Refuse what is no format.

    Raises
    ------
    InputError
        With the nearest name.
    """
    if name not in NAMES:
        expected = f"one of {', '.join(NAMES)}"
        message = f"unknown format '{name}'"
        raise InputError(Issue(None, None, "--format", message, expected, nearest(name, NAMES)))
