"""What is known of a streamed cohort as its files come in, and the tables made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from funis.analysis import Summary, empty_summary
from funis.pipeline.chunks import COURSES, Source
from funis.pipeline.course_plan import shown_id, shown_name, shown_unit
from funis.pipeline.parts import Part
from funis.report.scales import Array
from funis.solver import STATUS
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY

if TYPE_CHECKING:
    import polars as pl

PERCENTS = (5, 10, 25, 50, 75, 90, 95)
"""Quantiles of the summary [%]."""

BAND = (10, 50, 90)
"""Quantiles that a terminal shows [%]: those of `simulate_cohort`."""


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """What the files so far add up to; fields as those of `Part`."""

    n: int
    kept: int
    summary: Summary
    met: NDArray[np.int64]
    status: NDArray[np.int64]
    failed: int
    checked: int
    deviation: float

    @classmethod
    def nobody(cls, source: Source) -> Totals:
        """Return the totals before the first file."""
        columns = source.columns
        shape = (len(COURSES), len(columns.minutes))
        met = np.zeros((*shape, len(columns.rules)), dtype=np.int64)
        status = np.zeros((len(COURSES), len(STATUS)), dtype=np.int64)
        cells = shape[0] * shape[1] * len(columns.quantities)
        return cls(0, 0, empty_summary(cells), met, status, 0, 0, 0.0)

    def add(self, part: Part) -> Totals:
        """Return the totals with one more file; files have to come in their order."""
        return Totals(
            self.n + int(part.status[0].sum()), self.kept + part.kept,
            self.summary.add(part.blocks), self.met + part.met, self.status + part.status,
            self.failed + part.failed, self.checked + part.checked,
            max(self.deviation, part.deviation),
        )  # fmt: skip

    @property
    def second_solutions(self) -> dict[str, float | None]:
        """Courses solved a second time at a hundredth of the tolerance, and the worst of them."""
        worst = float(f"{self.deviation:.4g}") if self.checked else None
        return {"courses": self.checked, "largest_deviation_in_rtol": worst}

    @property
    def status_counts(self) -> dict[str, dict[str, int]]:
        """Patients by course and status, in words; what nobody has is left out."""
        return {
            course: {STATUS[code]: int(n) for code, n in enumerate(counts) if n}
            for course, counts in zip(COURSES, self.status, strict=True)
        }


@dataclass(frozen=True, slots=True, eq=False)
class ResponderCourse:
    """How many patients meet a rule over time, treated and untreated, (time,) each of ``n``."""

    rule: str
    name: str
    definition: str
    n: int
    treated: NDArray[np.int64]
    untreated: NDArray[np.int64]

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "definition": self.definition,
            "n": self.n,
            "treated": self.treated.tolist(),
            "untreated": self.untreated.tolist(),
        }


def bands(totals: Totals, source: Source) -> Array:
    """Return the quantiles that a terminal shows, (3, course, time, quantity)."""
    columns = source.columns
    shape = (len(COURSES), len(columns.minutes), len(columns.quantities))
    return totals.summary.quantiles(BAND).reshape(len(BAND), *shape)


def responder_courses(totals: Totals, source: Source) -> tuple[ResponderCourse, ...]:
    """Return who meets each rule of response over time."""
    judged = totals.n - totals.failed
    return tuple(
        ResponderCourse(rule, *source.responses.definition(rule), judged, *totals.met[:, :, place])
        for place, rule in enumerate(source.columns.rules)
    )


def summary_table(totals: Totals, source: Source) -> pl.DataFrame:
    """Return the summaries: a row an output and time, both courses side by side."""
    import polars as pl

    columns = source.columns
    times = len(columns.minutes)
    words = [
        (shown_id(source.model, name), shown_name(source.model, name),
         shown_unit(source.model, name))
        for name in source.courses.names
    ]  # fmt: skip
    spread = zip(*(row for row in words for _ in range(times)), strict=True)
    series = [
        pl.Series(key, list(column))
        for key, column in zip(("output", "name", "unit"), spread, strict=True)
    ]
    series += _times(source, len(words))
    for key, cells in _statistics(totals):
        shaped = cells.reshape(len(COURSES), times, len(words)).transpose(0, 2, 1)
        series += [
            pl.Series(f"{course}_{key}", own.ravel())
            for course, own in zip(COURSES, shaped, strict=True)
        ]
    return pl.DataFrame(series)


def responder_table(found: tuple[ResponderCourse, ...], source: Source) -> pl.DataFrame:
    """Return the responders: a row a rule and time, both courses side by side."""
    import polars as pl

    times = len(source.columns.minutes)
    whole = [
        pl.Series(key, [getattr(one, key) for one in found for _ in range(times)], kind)
        for key, kind in (("rule", pl.String), ("name", pl.String), ("definition", pl.String))
    ]
    n = pl.Series("n", [one.n for one in found for _ in range(times)], pl.Int64)
    counts = [
        pl.Series(course, [k for one in found for k in getattr(one, course)], pl.Int64)
        for course in COURSES
    ]
    return pl.DataFrame([*whole, *_times(source, len(found)), n, *counts])


def _times(source: Source, repeats: int) -> list[pl.Series]:
    import polars as pl

    minutes = source.columns.minutes
    weeks = minutes / (MINUTES_PER_DAY * DAYS_PER_WEEK)
    return [
        pl.Series("week", np.tile(weeks, repeats)),
        pl.Series("minute", np.tile(minutes, repeats)),
    ]


def _statistics(totals: Totals) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield each statistic of the cells; where there is no patient it is not a number."""
    moments = totals.summary.moments
    some = moments.n > 0
    yield "n", moments.n
    yield "mean", np.where(some, moments.mean, np.nan)
    yield "sd", moments.sd
    yield "min", np.where(some, moments.low, np.nan)
    quantiles = totals.summary.quantiles(PERCENTS)
    yield from ((f"q{share:02d}", row) for share, row in zip(PERCENTS, quantiles, strict=True))
    yield "max", np.where(some, moments.high, np.nan)
