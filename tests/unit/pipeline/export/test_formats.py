"""Every format gives back the numbers of the tables, and says what they are."""

import csv
import io
import json
import math
import re

import polars as pl
import pyreadstat
import pytest

from funis.pipeline.export.formats import FORMATS
from funis.report import RESEARCH_USE

TOP = {
    "datasetJSONCreationDateTime": str, "datasetJSONVersion": str, "fileOID": str,
    "originator": str, "sourceSystem": dict, "studyOID": str, "metaDataVersionOID": str,
    "metaDataRef": str, "itemGroupOID": str, "records": int, "name": str, "label": str,
    "columns": list, "rows": list,
}  # fmt: skip
"""Attributes of Dataset-JSON 1.1 that are used, in the order that the specification advises."""

OF_TYPE = {"string": str, "integer": int, "double": (int, float)}
DATE_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?([+-]\d{2}:\d{2}|Z)?"


def check_dataset_json(document):
    """The rules of the specification, restated: attributes, types, missing values, numbers."""
    assert [*document] == [*TOP]
    assert all(isinstance(document[name], kind) for name, kind in TOP.items())
    assert re.fullmatch(DATE_TIME, document["datasetJSONCreationDateTime"])
    assert re.fullmatch(r"1\.1(\.(0|[1-9]\d*))?", document["datasetJSONVersion"])
    assert set(document["sourceSystem"]) == {"name", "version"}
    for column in document["columns"]:
        assert {"itemOID", "name", "label", "dataType"} <= set(column)
        assert set(column) <= {"itemOID", "name", "label", "dataType", "length", "keySequence"}
        assert column.get("length", 1) >= 1
        assert column.get("keySequence", 1) >= 1
    assert document["records"] == len(document["rows"])
    kinds = [OF_TYPE[column["dataType"]] for column in document["columns"]]
    for row in document["rows"]:
        assert len(row) == len(kinds)
        assert all(x is None or isinstance(x, kind) for x, kind in zip(row, kinds, strict=True))


def read_json(content):
    document = json.loads(content)
    check_dataset_json(document)
    types = {"string": pl.String, "integer": pl.Int64, "double": pl.Float64}
    schema = {one["name"]: types[one["dataType"]] for one in document["columns"]}
    return pl.DataFrame(document["rows"], schema=schema, orient="row")


def read_csv(content, schema):
    """By another reader than the writer's."""
    rows = [*csv.DictReader(io.StringIO(content.decode("utf-8")))]
    of = {pl.String: str, pl.Int64: int, pl.Float64: float}
    columns = {
        name: [None if row[name] == "" else of[kind](row[name]) for row in rows]
        for name, kind in schema.items()
    }
    return pl.DataFrame(columns, schema=schema)


def read_xpt(content, path):
    path.write_bytes(content)
    read, about = pyreadstat.read_xport(path, output_format="dict")
    return {name: [_value(x) for x in read.get(name, [])] for name in about.column_names}


def _value(x):
    return None if x in ("", None) or (isinstance(x, float) and math.isnan(x)) else x


@pytest.mark.parametrize("name", ["ADSL", "ADEX", "ADEFF", "ADENDPT", "ADTTE", "ADAE"])
def test_every_format_gives_the_same_values(name, tables, marks, tmp_path):
    table = tables[name]
    asked = table.frame
    content = {form: one.write(table, marks) for form, one in FORMATS.items()}
    assert pl.read_parquet(io.BytesIO(content["parquet"])).equals(asked)
    assert read_json(content["dataset-json"]).equals(asked)
    assert read_csv(content["csv"], asked.schema).equals(asked)
    found = read_xpt(content["xpt"], tmp_path / "table.xpt")
    assert [*found] == asked.columns
    for column in asked.columns:
        assert found[column] == asked[column].to_list()


@pytest.mark.parametrize("form", FORMATS)
def test_bytes_depend_on_the_table_alone(form, tables, marks):
    write = FORMATS[form].write
    assert write(tables["ADSL"], marks) == write(tables["ADSL"], marks)


def test_the_statement_and_the_evidence_travel_with_every_file(tables, marks):
    table = tables["ADSL"]
    told = pl.read_parquet_metadata(io.BytesIO(FORMATS["parquet"].write(table, marks)))
    assert told["research_use"] == RESEARCH_USE
    assert told["evidence"] == marks.evidence
    assert "USUBJID" in json.loads(told["labels"])
    document = json.loads(FORMATS["dataset-json"].write(table, marks))
    assert RESEARCH_USE in document["originator"]
    assert marks.evidence in document["originator"]
    assert b"Simulated subjects; research use only" in FORMATS["xpt"].write(table, marks)
    assert FORMATS["csv"].write(table, marks).startswith(b"STUDYID,USUBJID,SIMFL")
