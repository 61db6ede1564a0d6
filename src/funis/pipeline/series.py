"""Why a series without a control improves: its arms taken apart, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from funis.pipeline.processes import Processes, Progress
from funis.pipeline.reporting.courses import durability_score
from funis.pipeline.reporting.endpoints import better as better_way
from funis.pipeline.reporting.endpoints import endpoint_name
from funis.protocol import Arm, Protocol
from funis.report.content import Interval
from funis.report.series import SeriesPart, SeriesView
from funis.trial import Study, TrialData, enrol
from funis.trial.series import LAYERS, Layer, Layered, layered_changes

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MANY = 400
"""Patients of the same kind behind what is usual; those of the series are the first of them."""

AT_ONCE = 128
NO_UNIT = ("1", "dimensionless", "score")
Z_95 = float(ndtri(0.975))


@dataclass(frozen=True, slots=True)
class _Task:
    """Some patients under an arm."""

    arm: str
    patients: tuple[int, ...]
    score: str
    week: float


def is_uncontrolled(protocol: Protocol) -> bool:
    """Return whether no arm of a trial can be compared with another that is its reference.

    Levels of a dose escalation are no series: they are about what is tolerated.
    """
    escalates = protocol.design is not None and protocol.design.escalation is not None
    return protocol.reference is None and protocol.crossover is None and not escalates


def series_views(
    study: Study, data: TrialData, processes: Processes[Study], progress: Progress
) -> tuple[SeriesView, ...]:
    """Take the arms of a trial without a reference apart; nothing where there is one."""
    score = durability_score(study.protocol, study.model.endpoints)
    if not is_uncontrolled(study.protocol) or score is None:
        return ()
    week = study.protocol.primary[0].week
    own = {arm.id: _subjects(data, arm) for arm in study.protocol.arms}
    tasks = [one for arm, index in own.items() for one in _tasks(arm, index, score, week)]
    found = list(progress("Layers", processes.map(_layers, tasks), len(tasks)))
    return tuple(
        _view(study, arm, own[arm.id], score, week, _joined(arm.id, tasks, found))
        for arm in study.protocol.arms
        if len(own[arm.id])
    )


def _subjects(data: TrialData, arm: Arm) -> Integers:
    table = data.subjects
    return np.asarray(table.filter(table["arm"] == arm.id)["subject"].to_numpy(), dtype=np.int64)


def _tasks(arm: str, own: Integers, score: str, week: float) -> Iterator[_Task]:
    everyone = np.union1d(own, np.arange(MANY)).tolist()
    for first in range(0, len(everyone), AT_ONCE):
        yield _Task(arm, tuple(everyone[first : first + AT_ONCE]), score, week)


def _layers(study: Study, task: _Task) -> Layered:
    who = enrol(study, np.array(task.patients, dtype=np.int64))
    arm = study.protocol.arm(task.arm)
    return layered_changes(study, arm, who, task.score, task.week)


def _joined(arm: str, tasks: list[_Task], found: list[Layered]) -> Layered:
    mine = [one for task, one in zip(tasks, found, strict=True) if task.arm == arm]
    return Layered(
        np.concatenate([one.patient for one in mine]),
        np.concatenate([one.seen for one in mine]),
        np.concatenate([one.left for one in mine], axis=1),
    )


def _view(
    study: Study, arm: Arm, own: Integers, score: str, week: float, found: Layered
) -> SeriesView:
    endpoints = study.model.endpoints
    item, lower = endpoints.number(score), better_way(score, endpoints) == "lower"
    least = float(item.minimal_important_difference or 0.0)
    solved = np.asarray(~np.isnan(found.left).any(axis=0))
    mine = np.isin(found.patient, own) & solved
    better = _improved(found.left[0], 0.0, lower=lower)
    sums = _Sums(found.left, _improved(found.left, least, lower=lower), found.seen, mine, solved)
    return SeriesView(
        arm.id, arm.label, len(own), int((found.seen & mine).sum()), int(solved.sum()), score,
        endpoint_name(score, endpoints), "" if item.unit in NO_UNIT else item.unit,
        week, least, lower, _mean(better[found.seen & mine]),
        _interval(better[found.seen & solved]),
        sums.of_seen("reported", LAYERS.index("not_seen")),
        sums.of_seen("placebo", LAYERS.index("knowledge")),
        tuple(sums.part(layer) for layer in LAYERS),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Means over the patients of a series, and over everybody.

    Attributes
    ----------
    change, improved : (layer, patient) once the layers up to this one are away.
    seen, mine, solved : (patient,) seen in the end; of the series; of everybody.
    """

    change: Array
    improved: Array
    seen: NDArray[np.bool_]
    mine: NDArray[np.bool_]
    solved: NDArray[np.bool_]

    def of_seen(self, name: str, layer: int) -> SeriesPart:
        """Return the change of those who were seen, once the layers up to one are away."""
        mine, many = self.mine & self.seen, self.solved & self.seen
        return SeriesPart(
            name, _mean(self.change[layer, mine]), _mean(self.improved[layer, mine]),
            _interval(self.change[layer, many]), _interval(self.improved[layer, many]),
        )  # fmt: skip

    def part(self, layer: Layer) -> SeriesPart:
        """Return what a layer adds."""
        place = LAYERS.index(layer)
        if place == 0:
            return self._not_seen()
        change, improved = (x[place - 1] - x[place] for x in (self.change, self.improved))
        return SeriesPart(
            layer, _mean(change[self.mine]), _mean(improved[self.mine]),
            _interval(change[self.solved]), _interval(improved[self.solved]),
        )  # fmt: skip

    def _not_seen(self) -> SeriesPart:
        mine, many = self.mine, self.solved
        found = [
            (_mean(x[0, mine & self.seen]) - _mean(x[0, mine]), _left_out(x[0], self.seen, many))
            for x in (self.change, self.improved)
        ]
        return SeriesPart("not_seen", found[0][0], found[1][0], found[0][1], found[1][1])


def _improved(change: Array, least: float, *, lower: bool) -> Array:
    benefit = -change if lower else change
    better = benefit > 0 if least == 0 else benefit >= least - 1e-9
    return np.where(np.isnan(change), np.nan, better)


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _interval(values: Array) -> Interval:
    """Return a mean with its 95 % interval over patients."""
    mean = _mean(values)
    half = Z_95 * float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return Interval(mean, mean - half, mean + half)


def _left_out(values: Array, seen: NDArray[np.bool_], many: NDArray[np.bool_]) -> Interval:
    """Return what leaving those not seen out adds to a mean, with its 95 % interval.

    The mean of the seen less the mean of all is the mean of ``values * (seen / share - 1)``.
    """
    share = float(seen[many].mean()) if many.any() else 0.0
    if share in (0.0, 1.0):
        return Interval(0.0, 0.0, 0.0)
    centred = values[many] - values[many & seen].mean()
    estimate = _interval(centred * (seen[many] / share - 1))
    return estimate
