"""One SBML model solved as it stands: smooth pieces between jumps and events, with SciPy.

The path does not depend on where output is asked for, except that a step is no longer than a
quarter of the way between outputs where rates or conditions depend on time: nothing is stepped
over.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from funis.checks import InputError, Issue
from funis.models.sbml import SbmlModel, ode_form, start_values
from funis.models.sbml.form import is_smooth
from funis.solver.form_course import simulate_form
from funis.solver.scalar.equations import Equations, compiled
from funis.solver.scalar.events import HopelessError
from funis.solver.scalar.forcing import longest_step
from funis.solver.scalar.run import Run
from funis.solver.scalar.steps import Method
from funis.solver.values import ParameterTable

Array = NDArray[np.float64]

LADDER: tuple[tuple[Method, bool], ...] = (
    ("LSODA", True), ("LSODA", False), ("Radau", True), ("BDF", False),
)  # fmt: skip
"""Methods tried one after the other, and whether with the analytic Jacobian."""


KERNEL_RTOL = 1e-9
"""Relative tolerance of the kernel."""

FINE_RTOL, FINEST_ATOL, LEAST_RELATIVE = 1e-10, 1e-12, 1e-6
"""Tolerances of the solver, and the least relative difference that counts between two runs."""


def integrate_sbml(
    model: SbmlModel, outputs: Sequence[int], times: Array, *, rtol: float = 1e-10,
    atol: float = 1e-12,
) -> Array:  # fmt: skip
    """Solve a model and return nodes of its graph at some times.

    At a time where events happen the values are those after them.

    Parameters
    ----------
    outputs : nodes in terms of the model's symbols.
    times : rising, from 0 or later; the model starts at time 0.
    rtol, atol : tolerances of each step; `atol` is scaled by sizes below 1 for concentrations.

    Returns
    -------
    array : (time, output)

    Raises
    ------
    InputError
        No method could solve it; the reason is told in one line.
    """
    return solve(compiled(model, outputs), times, rtol=rtol, atol=atol)


def solve(equations: Equations, times: Array, *, rtol: float, atol: float) -> Array:
    """Solve compiled equations; see `integrate_sbml`."""
    start = start_values(equations.model)
    tolerances = _tolerances(equations, start, atol)
    longest = longest_step(equations.model, equations.still, start, float(times[-1]))
    reasons: list[str] = []
    for method, analytic in LADDER if equations.moving else LADDER[:1]:
        run = Run(equations, method, analytic, times, rtol, tolerances, longest)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return run.solve([start[name] for name in equations.model.kept])
        except (RuntimeError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            reasons.append(" ".join(str(error).split()))
            if isinstance(error, HopelessError):
                reasons = reasons[-1:]
                break
    raise InputError(Issue(equations.model.file, None, None, f"cannot be solved: {reasons[0]}"))


def _tolerances(equations: Equations, start: dict[str, float], atol: float) -> Array:
    """Return the absolute tolerance of what moves: an amount has that of its concentration."""
    sizes = {item.kept: item.size for item in equations.model.quantities.values() if item.size}
    names = [equations.model.kept[place] for place in equations.moving]
    found = [abs(start[str(sizes[name])]) if name in sizes else 1.0 for name in names]
    return np.array([atol * (size if 0 < size < 1 else 1.0) for size in found])


def integrate_checked(
    model: SbmlModel, outputs: Mapping[str, int], times: Array, *, absolute: float, relative: float
) -> Array:  # fmt: skip
    """Solve a model twice, and refuse a result that depends on the solver.

    A smooth model is solved by the kernel of the population engine and judged by SciPy; any other
    one by SciPy at two tolerances.

    Parameters
    ----------
    outputs : nodes in terms of the model's symbols, by name.
    absolute, relative : what a result may be wrong by; the solver is held to far less.

    Raises
    ------
    InputError
        As `integrate_sbml`; or two solutions that differ by more.
    """
    equations = compiled(model, list(outputs.values()))
    atol = min(FINEST_ATOL, 1e-4 * absolute) or FINEST_ATOL
    fine = solve(equations, times, rtol=FINE_RTOL, atol=atol)
    allowed = absolute + max(relative, LEAST_RELATIVE) * np.abs(fine)
    kernel = _by_kernel(model, list(outputs.values()), times, atol)
    if kernel is not None and np.all(_same(kernel, fine, allowed)):
        return kernel
    coarse = solve(equations, times, rtol=FINE_RTOL * 100, atol=atol * 100)
    if np.all(_same(fine, coarse, allowed)):
        return fine
    finer = solve(equations, times, rtol=FINE_RTOL / 100, atol=atol / 100)
    same = _same(fine, finer, allowed)
    if not np.all(same):
        row, column = (int(found[0]) for found in np.nonzero(~same))
        name = list(outputs)[column]
        message = f"'{name}' at time {times[row]:g} depends on the solver's tolerance"
        raise InputError(Issue(model.file, None, None, message))
    return finer


def _by_kernel(model: SbmlModel, nodes: Sequence[int], times: Array, atol: float) -> Array | None:
    """Return the course as the population engine sees it; None where a model may jump."""
    if not is_smooth(model):
        return None
    one = ParameterTable((), np.empty((1, 0)))
    try:
        found = simulate_form(ode_form(model), one, times, nodes, rtol=KERNEL_RTOL, atol=atol)
    except (ValueError, RecursionError):  # an operation without a derivative, or one too deep
        return None
    course: Array = found[0]
    return course


def _same(first: Array, second: Array, allowed: Array) -> NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        near: NDArray[np.bool_] = np.abs(first - second) <= allowed
    near |= first == second
    near |= np.isnan(first) & np.isnan(second)
    return near
