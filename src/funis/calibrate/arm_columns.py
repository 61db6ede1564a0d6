"""What the statistics of an arm need of each virtual patient under each point.

The values are those of the estimand, drop-out and rescue included, from the same code that
analyses a trial: each point stands in the tables as an arm of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from funis.analysis.samples import Sample, SampleTable
from funis.calibrate.measures import Columns, joined
from funis.calibrate.points import Points, course_of, enrolled
from funis.protocol import EndpointRequest
from funis.solver import FAILED
from funis.trial import Study
from funis.trial.course import Course, Group
from funis.trial.study import MINUTES_PER_WEEK

if TYPE_CHECKING:
    import polars

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One statistic of an arm; a geometric one is the change of a geometric mean."""

    arm: str
    request: EndpointRequest
    geometric: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ArmsTask:
    """Everything that following the arms of a trial under some points needs.

    ``centre`` is one point, the values of the library, that more patients are followed under.
    """

    study: Study
    points: Points
    centre: Points
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ArmsBlock:
    """Some patients: the columns of what was asked, in order, and who failed to be solved.

    ``alone`` says that the centre is the only point; else it is the last one.
    """

    columns: tuple[Columns, ...]
    failed: NDArray[np.bool_]
    alone: bool


def arms_block(task: ArmsTask, patients: range, *, alone: bool = False) -> ArmsBlock:
    """Follow some patients under every arm and point, or the centre alone (a pure function)."""
    who = enrolled(task.study, patients)
    points = task.centre if alone else with_centre(task.points, task.centre)
    found: dict[Asked, Columns] = {}
    failed = np.zeros(len(patients), dtype=np.bool_)
    for name in dict.fromkeys(one.arm for one in task.asked):
        arm = task.study.protocol.arm(name)
        group, course = course_of(task.study, arm, who, points)
        status = (course.status == FAILED).reshape(len(points), len(patients))
        failed |= status.any(axis=0)
        table = _table(group, course, len(patients))
        own = [one for one in task.asked if one.arm == name]
        shape = (len(points), len(patients))
        found |= {one: _columns(one, table, shape) for one in own}
    return ArmsBlock(tuple(found[one] for one in task.asked), failed, alone)


def with_centre(points: Points, centre: Points) -> Points:
    """Return some points with the centre last."""
    return Points(points.names, np.concatenate([points.factors, centre.factors]))


def under_points(blocks: Sequence[ArmsBlock], place: int) -> Columns:
    """Return one statistic's columns of the patients who were followed under every point."""
    return joined([_solved(block, place) for block in blocks if not block.alone])


def at_centre(blocks: Sequence[ArmsBlock], place: int) -> Columns:
    """Return one statistic's columns of all patients, at the centre."""
    found = [_solved(block, place) for block in blocks]
    return joined([Columns(one.top[-1:], one.bottom[-1:]) for one in found])


def _solved(block: ArmsBlock, place: int) -> Columns:
    """Return the columns of a block; who failed anywhere counts nowhere."""
    keep = ~block.failed[:, None]
    one = block.columns[place]
    return Columns(one.top * keep, one.bottom * keep)


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables of a trial whose arms are the points."""

    subjects: polars.DataFrame
    observations: polars.DataFrame


def _table(group: Group, course: Course, size: int) -> SampleTable:
    import polars as pl

    row = np.arange(len(course.status))
    labels = np.array([f"{point:06d}" for point in range(len(row) // size)])
    study, gone = group.study, course.leave_minute <= group.study.horizon_minute
    subjects = pl.DataFrame(
        {
            "subject": row % size,
            "arm": labels[row // size],
            "status": np.where(course.status == FAILED, "failed", "followed"),
            "discontinued_week": np.where(gone, course.leave_minute / MINUTES_PER_WEEK, np.nan),
            "rescued_week": course.rescued_week,
        }
    ).with_columns(pl.col("discontinued_week", "rescued_week").fill_nan(None))
    weeks = study.protocol.visits.weeks
    seen = _observations(course.seen, weeks, subjects)
    return SampleTable(_Tables(subjects, seen), study.model.endpoints, study.protocol.estimand)


def _observations(
    seen: Sequence[Mapping[str, Array]], weeks: Sequence[float], subjects: polars.DataFrame
) -> polars.DataFrame:
    """Return what was written down, a row a patient, visit and component."""
    import polars as pl

    visits = [
        subjects.select("arm", "subject", week=pl.lit(float(week))).with_columns(
            pl.Series(name, values) for name, values in visit.items()
        )
        for week, visit in zip(weeks, seen, strict=True)
    ]
    wide = pl.concat(visits)
    names = [name for name in wide.columns if name not in ("arm", "subject", "week")]
    long = wide.unpivot(names, index=["arm", "subject", "week"], variable_name="component")
    return long.filter(pl.col("value").is_not_nan())


def _columns(one: Asked, table: SampleTable, shape: tuple[int, int]) -> Columns:
    """Return the columns of one statistic, 0 over 0 for who is left out."""
    if one.geometric:
        return _logarithms(one.request, table, shape)
    arms = [f"{point:06d}" for point in range(shape[0])]
    samples = table.samples(one.request, arms)
    values, years = (np.full(shape, np.nan) for _ in range(2))
    for point, arm in enumerate(arms):
        who = _subjects_of(table, arm)
        values[point, who] = samples[arm].values
        years[point, who] = _years(samples[arm])
    known = ~(np.isnan(values) | np.isnan(years)) & (np.nan_to_num(years) > 0)
    top, bottom = np.where(known, values, 0.0), np.where(known, years, 0.0)
    return Columns(top[:, :, None], bottom[:, :, None])


def _years(sample: Sample) -> Array:
    return np.ones(len(sample.values)) if sample.years is None else sample.years


def _subjects_of(table: SampleTable, arm: str) -> NDArray[np.int64]:
    import polars as pl

    return table.subjects.filter(pl.col("arm") == arm)["subject"].to_numpy()


def _logarithms(
    request: EndpointRequest, table: SampleTable, shape: tuple[int, int]
) -> Columns:  # fmt: skip
    """Return the logarithms at the start and at the visit, of whoever has both above zero."""
    import polars as pl

    known = table.scores.filter(pl.col(request.endpoint) > 0)
    pair = [known.filter(pl.col("week") == week) for week in (0.0, request.week)]
    logs = [
        frame.select("arm", "subject", pl.col(request.endpoint).log().alias(name))
        for frame, name in zip(pair, ("start", "end"), strict=True)
    ]
    both = logs[0].join(logs[1], on=["arm", "subject"])
    at = (both["arm"].cast(pl.Int64).to_numpy(), both["subject"].to_numpy())
    top, bottom = (np.zeros((*shape, 2)) for _ in range(2))
    top[at] = both.select("start", "end").to_numpy()
    bottom[at] = 1.0
    return Columns(top, bottom)
