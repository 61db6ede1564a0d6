"""A disease's calibration problem as tables: parameters, conditions, observables, measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.likelihood import StudyRows, data_of, expected
from funis.calibrate.reconstruct import ArmPlan, Reconstruction
from funis.calibrate.rows import Row
from funis.calibrate.settings import Settings
from funis.checks import InputError, Issue
from funis.models import Model
from funis.pipeline.calibrate import Calibration, calibration
from funis.pipeline.calibration_data import PATIENTS, POINTS, reconstructions
from funis.pipeline.course_plan import typical
from funis.pipeline.inputs import Trial, require_whole
from funis.pipeline.petab.formula import NoFormula, endpoint_formula
from funis.pipeline.petab.model import (
    Given,
    condition_values,
    given_to,
    model_with_doses,
    slots,
)
from funis.pipeline.processes import Progress, silent
from funis.product import product_parameters
from funis.protocol import no_doses
from funis.solver import simulate
from funis.solver.values import MINUTES_PER_DAY

Cell: TypeAlias = str | float | int
Line: TypeAlias = dict[str, Cell]

DAYS_PER_WEEK = 7
BOUND_SD = 4.0
"""Bounds of an estimated parameter, in standard deviations of its prior."""


@dataclass(frozen=True, slots=True)
class PetabProblem:
    """The tables of a problem, its model, and what could not be said.

    Attributes
    ----------
    left_out : (study, arm, endpoint, reason)
    """

    disease: str
    name: str
    sbml: str
    parameters: tuple[Line, ...]
    conditions: tuple[Line, ...]
    observables: tuple[Line, ...]
    measurements: tuple[Line, ...]
    left_out: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One regimen of a published arm as a condition."""

    condition: str
    label: str
    given: tuple[Given, ...]
    viability: float | None
    share: int


def petab_problem(
    disease: str,
    *,
    workers: int | None = None,
    patients: int | None = None,
    points: int = POINTS,
    resume: bool = True,
    progress: Progress = silent,
) -> PetabProblem:
    """Return the calibration problem of a disease as far as PEtab can say it.

    A published mean of an arm is what the arm would have shown without working cells (from the
    virtual patients) plus what cells change in the typical patient. Chance, the spread between
    studies and what the earlier stages leave open are the noise of a measurement.

    Raises
    ------
    InputError
        No such disease, or one without evidence.
    """
    require_whole(patients=patients)
    patients = PATIENTS if patients is None else patients
    found = calibration(
        disease, workers=workers, patients=patients, points=points, resume=resume, progress=progress
    )
    model = found.model
    kept: list[tuple[Row, _Arm, float, float]] = []
    left: list[tuple[str, str, str, str]] = []
    made_of = {made.study.id: (made, trial) for made, trial in reconstructions(
        found.evidence, model, [one.study for one in found.studies])}  # fmt: skip
    for study in found.studies:
        made, trial = made_of[study.study.id]
        for row, centre, noise in _numbers(study, found.settings):
            arms = _arms(made, trial, made.arm(row.arm), model)
            why = _unsaid(row, made.arm(row.arm), model)
            if why is not None:
                left.append((row.study, row.arm, row.request.key, why))
                continue
            kept += [(row, arm, centre, noise * math.sqrt(arm.share)) for arm in arms]
    if not kept:
        message = f"no published number of '{disease}' can be said in PEtab: {_first(left)}"
        raise InputError(
            Issue(None, None, None, message, "the mean of an arm with cells, of a smooth endpoint")
        )
    return _problem(found, kept, left)


def _first(left: Sequence[tuple[str, str, str, str]]) -> str:
    reasons = dict.fromkeys(why for *_, why in left)
    return "; ".join(reasons) or "no study has one"


def _problem(
    found: Calibration,
    kept: Sequence[tuple[Row, _Arm, float, float]],
    left: Sequence[tuple[str, str, str, str]],
) -> PetabProblem:
    model = found.model
    arms = {arm.condition: arm for _, arm, _, _ in kept}
    counts = slots([arm.given for arm in arms.values()])
    names = list(dict.fromkeys(row.request.endpoint for row, *_ in kept))
    formulas = {name: endpoint_formula(name, model.endpoints) for name in names}
    untreated = _untreated(model, formulas, [row.request.week for row, *_ in kept])
    measurements = tuple(
        _measurement(row, arm, centre - untreated[row.request.endpoint, row.request.week], noise)
        for row, arm, centre, noise in kept
    )
    return PetabProblem(
        model.id, model.name, model_with_doses(model, counts, typical(model)),
        tuple(_parameters(model, found.settings)),
        tuple(_condition(arm, counts, model) for arm in arms.values()),
        tuple(_observable(name, formula, model) for name, formula in formulas.items()),
        measurements, tuple(left),
    )  # fmt: skip


def _numbers(study: StudyRows, settings: Settings) -> list[tuple[Row, float, float]]:
    """Return the counted rows, each with its value without working cells and its noise."""
    data = data_of([study], settings)
    between = settings.study_scale**2 + 2 * settings.row_scale**2
    spread = np.array([settings.open_label.sd, settings.single_arm.sd])
    design = np.sum((data.design * spread) ** 2, axis=1)
    variance = np.diag(data.sampling) + np.diag(data.base) + between + design
    centre = expected(data, settings) * data.spread
    noise = np.sqrt(variance) * data.spread
    return list(zip(data.rows, centre.tolist(), noise.tolist(), strict=True))


def _unsaid(row: Row, plan: ArmPlan, model: Model) -> str | None:
    """Return why PEtab cannot say a row; None where it can."""
    if not plan.cells:
        return "an arm without cells says nothing of what is estimated"
    if row.measure not in ("change", "value"):
        return "a share of responders or a rate belongs to many patients, the model to one"
    try:
        endpoint_formula(row.request.endpoint, model.endpoints)
    except NoFormula as error:
        return str(error)
    return None


def _arms(made: Reconstruction, trial: Trial, plan: ArmPlan, model: Model) -> list[_Arm]:
    """Return the regimens that an arm may have been, a condition each."""
    weight = next((one.value for one in model.parameters if one.id == "weight"), 1.0)
    found = []
    for place, variant in enumerate(plan.variants):
        whole = made.protocol.arm(variant.id)
        products = {one.supply for one in whole.interventions if one.supply is not None}
        shares = {name: trial.products[name].recovered_fraction.value or 1.0 for name in products}
        alive = [product_parameters(trial.products[name])["viability"] for name in products]
        found.append(
            _Arm(
                _word(f"{made.study.id}_{plan.id}_{place}"),
                f"{made.study.id}, {plan.id}" + (f", regimen {place + 1} of {len(plan.variants)}"
                                                if len(plan.variants) > 1 else ""),
                tuple(given_to(whole.interventions, weight, shares)),
                alive[0] if alive else None, len(plan.variants),
            )
        )  # fmt: skip
    return found


def _untreated(
    model: Model, formulas: Mapping[str, str], weeks: Sequence[float]
) -> dict[tuple[str, float], float]:
    """Return endpoints of the untreated typical patient at some weeks."""
    times = sorted({0.0, *weeks})
    minutes = np.array([round(w * DAYS_PER_WEEK * MINUTES_PER_DAY) for w in times], dtype=np.int64)
    observed = {component.observable for component in model.endpoints.components}
    observed |= {item.observable for item in model.endpoints.structural}
    asked = tuple(name for name in sorted(observed) if any(name in f for f in formulas.values()))
    if not asked:
        return {}
    found = simulate(model, typical(model), no_doses(), minutes, outputs=asked)
    values = {name: found.values[0, :, place] for place, name in enumerate(asked)}
    result: dict[tuple[str, float], float] = {}
    for name, formula in formulas.items():
        course = evaluate(formula, values) * np.ones(len(times))
        result |= {(name, week): float(course[place]) for place, week in enumerate(times)}
    return result


def evaluate(formula: str, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return a formula's value, from those of the names in it."""
    from funis.checks import parse_expression

    return np.asarray(
        parse_expression(formula.replace("^", "**")).evaluate(values), dtype=np.float64
    )


def _measurement(row: Row, arm: _Arm, offset: float, noise: float) -> Line:
    return {
        "observableId": _word(row.request.endpoint),
        "simulationConditionId": arm.condition,
        "measurement": _number(row.observed),
        "time": _number(row.request.week * DAYS_PER_WEEK),
        "observableParameters": _number(offset),
        "noiseParameters": _number(noise),
        "datasetId": _word(f"{row.study}_{row.arm}"),
    }


def _observable(name: str, formula: str, model: Model) -> Line:
    key = _word(name)
    return {
        "observableId": key,
        "observableName": model.endpoints.number(name).name,
        "observableFormula": f"{formula} + observableParameter1_{key}",
        "noiseFormula": f"noiseParameter1_{key}",
        "noiseDistribution": "normal",
    }


def _condition(arm: _Arm, counts: Mapping[str, int], model: Model) -> Line:
    line: Line = {"conditionId": arm.condition, "conditionName": arm.label}
    if arm.viability is not None:
        line["viability"] = _number(arm.viability)
    values = condition_values(arm.given, counts, model)
    return {**line, **{key: _number(value) for key, value in values.items()}}


def _parameters(model: Model, settings: Settings) -> list[Line]:
    """Return what stage 3 estimates; the earlier stages stay as they are in the model."""
    lines: list[Line] = []
    for prior in settings.stage(3):
        value = model.parameter(prior.parameter).value
        low, high = (value * math.exp(sign * BOUND_SD * prior.sd_log) for sign in (-1, 1))
        lines.append(
            {
                "parameterId": prior.parameter,
                "parameterName": prior.why,
                "parameterScale": "log10",
                "lowerBound": _number(low),
                "upperBound": _number(high),
                "nominalValue": _number(value),
                "estimate": 1,
                "objectivePriorType": "logNormal",
                "objectivePriorParameters": f"{_number(math.log(value))};{prior.sd_log:g}",
            }
        )
    return lines


def _word(text: str) -> str:
    """Return a text as an identifier of SBML."""
    word = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in text)
    return word if not word[0].isdigit() else f"_{word}"


def _number(value: float) -> float:
    return float(f"{value:.10g}")
