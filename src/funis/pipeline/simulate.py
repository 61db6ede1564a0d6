"""`funis simulate`: a cohort's band and its typical patient under some doses, beside untreated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from funis.analysis import band
from funis.models import Model
from funis.pipeline.course_plan import (
    CohortPlan,
    all_outputs,
    plan_cohort,
    shown_id,
    shown_name,
    shown_unit,
    typical,
)
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence, finite
from funis.population import choose
from funis.protocol import Intervention
from funis.report import RESEARCH_USE
from funis.report.scales import Array
from funis.solver import ParameterTable
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY

BLOCK = 25
"""Patients that one task simulates."""

TELLING_WEEKS = (0.0, 4.0, 12.0, 24.0, 52.0, 104.0, 156.0, 260.0, 520.0)
"""Weeks at which a terminal shows a course [week]."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One quantity over time, treated and untreated, (time,) each.

    ``low`` and ``high`` hold the middle 80 % of the patients; ``typical`` is the patient whose
    every parameter is the median. ``main`` are the few that a terminal shows.
    """

    id: str
    name: str
    unit: str
    treated: Mapping[str, Array]
    untreated: Mapping[str, Array]
    main: bool


@dataclass(frozen=True, slots=True, eq=False)
class CohortCourse:
    """What `simulate_cohort` gives.

    Attributes
    ----------
    days
        (time,) since the first dose.
    patients
        Patients in the bands; ``failed`` more could not be solved and are left out of both.
    evidence
        Grade of the evidence, as a sentence.
    """

    disease: str
    doses: tuple[str, ...]
    seed: int
    patients: int
    failed: int
    days: Array
    series: tuple[Series, ...]
    evidence: str
    research_use: str = RESEARCH_USE

    def weekly(self) -> list[tuple[float, int]]:
        """Return a few telling weeks of the course, each with its row."""
        last = float(self.days[-1] / DAYS_PER_WEEK)
        wanted = [week for week in TELLING_WEEKS if week < last]
        spread = np.unique(np.linspace(0, len(wanted) - 1, min(len(wanted), 3)).round().astype(int))
        weeks = [*(wanted[place] for place in spread), last]
        rows = [int(np.argmin(np.abs(self.days - DAYS_PER_WEEK * week))) for week in weeks]
        return list(zip(weeks, rows, strict=True))

    def document(self) -> dict[str, Any]:
        """Return the course as plain data, each treated series with its untreated one."""
        document = {
            "research_use": self.research_use,
            "evidence": self.evidence,
            "disease": self.disease,
            "doses": list(self.doses),
            "seed": self.seed,
            "patients": self.patients,
            "failed": self.failed,
            "fluctuation": "off: biology alone, without noise, placebo response and drop-out",
            "weeks": (self.days / DAYS_PER_WEEK).tolist(),
            "series": {
                one.id: {
                    "name": one.name,
                    "unit": one.unit,
                    "treated": {key: values.tolist() for key, values in one.treated.items()},
                    "untreated": {key: values.tolist() for key, values in one.untreated.items()},
                }
                for one in self.series
            },
        }
        return {name: finite(value) for name, value in document.items()}

    def csv(self) -> str:
        """Return the course as CSV, a row a quantity and time; every row holds the statement."""
        import csv
        from io import StringIO

        text = StringIO()
        kinds = ("median", "low", "high", "typical")
        head = ["output", "name", "unit", "week", "day"]
        head += [f"{group}_{kind}" for group in ("treated", "untreated") for kind in kinds]
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*head, "patients", "evidence", "research_use"])
        for one in self.series:
            for row, day in enumerate(self.days):
                numbers = [
                    _number(group[kind][row])
                    for group in (one.treated, one.untreated)
                    for kind in kinds
                ]
                place = [one.id, one.name, one.unit, _number(day / DAYS_PER_WEEK), _number(day)]
                end = [self.patients, self.evidence, self.research_use]
                writer.writerow([*place, *numbers, *end])
        return text.getvalue()


def simulate_cohort(
    disease: str | Path,
    doses: Sequence[str | Intervention],
    *,
    weeks: float = 52.0,
    patients: int = 200,
    seed: int = 1,
    outputs: Sequence[str] = (),
    workers: int | None = None,
    progress: Progress = silent,
) -> CohortCourse:
    """Simulate a cohort and its typical patient under some doses, beside the same untreated.

    Disease does not fluctuate here and nobody is selected, observed or lost: what differs is the
    treatment alone.

    Parameters
    ----------
    disease
        Id or folder of a disease.
    doses
        Doses as typed, ``70e6:iv@0,28``, or interventions.
    weeks
        Length [week].
    patients
        Virtual patients in the cohort.
    seed
        Seed of the choice from the pool.
    outputs
        Scores, components or outputs of the model to show beside the main scores and the
        mechanism: cells by compartment, cytokines with their sources, immune cells, repair.
    workers, progress
        As for `run_trial`.

    Raises
    ------
    InputError
        No dose, an argument out of range, or a route, product or output that does not exist.
    """
    plan = plan_cohort(
        disease, doses, weeks=weeks, patients=patients, seed=seed, outputs=outputs,
        workers=workers, usual=all_outputs,
    )  # fmt: skip
    pool = trial_pool(plan.model, workers=worker_count(workers), progress=progress)
    rows = choose(pool, seed, np.arange(patients, dtype=np.int64))
    table = ParameterTable(pool.names, pool.values[rows])
    pieces = [range(at, min(at + BLOCK, patients)) for at in range(0, patients, BLOCK)]
    tables = [table.rows(np.arange(piece.start, piece.stop)) for piece in pieces]
    with Processes(plan.model, 1 if len(pieces) == 1 else worker_count(workers)) as processes:
        done = processes.map(plan.courses, [*tables, typical(plan.model)])
        parts = list(progress("Cohort", done, len(pieces) + 1))
    values = np.concatenate([part[0] for part in parts[:-1]], axis=1)
    failed = np.concatenate([part[1] for part in parts[:-1]])
    bands = _bands(values[:, ~failed])
    evidence = evidence_of(plan.model)
    return cohort_course(plan, int(failed.sum()), bands, parts[-1][0][:, 0], evidence)


def cohort_course(
    plan: CohortPlan, failed: int, bands: Array, one: Array, evidence: str
) -> CohortCourse:
    """Return a course.

    Parameters
    ----------
    failed
        Patients that are not in the bands.
    bands
        Low, median and high, (3, treated or untreated, time, quantity).
    one
        The typical patient, (treated or untreated, time, quantity).
    evidence
        Its grade, as a sentence.
    """
    series = []
    for place, name in enumerate(plan.courses.names):
        treated, untreated = (
            {"median": median, "low": low, "high": high, "typical": own}
            for own, (low, median, high) in zip(
                one[:, :, place], bands[:, :, :, place].swapaxes(0, 1), strict=True
            )
        )
        shown = shown_id(plan.model, name)
        words = (shown, shown_name(plan.model, name), shown_unit(plan.model, name))
        series.append(Series(*words, treated, untreated, bool({shown, name} & {*plan.main})))
    return CohortCourse(
        plan.model.id, tuple(dose.id for dose in plan.given), plan.seed, plan.patients - failed,
        failed, plan.courses.minutes / MINUTES_PER_DAY, tuple(series), evidence,
    )  # fmt: skip


def evidence_of(model: Model) -> str:
    """Return the grade of what was published on a disease, as a sentence."""
    return evidence_text(evidence_base(find_evidence(model)))


def _bands(values: Array) -> Array:
    """Return the middle 80 % of the patients and their median, (3, group, time, quantity)."""
    return np.stack([band(group, (0.1, 0.5, 0.9)) for group in values], axis=1)


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
