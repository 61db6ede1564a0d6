"""What a trial leaves behind: three long tables, shaped like those of a real trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funis.models import Model

if TYPE_CHECKING:
    import polars

Array = NDArray[np.float64]

PER_PATIENT = (
    "arms",
    "patient",
    "site",
    "attempt",
    "status",
    "reason",
    "ladder",
    "deviation",
    "discontinued_week",
    "rescued_week",
    "values",
)
"""Fields of a block with one row a patient."""


@dataclass(frozen=True, slots=True)
class TrialData:
    """The tables of a trial; whoever analyses them cannot tell virtual from real.

    Attributes
    ----------
    subjects : one row a patient: subject, site, arm, status, status_reason, solver,
        solver_deviation (of those solved a second time), discontinued_week, rescued_week and the
        covariates known at entry.
    doses : one row an administration: subject, arm, day, intervention, route, amount,
        duration_day, rule.
    observations : one row a measurement: subject, arm, week, visit, component, value.
    """

    subjects: polars.DataFrame
    doses: polars.DataFrame
    observations: polars.DataFrame


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


def joined(parts: Sequence[Block]) -> Block:
    """Put the arms of one block together, patients in order of their index."""
    order = np.argsort(np.concatenate([part.patient for part in parts]), kind="stable")
    first = parts[0]
    columns = {
        name: _joined([getattr(part, name) for part in parts])[order] for name in PER_PATIENT
    }
    return Block(
        **columns,
        covariates={
            name: _joined([part.covariates[name] for part in parts])[order]
            for name in first.covariates
        },
        weeks=first.weeks,
        components=first.components,
        doses={name: _joined([part.doses[name] for part in parts]) for name in first.doses},
    )


def _joined(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    result: NDArray[Any] = np.concatenate(columns)
    return result


def gather(blocks: Iterable[Block], model: Model) -> TrialData:
    """Put the blocks together, in order, as tables."""
    import polars

    subjects, doses, observations = [], [], []
    for block in blocks:
        frame = _subjects(block)
        subjects.append(frame)
        arms = frame.select("subject", "arm")
        doses.append(_doses(block).join(arms, on="subject", how="left"))
        observations.append(_observations(block))
    order = ["subject", "arm", "day", "intervention", "route", "amount", "duration_day", "rule"]
    dosed = (
        polars.concat(doses)
        .select(order)
        .sort("subject", "day", "intervention", maintain_order=True)
    )
    return TrialData(polars.concat(subjects), dosed, polars.concat(observations))


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
    frame = polars.DataFrame(columns | dict(block.covariates))
    return frame.with_columns(
        polars.col("discontinued_week", "rescued_week", "solver_deviation").fill_nan(None),
        polars.when(polars.col("status_reason") == "")
        .then(None)
        .otherwise(polars.col("status_reason"))
        .alias("status_reason"),
    )


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


def _observations(block: Block) -> polars.DataFrame:
    import polars

    patients, visits, components = block.values.shape
    frame = polars.DataFrame(
        {
            "subject": np.repeat(block.patient, visits * components),
            "arm": np.repeat(block.arms, visits * components),
            "week": np.tile(
                np.repeat(np.asarray(block.weeks, dtype=np.float64), components), patients
            ),
            "component": np.tile(np.asarray(block.components), patients * visits),
            "value": block.values.ravel(),
        }
    )
    frame = frame.filter(polars.col("value").is_not_nan())
    visit = (
        polars.when(polars.col("week") == 0)
        .then(polars.lit("baseline"))
        .otherwise(
            polars.format("week {}", polars.col("week").cast(polars.String).str.strip_suffix(".0"))
        )
    )
    return frame.with_columns(visit.alias("visit")).select(
        "subject", "arm", "week", "visit", "component", "value"
    )
