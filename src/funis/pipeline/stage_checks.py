"""How far stages 1 and 2 are to be trusted: factors and rows before and after, correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.measures import unlinked
from funis.calibrate.settings import Prior
from funis.calibrate.stages import (
    Candidates,
    Predicted,
    StageRow,
    Weighted,
    contraction,
    joint_moments,
)
from funis.models import Model
from funis.pipeline.stage_values import Correlation, ParameterCheck, RowCheck

Array = NDArray[np.float64]


def has(model: Model, name: str) -> bool:
    """Return whether a disease has a parameter, other than 0."""
    return any(p.id == name and p.value != 0 for p in model.parameters)


def parameter_checks(
    model: Model, priors: Sequence[Prior], before: Candidates, found: Weighted
) -> tuple[ParameterCheck, ...]:
    """Return the factors of a stage before and after."""
    shrunk = contraction(before, found)
    _, matrix = joint_moments(found)
    sd = np.sqrt(np.diag(matrix))[-len(priors) :]
    rows = []
    for place, prior in enumerate(priors):
        logs = found.candidates.logs[:, place]
        factor, low, high = (np.exp(_quantile(logs, found.pooled, p)) for p in (0.5, 0.025, 0.975))
        rows.append(
            ParameterCheck(
                prior.parameter, has(model, prior.parameter), prior.sd_log, float(sd[place]),
                float(factor), float(low), float(high), float(shrunk[place]),
            )
        )  # fmt: skip
    return tuple(rows)


def _quantile(values: Array, weights: Array, probability: float) -> float:
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(probability, middle, values[order]))


def row_checks(
    rows: Sequence[StageRow], prior: Predicted, after: Predicted, explained: Array, left_out: Array
) -> tuple[RowCheck, ...]:
    """Return the published rows beside what was predicted of them.

    Parameters
    ----------
    left_out
        (row,) in standard deviations between patients.
    """
    return tuple(
        RowCheck(
            row.id, row.name, row.trial, unlinked(row.kind, row.observed),
            _natural(row, prior, k), _natural(row, after, k),
            bool(prior.inside[k]), bool(after.inside[k]),
            float(prior.signal[k]), float(explained[k]), float(left_out[k]),
        )
        for k, row in enumerate(rows)
    )  # fmt: skip


def _natural(row: StageRow, found: Predicted, place: int) -> tuple[float, float, float]:
    values = (found.median[place], found.low[place], found.high[place])
    median, low, high = (unlinked(row.kind, float(value)) for value in values)
    return median, low, high


def correlations(names: Sequence[str], found: Weighted, model: Model) -> tuple[Correlation, ...]:
    """Return the correlations of all factors that the disease has."""
    _, matrix = joint_moments(found)
    sd = np.sqrt(np.diag(matrix))
    places = [k for k, name in enumerate(names) if has(model, name)]
    return tuple(
        Correlation(names[i], names[j], float(matrix[i, j] / (sd[i] * sd[j])))
        for i in places
        for j in places
        if i < j
    )
