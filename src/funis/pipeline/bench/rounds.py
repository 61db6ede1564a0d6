"""Interleaved rounds: every engine in every round, so that a slow minute is slow for all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from funis.models import Model
from funis.pipeline.bench.peers import Funis, Peer, Timed
from funis.pipeline.bench.workload import Workload, workload
from funis.solver.values import Array

TOLERANCES = (1e-4, 1e-5, 1e-6)
REFERENCE_RTOL = 1e-11
ERROR_QUANTILE = 0.999
LEAST_OUTPUT = 1e-6
"""Outputs that stay above this are compared: the absolute tolerance of a fold state."""

GRID = tuple(10.0 ** (-1.0 - step / 8) for step in range(49))
"""Tolerances that the engine is tried at for an equal error, from 1e-1 to 1e-7."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times the patients of a peer, at a tolerance of the peer's.

    Attributes
    ----------
    peer_error, own_error : the 99.9 % quantile of relative errors, at its tolerance and at the
        own tolerance of equal error.
    own_rtol : the loosest own tolerance whose error is no larger.
    equal_tolerance, equal_error : ratios of patients per second, medians of rounds.
    low, high : range of `equal_error` over the rounds.
    equal_error_own : as `equal_error`, to the processor time that the peer reports of its
        integrator alone: all of this engine, by wall, against a part of the peer; None without.
    equal_error_all : as `equal_error`, where the error is that of all outputs, each as a share of
        the largest value of its course: also of those that pass zero.
    peer_speed, speed, speed_at_equal_error : patients per second, medians.
    failed : patients that an engine failed; they are left out of both times.
    """

    rtol: float
    peer_error: float
    own_error: float
    own_rtol: float
    equal_tolerance: float
    equal_error: float
    low: float
    high: float
    peer_speed: float
    speed: float
    speed_at_equal_error: float
    failed: int
    equal_error_own: float | None
    equal_error_all: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A tolerance of a peer, its error, and the own tolerances of equal error, in two senses."""

    rtol: float
    peer_error: float
    own_error: float
    own_rtol: float
    own_rtol_all: float
    failed: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a patient: of the peer, its integrator alone, own, own at equal error (both)."""

    theirs: float
    theirs_own: float | None
    own: float
    own_equal: float
    own_equal_all: float


@contextmanager
def one_core() -> Iterator[None]:
    """Pin this process to one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def errors(found: Timed, reference: Array, usable: NDArray[np.bool_]) -> float:
    """Return the 99.9 % quantile of the relative error of outputs that stay above `LEAST_OUTPUT`.

    Parameters
    ----------
    usable : (patient,) patients that count.
    """
    stays = (np.abs(reference) > LEAST_OUTPUT).all(axis=1) & usable[:, None]
    deviation = np.abs(found.values - reference) / np.abs(np.where(reference == 0, 1, reference))
    counted = deviation.transpose(0, 2, 1)[stays]
    return float(np.quantile(counted, ERROR_QUANTILE))


def scaled_errors(found: Timed, reference: Array, usable: NDArray[np.bool_]) -> float:
    """Return the 99.9 % quantile of the error of all outputs, each on the scale of its course."""
    largest = np.abs(reference).max(axis=1, keepdims=True)
    deviation = np.abs(found.values - reference) / np.where(largest == 0, 1, largest)
    return float(np.quantile(deviation[usable], ERROR_QUANTILE))


def ratios(
    model: Model, peer: Peer, *, rounds: int, patients: int, peer_patients: int
) -> tuple[Ratio, ...]:
    """Compare with a peer at its tolerances on four monthly doses, forcing off."""
    judged = workload(model, peer_patients)
    reference = Funis().solve(judged, REFERENCE_RTOL)
    own = {rtol: Funis().solve(judged, rtol) for rtol in GRID}
    compared = [_judged(peer, judged, reference, own, rtol) for rtol in TOLERANCES]
    many = workload(model, patients, first=peer_patients)
    timed = [_round(judged, many, peer, compared) for _ in range(rounds)]
    return tuple(_ratio(row, [one[place] for one in timed]) for place, row in enumerate(compared))


def _judged(
    peer: Peer, work: Workload, reference: Timed, own: Mapping[float, Timed], rtol: float
) -> Judged:
    theirs = peer.solve(work, rtol)
    usable = ~(theirs.failed | reference.failed)
    allowed = errors(theirs, reference.values, usable)
    found = {r: errors(one, reference.values, usable) for r, one in own.items()}
    scaled = {r: scaled_errors(one, reference.values, usable) for r, one in own.items()}
    loosest = equal_error(found, allowed)
    for_all = equal_error(scaled, scaled_errors(theirs, reference.values, usable))
    return Judged(rtol, allowed, found[loosest], loosest, for_all, int(np.sum(~usable)))


def equal_error(found: dict[float, float], allowed: float) -> float:
    """Return the loosest tolerance from which on the error stays within what is allowed."""
    best = min(found)
    for rtol in sorted(found):
        if found[rtol] > allowed:
            break
        best = rtol
    return best


def _round(judged: Workload, many: Workload, peer: Peer, compared: Sequence[Judged]) -> list[Pace]:
    """Time each tolerance once."""
    result = []
    for row in compared:
        theirs = peer.solve(judged, row.rtol)
        good = max(int(np.sum(~theirs.failed)), 1)
        tolerances = (row.rtol, row.own_rtol, row.own_rtol_all)
        own = [Funis().solve(many, one).seconds / many.size for one in tolerances]
        alone = None if theirs.own_seconds is None else theirs.own_seconds / good
        result.append(Pace(theirs.seconds / good, alone, *own))
    return result


def _ratio(row: Judged, timed: list[Pace]) -> Ratio:
    equal = [one.theirs / one.own_equal for one in timed]
    alone = [one.theirs_own / one.own_equal for one in timed if one.theirs_own is not None]
    return Ratio(
        row.rtol, row.peer_error, row.own_error, row.own_rtol,
        median(one.theirs / one.own for one in timed),
        median(equal), min(equal), max(equal),
        median(1 / one.theirs for one in timed),
        median(1 / one.own for one in timed),
        median(1 / one.own_equal for one in timed),
        row.failed,
        median(alone) if alone else None,
        median(one.theirs / one.own_equal_all for one in timed),
    )  # fmt: skip
