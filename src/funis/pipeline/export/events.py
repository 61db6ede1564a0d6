"""ADAE: one row an adverse event; without rows where a run recorded none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funis.pipeline.export.columns import Column, Dataset, dataset, other_columns
from funis.pipeline.export.record import RunRecord
from funis.pipeline.export.shared import FIRST, TREATMENT, begun, study_day, yes_no

if TYPE_CHECKING:
    import polars

COLUMNS = (
    *FIRST,
    *TREATMENT,
    Column("AESEQ", "Sequence Number", "integer", key=2),
    Column("AETERM", "Reported Term (CTCAE, simulated)"),
    Column("ASTDY", "Analysis Start Relative Day", "integer"),
    Column("AENDY", "Analysis End Relative Day", "integer"),
    Column("AESTART", "Start after randomisation (days)", "number"),
    Column("AEEND", "End after randomisation (days)", "number"),
    Column("ATOXGR", "Analysis Toxicity Grade"),
    Column("ATOXGRN", "Analysis Toxicity Grade (N)", "integer"),
    Column("AESER", "Serious Event"),
    Column("AREL", "Related (as the simulation set it)"),
    Column("AEXPFL", "Expected"),
    Column("AEDOSEN", "Administration that it follows", "integer"),
    Column("AEROUTE", "Route of that administration"),
    Column("AESRC", "Source: procedure, cells, background"),
    Column("TRTEMFL", "Treatment Emergent Analysis Flag"),
)

SCHEMA = {
    "subject": "integer", "arm": "text", "day": "number", "end_day": "number", "term": "text",
    "grade": "integer", "serious": "flag", "related": "flag", "expected": "flag",
    "dose": "integer", "route": "text", "source_kind": "text",
}  # fmt: skip
"""Columns of the table of adverse events, and the kind of each."""


def event_table(run: RunRecord) -> Dataset:
    """Return ADAE; a column that the run's table lacks is missing throughout."""
    import polars as pl

    types = {
        "integer": pl.Int64, "text": pl.String, "number": pl.Float64, "flag": pl.Boolean,
    }  # fmt: skip
    empty = pl.DataFrame(schema={name: types[kind] for name, kind in SCHEMA.items()})
    found = empty if run.adverse_events is None else run.adverse_events
    absent = [pl.lit(None, types[k]).alias(n) for n, k in SCHEMA.items() if n not in found.columns]
    others = other_columns(found, SCHEMA, [column.name for column in COLUMNS], {})
    renamed = [pl.col(source).alias(column.name) for source, column in others]
    table = found.with_columns(absent).sort("subject", "day", maintain_order=True)
    first = run.doses.group_by("subject").agg(pl.col("day").min().alias("first_day"))
    told = begun(table, run).join(first, on="subject", how="left", maintain_order="left")
    columns = (*COLUMNS, *(column for _, column in others))
    return dataset(
        "ADAE", "Simulated adverse events; research only", columns,
        told.with_columns(_events()).with_columns(renamed),
    )  # fmt: skip


def _events() -> list[polars.Expr]:
    import polars as pl

    grade = pl.col("grade").cast(pl.Int64)
    return [
        pl.int_range(1, pl.len() + 1).over("subject").alias("AESEQ"),
        pl.col("term").alias("AETERM"),
        study_day(pl.col("day")).alias("ASTDY"),
        study_day(pl.col("end_day")).alias("AENDY"),
        pl.col("day").alias("AESTART"),
        pl.col("end_day").alias("AEEND"),
        grade.cast(pl.String).alias("ATOXGR"),
        grade.alias("ATOXGRN"),
        yes_no(pl.col("serious").cast(pl.Boolean)).alias("AESER"),
        yes_no(pl.col("related").cast(pl.Boolean)).alias("AREL"),
        yes_no(pl.col("expected").cast(pl.Boolean)).alias("AEXPFL"),
        pl.col("dose").alias("AEDOSEN"),
        pl.col("route").alias("AEROUTE"),
        pl.col("source_kind").alias("AESRC"),
        # of those who were given nothing, what follows randomisation counts
        yes_no(pl.col("day") >= pl.col("first_day").fill_null(0.0)).alias("TRTEMFL"),
    ]
