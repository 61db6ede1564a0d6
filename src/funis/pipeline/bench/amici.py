"""AMICI (CVODES, compiled C++): no dependency of funis, imported only where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from io import StringIO
from pathlib import Path
from sysconfig import get_path, get_platform
from typing import Any

import numpy as np

from funis.cache import cache_folder, cache_key
from funis.checks import InputError, Issue
from funis.models import OdeForm
from funis.pipeline.bench.peers import Timed, solve_by_segments
from funis.pipeline.bench.workload import Workload
from funis.solver.ladder import Rung
from funis.solver.roadrunner import prepared
from funis.solver.segments import RELATIVE_ATOL, Patient, Segment
from funis.solver.values import MINUTES_PER_DAY, SOLVED, Array, Integers

MOST_STEPS = 100_000
"""Steps of a segment after which a patient has failed."""


@dataclass(frozen=True, slots=True)
class Amici:
    """AMICI, its model compiled once, segment by segment, as the door drives an engine.

    Only its own part is timed, as libRoadRunner's is, and its solver's own time beside it.
    Workloads without forcing only.
    """

    @property
    def name(self) -> str:
        """Name and version."""
        return f"AMICI {metadata.version('amici')}"

    def solve(self, work: Workload, rtol: float) -> Timed:
        """Solve patient by patient.

        Raises
        ------
        InputError
            The model could not be compiled.
        """
        run = Run(load_compiled(work.model.sbml, work.model.form), rtol)
        found = solve_by_segments(work, lambda _: Rung(SOLVED, run))
        return Timed(found.values, found.failed, found.seconds, sum(run.milliseconds) / 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A compiled model and the places of its states and parameters.

    Attributes
    ----------
    native : the module of AMICI's C++ library; its wrappers in Python cost a tenth of the time.
    model, solver : of AMICI.
    states, fixed : place in AMICI -> index of the state, of the parameter or constant.
    inflows : index of the state -> place in AMICI.
    """

    native: Any
    model: Any
    solver: Any
    states: Integers
    fixed: Integers
    inflows: Mapping[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """AMICI at a tolerance, as an engine that integrates segments.

    Attributes
    ----------
    milliseconds : what its solver reports of each segment [ms].
    """

    compiled: Compiled
    rtol: float
    milliseconds: list[float] = field(default_factory=list)

    def __call__(self, patient: Patient, state: Array, piece: Segment, minutes: Integers) -> Array:
        """Integrate one segment and return the states at `minutes`, (time, state).

        Raises
        ------
        RuntimeError
            AMICI gave up.
        """
        compiled, model, solver = self.compiled, self.compiled.model, self.compiled.solver
        solver.set_relative_tolerance(self.rtol)
        solver.set_absolute_tolerance(self.rtol * RELATIVE_ATOL)
        values = patient.fixed[compiled.fixed]
        for index, place in compiled.inflows.items():
            values[place] = piece.inflows.get(index, 0.0)
        model.set_fixed_parameters(values.tolist())
        model.set_timepoints(((minutes - piece.start) / MINUTES_PER_DAY).tolist())
        model.set_initial_state(state[compiled.states].tolist())
        found = compiled.native.run_simulation(solver.get(), None, model.get())
        self.milliseconds.append(found.cpu_time)
        if found.status != compiled.native.AMICI_SUCCESS:
            raise RuntimeError(f"AMICI: {compiled.native.simulation_status_to_str(found.status)}")
        table = np.empty((len(minutes), len(state)))
        table[:, compiled.states] = compiled.native.stdVec2ndarray(found.x, *table.shape)
        return table


@lru_cache(maxsize=8)
def load_compiled(sbml: str, form: OdeForm) -> Compiled:
    """Compile a model, or load what was compiled before.

    Parameters
    ----------
    sbml : the model; derived constants become parameters, unused observables go.
    form : its symbols, whose order every array of the door has.

    Raises
    ------
    InputError
        The model could not be compiled.
    """
    from amici.sim import sundials

    model = _module(prepared(sbml, form.constant_names, None)).get_model()
    model.set_t0(0.0)
    solver = model.create_solver()
    solver.set_linear_solver(sundials.LinearSolver.KLU)
    solver.set_sensitivity_order(sundials.SensitivityOrder.none)
    solver.set_sensitivity_method(sundials.SensitivityMethod.none)
    solver.set_max_steps(MOST_STEPS)
    names = list(model.get_fixed_parameter_ids())
    return Compiled(
        sundials.amici,
        model,
        solver,
        np.array([form.states.index(name) for name in model.get_state_ids()]),
        np.array([form.fixed_names.index(name) for name in names]),
        {
            form.states.index(name.removeprefix("inflow_")): place
            for place, name in enumerate(names)
            if name.startswith("inflow_")
        },
    )


def _module(text: str) -> Any:
    """Return the compiled module of a prepared model, from the cache where there is one.

    Its name is its key: Python cannot load two modules of one name, and AMICI refuses a module
    that another version of it made.
    """
    version, tag = metadata.version("amici"), str(sys.implementation.cache_tag)
    name = f"funis_{cache_key(text, version, tag, get_platform())[:32]}"
    kept = cache_folder()
    if kept is not None:
        try:
            return _kept_module(text, name, kept / "amici")
        except OSError:
            pass  # no cache costs time, never a result
    with _scratch(None) as folder:
        return _import_module(name, _compile(text, name, folder))


def _kept_module(text: str, name: str, kept: Path) -> Any:
    if not (kept / name).is_dir():
        kept.mkdir(parents=True, exist_ok=True)
        with _scratch(kept) as folder:
            made = _compile(text, name, folder) / name
            if not (kept / name).is_dir():  # unless another process was faster
                made.rename(kept / name)  # whole or not at all
    return _import_module(name, kept)


def _scratch(parent: Path | None) -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes; Windows keeps what is loaded from it."""
    return tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True)


def _import_module(name: str, folder: Path) -> Any:
    from amici import import_model_module

    return import_model_module(name, folder)


def _compile(text: str, name: str, folder: str) -> Path:
    """Compile a module into a folder.

    Every parameter is fixed in AMICI's sense: it keeps a vector of sensitivities for each of the
    others and copies them at every output time, wanted or not, which took two thirds of the time.
    """
    import libsbml
    from amici.importers.sbml import SbmlImporter

    parameters = libsbml.readSBMLFromString(text).getModel().getListOfParameters()
    try:
        with redirect_stdout(StringIO()), _own_programs_first():
            SbmlImporter(text, from_file=False).sbml2amici(
                name,
                folder,
                fixed_parameters=[item.getId() for item in parameters if item.getConstant()],
                observation_model=[],
                compute_conservation_laws=False,
                generate_sensitivity_code=False,
            )
    except subprocess.CalledProcessError as error:
        words, expected = "AMICI could not compile the model", "a C++ compiler, CMake and SWIG"
        raise InputError(Issue(None, None, "--against", words, expected)) from error
    return Path(folder)


@contextmanager
def _own_programs_first() -> Iterator[None]:
    """Find SWIG, CMake and Ninja beside this Python: modules of another SWIG cannot be loaded."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([get_path("scripts"), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
