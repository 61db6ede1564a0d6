"""What `funis simulate` follows: doses, times and quantities, and what one task does with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue, IssueList, nearest
from funis.models import Model, find_disease, load_model
from funis.models.check import check_start, check_symbols
from funis.pipeline.inputs import require, require_whole
from funis.pipeline.reporting.endpoints import short_name
from funis.pipeline.reporting.mechanism import UNITS, mechanism_outputs, panel_name
from funis.population.marginals import marginal
from funis.population.scores import ScoreReader
from funis.product import library_product, product_parameters
from funis.protocol import Arm, FrozenMapping, Intervention, dose_events, no_doses, parse_dose_text
from funis.report.scales import Array
from funis.solver import FAILED, ParameterTable, Trajectories, simulate
from funis.trial.twins import course_minutes
from funis.units import DAYS_PER_WEEK, MINUTES_PER_DAY

MOST_WEEKS = 1040.0
"""Twenty years [week]."""

MOST_PATIENTS = 2**32 - 1
"""Patients that have a random number of their own."""

DEFAULT_OUTPUTS = ("live", "licensed", "LM", "TNF", "IL6", "IL10", "TRG")
"""Outputs of the core that are shown where a disease has them and none is asked for.

A simulation without a folder shows the mechanism too: see `all_outputs`."""

MOST_SCORES = 4


@dataclass(frozen=True, slots=True, eq=False)
class CohortPlan:
    """What a cohort is asked for.

    Attributes
    ----------
    given
        Doses that the model can take.
    courses
        What is done with some patients.
    main
        Names of the few quantities that a terminal shows.
    """

    model: Model
    given: tuple[Intervention, ...]
    courses: CoursePlan
    weeks: float
    patients: int
    seed: int
    main: tuple[str, ...]


def usual_outputs(model: Model) -> tuple[str, ...]:
    """Return the outputs of the core that a cohort of any size follows, of those a disease has."""
    return tuple(name for name in DEFAULT_OUTPUTS if name in model.form.outputs)


def all_outputs(model: Model) -> tuple[str, ...]:
    """Return the usual outputs and everything that the mechanism view of a report shows."""
    return tuple(dict.fromkeys((*usual_outputs(model), *mechanism_outputs(model))))


def plan_cohort(
    disease: str | Path,
    doses: Sequence[str | Intervention],
    *,
    weeks: float,
    patients: int,
    seed: int,
    outputs: Sequence[str],
    workers: int | None,
    usual: Callable[[Model], Sequence[str]] = usual_outputs,
) -> CohortPlan:
    """Check what a cohort is asked for; arguments and errors as for `simulate_cohort`.

    ``usual`` gives the outputs of the model that are shown without being asked for.
    """
    require_whole(patients=patients, workers=workers)
    require_whole(0, seed=seed)
    require(
        weeks=(0 < weeks <= MOST_WEEKS, weeks, f"more than 0 and at most {MOST_WEEKS:g}"),
        patients=(patients <= MOST_PATIENTS, patients, f"at most {MOST_PATIENTS}"),
    )
    given = tuple(parse_dose_text(d) if isinstance(d, str) else d for d in doses)
    model = load_model(find_disease(str(disease)))
    IssueList(tuple(check_symbols(model))).raise_errors()
    IssueList(tuple(check_start(model))).raise_errors()
    courses = _courses(model, _checked(given, model), weeks, _shown(model, outputs, usual(model)))
    main = _main(model, outputs)
    return CohortPlan(model, given, courses, weeks, patients, seed, main)


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
class CoursePlan:
    """What one task does: some patients treated and untreated, (2, patient, time, quantity)."""

    arm: Arm
    minutes: NDArray[np.int64]
    reader: ScoreReader
    outputs: tuple[str, ...]
    parameters: FrozenMapping[float]
    recovered: FrozenMapping[float]

    def __call__(self, model: Model, table: ParameterTable) -> tuple[Array, NDArray[np.bool_]]:
        """Simulate some patients: their quantities, and who failed in either course."""
        found = self.follow(model, table)
        failed = (found[0].status == FAILED) | (found[1].status == FAILED)
        return np.stack([self.read(one.values) for one in found]), failed

    def follow(self, model: Model, table: ParameterTable) -> tuple[Trajectories, Trajectories]:
        """Solve some patients treated and untreated."""
        weight = table.values[:, table.names.index("weight")] if "weight" in table.names else None
        given = dose_events(
            self.arm, weight, np.arange(len(table.values)), end_minute=int(self.minutes[-1]) + 1,
            recovered_fraction=self.recovered,
        )  # fmt: skip
        treated = table.replaced(self.parameters)
        return (
            simulate(model, treated, given, self.minutes, outputs=self._asked),
            simulate(model, table, no_doses(), self.minutes, outputs=self._asked),
        )

    @property
    def _asked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reader.outputs, *self.outputs)))

    def observed(self, values: Array) -> Array:
        """Return what the components observe, (patient, time, output), of what was solved."""
        return values[:, :, [self._asked.index(name) for name in self.reader.outputs]]

    def read(self, values: Array) -> Array:
        """Return the quantities, (patient, time, quantity), of what was solved."""
        scores = self.reader.read(self.observed(values))
        own = [self._asked.index(name) for name in self.outputs]
        return np.concatenate([scores, values[:, :, own]], axis=2)

    @property
    def names(self) -> tuple[str, ...]:
        """Quantities on the last axis."""
        return (*self.reader.names, *self.outputs)


def _courses(
    model: Model, given: Sequence[Intervention], weeks: float, shown: tuple[list[str], list[str]]
) -> CoursePlan:
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
    return CoursePlan(
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


def _shown(model: Model, asked: Sequence[str], usual: Sequence[str]) -> tuple[list[str], list[str]]:
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
    more = [structural.get(name, name) for name in asked if name not in scored]
    others = [*structural.values(), *usual, *more]
    return list(dict.fromkeys(scores)), list(dict.fromkeys(others))


def _main(model: Model, asked: Sequence[str]) -> tuple[str, ...]:
    """Return what a terminal shows: a score, what a patient feels, structure, and what is asked."""
    points = model.endpoints
    felt = [item.id for item in points.components if item.reporter == "patient"]
    first = [[item.id for item in points.scores], felt, [item.id for item in points.structural]]
    return (*(names[0] for names in first if names), *asked)


def shown_id(model: Model, name: str) -> str:
    """Return the name under which a quantity is shown: structural ones by their endpoint."""
    found = [item.id for item in model.endpoints.structural if item.observable == name]
    return found[0] if found else name


def shown_name(model: Model, name: str) -> str:
    """Return a quantity in words."""
    shown = shown_id(model, name)
    known = shown in model.endpoints.numbers
    return short_name(shown, model.endpoints) if known else panel_name(model, name)


def shown_unit(model: Model, name: str) -> str:
    """Return the unit of a quantity."""
    shown = shown_id(model, name)
    if shown in model.endpoints.numbers:
        return model.endpoints.number(shown).unit
    unit = model.text.units.get(name) or ("megacell" if name in model.cell_states else "")
    if not unit and name.partition("_by_")[0] in (*model.text.folds, *model.text.fast):
        return "fold"
    return UNITS.get(unit, unit or "dimensionless")
