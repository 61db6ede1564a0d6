"""Any smooth model for many patients: no doses, no floor, its own unit of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from funis.models import OdeForm
from funis.models.evaluate import arrays_function
from funis.models.formula import TIME
from funis.solver.door import fixed_values
from funis.solver.kernel.batch import Batch, load_kernel, solve_batch
from funis.solver.kernel.timetable import one_segment
from funis.solver.segments import Floor
from funis.solver.values import Array, ParameterTable

LEAST_ATOL = 1e-12


def simulate_form(
    form: OdeForm,
    parameters: ParameterTable,
    times: Array,
    nodes: Sequence[int],
    *,
    start_time: float = 0.0,
    rtol: float = 1e-5,
    atol: float = LEAST_ATOL,
    threads: int = 1,
) -> Array:
    """Solve a form by the kernel and evaluate nodes of its graph, (patient, time, node).

    Parameters
    ----------
    form : equations, as `funis.models.sbml.ode_form` makes them of an SBML model.
    parameters : values of each patient; what is not named takes the model's value.
    times : rising, in the model's unit of time, from `start_time` on.
    nodes : in terms of states, parameters, constants, assignments and time.
    start_time : when every patient has the form's start values.
    rtol, atol : tolerances of every step.

    Raises
    ------
    ValueError
        An unknown parameter, or times that do not rise or lie before the start.

    Notes
    -----
    A patient that the kernel cannot solve is NaN.
    """
    times = np.asarray(times, dtype=np.float64)
    if np.any(np.diff(times) <= 0) or (len(times) and times[0] < start_time):
        raise ValueError("times must rise, from the start on")
    fixed = fixed_values(form, parameters)
    states = _states(form, fixed, times, start_time, rtol, atol, threads)
    columns = {name: states[:, :, place] for place, name in enumerate(form.states)}
    columns |= {name: fixed[:, place, None] for place, name in enumerate(form.fixed_names)}
    columns[TIME] = times[None, :]
    solved = {form.graph.symbol(name): node for name, node in form.solved[1].items()}
    wanted = form.graph.replaced(nodes, solved)
    evaluate = arrays_function(form.graph, tuple(columns), wanted)
    with np.errstate(all="ignore"):
        found = evaluate(*(np.ascontiguousarray(column) for column in columns.values()))
    values = np.stack([np.broadcast_to(one, states.shape[:2]) for one in found], axis=2)
    values[np.isnan(states).any(axis=(1, 2))] = np.nan
    return values


def _states(
    form: OdeForm, fixed: Array, times: Array, begin: float, rtol: float, atol: float, threads: int
) -> Array:
    start = form.start(fixed)
    if len(form.states) == 0 or len(times) == 0 or times[-1] == begin:
        return np.repeat(start[:, None, :], len(times), axis=1)
    sound = np.isfinite(start).all(axis=1)  # a parameter without a value may be one of no use
    nobody = np.empty(0, dtype=np.int64)
    batch = Batch(
        start[sound],
        fixed[sound],
        one_segment(int(sound.sum()), begin, float(times[-1])),
        times,
        np.arange(len(form.states)),
        None,
        Floor(nobody, nobody, None),
        rtol,
        atol,
        tiny=0.0,
        minutes_per_day=1.0,
    )
    values = np.full((len(fixed), len(times), len(form.states)), np.nan)
    if sound.any():
        solved = solve_batch(load_kernel(form, False), batch, threads)
        solved.values[solved.failed] = np.nan
        values[sound] = solved.values
    return values
