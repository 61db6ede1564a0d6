"""What every table of an export begins with, and how days are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funis.pipeline.export.columns import Column
from funis.pipeline.export.record import RunRecord
from funis.protocol import Arm, Protocol

if TYPE_CHECKING:
    import polars

STUDY = Column("STUDYID", "Study Identifier")
SUBJECT = Column("USUBJID", "Unique Subject Identifier (virtual)", key=1)
SIMULATED = Column("SIMFL", "Simulated: research use only (Y)")
FIRST = (STUDY, SUBJECT, SIMULATED)
TREATMENT = (
    Column("TRTP", "Planned Treatment"),
    Column("TRTPN", "Planned Treatment (N)", "integer"),
)

DAYS_PER_WEEK = 7


def begun(table: polars.DataFrame, run: RunRecord) -> polars.DataFrame:
    """Return a table with who it is about: study, subject, flag, planned treatment.

    Where a row is a patient in a period, the column ``patient`` says who it is.
    """
    import polars as pl

    study = run.trial.protocol.id
    whose = "patient" if "patient" in table.columns else "subject"
    number = pl.col(whose).cast(pl.String).str.zfill(6)
    return table.join(_arms(run), on="arm", how="left", maintain_order="left").with_columns(
        pl.lit(study).alias("STUDYID"),
        (pl.lit(f"{study}-VIRTUAL-") + number).alias("USUBJID"),
        pl.lit("Y").alias("SIMFL"),
    )


def study_day(days: polars.Expr) -> polars.Expr:
    """Return days as whole study days: randomisation is day 1, the day before it is day -1."""
    import polars as pl

    whole = days.floor().cast(pl.Int64)
    return pl.when(whole >= 0).then(whole + 1).otherwise(whole)


def flag(condition: polars.Expr) -> polars.Expr:
    """Return Y where a condition holds; missing elsewhere."""
    import polars as pl

    return pl.when(condition).then(pl.lit("Y")).otherwise(None)


def yes_no(condition: polars.Expr) -> polars.Expr:
    """Return Y or N; missing where the condition is."""
    import polars as pl

    return (
        pl.when(condition)
        .then(pl.lit("Y"))
        .when(condition.not_())
        .then(pl.lit("N"))
        .otherwise(None)
    )


def arms_of(protocol: Protocol) -> tuple[Arm, ...]:
    """Return what the tables name as arms: arms, then the sequences of a crossover."""
    known = {arm.id for arm in protocol.arms}
    return (*protocol.arms, *(arm for arm in protocol.conducted if arm.id not in known))


def _arms(run: RunRecord) -> polars.DataFrame:
    import polars as pl

    arms = arms_of(run.trial.protocol)
    columns = {
        "arm": [arm.id for arm in arms],
        "TRTP": [arm.label for arm in arms],
        "TRTPN": [*range(1, len(arms) + 1)],
    }
    return pl.DataFrame(columns)
