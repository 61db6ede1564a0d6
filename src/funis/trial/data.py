"""What a trial leaves behind: four long tables, shaped like those of a real trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.models import Model

if TYPE_CHECKING:
    import polars

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrialData:
    """The tables of a trial; whoever analyses them cannot tell virtual from real.

    Attributes
    ----------
    subjects : one row a patient: subject, site, arm, status, status_reason, solver,
        solver_deviation (of those solved a second time), discontinued_week, rescued_week and the
        covariates known at entry; then, where the design has them, arrival_day, stratum,
        dose_limiting, discontinued_by (a rule, a row of ``missing`` or drop-out) and
        protocol_deviations (administrations planned that are missed or halved).
    doses : one row an administration: subject, arm, day, intervention, route, amount,
        duration_day, rule.
    observations : one row a measurement: subject, arm, week, visit, component, value.
    adverse_events : one row an event: subject, arm, day, end_day, term, grade (1 to 5), serious,
        related, expected, dose (running number of the administration that it follows, null for
        background), route (null for background), source_kind (procedure | cells | background:
        what it is due to, which no trial in people can see).
    """

    subjects: polars.DataFrame
    doses: polars.DataFrame
    observations: polars.DataFrame
    adverse_events: polars.DataFrame


@dataclass(frozen=True, slots=True)
class Block:
    """The record of one block of patients, as arrays; `values` is (patient, visit, component)."""

    arms: NDArray[np.str_]
    patient: NDArray[np.int64]
    site: NDArray[np.int64]
    attempt: NDArray[np.int64]
    covariates: Mapping[str, Array]
    status: NDArray[np.str_]
    reason: NDArray[np.str_]
    ladder: NDArray[np.int8]
    deviation: Array
    discontinued_week: Array
    rescued_week: Array
    weeks: tuple[float, ...]
    components: tuple[str, ...]
    values: Array
    doses: Mapping[str, NDArray[np.generic]]
    adverse_events: Mapping[str, NDArray[np.generic]]
    further: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


def gather(blocks: Iterable[Block], model: Model) -> TrialData:
    """Put the blocks together, in order, as tables."""
    import polars

    subjects, doses, observations, adverse = [], [], [], []
    for block in blocks:
        frame = _subjects(block)
        subjects.append(frame)
        arms = frame.select("subject", "arm")
        doses.append(_doses(block).join(arms, on="subject", how="left"))
        observations.append(_observations(block))
        adverse.append(adverse_frame(block.adverse_events, arms))
    order = ["subject", "arm", "day", "intervention", "route", "amount", "duration_day", "rule"]
    dosed = polars.concat(doses).select(order)
    dosed = dosed.sort("subject", "day", "intervention", maintain_order=True)
    seen, events = polars.concat(observations), polars.concat(adverse)
    whole = (polars.concat(subjects), dosed, seen, events)
    # in one piece: else the bytes of a Parquet file would tell how patients were cut into tasks
    return TrialData(*(table.rechunk() for table in whole))


def _subjects(block: Block) -> polars.DataFrame:
    import polars

    columns: dict[str, object] = {
        "subject": block.patient,
        "site": block.site,
        "arm": block.arms,
        "status": block.status.astype(str),
        "status_reason": block.reason.astype(str),
        "solver": block.ladder.astype(np.int64),
        "solver_deviation": block.deviation,
        "screened": block.attempt + 1,
        "discontinued_week": block.discontinued_week,
        "rescued_week": block.rescued_week,
    }
    frame = polars.DataFrame(columns | dict(block.covariates) | _further(block))
    return frame.with_columns(
        polars.col("discontinued_week", "rescued_week", "solver_deviation").fill_nan(None),
        polars.when(polars.col("status_reason") == "")
        .then(None)
        .otherwise(polars.col("status_reason"))
        .alias("status_reason"),
    )


def _further(block: Block) -> dict[str, polars.Series]:
    """Return the columns that only some designs have; empty text is null."""
    import polars

    return {
        name: polars.Series(name, [text or None for text in values.tolist()], dtype=polars.String)
        if values.dtype.kind == "U"
        else polars.Series(name, values)
        for name, values in block.further.items()
    }


def _doses(block: Block) -> polars.DataFrame:
    import polars

    frame = polars.DataFrame(
        {
            name: polars.Series(name, values.tolist(), dtype=polars.String)
            if values.dtype.kind == "U"
            else polars.Series(name, values)
            for name, values in block.doses.items()
        }
    )
    rule = polars.col("rule")
    return frame.with_columns(polars.when(rule == "").then(None).otherwise(rule).alias("rule"))


def adverse_frame(
    events: Mapping[str, NDArray[np.generic]], arms: polars.DataFrame
) -> polars.DataFrame:
    """Return adverse events as a table; ``arms`` has the subject and arm of each patient."""
    import polars

    text = ("term", "route", "source_kind")
    frame = polars.DataFrame(
        {
            name: _text(values.astype(str)) if name in text else polars.Series(name, values)
            for name, values in events.items()
        }
    )
    order = ["subject", "arm", "day", "end_day", "term", "grade", "serious", "related"]
    order += ["expected", "dose", "route", "source_kind"]
    frame = frame.join(arms, on="subject", how="left", maintain_order="left").select(order)
    after = polars.col("dose") > 0
    return frame.with_columns(polars.when(after).then(polars.col("dose", "route")))


def _observations(block: Block) -> polars.DataFrame:
    import polars

    patient, visit, component = np.nonzero(~np.isnan(block.values))
    weeks = polars.Series(block.weeks, dtype=polars.Float64)
    names = weeks.cast(polars.String).str.strip_suffix(".0")
    visits = [
        f"week {name}" if week else "baseline" for week, name in zip(weeks, names, strict=True)
    ]
    return polars.DataFrame(
        {
            "subject": block.patient[patient],
            "arm": _text(block.arms)[patient],
            "week": weeks[visit],
            "visit": _text(visits)[visit],
            "component": _text(block.components)[component],
            "value": block.values[patient, visit, component],
        }
    )


def _text(values: Sequence[str] | NDArray[np.str_]) -> polars.Series:
    import polars

    return polars.Series(np.asarray(values).tolist(), dtype=polars.String)
