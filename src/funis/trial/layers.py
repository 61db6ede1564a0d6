"""The same trial with layers taken away after enrolment: what each adds to what is reported.

Patients, allocation and luck stay the same, so differences are those of the layers alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

import numpy as np

from funis.trial.course import Group

Layer = Literal["cells", "knowledge", "expectation", "inflation"]

LAYERS: tuple[Layer, ...] = ("cells", "knowledge", "expectation", "inflation")
"""What cells do; what knowing the arm adds; expectation; scores raised at entry."""


def stripped(group: Group, layers: Collection[Layer]) -> Group:
    """Return patients without some layers."""
    watched = group.observers
    if "knowledge" in layers:
        group = replace(group, told=None)
    if "expectation" in layers:
        watched = replace(watched, expectation=np.zeros_like(watched.expectation))
    if "inflation" in layers:
        watched = replace(watched, inflation=np.zeros_like(watched.inflation))
    if "cells" in layers and "potency" in group.parameters.names:
        group = replace(group, parameters=group.parameters.replaced({"potency": 0.0}))
    return replace(group, observers=watched)
