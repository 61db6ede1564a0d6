"""ADEX: one row an administration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funis.pipeline.export.columns import Column, Dataset, dataset, other_columns
from funis.pipeline.export.record import RunRecord
from funis.pipeline.export.shared import FIRST, TREATMENT, begun, study_day

if TYPE_CHECKING:
    import polars

COLUMNS = (
    *FIRST,
    *TREATMENT,
    Column("EXSEQ", "Sequence Number", "integer", key=2),
    Column("EXTRT", "Name of Treatment"),
    Column("EXCAT", "Category of Treatment: CELLS, DRUG, SHAM"),
    Column("EXROUTE", "Route of Administration or drug class"),
    Column("EXDOSE", "Dose", "number"),
    Column("EXDOSU", "Dose Units"),
    Column("ASTDY", "Analysis Start Relative Day", "integer"),
    Column("AENDY", "Analysis End Relative Day", "integer"),
    Column("EXSTART", "Start after randomisation (days)", "number"),
    Column("EXDUR", "Duration (days)", "number"),
    Column("EXRULE", "Protocol rule that gave it"),
)

KNOWN = ("subject", "arm", "day", "intervention", "route", "amount", "duration_day", "rule")
CELLS, STANDARD_DAYS = "cells", "standard doses x days"


def exposure_table(run: RunRecord) -> Dataset:
    """Return ADEX.

    The amount of a drug is its multiple of the standard dose times the days that it lasts, as the
    run records it.
    """
    import polars as pl

    others = other_columns(run.doses, KNOWN, [column.name for column in COLUMNS], {})
    renamed = [pl.col(source).alias(column.name) for source, column in others]
    table = begun(run.doses.sort("subject", "day", maintain_order=True), run)
    columns = (*COLUMNS, *(column for _, column in others))
    return dataset(
        "ADEX", "Simulated exposure; research use only", columns,
        table.with_columns(_exposure(run)).with_columns(renamed),
    )  # fmt: skip


def _exposure(run: RunRecord) -> list[polars.Expr]:
    import polars as pl

    drugs = [given.id for given in run.trial.model.inputs if given.kind == "drug"]
    protocol = run.trial.protocol
    shams = [one.id for arm in protocol.arms for one in arm.interventions if one.sham]
    is_drug = pl.col("route").is_in(drugs)
    start, duration = pl.col("day"), pl.col("duration_day")
    return [
        pl.int_range(1, pl.len() + 1).over("subject").alias("EXSEQ"),
        pl.col("intervention").alias("EXTRT"),
        pl.when(is_drug)
        .then(pl.lit("DRUG"))
        .when(pl.col("intervention").is_in(shams))
        .then(pl.lit("SHAM"))
        .otherwise(pl.lit("CELLS"))
        .alias("EXCAT"),
        pl.col("route").alias("EXROUTE"),
        pl.col("amount").alias("EXDOSE"),
        pl.when(is_drug).then(pl.lit(STANDARD_DAYS)).otherwise(pl.lit(CELLS)).alias("EXDOSU"),
        study_day(start).alias("ASTDY"),
        study_day(start + duration).alias("AENDY"),
        start.alias("EXSTART"),
        duration.alias("EXDUR"),
        pl.col("rule").alias("EXRULE"),
    ]
