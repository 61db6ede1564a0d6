"""Forward sensitivities of outputs to parameters: each patient once for every parameter.

The lanes of the kernel take (patient, parameter) pairs; the tangents are states of their own,
under the control of the step size like all others, doses included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from funis.models import OdeForm
from funis.models.tangent import direction, tangent, tangent_form
from funis.solver.ladder import Problem, solve
from funis.solver.values import MINUTES_PER_DAY, Array, Start


def sensitivity(
    problem: Problem,
    start: Start,
    given_start: bool,
    outputs: Sequence[str],
    names: tuple[str, ...],
    rtol: float,
    threads: int,
) -> Array:
    """Return the derivative of outputs by parameters, (patient, time, output, parameter).

    Parameters
    ----------
    given_start : whether the start is a given state, which then depends on no parameter.
    names : parameters to differentiate by.
    """
    form = tangents(problem.form, tuple(dict.fromkeys(names)))
    count, size = len(problem.fixed), len(problem.form.states)
    slopes = np.full((count, len(problem.times), len(outputs), len(names)), np.nan)
    for place, name in enumerate(names):
        fixed, scale = _fixed(problem, form, name)
        begin = form.start(fixed)
        begin[:, :size] = start.states
        if given_start:
            begin[:, size:] = 0.0
        everything = np.arange(len(form.states))
        mine = replace(problem, form=form, fixed=fixed, needed=everything)
        found = solve(mine, Start(start.minute, begin), "ladder", rtol, threads)
        for column, output in enumerate(outputs):
            found_slope = _slope(mine, output, found.values)
            slopes[:, :, column, place] = found_slope / scale[:, None]
    return slopes


@lru_cache(maxsize=8)
def tangents(form: OdeForm, names: tuple[str, ...]) -> OdeForm:
    """Return the form with tangents; it is made, and its kernel compiled, once."""
    return tangent_form(form, names)


def _fixed(problem: Problem, form: OdeForm, name: str) -> tuple[Array, Array]:
    """Return parameters and constants with the direction along one parameter, and its length.

    The direction is as long as the parameter is large, so that tangents are of the size of states.
    """
    known = len(problem.form.parameters)
    own = problem.fixed[:, problem.form.parameters.index(name)]
    scale = np.where(own == 0, 1.0, np.abs(own))
    parameters = np.zeros((len(own), len(form.parameters)))
    parameters[:, :known] = problem.fixed[:, :known]
    parameters[:, form.parameters.index(direction(name))] = scale
    return np.hstack([parameters, form.derived(parameters)]), scale


def _slope(problem: Problem, output: str, table: Array) -> Array:
    """Return the derivative of one output along the direction, (patient, time)."""
    form, forcing = problem.form, problem.forcing
    name = tangent(output)
    if name not in form.outputs:
        name = direction(output)
        if name not in form.parameters:
            return np.zeros(table.shape[:2])
    columns = {state: np.ascontiguousarray(table[:, :, i]) for i, state in enumerate(form.states)}
    columns |= {n: problem.fixed[:, i, None].copy() for i, n in enumerate(form.fixed_names)}
    if forcing is not None:
        days = problem.times / MINUTES_PER_DAY
        rows = [forcing.at(row, days) for row in range(len(table))]
        columns[forcing.name] = np.stack(rows)
    found = form.observe_columns((name,), columns)[0]
    return np.broadcast_to(found, table.shape[:2])
