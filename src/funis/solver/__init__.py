"""The only door to the ODE engines: `simulate`, `jacobian`, and the values that go through."""

from funis.solver.check import UnreliableError
from funis.solver.door import fixed_values, jacobian, observe, simulate, untreated
from funis.solver.ladder import Engine
from funis.solver.values import (
    FAILED,
    SOLVED,
    SOLVED_SECOND,
    SOLVED_TIGHTER,
    STATUS,
    Doses,
    Forcing,
    ParameterTable,
    Start,
    Trajectories,
    doses_of,
)

__all__ = [
    "FAILED",
    "SOLVED",
    "SOLVED_SECOND",
    "SOLVED_TIGHTER",
    "STATUS",
    "Doses",
    "Engine",
    "Forcing",
    "ParameterTable",
    "Start",
    "Trajectories",
    "UnreliableError",
    "doses_of",
    "fixed_values",
    "jacobian",
    "observe",
    "simulate",
    "untreated",
]
