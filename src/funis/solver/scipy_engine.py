"""SciPy behind the door: LSODA, then Radau, on the form's own right-hand side and Jacobian."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np

from funis.models import OdeForm
from funis.models.form import Scalars
from funis.solver.segments import FIRST_STEP_DAY, RELATIVE_ATOL, Patient, Segment
from funis.solver.values import MINUTES_PER_DAY, Array, Integers

Method = Literal["LSODA", "Radau"]

MOST_EVALUATIONS = 20_000
"""Evaluations of the rates in one segment after which a patient counts as not solved."""


def run_segment(
    form: OdeForm,
    method: Method,
    rtol: float,
    patient: Patient,
    state: Array,
    piece: Segment,
    minutes: Integers,
) -> Array:
    """Integrate one segment and return the states at `minutes`, (time, state).

    Raises
    ------
    RuntimeError
        The method gave up, or asked for the rates more than `MOST_EVALUATIONS` times.
    """
    days = np.concatenate([[piece.start], minutes]) / MINUTES_PER_DAY
    solve = _lsoda if method == "LSODA" else _radau
    try:
        table = solve(_Rates(form, patient, piece, state), state, days, rtol)
    except ValueError as error:  # a Jacobian that is not finite, or a formula without a value
        raise RuntimeError(f"{method}: {error}") from error
    if not np.all(np.isfinite(table)):
        raise RuntimeError(f"{method} left the finite numbers")
    return table[1:]


class _Rates:
    """Right-hand side and Jacobian of one patient in one segment."""

    def __init__(self, form: OdeForm, patient: Patient, piece: Segment, state: Array) -> None:
        self.form, self.patient, self.size = form, patient, len(state)
        self.arguments: list[float] = np.concatenate([state, patient.fixed]).tolist()
        self.evaluations = 0
        for index, name in enumerate(form.states):
            if f"inflow_{name}" in form.parameters:
                place = self.size + form.parameters.index(f"inflow_{name}")
                self.arguments[place] = piece.inflows.get(index, 0.0)
        forcing = patient.forcing
        self.place = -1 if forcing is None else self.size + form.parameters.index(forcing.name)
        self.path = None if forcing is None else forcing.path(patient.row)

    def at(self, day: float, y: Array) -> Array:
        self.evaluations += 1
        if self.evaluations > MOST_EVALUATIONS:
            raise RuntimeError(f"more than {MOST_EVALUATIONS} evaluations in one segment")
        return np.array(self._finite(self.form.rate_function, day, y))

    def jacobian(self, day: float, y: Array) -> Array:
        flat = np.array(self._finite(self.form.jacobian_function, day, y))
        return flat.reshape(self.size, self.size)

    def _finite(self, function: Scalars, day: float, y: Array) -> list[float]:
        self.arguments[: self.size] = y.tolist()
        if self.path is not None:
            self.arguments[self.place] = self.path(float(day))
        try:
            return function(self.arguments)
        except ArithmeticError as error:
            raise RuntimeError(f"no finite rates at day {day:g}: {error}") from error


def _lsoda(rates: _Rates, state: Array, days: Array, rtol: float) -> Array:
    from scipy.integrate import odeint

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table, words = odeint(
            rates.at,
            state,
            days,
            Dfun=rates.jacobian,
            tfirst=True,
            rtol=rtol,
            atol=rtol * RELATIVE_ATOL,
            h0=FIRST_STEP_DAY,
            mxstep=MOST_EVALUATIONS,
            full_output=True,
        )
    if words["message"] != "Integration successful.":
        raise RuntimeError(f"LSODA: {words['message']}")
    return np.asarray(table)


def _radau(rates: _Rates, state: Array, days: Array, rtol: float) -> Array:
    from scipy.integrate import solve_ivp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = solve_ivp(
            rates.at,
            (float(days[0]), float(days[-1])),
            state,
            "Radau",
            t_eval=days,
            jac=rates.jacobian,
            rtol=rtol,
            atol=rtol * RELATIVE_ATOL,
            first_step=FIRST_STEP_DAY,
        )
    if not found.success:
        raise RuntimeError(f"Radau: {found.message}")
    return np.asarray(found.y).T
