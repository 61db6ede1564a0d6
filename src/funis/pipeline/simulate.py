"""`funis simulate`: a cohort's band and its typical patient under some doses, beside untreated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funis.analysis import band
from funis.checks import InputError, Issue, nearest
from funis.models import Model, find_disease, load_model
from funis.pipeline.inputs import require, require_whole
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Processes, Progress, silent, worker_count
from funis.pipeline.reporting.endpoints import short_name
from funis.pipeline.reporting.mechanism import UNITS, panel_name
from funis.pipeline.reporting.published import evidence_base, evidence_text
from funis.pipeline.run import find_evidence, finite
from funis.population import choose
from funis.population.marginals import marginal
from funis.population.scores import ScoreReader
from funis.product import library_product, product_parameters
from funis.protocol import Arm, FrozenMapping, Intervention, dose_events, no_doses, parse_dose_text
from funis.report import RESEARCH_USE
from funis.report.scales import Array
from funis.solver import FAILED, ParameterTable, simulate
from funis.trial.twins import course_minutes
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY

MOST_WEEKS = 1040.0
"""Twenty years [week]."""

BLOCK = 25
"""Patients that one task simulates."""

DEFAULT_OUTPUTS = ("live", "licensed", "LM", "TNF", "IL6", "IL10", "TRG")
"""Outputs of the core that are shown where a disease has them and none is asked for."""

MOST_SCORES = 4

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
        Scores, components or outputs of the model to show beside the main scores.
    workers, progress
        As for `run_trial`.

    Raises
    ------
    InputError
        No dose, an argument out of range, or a route, product or output that does not exist.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    require(weeks=(0 < weeks <= MOST_WEEKS, weeks, f"more than 0 and at most {MOST_WEEKS:g}"))
    given = tuple(parse_dose_text(d) if isinstance(d, str) else d for d in doses)
    model = load_model(find_disease(str(disease)))
    task = _plan(model, _checked(given, model), weeks, _shown(model, outputs))
    pool = trial_pool(model, workers=worker_count(workers), progress=progress)
    rows = choose(pool, seed, np.arange(patients, dtype=np.int64))
    table = ParameterTable(pool.names, pool.values[rows])
    pieces = [range(at, min(at + BLOCK, patients)) for at in range(0, patients, BLOCK)]
    tables = [table.rows(np.arange(piece.start, piece.stop)) for piece in pieces]
    with Processes(model, 1 if len(pieces) == 1 else worker_count(workers)) as processes:
        parts = list(
            progress("Cohort", processes.map(task, [*tables, typical(model)]), len(pieces) + 1)
        )
    return _course(model, task, given, seed, parts, _main(model, outputs))


def typical(model: Model) -> ParameterTable:
    """Return the patient whose every parameter and covariate is the median."""
    values = []
    for item in model.parameters:
        value = np.array([item.value])
        if item.distribution is not None:
            value = marginal(item.distribution, value, np.zeros(1))
        values.append(float(value[0]))
    return ParameterTable(tuple(item.id for item in model.parameters), np.array([values]))


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What one task does: some patients treated and untreated, (2, patient, time, output)."""

    arm: Arm
    minutes: NDArray[np.int64]
    reader: ScoreReader
    outputs: tuple[str, ...]
    parameters: FrozenMapping[float]
    recovered: FrozenMapping[float]

    def __call__(self, model: Model, table: ParameterTable) -> tuple[Array, NDArray[np.bool_]]:
        """Simulate some patients."""
        weight = table.values[:, table.names.index("weight")] if "weight" in table.names else None
        given = dose_events(
            self.arm, weight, np.arange(len(table.values)), end_minute=int(self.minutes[-1]) + 1,
            recovered_fraction=self.recovered,
        )  # fmt: skip
        treated = table.replaced(self.parameters)
        found = [
            simulate(model, patients, events, self.minutes, outputs=self._asked)
            for patients, events in ((treated, given), (table, no_doses()))
        ]
        failed = (found[0].status == FAILED) | (found[1].status == FAILED)
        return np.stack([self._read(one.values) for one in found]), failed

    @property
    def _asked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reader.outputs, *self.outputs)))

    def _read(self, values: Array) -> Array:
        asked = self._asked
        places = [asked.index(name) for name in self.reader.outputs]
        scores = self.reader.read(values[:, :, places])
        own = [asked.index(name) for name in self.outputs]
        return np.concatenate([scores, values[:, :, own]], axis=2)

    @property
    def names(self) -> tuple[str, ...]:
        """Quantities on the last axis."""
        return (*self.reader.names, *self.outputs)


def _plan(
    model: Model, given: Sequence[Intervention], weeks: float, shown: tuple[list[str], list[str]]
) -> _Plan:
    days = sorted({day for one in given for day in one.days})
    minutes = course_minutes(days, weeks * DAYS_PER_WEEK, int(np.ceil(weeks)))
    minutes = minutes[minutes <= round(weeks * DAYS_PER_WEEK * MINUTES_PER_DAY)]
    products = {
        name: library_product(name) for name in {one.product for one in given if one.product}
    }
    parameters: dict[str, float] = {}
    for product in products.values():
        parameters |= product_parameters(product)
    recovered = {name: p.recovered_fraction.value or 1.0 for name, p in products.items()}
    return _Plan(
        Arm("treated", "treated", interventions=tuple(given)), minutes,
        ScoreReader.of(model, shown[0]), tuple(shown[1]),
        FrozenMapping(parameters), FrozenMapping(recovered),
    )  # fmt: skip


def _checked(given: Sequence[Intervention], model: Model) -> tuple[Intervention, ...]:
    """Refuse doses that the model cannot take; name each one apart."""
    if not given:
        expected = "at least one, such as 70e6:iv@0,28"
        raise InputError(Issue(None, None, "--dose", "no dose is given", expected))
    routes = [one.id for one in model.inputs if one.kind == "cells"]
    for one in given:
        if one.product is not None and one.route not in routes:
            message = f"'{one.id}': unknown route '{one.route}' for the disease '{model.id}'"
            expected = "one of " + ", ".join(routes)
            near = nearest(one.route or "", routes)
            raise InputError(Issue(None, None, "--dose", message, expected, near))
        if one.per_kg and "weight" not in model.covariates:
            message = f"'{one.id}' is per kg, and patients of '{model.id}' have no weight"
            raise InputError(Issue(None, None, "--dose", message, "a dose in cells"))
    return tuple(replace(one, id=f"dose_{number}") for number, one in enumerate(given))


def _shown(model: Model, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the scores and components, and the outputs of the model, that are shown."""
    components = [item.id for item in model.endpoints.components]
    scored = [*(item.id for item in model.endpoints.scores), *components]
    structural = {item.id: item.observable for item in model.endpoints.structural}
    known = [*scored, *structural, *model.form.outputs]
    for name in asked:
        if name not in known:
            message = f"unknown output '{name}' of the disease '{model.id}'"
            raise InputError(Issue(None, None, "--output", message, None, nearest(name, known)))
    main = [item.id for item in model.endpoints.scores][:MOST_SCORES] or scored[:MOST_SCORES]
    patient = [c.id for c in model.endpoints.components if c.reporter != "assessor"][:2]
    scores = [*main, *patient, *(name for name in asked if name in scored)]
    usual = [name for name in DEFAULT_OUTPUTS if name in model.form.outputs]
    more = [structural.get(name, name) for name in asked if name not in scored]
    others = [*structural.values(), *usual, *more]
    return list(dict.fromkeys(scores)), list(dict.fromkeys(others))


def _main(model: Model, asked: Sequence[str]) -> tuple[str, ...]:
    """Return what a terminal shows: a score, what a patient feels, structure, and what is asked."""
    points = model.endpoints
    felt = [item.id for item in points.components if item.reporter == "patient"]
    first = [[item.id for item in points.scores], felt, [item.id for item in points.structural]]
    return (*(names[0] for names in first if names), *asked)


def _course(
    model: Model, task: _Plan, given: Sequence[Intervention], seed: int,
    parts: Sequence[tuple[Array, NDArray[np.bool_]]], main: Sequence[str],
) -> CohortCourse:  # fmt: skip
    values = np.concatenate([part[0] for part in parts[:-1]], axis=1)
    failed = np.concatenate([part[1] for part in parts[:-1]])
    one = parts[-1][0][:, 0]
    kept = values[:, ~failed]
    series = []
    for place, name in enumerate(task.names):
        treated, untreated = (_bands(kept[g, :, :, place], one[g, :, place]) for g in range(2))
        shown = _id(model, name)
        words = (shown, _name(model, name), _unit(model, name))
        series.append(Series(*words, treated, untreated, bool({shown, name} & {*main})))
    evidence = evidence_text(evidence_base(find_evidence(model)))
    return CohortCourse(
        model.id, tuple(dose.id for dose in given), seed, int((~failed).sum()), int(failed.sum()),
        task.minutes / MINUTES_PER_DAY, tuple(series), evidence,
    )  # fmt: skip


def _bands(values: Array, one: Array) -> dict[str, Array]:
    low, median, high = band(values, (0.1, 0.5, 0.9))
    return {"median": median, "low": low, "high": high, "typical": one}


def _id(model: Model, name: str) -> str:
    """Return the name under which a quantity is shown: structural ones by their endpoint."""
    found = [item.id for item in model.endpoints.structural if item.observable == name]
    return found[0] if found else name


def _name(model: Model, name: str) -> str:
    shown = _id(model, name)
    known = shown in model.endpoints.numbers
    return short_name(shown, model.endpoints) if known else panel_name(model, name)


def _unit(model: Model, name: str) -> str:
    shown = _id(model, name)
    if shown in model.endpoints.numbers:
        return model.endpoints.number(shown).unit
    unit = model.text.units.get(name) or ("megacell" if name in model.cell_states else "")
    if not unit and name in (*model.text.folds, *model.text.fast):
        return "fold"
    return UNITS.get(unit, unit or "dimensionless")


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
