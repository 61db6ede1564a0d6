"""libRoadRunner (CVODE) behind the door: one patient, one segment at a time.

The forcing is a piecewise cubic of time inside the right-hand side, over a window of knots that
is filled before each segment. Its `reset` is never used: states and parameters are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from funis.solver.values import MINUTES_PER_DAY, Array, Forcing, Integers

WINDOW_KNOTS = 16
"""Intervals of the forcing that one segment may span."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How carefully a segment is integrated."""

    rtol: float
    atol: float
    order: int


@dataclass(frozen=True)
class Runner:
    """A loaded model and the places of its states and parameters."""

    engine: Any
    states: tuple[str, ...]
    species: list[int]
    species_rows: list[int]
    folds: list[int]
    fold_rows: list[int]
    fixed: list[int]
    fixed_columns: list[int]
    inflows: dict[int, int]
    window: list[int]

    def prepare(self, fixed: Array, tolerance: Tolerance) -> None:
        """Set one patient's parameters and the tolerances."""
        integrator = self.engine.integrator
        integrator.setValue("relative_tolerance", tolerance.rtol)
        integrator.setValue("absolute_tolerance", tolerance.atol)
        integrator.setValue("maximum_bdf_order", tolerance.order)
        self.engine.model.setGlobalParameterValues(self.fixed, fixed[self.fixed_columns].tolist())

    def run(
        self,
        state: Array,
        inflows: dict[int, float],
        forcing: Forcing | None,
        row: int,
        start: int,
        minutes: Integers,
    ) -> Array:
        """Integrate one segment and return the states at `minutes`, (time, state).

        Raises
        ------
        RuntimeError
            CVODE gave up.
        """
        model = self.engine.model
        model.setFloatingSpeciesAmounts(self.species, state[self.species_rows].tolist())
        model.setGlobalParameterValues(self.folds, state[self.fold_rows].tolist())
        rates = [inflows.get(index, 0.0) for index in self.inflows]
        model.setGlobalParameterValues(list(self.inflows.values()), rates)
        if forcing is not None:
            model.setGlobalParameterValues(self.window, _window(forcing, row, start))
        days = np.concatenate([[start], minutes]) / MINUTES_PER_DAY
        model.setTime(float(days[0]))
        self.engine.integrator.restart(float(days[0]))
        table = np.asarray(self.engine.simulate(times=days.tolist()))
        return table[1:].copy()


def _window(forcing: Forcing, row: int, start: int) -> list[float]:
    first = int(np.floor((start / MINUTES_PER_DAY - forcing.first_day) / forcing.spacing_day))
    last = forcing.values.shape[1] - 1
    knots = np.clip(np.arange(first, first + WINDOW_KNOTS + 1), 0, last)
    left = forcing.first_day + first * forcing.spacing_day
    slopes = forcing.slopes[row, knots] * forcing.spacing_day
    return [left, forcing.spacing_day, *forcing.values[row, knots].tolist(), *slopes.tolist()]


@lru_cache(maxsize=8)
def load_runner(
    sbml: str,
    states: tuple[str, ...],
    fixed: tuple[str, ...],
    constants: tuple[str, ...],
    forcing: str | None,
) -> Runner:
    """Load a model into libRoadRunner.

    Parameters
    ----------
    sbml : the model; constants become plain parameters, unused observables go.
    states, fixed : names in the order of the arrays of the door.
    constants : derived constants among `fixed`.
    forcing : the parameter that a forcing drives, or None.
    """
    import roadrunner

    roadrunner.Logger.disableLogging()
    with silenced():
        engine = roadrunner.RoadRunner(_prepared(sbml, constants, forcing))
    engine.timeCourseSelections = list(states)
    model = engine.model
    species = list(model.getFloatingSpeciesIds())
    places = {name: index for index, name in enumerate(model.getGlobalParameterIds())}
    held = [
        name
        for name in fixed
        if name in places and not name.startswith("inflow_") and name != forcing
    ]
    inflows = {
        states.index(name.removeprefix("inflow_")): index
        for name, index in places.items()
        if name.startswith("inflow_")
    }
    window = ["window_day", "window_spacing"]
    window += [f"window_value{i}" for i in range(WINDOW_KNOTS + 1)]
    window += [f"window_slope{i}" for i in range(WINDOW_KNOTS + 1)]
    folds = [name for name in states if name not in species]
    return Runner(
        engine,
        states,
        list(range(len(species))),
        [states.index(name) for name in species],
        [places[name] for name in folds],
        [states.index(name) for name in folds],
        [places[name] for name in held],
        [fixed.index(name) for name in held],
        inflows,
        [places[name] for name in window] if forcing else [],
    )


def _prepared(sbml: str, constants: Sequence[str], forcing: str | None) -> str:
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


def _add_window(libsbml: Any, model: Any, forcing: str) -> None:
    for name in ("window_day", "window_spacing"):
        _parameter(model, name, 0.0 if name == "window_day" else 1.0)
    for index in range(WINDOW_KNOTS + 1):
        _parameter(model, f"window_value{index}", 0.0)
        _parameter(model, f"window_slope{index}", 0.0)
    model.getParameter(forcing).setConstant(False)
    rule = model.createAssignmentRule()
    rule.setVariable(forcing)
    rule.setMath(libsbml.parseL3Formula(_tree(0, WINDOW_KNOTS)))


def _parameter(model: Any, name: str, value: float) -> None:
    item = model.createParameter()
    item.setId(name)
    item.setValue(value)
    item.setConstant(True)
    item.setUnits("dimensionless")


def _tree(low: int, high: int) -> str:
    if high - low == 1:
        u = f"((time - window_day)/window_spacing - {low})"
        v = f"(1 - {u})"
        return (
            f"(window_value{low}*{v}*{v}*(1 + 2*{u}) + window_slope{low}*{u}*{v}*{v}"
            f" + window_value{high}*{u}*{u}*(3 - 2*{u}) - window_slope{high}*{u}*{u}*{v})"
        )
    middle = (low + high) // 2
    return (
        f"piecewise({_tree(low, middle)}, time < window_day + {middle}*window_spacing,"
        f" {_tree(middle, high)})"
    )


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
