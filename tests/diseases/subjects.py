"""Random patients of a disease, its inputs, and its true scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funis.models import Model
from funis.population import draw, fluctuation
from funis.population.scores import ScoreReader
from funis.solver import Forcing, ParameterTable

DAY = 1440
WEEK = 7 * DAY
WEEKS = 26
DRUG_WEEKS = 20


@dataclass(frozen=True)
class Patients:
    """Raw draws of one disease with their fluctuation over half a year."""

    table: ParameterTable
    forcing: Forcing
    weight_kg: np.ndarray

    def __len__(self) -> int:
        return len(self.weight_kg)


def routes(model: Model) -> list[str]:
    return [given.id for given in model.inputs if given.kind == "cells"]


def drugs(model: Model) -> list[str]:
    return [given.id for given in model.inputs if given.kind == "drug"]


def patients_of(model: Model, n: int, first: int = 0) -> Patients:
    found = draw(model, n, 11, first=first)
    path = fluctuation(5, found.index, found.column("noise_time"), 0, WEEKS + 2)
    table = ParameterTable(found.names, found.values)
    forcing = path.forcing(model.text.words("forcing")[0])
    return Patients(table, forcing, found.column("weight"))


def true_scores(model: Model, values: np.ndarray, names: Sequence[str] | None = None) -> np.ndarray:
    """Noise-free scores as shares of their ranges, (patient, time, score)."""
    reader = ScoreReader.of(model, names)
    return np.asarray(reader.read(values) / reader.widths)
