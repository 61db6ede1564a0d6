"""ADTTE: days to discontinuation and to rescue, censored at the end of the trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funis.pipeline.export.columns import Column, Dataset, dataset
from funis.pipeline.export.observed import PARAMETER
from funis.pipeline.export.record import RunRecord
from funis.pipeline.export.shared import DAYS_PER_WEEK, FIRST, TREATMENT, begun

if TYPE_CHECKING:
    import polars

COLUMNS = (
    *FIRST,
    *TREATMENT,
    *PARAMETER,
    Column("AVAL", "Analysis Value: days at risk", "number"),
    Column("AVALU", "Analysis Value Unit"),
    Column("CNSR", "Censor (0 event, 1 censored)", "integer"),
    Column("EVNTDESC", "Event or Censoring Description"),
)

EVENTS = (
    ("TTDISC", "Time to discontinuation", "discontinued_week", "DISCONTINUED"),
    ("TTRESC", "Time to first rescue", "rescued_week", "RESCUED"),
)


def time_table(run: RunRecord) -> Dataset:
    """Return ADTTE of the patients whose simulation did not fail."""
    import polars as pl

    whole = run.subjects.filter(pl.col("status") != "failed")
    last = run.trial.protocol.visits.last_week
    rows = [_event(whole, place, event, last) for place, event in enumerate(EVENTS, 1)]
    return dataset(
        "ADTTE", "Simulated times to events; research use", COLUMNS, begun(pl.concat(rows), run)
    )


def _event(
    subjects: polars.DataFrame, place: int, event: tuple[str, str, str, str], last: float
) -> polars.DataFrame:
    """Return the days until one event, or until nobody looked any more."""
    import polars as pl

    code, name, column, words = event
    week, left = pl.col(column), pl.col("discontinued_week")
    censored = week.is_null()
    ends = pl.when(left.is_null()).then(pl.lit("END OF TRIAL")).otherwise(pl.lit("DISCONTINUED"))
    return subjects.select(
        "subject", "arm",
        pl.lit(code).alias("PARAMCD"), pl.lit(f"{name} (days)").alias("PARAM"),
        pl.lit(place).alias("PARAMN"), pl.lit("DAYS").alias("AVALU"),
        (DAYS_PER_WEEK * week.fill_null(left).fill_null(last)).alias("AVAL"),
        censored.cast(pl.Int64).alias("CNSR"),
        pl.when(censored).then(ends).otherwise(pl.lit(words)).alias("EVNTDESC"),
    )  # fmt: skip
