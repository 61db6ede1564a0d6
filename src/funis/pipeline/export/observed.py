"""ADEFF: what was measured at each visit, and what follows from it; ADENDPT: the endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from funis.analysis import TrialTables, by_period, score_table
from funis.analysis.samples import SampleTable
from funis.pipeline.export.columns import Column, Dataset, dataset, short_name
from funis.pipeline.export.record import RunRecord
from funis.pipeline.export.shared import (
    DAYS_PER_WEEK,
    FIRST,
    TREATMENT,
    begun,
    flag,
    study_day,
    yes_no,
)
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.protocol import EndpointRequest

if TYPE_CHECKING:
    import polars

Category = Literal["COMPONENT", "SCORE", "RESPONSE", "CATEGORY", "STRUCTURE"]

PARAMETER = (
    Column("PARAMCD", "Parameter Code"),
    Column("PARAM", "Parameter"),
    Column("PARAMN", "Parameter (N)", "integer", key=2),
)

COLUMNS = (
    *FIRST,
    *TREATMENT,
    *PARAMETER,
    Column("PARCAT1", "Parameter Category 1"),
    Column("PARAMTYP", "Parameter Type (DERIVED or missing)"),
    Column("SRCVAR", "Name in the run tables"),
    Column("AVAL", "Analysis Value", "number"),
    Column("AVALC", "Analysis Value (C)"),
    Column("AVALU", "Analysis Value Unit"),
    Column("BASE", "Baseline Value", "number"),
    Column("CHG", "Change from Baseline", "number"),
    Column("ABLFL", "Baseline Record Flag"),
    Column("AVISIT", "Analysis Visit"),
    Column("AVISITN", "Analysis Visit (N): week", "number", key=3),
    Column("ADY", "Analysis Relative Day", "integer"),
    Column("ICEDISFL", "Visit after Discontinuation"),
    Column("ICERESFL", "Visit after Rescue"),
)

ENDPOINT_COLUMNS = (
    *FIRST,
    *TREATMENT,
    *PARAMETER,
    Column("SRCVAR", "Key of the endpoint in results.json"),
    Column("EPROLE", "Role: primary, secondary, exploratory"),
    Column("EPMEAS", "Measure: responder, change, value, rate"),
    Column("AVAL", "Value in the estimate; else missing", "number"),
    Column("AVALU", "Analysis Value Unit"),
    Column("AVALYR", "Years at risk (rates only)", "number"),
    Column("AVISITN", "Analysis Visit (N): week", "number"),
    Column("APERIOD", "Period (1 where there is no crossover)", "integer", key=3),
    Column("EPMETHOD", "Estimator and intercurrent events"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One parameter of ADEFF: an endpoint of the disease at every visit."""

    id: str
    code: str
    name: str
    category: Category
    unit: str | None
    levels: tuple[str, ...] = ()

    @property
    def derived(self) -> bool:
        """Whether it was computed from what was measured."""
        return self.category in ("SCORE", "RESPONSE", "CATEGORY")


def parameters(run: RunRecord) -> tuple[Measured, ...]:
    """Return what ADEFF holds, in order, each with a code of its own."""
    points = run.trial.model.endpoints
    rows: list[tuple[str, str, Category, str | None, tuple[str, ...]]] = [
        *((one.id, one.name, "COMPONENT", one.unit, ()) for one in points.components),
        *((one.id, one.name, "STRUCTURE", one.unit, ()) for one in points.structural),
        *((one.id, one.name, "SCORE", one.unit, ()) for one in points.scores),
        *((one.id, one.name, "RESPONSE", None, ()) for one in points.responders),
        *((one.id, one.name, "CATEGORY", None, one.levels) for one in points.categories),
    ]
    codes: dict[str, str] = {}
    for row in rows:
        codes[row[0]] = short_name(row[0], codes.values())
    return tuple(
        Measured(name, codes[name], text, category, unit, levels)
        for name, text, category, unit, levels in rows
    )


def observed_table(run: RunRecord) -> Dataset:
    """Return ADEFF: a row for each subject, parameter and visit that has a value.

    A response is N where it was not met or, something being missing, could not be shown; how
    intercurrent events and missing visits enter the estimates stands in ADENDPT.
    """
    import polars as pl

    wide = score_table(run.observations, run.trial.model.endpoints)
    rows = pl.concat([_rows(wide, place, one) for place, one in enumerate(parameters(run), 1)])
    events = run.subjects.select("subject", "discontinued_week", "rescued_week")
    table = begun(rows.join(events, on="subject", how="left", maintain_order="left"), run)
    return dataset(
        "ADEFF", "Simulated observations; research only", COLUMNS, table.with_columns(_visits())
    )


def _rows(wide: polars.DataFrame, place: int, one: Measured) -> polars.DataFrame:
    """Return the values of one parameter, each with that at baseline."""
    import polars as pl

    value, text = _value(one)
    told = [
        pl.lit(one.code).alias("PARAMCD"), pl.lit(_parameter_name(one)).alias("PARAM"),
        pl.lit(place).alias("PARAMN"), pl.lit(one.category).alias("PARCAT1"),
        pl.lit("DERIVED" if one.derived else None, pl.String).alias("PARAMTYP"),
        pl.lit(one.id).alias("SRCVAR"), pl.lit(one.unit, pl.String).alias("AVALU"),
    ]  # fmt: skip
    found = wide.select("arm", "subject", "week", value.alias("AVAL"), text.alias("AVALC"))
    start = found.filter(pl.col("week") == 0).select("arm", "subject", BASE="AVAL")
    joined = found.join(start, on=["arm", "subject"], how="left", maintain_order="left")
    change = pl.col("AVAL") - pl.col("BASE") if one.unit is not None else pl.lit(None, pl.Float64)
    return joined.filter(pl.col("AVAL").is_not_null()).with_columns(*told, change.alias("CHG"))


def _value(one: Measured) -> tuple[polars.Expr, polars.Expr]:
    """Return a parameter as a number, and as text where it has one."""
    import polars as pl

    own = pl.col(one.id)
    if one.category == "CATEGORY":
        places = [float(n) for n in range(1, len(one.levels) + 1)]
        return own.replace_strict(one.levels, places, default=None, return_dtype=pl.Float64), own
    if one.category == "RESPONSE":
        return own.cast(pl.Float64), yes_no(own)
    return own.cast(pl.Float64), pl.lit(None, pl.String)


def _parameter_name(one: Measured) -> str:
    if one.levels:
        return f"{one.name} ({', '.join(f'{n}={x}' for n, x in enumerate(one.levels, 1))})"
    return f"{one.name} (Y/N)" if one.unit is None else f"{one.name} ({one.unit})"


def _visits() -> list[polars.Expr]:
    import polars as pl

    week = pl.col("week")
    name = week.cast(pl.String).str.strip_suffix(".0")
    return [
        pl.when(week == 0)
        .then(pl.lit("Baseline"))
        .otherwise(pl.lit("Week ") + name)
        .alias("AVISIT"),
        week.alias("AVISITN"),
        study_day(week * DAYS_PER_WEEK).alias("ADY"),
        flag(week == 0).alias("ABLFL"),
        flag(week > pl.col("discontinued_week")).alias("ICEDISFL"),
        flag(week > pl.col("rescued_week")).alias("ICERESFL"),
    ]


def endpoint_table(run: RunRecord) -> Dataset:
    """Return ADENDPT: each subject's value as it enters the estimate of each declared endpoint.

    Intercurrent events and missing visits are dealt with as the estimand says: the mean over an
    arm is the estimate in results.json (events over years where it is a rate). Of a crossover there
    is a row for each period, its week from the start of the period; estimates are within patients.
    """
    import polars as pl

    protocol = run.trial.protocol
    turns = protocol.crossover
    tables = run if turns is None else by_period(run, turns)
    table = SampleTable(tables, run.trial.model.endpoints, protocol.estimand)
    codes = endpoint_codes(protocol.endpoints)
    rows = [
        _endpoint_rows(run, table, request, place, codes[request.key])
        for place, request in enumerate(protocol.endpoints, 1)
    ]
    return dataset(
        "ADENDPT", "Simulated endpoints; research use only", ENDPOINT_COLUMNS,
        begun(pl.concat(rows).join(_periods(tables), on="subject", how="left"), run),
    )  # fmt: skip


def _periods(tables: TrialTables) -> polars.DataFrame:
    """Return whose value it is and in which period, for subjects that are a patient's periods."""
    import polars as pl

    subjects = tables.subjects
    if "patient" in subjects.columns:
        return subjects.select("subject", "patient", APERIOD="period")
    return subjects.select("subject", pl.lit(1).alias("APERIOD"))


def endpoint_codes(requests: Sequence[EndpointRequest]) -> dict[str, str]:
    """Return a parameter code for each endpoint by its key: what, then W and the week."""
    codes: dict[str, str] = {}
    for request in requests:
        text, week = request.key.split("@")
        codes[request.key] = short_name(text, codes.values(), f"W{week.replace('.', '')}")
    return codes


def _endpoint_rows(
    run: RunRecord, table: SampleTable, request: EndpointRequest, place: int, code: str
) -> polars.DataFrame:
    import polars as pl

    samples = table.samples(request, [arm.id for arm in run.trial.protocol.arms])
    name = endpoint_name(request.endpoint, run.trial.model.endpoints)
    parts = []
    for arm, sample in samples.items():
        years = np.full(len(sample.values), np.nan) if sample.years is None else sample.years
        whose = table.subjects.filter(pl.col("arm") == arm).select("arm", "subject")
        numbers = {"AVAL": sample.values, "AVALYR": years}
        parts.append(whose.with_columns(pl.Series(n, v) for n, v in numbers.items()))
    return pl.concat(parts).with_columns(
        pl.col("AVAL", "AVALYR").fill_nan(None),
        pl.lit(code).alias("PARAMCD"),
        pl.lit(f"{name}, {request.measure}, week {request.week:g}").alias("PARAM"),
        pl.lit(place).alias("PARAMN"),
        pl.lit(request.key).alias("SRCVAR"),
        pl.lit(request.role).alias("EPROLE"),
        pl.lit(request.measure).alias("EPMEAS"),
        pl.lit(table.unit(request)).alias("AVALU"),
        pl.lit(float(request.week)).alias("AVISITN"),
        pl.lit(table.method(request)).alias("EPMETHOD"),
    )
