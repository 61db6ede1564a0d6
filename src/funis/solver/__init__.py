"""The only door to the ODE engines: `simulate` and `jacobian`, and the values that go through it."""

from funis.solver.door import Engine, fixed_values, jacobian, observe, simulate, untreated
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
    "fixed_values",
    "jacobian",
    "observe",
    "simulate",
    "untreated",
]
