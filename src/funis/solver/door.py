"""The only door to the ODE engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.models import Model, OdeForm
from funis.solver import roadrunner
from funis.solver.ladder import Engine, Rung, climb, ladder
from funis.solver.segments import Floor, Gains, Patient, segments
from funis.solver.values import (
    FAILED,
    MINUTES_PER_DAY,
    Array,
    Doses,
    Forcing,
    Integers,
    ParameterTable,
    Start,
    Trajectories,
)

LONGEST_DAY = 105
"""Longest segment without forcing: states that decay meet the floor before they are lost."""


def simulate(
    model: Model,
    parameters: ParameterTable,
    doses: Doses,
    times: Integers,
    *,
    start: Start | None = None,
    forcing: Forcing | None = None,
    sensitivities: Sequence[str] = (),
    rtol: float = 1e-5,
    outputs: Sequence[str] | None = None,
    engine: Engine = "ladder",
    full: bool = False,
) -> Trajectories:
    """Solve a model for many patients.

    Parameters
    ----------
    model : the disease.
    parameters : values of each patient; what is not named takes the model's value.
    doses : explicit events on the integer-minute grid, any number at one minute.
    times : increasing minutes; the last one ends the simulation.
    start : where to begin; None is the untreated state at the first time.
    forcing : a C1 cubic of time for each patient.
    sensitivities : parameters to differentiate by; not offered by the present engines.
    rtol : relative tolerance; the absolute one is a thousandth of it.
    outputs : states, constants or assignments; None is every state.
    engine : `ladder` is the rule; the single engines are for verification.
    full : solve the full form, with the fast species as states.

    Returns
    -------
    Trajectories
        One row a patient, whatever happened to it: see `status`.

    Raises
    ------
    ValueError
        Arrays that do not fit, an unknown input or parameter, or sensitivities asked for.
    """
    if sensitivities:
        raise ValueError("sensitivities are reserved: the present engines do not compute them")
    form = model.full_form if full else model.form
    times = np.asarray(times, dtype=np.int64)
    if len(times) == 0:
        raise ValueError("no times")
    fixed = fixed_values(form, parameters)
    begin = Start(int(times[0]), form.start(fixed)) if start is None else start
    wanted = tuple(form.states) if outputs is None else tuple(outputs)
    _check_times(times, begin.minute, forcing)
    _check_shapes(begin.states, (len(fixed), len(form.states)), doses, forcing)
    _check_outputs(form, wanted)
    rungs = ladder(model, forcing.name if forcing else None, rtol, engine, full)
    problem = _Problem(model, form, fixed, doses, times, forcing)
    table, status = _solve(problem, begin, rungs)
    values = _observe(problem, wanted, _shown(table, _floor(problem, model.cell_states)))
    values[status == FAILED] = np.nan
    return Trajectories(wanted, times, values, table[:, -1].copy(), status)


def jacobian(model: Model, parameters: ParameterTable, state: Array) -> Array:
    """Return the analytic Jacobian at a state, (patient, state, state), per day.

    Parameters
    ----------
    state : (patient, state)
    """
    return model.form.jacobian_at(state, fixed_values(model.form, parameters))


def untreated(model: Model, parameters: ParameterTable) -> Array:
    """Return each patient's untreated state, (patient, state)."""
    return model.form.start(fixed_values(model.form, parameters))


def observe(
    model: Model, parameters: ParameterTable, states: Array, outputs: Sequence[str]
) -> Array:
    """Evaluate outputs at given states without forcing, (patient, output)."""
    fixed = fixed_values(model.form, parameters)
    return model.form.observe(tuple(outputs), states, fixed)


def fixed_values(form: OdeForm, parameters: ParameterTable) -> Array:
    """Return parameters and derived constants of each patient, (patient, fixed name)."""
    values = np.tile(np.asarray(form.defaults, dtype=np.float64), (len(parameters.values), 1))
    for column, name in enumerate(parameters.names):
        if name not in form.parameters:
            raise ValueError(f"unknown parameter '{name}'")
        values[:, form.parameters.index(name)] = parameters.values[:, column]
    return np.hstack([values, form.derived(values)])


def _check_times(times: Integers, start: int, forcing: Forcing | None) -> None:
    if np.any(np.diff(times) <= 0):
        raise ValueError("times must increase")
    if start > times[0]:
        raise ValueError("the first time lies before the start")
    if forcing is None:
        return
    last_day = forcing.first_day + forcing.spacing_day * (forcing.values.shape[1] - 1)
    if start < forcing.first_day * MINUTES_PER_DAY or times[-1] > last_day * MINUTES_PER_DAY:
        raise ValueError("the forcing does not span the simulated time")


def _check_shapes(
    states: Array, shape: tuple[int, int], doses: Doses, forcing: Forcing | None
) -> None:
    if states.shape != shape:
        raise ValueError(f"states must be {shape}, not {states.shape}")
    if forcing is not None and len(forcing.values) != shape[0]:
        raise ValueError(f"a forcing of {len(forcing.values)} patients for {shape[0]}")
    if len(doses.patient) and not 0 <= min(doses.patient) <= max(doses.patient) < shape[0]:
        raise ValueError(f"a dose for a patient outside 0 to {shape[0] - 1}")


def _check_outputs(form: OdeForm, names: Sequence[str]) -> None:
    known = {*form.outputs, *form.parameters}
    for name in names:
        if name not in known:
            raise ValueError(f"unknown output '{name}'")


@dataclass(frozen=True, slots=True)
class _Problem:
    """What the patients of one call have in common."""

    model: Model
    form: OdeForm
    fixed: Array
    doses: Doses
    times: Integers
    forcing: Forcing | None


def _solve(
    problem: _Problem, start: Start, rungs: Sequence[Rung]
) -> tuple[Array, NDArray[np.int8]]:
    """Solve patient by patient: (patient, time, state) and the status of each."""
    count, times, fixed = len(problem.fixed), problem.times, problem.fixed
    table = np.empty((count, len(times), len(problem.form.states)))
    status = np.empty(count, dtype=np.int8)
    gains, longest = _gains(problem), _longest(problem.forcing)
    floor = _floor(problem, problem.model.text.words("floored"))
    with roadrunner.silenced():
        for row in range(count):
            patient = Patient(row, fixed[row], problem.forcing)
            pieces = segments(problem.doses, row, gains, fixed[row], start.minute, times, longest)
            table[row], status[row] = climb(rungs, patient, start.states[row], pieces, times, floor)
    return table, status


def _gains(problem: _Problem) -> Gains:
    form = problem.form
    columns: dict[str, tuple[tuple[int, int], ...]] = {}
    for name in {str(name) for name in problem.doses.input}:
        given = problem.model.input(name)
        if given is None:
            raise ValueError(f"unknown input '{name}'")
        columns[name] = tuple(
            (form.states.index(target), form.fixed_names.index(f"gain_{name}_{target}"))
            for target in given.targets
        )
    return Gains(columns)


def _floor(problem: _Problem, names: Sequence[str]) -> Floor:
    """Return the floor of some cell states; those conserved with the sink are counted."""
    states = problem.form.states
    sink = next((states.index(name) for name in problem.model.text.words("floor sink")), None)
    floored = np.array([states.index(name) for name in names], dtype=np.int64)
    floored = floored[floored != (-1 if sink is None else sink)]
    group = next((group for group in problem.form.conserved if sink in group), ())
    return Floor(floored, np.intersect1d(floored, list(group)), sink)


def _longest(forcing: Forcing | None) -> int:
    """Return the longest segment [minute]: with a forcing, what its window spans."""
    if forcing is None:
        return LONGEST_DAY * MINUTES_PER_DAY
    return int((roadrunner.WINDOW_KNOTS - 1) * forcing.spacing_day * MINUTES_PER_DAY)


def _shown(table: Array, floor: Floor) -> Array:
    """Return the states to be observed: what rounding left below zero cells is none.

    The sum of cells stays: the sink takes the difference, as it does at the cuts.
    """
    shown = table.copy()
    for index in floor.states:
        below = np.minimum(table[:, :, index], 0.0)
        shown[:, :, index] -= below
        if floor.sink is not None and index in floor.counted:
            shown[:, :, floor.sink] += below
    return shown


def _observe(problem: _Problem, wanted: Sequence[str], table: Array) -> Array:
    patients, count, size = table.shape
    form, forcing = problem.form, problem.forcing
    if tuple(wanted) == form.states:
        return table
    rows = np.repeat(problem.fixed, count, axis=0)
    if forcing is not None:
        column = form.parameters.index(forcing.name)
        days = problem.times / MINUTES_PER_DAY
        rows[:, column] = np.concatenate([forcing.at(row, days) for row in range(patients)])
    found = form.observe(wanted, table.reshape(-1, size), rows)
    return found.reshape(patients, count, len(wanted))
