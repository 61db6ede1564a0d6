"""`funis gate routes`: where the same cells go by each route, in the same patients."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from funis.checks import InputError, Issue
from funis.models import Model, find_disease, load_model
from funis.models.model import TARGET_TISSUE
from funis.pipeline.gate_trials import template_trial
from funis.pipeline.inputs import require_whole
from funis.pipeline.pools import trial_pool
from funis.pipeline.processes import Progress, silent, worker_count
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.run import finite
from funis.pipeline.tables import Table, interval_text
from funis.population import choose
from funis.population.scores import ScoreReader
from funis.protocol import DoseEvents, no_doses
from funis.report import RESEARCH_USE
from funis.report.content import Interval
from funis.report.scales import Array
from funis.solver import FAILED, ParameterTable, simulate

VEIN = "iv"
"""The route that regional ones are compared with."""

DOSE_MEGACELL = 50.0
EFFECT_WEEK = 12
EXPOSURES = {
    "live_lu": "live cells, lung and blood",
    "live_ls": "live cells, liver and spleen",
    "live_ti": "live cells, target tissue",
    "LM_ti": "licensed monocytes, target tissue",
}
HOURS = np.concatenate([np.arange(0, 49), np.arange(54, 169, 6), np.arange(192, 673, 24)])
"""Times after the dose over which exposure is added up: four weeks [h]."""


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One route: exposures (median and middle 80 % of patients) and the effect on the main score.

    ``exposures`` are areas under the curve over four weeks per cell given [day], by output.
    """

    route: str
    name: str
    exposures: dict[str, Interval]
    effect: Interval


@dataclass(frozen=True, slots=True)
class RoutesGate:
    """Every route of a disease in the same patients, one dose, disease quiet."""

    disease: str
    patients: int
    seed: int
    score: str
    tissue: str
    rows: tuple[RouteRow, ...]

    @property
    def passed(self) -> bool:
        """Whether a regional route brings more living cells to its tissue than the vein does."""
        reached = {row.route: row.exposures["live_ti"].estimate or 0.0 for row in self.rows}
        regional = [value for route, value in reached.items() if route != VEIN]
        return all(value > reached[VEIN] for value in regional)

    def tables(self) -> tuple[Table, ...]:
        """Return the gate as tables of text."""
        effect = f"{self.score} at week {EFFECT_WEEK}, against untreated"
        rows = tuple(
            (row.name, *(interval_text(row.exposures[name]) for name in EXPOSURES),
             interval_text(row.effect))
            for row in self.rows
        )  # fmt: skip
        exposures = [words.replace(TARGET_TISSUE, self.tissue) for words in EXPOSURES.values()]
        title = (
            f"{DOSE_MEGACELL:g} million cells once by each route in the same {self.patients} "
            f"virtual patients (seed {self.seed}), noise off: days of cell life per cell given "
            f"over four weeks, median (middle 80 %)"
        )
        return (Table(title, ("route", *exposures, effect), rows),)

    def document(self) -> dict[str, Any]:
        """Return the gate as plain data."""
        content = {"research_use": RESEARCH_USE, "gate": "routes", "passed": self.passed}
        own = {key: finite(value) for key, value in dataclasses.asdict(self).items()}
        return {**content, **own}


def routes_gate(
    disease: str | Path,
    *,
    patients: int = 200,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress = silent,
) -> RoutesGate:
    """Give the same dose by every route of a disease to the same patients.

    Raises
    ------
    InputError
        An unknown disease, one without a score that has an important difference, or an argument
        out of range.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    model = load_model(find_disease(str(disease)))
    score = durability_score(template_trial(model).protocol, model.endpoints)
    if score is None:
        message = f"'{model.id}' has no score with an important difference"
        raise InputError(Issue(None, None, "scores", message, "minimal_important_difference"))
    pool = trial_pool(model, workers=worker_count(workers), progress=progress)
    chosen = choose(pool, seed, np.arange(patients, dtype=np.int64))
    table = ParameterTable(pool.names, pool.values[chosen])
    cells = [given for given in model.inputs if given.kind == "cells"]
    rest = _course(model, table, no_doses(), score)
    rows = []
    for given in progress("Routes", iter(cells), len(cells)):
        course = _course(model, table, _doses(given.id, patients), score)
        rows.append(_row(given.id, given.description, course, rest))
    return RoutesGate(model.id, patients, seed, score, model.tissue, tuple(rows))


def _doses(route: str, patients: int) -> DoseEvents:
    who = np.arange(patients, dtype=np.int64)
    now = np.zeros(patients, dtype=np.int64)
    amount = np.full(patients, DOSE_MEGACELL)
    return DoseEvents(who, now, np.full(patients, route), amount, now, np.full(patients, route))


def _course(model: Model, table: ParameterTable, doses: DoseEvents, score: str) -> dict[str, Array]:
    """Return exposures over time, and the true score at the end, of those that were solved."""
    reader = ScoreReader.of(model, [score])
    minutes = np.append(HOURS * 60, EFFECT_WEEK * 7 * 1440).astype(np.int64)
    outputs = (*EXPOSURES, *reader.outputs)
    found = simulate(model, table, doses, minutes, outputs=outputs)
    values = np.where((found.status == FAILED)[:, None, None], np.nan, found.values)
    own = {name: values[:, :-1, place] for place, name in enumerate(EXPOSURES)}
    return own | {"score": reader.read(values[:, -1:, len(EXPOSURES) :])[:, 0, 0]}


def _row(route: str, name: str, course: dict[str, Array], rest: dict[str, Array]) -> RouteRow:
    areas = {
        output: np.asarray(np.trapezoid(course[output], HOURS / 24.0, axis=1)) / DOSE_MEGACELL
        for output in EXPOSURES
    }
    effect = course["score"] - rest["score"]
    return RouteRow(
        route, name, {output: _middle(area) for output, area in areas.items()}, _middle(effect)
    )


def _middle(values: Array) -> Interval:
    low, median, high = (float(x) for x in np.nanquantile(values, (0.1, 0.5, 0.9)))
    return Interval(median, low, high)
