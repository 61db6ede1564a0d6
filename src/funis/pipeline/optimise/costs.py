"""What a regimen uses up: cells, administrations, cost units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from funis.checks import read_yaml, validate
from funis.checks.schemas import StrictModel
from funis.models import library_folder
from funis.pipeline.optimise.candidates import MILLION, Candidate


class CostSchema(StrictModel):
    """One cost with its source."""

    value: float = Field(ge=0)
    unit: str
    status: Literal["measured", "derived", "calibrated", "assumed"]
    source: str


class CostsSchema(StrictModel):
    """What an administration and a million cells cost, in units that are no money."""

    infusion: CostSchema
    million_cells: CostSchema


class CostFile(StrictModel):
    """``library/optimise.yaml``."""

    costs: CostsSchema


@dataclass(frozen=True, slots=True)
class Use:
    """What one patient uses up under a candidate.

    Attributes
    ----------
    cells : in millions, viable and dead, the mean over patients where it goes by weight.
    infusions : administrations.
    cost : in cost units.
    """

    cells: float
    infusions: int
    cost: float


def load_costs(path: Path) -> CostsSchema:
    """Read a file of costs.

    Raises
    ------
    InputError
        One issue a fault, with file and line.
    """
    return validate(CostFile, read_yaml(path)).costs


@cache
def library_costs() -> CostsSchema:
    """Return the costs of the library."""
    return load_costs(library_folder() / "optimise.yaml")


def use_of(candidate: Candidate, weight_kg: NDArray[np.float64] | None) -> Use:
    """Return what a candidate uses up in these patients."""
    assert weight_kg is not None or not candidate.per_kg
    scale = float(np.mean(weight_kg)) if candidate.per_kg and weight_kg is not None else 1.0
    infusions = len(candidate.weeks)
    cells = candidate.dose * scale * infusions / MILLION
    costs = library_costs()
    cost = costs.infusion.value * infusions + costs.million_cells.value * cells
    return Use(cells, infusions, cost)
