"""The driver: takes patients through their segments, W at a time, as LLVM text.

It is the same for every model: a model's functions and all sizes come through the context, an
array of 64-bit words. Each lane steps with its own step size; a lane that is done takes the next
patient of its range at once.
"""

from __future__ import annotations

from funis.solver.kernel.lane_code import lane_functions
from funis.solver.kernel.step_code import run_function


def driver_code(width: int) -> str:
    """Return the text of the driver for W lanes."""
    functions = [*lane_functions(width), run_function(width)]
    needs = sorted(frozenset().union(*(code.needs for code in functions)))
    return "\n".join([*needs, "", *(code.text() for code in functions)])
