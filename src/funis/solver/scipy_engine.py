"""SciPy behind the door: LSODA, then Radau, on the form's own right-hand side and Jacobian."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np

from funis.models import OdeForm
from funis.solver.roadrunner import silenced
from funis.solver.values import MINUTES_PER_DAY, Array, Forcing, Integers

Method = Literal["LSODA", "Radau"]


def run_segment(
    form: OdeForm,
    fixed: Array,
    state: Array,
    inflows: dict[int, float],
    forcing: Forcing | None,
    row: int,
    start: int,
    minutes: Integers,
    rtol: float,
    method: Method,
) -> Array:
    """Integrate one segment and return the states at `minutes`, (time, state).

    Raises
    ------
    RuntimeError
        The method gave up.
    """
    arguments = np.concatenate([state, fixed])
    size = len(state)
    for index, name in enumerate(form.states):
        place = f"inflow_{name}"
        if place in form.parameters:
            arguments[size + form.parameters.index(place)] = inflows.get(index, 0.0)
    place_forcing = size + form.parameters.index(forcing.name) if forcing is not None else -1

    def put(day: float, y: Array) -> Array:
        arguments[:size] = y
        if forcing is not None:
            arguments[place_forcing] = forcing.at(row, day)
        return arguments

    def rates(day: float, y: Array) -> Array:
        return np.asarray(form.rate_function(put(day, y))).ravel()

    def jacobian(day: float, y: Array) -> Array:
        return np.asarray(form.jacobian_function(put(day, y))).reshape(size, size)

    days = np.concatenate([[start], minutes]) / MINUTES_PER_DAY
    solve = _lsoda if method == "LSODA" else _radau
    table = solve(rates, jacobian, state, days, rtol)
    if not np.all(np.isfinite(table)):
        raise RuntimeError(f"{method} left the finite numbers")
    return table[1:]


def _lsoda(rates: Any, jacobian: Any, state: Array, days: Array, rtol: float) -> Array:
    from scipy.integrate import odeint

    with warnings.catch_warnings(), silenced():
        warnings.simplefilter("ignore")
        table, words = odeint(
            rates,
            state,
            days,
            Dfun=jacobian,
            tfirst=True,
            rtol=rtol,
            atol=rtol * 1e-3,
            mxstep=200_000,
            full_output=True,
        )
    if words["message"] != "Integration successful.":
        raise RuntimeError(f"LSODA: {words['message']}")
    return np.asarray(table)


def _radau(rates: Any, jacobian: Any, state: Array, days: Array, rtol: float) -> Array:
    from scipy.integrate import solve_ivp

    span = (float(days[0]), float(days[-1]))
    found = solve_ivp(
        rates, span, state, "Radau", t_eval=days, jac=jacobian, rtol=rtol, atol=rtol * 1e-3
    )
    if not found.success:
        raise RuntimeError(f"Radau: {found.message}")
    return np.asarray(found.y).T
