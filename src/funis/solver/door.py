"""The only door to the ODE engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funis.models import Model, OdeForm
from funis.solver import roadrunner, scipy_engine
from funis.solver.segments import Gains, Segment, begin, segments
from funis.solver.values import (
    FAILED,
    MINUTES_PER_DAY,
    SOLVED,
    SOLVED_SECOND,
    SOLVED_TIGHTER,
    Array,
    Doses,
    Forcing,
    Integers,
    ParameterTable,
    Start,
    Trajectories,
)

Engine = Literal["ladder", "roadrunner", "lsoda", "radau"]


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
    if len(times) == 0 or np.any(np.diff(times) <= 0):
        raise ValueError("times must increase")
    fixed = fixed_values(form, parameters)
    first = int(times[0]) if start is None else start.minute
    if first > times[0]:
        raise ValueError("the first time lies before the start")
    states = form.start(fixed) if start is None else start.states
    gains = _gains(model, form, doses)
    wanted = tuple(form.states) if outputs is None else tuple(outputs)
    _check_outputs(form, wanted)
    table, status = _solve_all(
        model, form, fixed, states, doses, gains, first, times, forcing, rtol, engine, full
    )
    values = _observe(form, wanted, table, fixed, times, forcing)
    values[status == FAILED] = np.nan
    return Trajectories(wanted, times, values, table[:, -1], status)


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


def _check_outputs(form: OdeForm, names: Sequence[str]) -> None:
    known = {*form.outputs, *form.parameters}
    for name in names:
        if name not in known:
            raise ValueError(f"unknown output '{name}'")


def _gains(model: Model, form: OdeForm, doses: Doses) -> Gains:
    columns: dict[str, tuple[tuple[int, int], ...]] = {}
    for name in {str(name) for name in doses.input}:
        given = model.input(name)
        if given is None:
            raise ValueError(f"unknown input '{name}'")
        columns[name] = tuple(
            (form.states.index(target), form.fixed_names.index(f"gain_{name}_{target}"))
            for target in given.targets
        )
    return Gains(columns)


def _solve_all(
    model: Model,
    form: OdeForm,
    fixed: Array,
    states: Array,
    doses: Doses,
    gains: Gains,
    first: int,
    times: Integers,
    forcing: Forcing | None,
    rtol: float,
    engine: Engine,
    full: bool,
) -> tuple[Array, NDArray[np.int8]]:
    table = np.full((len(fixed), len(times), len(form.states)), np.nan)
    status = np.full(len(fixed), FAILED, dtype=np.int8)
    floored = np.array([form.states.index(s) for s in model.text.words("floored")], dtype=np.int64)
    sink = next((form.states.index(s) for s in model.text.words("floor sink")), None)
    window = roadrunner.WINDOW_KNOTS - 1
    longest = int(window * (forcing.spacing_day if forcing else 7.0) * MINUTES_PER_DAY)
    rungs = _rungs(model, form, forcing, rtol, engine, full)
    with roadrunner.silenced():
        for row in range(len(fixed)):
            pieces = segments(doses, row, gains, fixed[row], first, times, longest)
            for code, solve in rungs:
                try:
                    table[row] = _one(
                        solve, pieces, states[row], fixed[row], row, first, times, floored, sink
                    )
                except RuntimeError:
                    continue
                status[row] = code
                break
    return table, status


def _one(
    solve: _Solve,
    pieces: list[Segment],
    state: Array,
    fixed: Array,
    row: int,
    first: int,
    times: Integers,
    floored: Integers,
    sink: int | None,
) -> Array:
    table = np.full((len(times), len(state)), np.nan)
    if times[0] == first:
        table[0] = state
    for piece in pieces:
        state = begin(state, piece, floored, sink)
        asked = times[piece.outputs]
        minutes = asked if len(asked) and asked[-1] == piece.end else np.append(asked, piece.end)
        found = solve(fixed, state, dict(piece.inflows), row, piece.start, minutes)
        if not np.all(np.isfinite(found)):
            raise RuntimeError("left the finite numbers")
        table[piece.outputs] = found[: len(asked)]
        state = found[-1]
    return table


class _Solve:
    """One rung of the ladder: how a segment of a patient is integrated."""

    def __init__(
        self,
        model: Model,
        form: OdeForm,
        forcing: Forcing | None,
        rtol: float,
        order: int,
        method: scipy_engine.Method | None,
        full: bool,
    ) -> None:
        self.form, self.forcing, self.method, self.rtol = form, forcing, method, rtol
        self.tolerance = roadrunner.Tolerance(rtol, rtol * 1e-3, order)
        self.runner: roadrunner.Runner | None = None
        if method is None:
            self.runner = roadrunner.load_runner(
                model.sbml_variant(full=True) if full else model.sbml,
                form.states,
                form.fixed_names,
                form.constant_names,
                forcing.name if forcing else None,
            )

    def __call__(
        self,
        fixed: Array,
        state: Array,
        inflows: dict[int, float],
        row: int,
        start: int,
        minutes: Integers,
    ) -> Array:
        if self.runner is not None:
            self.runner.prepare(fixed, self.tolerance)
            return self.runner.run(state, inflows, self.forcing, row, start, minutes)
        assert self.method is not None
        return scipy_engine.run_segment(
            self.form,
            fixed,
            state,
            inflows,
            self.forcing,
            row,
            start,
            minutes,
            self.rtol,
            self.method,
        )


def _rungs(
    model: Model, form: OdeForm, forcing: Forcing | None, rtol: float, engine: Engine, full: bool
) -> list[tuple[int, _Solve]]:
    tight = max(rtol / 100, 1e-10)

    def rung(rtol: float, order: int, method: scipy_engine.Method | None) -> _Solve:
        return _Solve(model, form, forcing, rtol, order, method, full)

    if engine == "roadrunner":
        return [(SOLVED, rung(rtol, 5, None))]
    if engine == "lsoda":
        return [(SOLVED, rung(rtol, 5, "LSODA"))]
    if engine == "radau":
        return [(SOLVED, rung(rtol, 5, "Radau"))]
    return [
        (SOLVED, rung(rtol, 5, None)),
        (SOLVED_TIGHTER, rung(tight, 3, None)),
        (SOLVED_SECOND, rung(rtol, 5, "LSODA")),
        (SOLVED_SECOND, rung(rtol, 5, "Radau")),
    ]


def _observe(
    form: OdeForm,
    wanted: Sequence[str],
    table: Array,
    fixed: Array,
    times: Integers,
    forcing: Forcing | None,
) -> Array:
    patients, count, size = table.shape
    if tuple(wanted) == form.states:
        return table.copy()
    rows = np.repeat(fixed, count, axis=0)
    if forcing is not None:
        column = form.parameters.index(forcing.name)
        days = times / MINUTES_PER_DAY
        rows[:, column] = np.concatenate([forcing.at(row, days) for row in range(patients)])
    return form.observe(wanted, table.reshape(-1, size), rows).reshape(patients, count, -1)
