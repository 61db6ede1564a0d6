"""libRoadRunner (CVODE) behind the door: one patient, one segment at a time.

The forcing is a piecewise cubic of time inside the right-hand side, over a window of knots that
is filled before each segment. Its `reset` is never used: states and parameters are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from funis.models import OdeForm
from funis.solver.segments import FIRST_STEP_DAY, Patient, Segment
from funis.solver.values import MINUTES_PER_DAY, Array, Forcing, Integers

WINDOW_KNOTS = 8
"""Intervals of the forcing that one segment may span."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How carefully a segment is integrated."""

    rtol: float
    atol: float
    order: int


@dataclass(frozen=True)
class Runner:
    """A loaded model and the places of its states and parameters.

    Attributes
    ----------
    engine : the loaded `roadrunner.RoadRunner`.
    states : names, in the order of the arrays of the door.
    species, folds : index in the engine -> index of the state.
    fixed : index in the engine -> index among parameters and constants.
    inflows : index of the state -> index in the engine.
    window : indices of the forcing's window, empty without forcing.
    conserved : groups of states whose sum changes by inflows only.
    """

    engine: Any
    states: tuple[str, ...]
    species: Mapping[int, int]
    folds: Mapping[int, int]
    fixed: Mapping[int, int]
    inflows: Mapping[int, int]
    window: tuple[int, ...]
    conserved: tuple[tuple[int, ...], ...]

    def run(
        self,
        tolerance: Tolerance,
        patient: Patient,
        state: Array,
        piece: Segment,
        minutes: Integers,
    ) -> Array:
        """Integrate one segment and return the states at `minutes`, (time, state).

        The engine's clock starts at zero in every segment, so that no time is rounded twice.

        Raises
        ------
        RuntimeError
            CVODE gave up.
        """
        self._tune(tolerance)
        self._write(patient, state, piece)
        days = (minutes - piece.start) / MINUTES_PER_DAY
        self.engine.model.setTime(0.0)
        self.engine.integrator.restart(0.0)
        table = np.asarray(self.engine.simulate(times=[0.0, *days.tolist()]))[1:].copy()
        return _balanced(table, state, piece, days, self.conserved)

    def _tune(self, tolerance: Tolerance) -> None:
        integrator = self.engine.integrator
        integrator.setValue("relative_tolerance", tolerance.rtol)
        integrator.setValue("absolute_tolerance", tolerance.atol)
        integrator.setValue("maximum_bdf_order", tolerance.order)

    def _write(self, patient: Patient, state: Array, piece: Segment) -> None:
        """Write everything that the engine holds: nothing of an earlier run is left."""
        model = self.engine.model
        model.setGlobalParameterValues(*_picked(self.fixed, patient.fixed))
        model.setFloatingSpeciesAmounts(*_picked(self.species, state))
        model.setGlobalParameterValues(*_picked(self.folds, state))
        rates = [piece.inflows.get(index, 0.0) for index in self.inflows]
        model.setGlobalParameterValues(list(self.inflows.values()), rates)
        if patient.forcing is not None:
            window = _window(patient.forcing, patient.row, piece.start)
            model.setGlobalParameterValues(list(self.window), window)


def _picked(places: Mapping[int, int], values: Array) -> tuple[list[int], list[float]]:
    return list(places), values[list(places.values())].tolist()


def _balanced(
    table: Array, state: Array, piece: Segment, days: Array, groups: tuple[tuple[int, ...], ...]
) -> Array:
    """Give what CVODE lets slip from a conserved sum to its largest state.

    CVODE estimates its Jacobian by differences, so the sum drifts by about a tenth of the
    tolerance; engines with the analytic Jacobian keep it to rounding and need no such step.
    """
    for group in groups:
        members = list(group)
        drift = -sum(piece.inflows.get(index, 0.0) for index in group) * days
        for index in group:  # one by one: the order of a sum over an axis depends on its length
            drift = drift + (table[:, index] - state[index])
        largest = np.asarray(members)[table[:, members].argmax(axis=1)]
        table[np.arange(len(table)), largest] -= drift
    return table


def _window(forcing: Forcing, row: int, start: int) -> list[float]:
    """Return the cubic from the segment's start on: place, spacing, base, three terms a knot."""
    day = start / MINUTES_PER_DAY
    first = int(np.floor((day - forcing.first_day) / forcing.spacing_day))
    last = forcing.values.shape[1] - 1
    knots = np.clip(np.arange(first, first + WINDOW_KNOTS + 1), 0, last)
    left = forcing.first_day + first * forcing.spacing_day - day
    values = forcing.values[row, knots]
    slopes = forcing.slopes[row, knots] * forcing.spacing_day
    rise, leaving, arriving = np.diff(values), slopes[:-1], slopes[1:]
    square = 3 * rise - 2 * leaving - arriving
    cube = leaving + arriving - 2 * rise
    terms = np.column_stack([leaving, square, cube]).ravel()
    return [left, forcing.spacing_day, float(values[0]), *terms.tolist()]


@lru_cache(maxsize=8)
def load_runner(sbml: str, form: OdeForm, forcing: str | None) -> Runner:
    """Load a model into libRoadRunner.

    Parameters
    ----------
    sbml : the model; derived constants become plain parameters, unused observables go.
    form : its symbols, whose order every array of the door has.
    forcing : the parameter that a forcing drives, or None.
    """
    import roadrunner

    roadrunner.Logger.disableLogging()
    with silenced():
        engine = roadrunner.RoadRunner(prepared(sbml, form.constant_names, forcing))
    engine.timeCourseSelections = list(form.states)
    engine.integrator.setValue("initial_time_step", FIRST_STEP_DAY)
    species = list(engine.model.getFloatingSpeciesIds())
    places = {name: index for index, name in enumerate(engine.model.getGlobalParameterIds())}
    return Runner(
        engine,
        form.states,
        {index: form.states.index(name) for index, name in enumerate(species)},
        {places[name]: row for row, name in enumerate(form.states) if name not in species},
        {
            places[name]: column
            for column, name in enumerate(form.fixed_names)
            if name in places and not name.startswith("inflow_") and name != forcing
        },
        {
            form.states.index(name.removeprefix("inflow_")): index
            for name, index in places.items()
            if name.startswith("inflow_")
        },
        tuple(places[name] for name in _window_names()) if forcing else (),
        form.conserved,
    )


def prepared(sbml: str, constants: Sequence[str], forcing: str | None) -> str:
    """Hold derived constants, drop what no rate needs, and put the forcing's window in."""
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    for name in constants:
        model.removeRuleByVariable(name)
        model.getParameter(name).setConstant(True)
        model.getParameter(name).setValue(0.0)
    for name in _unused(model):
        model.removeRuleByVariable(name)
        model.removeParameter(name)
    if forcing is not None:
        _add_window(libsbml, model, forcing)
    return str(libsbml.writeSBMLToString(document))


def _unused(model: Any) -> list[str]:
    needs = {
        rule.getVariable(): _names(rule.getMath())
        for rule in model.getListOfRules()
        if rule.isAssignment()
    }
    wanted: set[str] = set()
    front = set[str]()
    for rule in model.getListOfRules():
        if rule.isRate():
            front |= _names(rule.getMath())
    for reaction in model.getListOfReactions():
        front |= _names(reaction.getKineticLaw().getMath())
    while front:
        wanted |= front
        front = {name for w in front for name in needs.get(w, ())} - wanted
    return [name for name in needs if name not in wanted]


def _names(node: Any) -> set[str]:
    own = {node.getName()} if node.isName() else set()
    return own.union(*(_names(node.getChild(i)) for i in range(node.getNumChildren())))


def _window_names() -> list[str]:
    terms = [f"window_{power}_{k}" for k in range(WINDOW_KNOTS) for power in (1, 2, 3)]
    return ["window_day", "window_spacing", "window_base", *terms]


def _add_window(libsbml: Any, model: Any, forcing: str) -> None:
    """Make the forcing a function of time: a piecewise cubic, written without `piecewise`.

    libRoadRunner searches for the roots of `piecewise` and breaks its steps there, which made
    results depend on the output grid; w clips time to one interval by absolute values instead.
    """
    for name in _window_names():
        _add_parameter(model, name, 1.0 if name == "window_spacing" else 0.0)
    for k in range(WINDOW_KNOTS):
        u = f"(time - window_day)/window_spacing - {k}"
        _add_rule(libsbml, model, f"window_w_{k}", f"0.5*(1 + abs({u}) - abs({u} - 1))")
    terms = [
        f"window_w_{k}*(window_1_{k} + window_w_{k}*(window_2_{k} + window_w_{k}*window_3_{k}))"
        for k in range(WINDOW_KNOTS)
    ]
    _add_rule(libsbml, model, forcing, " + ".join(["window_base", *terms]))


def _add_rule(libsbml: Any, model: Any, name: str, formula: str) -> None:
    if model.getParameter(name) is None:
        _add_parameter(model, name, 0.0)
    model.getParameter(name).setConstant(False)
    rule = model.createAssignmentRule()
    rule.setVariable(name)
    rule.setMath(libsbml.parseL3Formula(formula))


def _add_parameter(model: Any, name: str, value: float) -> None:
    item = model.createParameter()
    item.setId(name)
    item.setValue(value)
    item.setConstant(True)
    item.setUnits("dimensionless")


@contextmanager
def silenced() -> Iterator[None]:
    """Keep what the engine's native code prints off the terminal (file descriptors 1 and 2)."""
    import os
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor, _ in kept:
            os.dup2(nowhere, descriptor)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, copy in kept:
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)
