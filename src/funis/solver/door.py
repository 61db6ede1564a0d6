"""The only door to the ODE engines."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from funis.models import Model, OdeForm
from funis.solver.check import compare, sampled
from funis.solver.kernel.batch import load_kernel
from funis.solver.ladder import Engine, Problem, solve
from funis.solver.segments import Floor
from funis.solver.sensitivity import sensitivity
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

CHECKED_SHARE = 0.01
"""Share of patients that is solved a second time at a hundredth of the tolerance."""

THREADED = ("ladder", "kernel")
"""Engines that threads may share, and that are checked by a second solution."""

BLOCK = 2048
"""Patients that are solved before their states are let go: memory holds the outputs of all."""

OBSERVED = 512
"""Patients whose outputs are evaluated at once."""


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
    threads: int = 1,
    checked: float | NDArray[np.bool_] = CHECKED_SHARE,
    dtype: DTypeLike = np.float64,
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
    sensitivities : parameters to differentiate by.
    rtol : relative tolerance; the absolute one is a thousandth of it.
    outputs : states, constants or assignments; None is every state.
    engine : `ladder` is the rule; the single engines are for verification.
    full : solve the full form, with the fast species as states.
    threads : that share the patients; they change no byte.
    checked : patients solved again at rtol/100, see `Trajectories.deviation`: a share of the rows,
        or which ones, (patient,).
    dtype : of the values that are returned; all arithmetic is in float64.

    Returns
    -------
    Trajectories
        One row a patient, whatever happened to it: see `status`.

    Raises
    ------
    ValueError
        Arrays that do not fit, an unknown input or parameter.
    UnreliableError
        A patient solved again came out beyond what the tolerance allows.
    """
    form = model.full_form if full else model.form
    times = np.asarray(times, dtype=np.int64)
    if len(times) == 0:
        raise ValueError("no times")
    fixed = fixed_values(form, parameters)
    begin = Start(int(times[0]), form.start(fixed)) if start is None else start
    begin = Start(begin.minute, np.asarray(begin.states, dtype=np.float64))
    wanted = tuple(form.states) if outputs is None else tuple(outputs)
    _check_times(times, begin.minute, forcing)
    _check_shapes(begin.states, (len(fixed), len(form.states)), doses, forcing)
    _check_forcing(form, forcing)
    _check_outputs(form, wanted)
    _check_parameters(form, sensitivities)
    floor = floor_of(model, form, model.text.words("floored"))
    shown = floor_of(model, form, model.cell_states)
    needed = needed_states(form, wanted, shown)
    problem = Problem(model, form, fixed, doses, times, forcing, floor, needed, full)
    firsts = range(0, len(fixed), BLOCK)
    shared = threads if engine in THREADED and len(firsts) > 1 else 1
    within = threads if shared == 1 else 1
    ask = _Ask(wanted, shown, tuple(sensitivities), start is not None, engine, rtol, within)
    rows = sampled(len(fixed), checked if engine in THREADED else 0.0)
    found = _nothing(ask, problem, dtype)

    def fill(first: int) -> None:
        index = np.arange(first, min(first + BLOCK, len(fixed)))
        mine = problem if len(index) == len(fixed) else problem.rows(index)
        again = rows[(rows >= first) & (rows <= index[-1])] - first
        _fill(found, first, mine, Start(begin.minute, begin.states[index]), again, ask)

    if shared > 1:
        load_kernel(form, forcing is not None)  # once, not once a thread
        with ThreadPoolExecutor(shared) as pool:
            list(pool.map(fill, firsts))
    else:
        for first in firsts:
            fill(first)
    return found


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked of every block of patients."""

    outputs: tuple[str, ...]
    shown: Floor
    sensitivities: tuple[str, ...]
    start_given: bool
    engine: Engine
    rtol: float
    threads: int


def _nothing(ask: _Ask, problem: Problem, dtype: DTypeLike) -> Trajectories:
    count, shape = len(problem.fixed), (len(problem.fixed), len(problem.times), len(ask.outputs))
    slopes = np.empty((*shape, len(ask.sensitivities))) if ask.sensitivities else None
    return Trajectories(
        ask.outputs,
        problem.times,
        np.empty(shape, dtype=dtype),
        np.empty((count, len(problem.form.states))),
        np.full(count, FAILED, dtype=np.int8),
        slopes,
        np.full(count, np.nan),
    )


def _fill(
    whole: Trajectories, first: int, problem: Problem, begin: Start, again: Integers, ask: _Ask
) -> None:
    """Solve a block of patients and write them into the whole."""
    found = solve(problem, begin, ask.engine, ask.rtol, ask.threads)
    again = again[found.status[again] != FAILED]
    rows = slice(first, first + len(found.status))
    whole.deviation[first + again] = compare(problem, begin, found, again, ask.rtol, first)
    _observe(problem, ask, found.values, whole.values[rows])
    whole.end[rows], whole.status[rows] = found.end, found.status
    whole.values[rows][found.status == FAILED] = np.nan
    if whole.sensitivities is not None:
        slopes = sensitivity(
            problem, begin, ask.start_given, ask.outputs, ask.sensitivities, ask.rtol, ask.threads
        )
        slopes[found.status == FAILED] = np.nan
        whole.sensitivities[rows] = slopes


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
    _check_parameters(form, parameters.names)
    values[:, [form.places[name] for name in parameters.names]] = parameters.values
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


def _check_forcing(form: OdeForm, forcing: Forcing | None) -> None:
    if forcing is None:
        return
    if forcing.name not in form.forcing[:1]:
        raise ValueError(f"no parameter '{forcing.name}' that moves with time")
    if forcing.slopes.shape != forcing.values.shape:
        raise ValueError(f"slopes must be {forcing.values.shape}, not {forcing.slopes.shape}")


def _check_parameters(form: OdeForm, names: Sequence[str]) -> None:
    for name in names:
        if name not in form.places:
            raise ValueError(f"unknown parameter '{name}'")


def _check_outputs(form: OdeForm, names: Sequence[str]) -> None:
    known = {*form.outputs, *form.parameters}
    for name in names:
        if name not in known:
            raise ValueError(f"unknown output '{name}'")


def floor_of(model: Model, form: OdeForm, names: Sequence[str]) -> Floor:
    """Return the floor of some cell states; those conserved with the sink are counted."""
    states = form.states
    sink = next((states.index(name) for name in model.text.words("floor sink")), None)
    floored = np.array([states.index(name) for name in names], dtype=np.int64)
    floored = floored[floored != (-1 if sink is None else sink)]
    group = next((group for group in form.conserved if sink in group), ())
    return Floor(floored, np.intersect1d(floored, list(group)), sink)


def needed_states(form: OdeForm, wanted: Sequence[str], floor: Floor) -> Integers:
    """Return the states that outputs depend on, with those that the sink is corrected by."""
    names = frozenset[str]().union(*(form.graph.symbols(n) for n in form.output_nodes(wanted)))
    needed = [index for index, name in enumerate(form.states) if name in names]
    if floor.sink in needed:
        needed = sorted({*needed, *floor.counted.tolist()})
    return np.array(needed, dtype=np.int64)


def _show(columns: dict[str, Array], form: OdeForm, floor: Floor) -> None:
    """Show what rounding left below zero cells as none.

    The sum of cells stays: the sink takes the difference, as it does at the cuts.
    """
    sink = None if floor.sink is None else form.states[floor.sink]
    for state in floor.states.tolist():
        column = columns.get(form.states[state])
        if column is not None and (below := np.minimum(column, 0.0)).any():
            column -= below
            if sink in columns and state in floor.counted:
                columns[sink] += below


def _observe(problem: Problem, ask: _Ask, table: Array, values: Array) -> None:
    """Evaluate outputs from the needed states of a block and write them into `values`."""
    form, forcing, outputs = problem.form, problem.forcing, ask.outputs
    days = problem.times / MINUTES_PER_DAY
    asked = frozenset(form.observed(outputs))
    fixed = [(place, name) for place, name in enumerate(form.fixed_names) if name in asked]
    for first in range(0, len(table), OBSERVED):
        some = slice(first, first + OBSERVED)
        columns = {
            form.states[state]: np.array(table[some, :, place], order="C")
            for place, state in enumerate(problem.needed.tolist())
        }
        _show(columns, form, ask.shown)
        for place, name in fixed:
            columns[name] = np.ascontiguousarray(problem.fixed[some, place, None])
        if forcing is not None and forcing.name in asked:
            paths = np.arange(first, min(first + OBSERVED, len(table)))
            columns[forcing.name] = forcing.at(paths[:, None], days)
        for place, column in enumerate(form.observe_columns(outputs, columns)):
            values[some, :, place] = column
