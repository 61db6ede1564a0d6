"""ADSL: one row a virtual patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funis.pipeline.export.columns import Column, Dataset, dataset, other_columns
from funis.pipeline.export.record import RunRecord
from funis.pipeline.export.shared import (
    DAYS_PER_WEEK,
    FIRST,
    arms_of,
    begun,
    flag,
    study_day,
    yes_no,
)
from funis.protocol import Protocol

if TYPE_CHECKING:
    import polars

COLUMNS = (
    *FIRST,
    Column("SUBJID", "Subject of the run tables", "integer"),
    Column("SITEID", "Study Site Identifier (virtual)"),
    Column("STUDYTTL", "Study Title (simulated)"),
    Column("ARM", "Description of Planned Arm"),
    Column("ARMCD", "Planned Arm Code"),
    Column("RANDFL", "Randomized Population Flag"),
    Column("ITTFL", "Intent-To-Treat Population Flag"),
    Column("SAFFL", "Safety Population Flag"),
    Column("SIMOKFL", "Simulation Succeeded (else left out)"),
    Column("EOSSTT", "End of Study Status"),
    Column("DCSREAS", "Reason for Discontinuation or Failure"),
    Column("EOSDY", "End of Study Day", "integer"),
    Column("DISCWK", "Week of Discontinuation", "number"),
    Column("RESCFL", "Rescued Flag"),
    Column("RESCWK", "Week of Rescue", "number"),
    Column("TRTSDY", "Day of First Administration", "integer"),
    Column("TRTEDY", "Day of Last Administration", "integer"),
    Column("DOSEN", "Number of Administrations", "integer"),
)

KNOWN = (
    "subject", "site", "arm", "status", "status_reason", "discontinued_week", "rescued_week",
)  # fmt: skip

LABELS = {
    "screened": "Candidates screened for this place",
    "solver": "Rung of the solver ladder (0 is first)",
    "solver_deviation": "Second solution: difference/tolerance",
}


def subject_table(run: RunRecord) -> Dataset:
    """Return ADSL, with whatever the run knew of a patient at entry."""
    import polars as pl

    parameters = {one.id: one.name for one in run.trial.model.parameters}
    covariates = {
        column: parameters.get(name, column) for name, column in run.trial.model.covariates.items()
    }
    names = [column.name for column in COLUMNS]
    names += [column.name for column, _ in period_treatments(run.trial.protocol)]
    others = other_columns(run.subjects, KNOWN, names, {**covariates, **LABELS})
    table = begun(run.subjects, run).join(_given(run.doses), on="subject", how="left")
    renamed = [pl.col(source).alias(column.name) for source, column in others]
    treatments = period_treatments(run.trial.protocol)
    columns = (*COLUMNS, *(column for column, _ in treatments), *(column for _, column in others))
    told = [expression.alias(column.name) for column, expression in treatments]
    return dataset(
        "ADSL", "Simulated subjects; research use only", columns,
        table.with_columns(_status(run)).with_columns(told).with_columns(renamed),
    )  # fmt: skip


def period_treatments(protocol: Protocol) -> list[tuple[Column, polars.Expr]]:
    """Return planned and actual treatment of each period; without a crossover there is one."""
    import polars as pl

    labels = {arm.id: (arm.label, number) for number, arm in enumerate(arms_of(protocol), 1)}
    turns = protocol.crossover
    orders = {arm: (arm,) for arm in labels} if turns is None else {**turns.sequences}
    found: list[tuple[Column, polars.Expr]] = []
    for period in range(1 if turns is None else turns.periods):
        own = {arm: labels[order[period]] for arm, order in orders.items() if period < len(order)}
        names = {arm: label for arm, (label, _) in own.items()}
        places = {arm: number for arm, (_, number) in own.items()}
        text = pl.col("arm").replace_strict(names, default=None, return_dtype=pl.String)
        place = pl.col("arm").replace_strict(places, default=None, return_dtype=pl.Int64)
        for code, word in (("P", "Planned"), ("A", "Actual")):
            label = f"{word} Treatment for Period {period + 1:02}"
            found.append((Column(f"TRT{period + 1:02}{code}", label), text))
            found.append((Column(f"TRT{period + 1:02}{code}N", f"{label} (N)", "integer"), place))
    return found


def _given(doses: polars.DataFrame) -> polars.DataFrame:
    """Return when each subject was first and last given something, and how often."""
    import polars as pl

    return doses.group_by("subject", maintain_order=True).agg(
        study_day(pl.col("day").min()).alias("TRTSDY"),
        study_day(pl.col("day").max()).alias("TRTEDY"),
        pl.len().alias("DOSEN"),
    )


def _status(run: RunRecord) -> list[polars.Expr]:
    import polars as pl

    protocol = run.trial.protocol
    untreated = [arm.id for arm in arms_of(protocol) if not arm.interventions]
    last = study_day(pl.lit(DAYS_PER_WEEK * protocol.visits.last_week))
    left = pl.col("discontinued_week")
    gone = study_day(left * DAYS_PER_WEEK)
    failed = pl.col("status") == "failed"
    return [
        pl.col("subject").alias("SUBJID"),
        (pl.lit("VIRTUAL-") + pl.col("site").cast(pl.String)).alias("SITEID"),
        pl.lit(f"SIMULATED: {protocol.title}").alias("STUDYTTL"),
        pl.col("arm").alias("ARMCD"),
        pl.col("TRTP").alias("ARM"),
        pl.lit("Y").alias("RANDFL"),
        pl.lit("Y").alias("ITTFL"),
        yes_no(pl.col("DOSEN").is_not_null() | pl.col("arm").is_in(untreated)).alias("SAFFL"),
        yes_no(failed.not_()).alias("SIMOKFL"),
        pl.col("status").str.to_uppercase().alias("EOSSTT"),
        pl.col("status_reason").alias("DCSREAS"),
        pl.when(failed).then(None).otherwise(gone.fill_null(last)).alias("EOSDY"),
        left.alias("DISCWK"),
        flag(pl.col("rescued_week").is_not_null()).alias("RESCFL"),
        pl.col("rescued_week").alias("RESCWK"),
        pl.col("DOSEN").fill_null(0),
    ]
