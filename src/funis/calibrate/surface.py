"""What the rows of a study would be under each point, and a smooth surface through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.points import (
    NO_CELLS,
    Points,
    baseline_values,
    enrolled,
    follow_points,
)
from funis.calibrate.reconstruct import Reconstruction
from funis.calibrate.rows import Row, to_unit
from funis.calibrate.tilt import tilt
from funis.trial import Study

Array = NDArray[np.float64]

LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class StudyTask:
    """Everything that simulating a study under some points needs."""

    reconstruction: Reconstruction
    study: Study
    points: Points


@dataclass(frozen=True, slots=True, eq=False)
class BlockValues:
    """Numbers of some patients.

    Attributes
    ----------
    with_cells, without : arm -> (point, patient, request)
    baseline : (patient, moment)
    """

    with_cells: dict[str, Array]
    without: dict[str, Array]
    baseline: Array


@dataclass(frozen=True, slots=True, eq=False)
class StudySurface:
    """Rows of a study under each point, in units of the spread between patients.

    Attributes
    ----------
    study : str
    rows : tuple of Row
    spread : (row,) standard deviation between patients, in the unit of the endpoint.
    without : (point, row) what the row is with cells that do nothing.
    effect : (point, row) what cells add.
    share : (row,) share of responders without cells, for responses.
    reached : share of the way to the printed baseline.
    effective : effective share of the patients.
    failed : patients that no solver solved.
    """

    study: str
    rows: tuple[Row, ...]
    spread: Array
    without: Array
    effect: Array
    reached: float
    effective: float
    failed: int


def moments_of(task: StudyTask) -> tuple[str, ...]:
    """Return the endpoints whose printed baseline the patients are weighted to."""
    return tuple(dict.fromkeys(row.request.endpoint for row in task.reconstruction.baseline))


def study_block(task: StudyTask, patients: range) -> BlockValues:
    """Return the numbers of some patients under every arm and point (a pure function)."""
    who = enrolled(task.study, patients)
    names = moments_of(task)
    baseline = baseline_values(task.study, who, names) if names else np.empty((len(who.patient), 0))
    with_cells: dict[str, Array] = {}
    without: dict[str, Array] = {}
    for plan in task.reconstruction.arms:
        rows = [row for row in task.reconstruction.rows if row.arm == plan.id]
        requests = [row.request for row in rows]
        found: list[Array] = []
        for points in (task.points.without_cells(), task.points):
            if points is task.points and not plan.cells:
                found.append(found[0])
                continue
            whole = np.empty((len(points), len(who.patient), len(rows)))
            for number, arm in enumerate(plan.variants):
                index = np.arange(number, len(points), len(plan.variants), dtype=np.int64)
                if len(index):
                    whole[index] = follow_points(task.study, arm, who, points.rows(index), requests)
            found.append(whole)
        without[plan.id], with_cells[plan.id] = found
    return BlockValues(with_cells, without, baseline)


def surface_of(task: StudyTask, blocks: Sequence[BlockValues]) -> StudySurface:
    """Return the rows of a study from the numbers of its patients."""
    baseline = np.concatenate([block.baseline for block in blocks])
    found = tilt(baseline, _targets(task))
    spreads, without, effects = [], [], []
    failed = 0
    rows = task.reconstruction.rows
    places: dict[str, int] = {}
    for row in rows:
        place = places.get(row.arm, 0)
        places[row.arm] = place + 1
        bare = np.concatenate([block.without[row.arm][:, :, place] for block in blocks], axis=1)
        full = np.concatenate([block.with_cells[row.arm][:, :, place] for block in blocks], axis=1)
        solved = np.isfinite(bare).all(axis=0) & np.isfinite(full).all(axis=0)
        failed = max(failed, int(np.sum(~solved)))
        weights = found.weights * solved
        weights = weights / weights.sum()
        spread = _spread(bare, weights)
        spreads.append(spread)
        before = _units(row, bare, weights, spread)
        without.append(before)
        effects.append(_units(row, full, weights, spread) - before)
    return StudySurface(
        task.reconstruction.study.id, rows, np.array(spreads), np.stack(without, axis=1),
        np.stack(effects, axis=1), found.reached, found.effective, failed,
    )  # fmt: skip


def _targets(task: StudyTask) -> Array:
    """Return the printed baseline, the mean over arms where several printed it."""
    names = moments_of(task)
    rows = task.reconstruction.baseline
    return np.array(
        [np.mean([r.observed for r in rows if r.request.endpoint == name]) for name in names]
    )


def _spread(values: Array, weights: Array) -> float:
    clean = np.nan_to_num(values)
    mean = clean @ weights
    variance = ((clean - mean[:, None]) ** 2) @ weights
    return float(max(np.sqrt(variance.mean()), LEAST_SPREAD))


def _units(row: Row, values: Array, weights: Array, spread: float) -> Array:
    means = np.nan_to_num(values) @ weights
    patients = 1 / np.sum(weights**2)
    return np.array([to_unit(row, float(mean), spread, patients) for mean in means])


def features(points: Points, stage_names: Sequence[str]) -> Array:
    """Return what the effect of cells is a linear function of, (point, feature).

    The effect is 0 without cells, saturates with potency and bends with the other numbers.
    """
    potency = points.factors[:, points.names.index(NO_CELLS)]
    bounded = potency / (1 + potency)
    columns = [bounded, bounded**2, bounded**3]
    for name in stage_names:
        if name == NO_CELLS:
            continue
        other = np.log(points.factors[:, points.names.index(name)])
        columns += [bounded * other, bounded**2 * other, bounded * other**2]
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A surface through the effects of one study.

    Attributes
    ----------
    weights : (feature, row)
    residual : (row, row) covariance of what the surface leaves, relative to the effect at the
        library's potency where a regimen was drawn.
    explained : (row,) share of the variance of the effect that it explains.
    reference : mean of the squared first feature over the points, which ``residual`` belongs to.
    """

    weights: Array
    residual: Array
    explained: Array
    reference: float

    def effect(self, at: Array) -> Array:
        """Return effects at features, (point, row)."""
        return np.asarray(at @ self.weights)


def fit(surface: StudySurface, at: Array, ridge: float = 1e-4) -> Fit:
    """Return the surface of least squares through the effects of a study.

    Parameters
    ----------
    at
        (point, feature) of the points.
    """
    scale = np.sqrt(np.mean(at**2, axis=0))
    scaled = at / scale
    gram = scaled.T @ scaled + ridge * len(at) * np.eye(at.shape[1])
    weights = np.linalg.solve(gram, scaled.T @ surface.effect) / scale[:, None]
    left = surface.effect - at @ weights
    free = max(len(at) - at.shape[1], 1)
    total = np.mean((surface.effect - surface.effect.mean(axis=0)) ** 2, axis=0)
    part = np.mean(left**2, axis=0)
    explained = 1 - part / np.where(total > 0, total, 1.0)
    reference = float(np.mean(at[:, 0] ** 2))
    return Fit(weights, left.T @ left / free, np.where(total > 0, explained, 1.0), reference)
