"""Replicates of a trial that changes while it runs: looks, selection, size, randomisation.

The outcome that every patient would have in every arm is given; what is decided is who gets which
arm, how many are enrolled, and when the trial ends. A patient's outcome is known only a read-out
time after his arrival, so patients who came meanwhile are enrolled whatever a look decides.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from funis.analysis.sequential.combination import closed_z, keep_best
from funis.analysis.sequential.design import Boundaries, Side, boundaries
from funis.analysis.sequential.paths import Floats
from funis.analysis.sequential.randomise import allocation_shares, draw_arm
from funis.analysis.sequential.resize import (
    blinded_sd,
    patients_for_means,
    promising_zone,
    within_limits,
)
from funis.population import uniform
from funis.protocol.interim import Interim, Resize, Selection

UPDATE_EVERY = 10
"""Patients after whom the shares of an outcome-dependent randomisation are computed anew."""


@dataclass(frozen=True, slots=True)
class AdaptivePlan:
    """What is fixed before the first patient.

    Attributes
    ----------
    interim
        Looks and what is decided there.
    patients
        Planned patients of all arms.
    alpha
        One-sided type I error.
    direction
        Which values are good: ``greater`` or ``less``.
    measure
        ``proportion`` (outcomes 0 and 1) or ``mean``.
    difference
        Planned difference between a treated arm and the control (blinded size).
    """

    interim: Interim
    patients: int
    alpha: float = 0.025
    direction: Side = "greater"
    measure: Literal["proportion", "mean"] = "proportion"
    difference: float | None = None


@dataclass(frozen=True, eq=False)
class Adapted:
    """What became of the replicates.

    Attributes
    ----------
    arm
        Arm of each patient, replicates by patients; -1 is not enrolled.
    enrolled, analysed
        Patients who were enrolled, and those that the last analysis rests on.
    stopped_at
        Look at which each replicate ended, from 0.
    z
        Statistics of the treated arms at every look, replicates by looks by arms; not-a-number
        where there was none.
    success
        Whether each treated arm succeeded.
    kept
        Treated arms that were still in at the end.
    """

    arm: NDArray[np.int64]
    enrolled: NDArray[np.int64]
    analysed: NDArray[np.int64]
    stopped_at: NDArray[np.int64]
    z: Floats
    success: NDArray[np.bool_]
    kept: NDArray[np.bool_]


@dataclass
class _Course:
    """State of all replicates while patients arrive."""

    outcome: Floats
    arrival: Floats
    delay: float
    plan: AdaptivePlan
    bounds: Boundaries
    luck: Floats
    spare: Floats
    due: NDArray[np.int64]  # replicates by looks: patients whose outcomes a look waits for
    arm: NDArray[np.int64]
    stage: Floats
    z: Floats
    kept: NDArray[np.bool_]
    success: NDArray[np.bool_]
    stopped_at: NDArray[np.int64]
    look: NDArray[np.int64]
    shares: Floats = field(init=False)

    def __post_init__(self) -> None:
        arms = self.outcome.shape[2]
        self.shares = np.full((len(self.outcome), arms), 1 / arms)

    @property
    def running(self) -> NDArray[np.bool_]:
        return self.stopped_at < 0


def simulate_adaptive(
    outcome: Floats,
    arrival: Floats,
    delay: float,
    plan: AdaptivePlan,
    seed: int,
    first: int = 0,
) -> Adapted:
    """Conduct every replicate of an adaptive trial.

    Parameters
    ----------
    outcome
        Outcome of every patient in every arm, replicates by patients by arms; arm 0 is the
        control. Patients stand in the order of arrival, as many as the largest size that the plan
        allows. Not-a-number is left out of the analysis.
    arrival
        Times of arrival, of one replicate or of each.
    delay
        Time from arrival to the outcome.
    plan
        What is fixed beforehand.
    seed
        Seed of the randomisation, keyed by replicate and patient.
    first
        Number of the first replicate, so that a part of many is as it is among them.

    Raises
    ------
    ValueError
        There are fewer patients than the plan may need, or the plan cannot be conducted.
    """
    course = _begin(outcome, arrival, delay, plan, _luck(outcome.shape[:2], seed, first))
    patients = outcome.shape[1]
    for patient in range(patients):
        _decide(course, patient)
        _assign(course, patient)
    _decide(course, patients)
    last = course.due[np.arange(len(outcome)), course.stopped_at]
    enrolled = (course.arm >= 0).sum(axis=1)
    return Adapted(
        course.arm, enrolled, last, course.stopped_at, course.z, course.success, course.kept
    )


def _begin(
    outcome: Floats,
    arrival: Floats,
    delay: float,
    plan: AdaptivePlan,
    luck: tuple[Floats, Floats],
) -> _Course:
    replicates, patients, arms = outcome.shape
    _check(plan, patients, outcome)
    looks = np.array(plan.interim.looks)
    due = np.broadcast_to(np.ceil(looks * plan.patients - 1e-9), (replicates, len(looks)))
    shape = (replicates, len(looks), arms - 1)
    return _Course(
        outcome=outcome,
        arrival=np.broadcast_to(arrival, (replicates, patients)),
        delay=delay,
        plan=plan,
        bounds=boundaries(plan.interim, plan.alpha, plan.direction),
        luck=luck[0],
        spare=luck[1],
        due=due.astype(np.int64),
        arm=np.full((replicates, patients), -1),
        stage=np.full(shape, np.nan),
        z=np.full(shape, np.nan),
        kept=np.ones((replicates, arms - 1), dtype=bool),
        success=np.zeros((replicates, arms - 1), dtype=bool),
        stopped_at=np.full(replicates, -1),
        look=np.zeros(replicates, dtype=np.int64),
    )


def _luck(shape: tuple[int, ...], seed: int, first: int) -> tuple[Floats, Floats]:
    """Luck of each patient, and what fills the place of an arm that was dropped."""
    replicate, patient = np.arange(first, first + shape[0])[:, None], np.arange(shape[1])[None]
    purposes = ("adaptive", "adaptive place")
    drawn = [uniform(seed, purpose, replicate, patient) for purpose in purposes]
    return drawn[0], drawn[1]


def _check(plan: AdaptivePlan, patients: int, outcome: Floats) -> None:
    resize = plan.interim.resize
    most = plan.patients if resize is None else math.floor(plan.patients * resize.at_most)
    if patients < most:
        raise ValueError(f"{patients} patients; expected {most}, the most that the plan allows")
    if plan.direction == "either":
        raise ValueError("an adaptive trial is tested on one side; expected greater or less")
    if plan.interim.allocation is not None and plan.measure != "proportion":
        raise ValueError("randomisation by outcome needs responders; expected measure proportion")
    if resize is not None and resize.rule == "blinded" and not plan.difference:
        raise ValueError("a blinded size needs the planned difference")


def _assign(course: _Course, patient: int) -> None:
    """Give the next patient of every replicate an arm, where he is still enrolled."""
    allocation = course.plan.interim.allocation
    if allocation is not None and patient >= allocation.burn_in:
        if (patient - allocation.burn_in) % UPDATE_EVERY == 0:
            course.shares = _shares(course, patient)
        arm = draw_arm(_among_kept(course.shares, course.kept), course.luck[:, patient])
    else:
        arm = _block_arm(course, patient)
    wanted = course.running & (patient < course.due[:, -1])
    course.arm[:, patient] = np.where(wanted, arm, -1)


def _block_arm(course: _Course, patient: int) -> NDArray[np.int64]:
    """Arm by permuted blocks of all arms, of which dropped ones are passed over.

    Within a block the arms stand in the order of their patients' luck; where an arm was dropped
    its place goes to an arm that is kept, in equal probability.
    """
    arms = course.outcome.shape[2]
    start = patient - patient % arms
    block = course.luck[:, start : start + arms]
    place = np.argsort(np.argsort(block, axis=1), axis=1)[:, patient - start]
    open_arms = np.column_stack([np.ones(len(place), dtype=bool), course.kept])
    is_open = open_arms[np.arange(len(place)), place]
    equal = _among_kept(np.ones(open_arms.shape), course.kept)
    free = draw_arm(equal, course.spare[:, patient])
    return np.where(is_open, place, free)


def _among_kept(shares: Floats, kept: NDArray[np.bool_]) -> Floats:
    held = shares * np.column_stack([np.ones(len(kept)), kept])
    return np.asarray(held / held.sum(axis=1, keepdims=True))


def _shares(course: _Course, patient: int) -> Floats:
    """Shares of the arms from the outcomes that are known when a patient arrives."""
    now = course.arrival[:, [patient]]
    known = (course.arrival + course.delay <= now) & (course.arm >= 0)
    arms = course.outcome.shape[2]
    responders, patients = np.zeros((2, len(known), arms))
    for arm in range(arms):
        values = np.where(known & (course.arm == arm), course.outcome[:, :, arm], np.nan)
        patients[:, arm] = (~np.isnan(values)).sum(axis=1)
        responders[:, arm] = np.nansum(values, axis=1)
    if course.plan.direction == "less":
        responders = patients - responders
    allocation = course.plan.interim.allocation
    assert allocation is not None
    return allocation_shares(allocation, responders, patients, course.plan.patients)


def _decide(course: _Course, patient: int) -> None:
    """Hold the looks whose outcomes are known before a patient arrives."""
    end = patient == course.arm.shape[1]
    rows = np.arange(len(course.arm))
    for look in range(course.due.shape[1]):
        due = course.due[:, look]
        ready = course.arrival[rows, due - 1] + course.delay
        now = np.inf if end else course.arrival[:, patient]
        held = course.running & (course.look == look) & (due <= patient) & (ready <= now)
        if held.any():
            _look(course, np.nonzero(held)[0], look)


def _look(course: _Course, rows: NDArray[np.int64], look: int) -> None:
    """Statistics of a look, and what follows from them."""
    interim = course.plan.interim
    course.stage[rows, look] = _statistics(course, rows, look, look)
    course.z[rows, look] = _combined(course, rows, look)
    course.look[rows] = look + 1
    _stop(course, rows, look)
    going = rows[course.running[rows]]
    if interim.selection is not None and look + 1 == interim.selection.look and len(going):
        _select(course, going, look, interim.selection)
    if interim.resize is not None and look + 1 == interim.resize.look and len(going):
        _resize(course, going, look, interim.resize)


def _statistics(course: _Course, rows: NDArray[np.int64], first: int, last: int) -> Floats:
    """Statistics (large is good) of the treated arms over the patients of some stages."""
    low = course.due[rows, first - 1] if first else np.zeros(len(rows), dtype=np.int64)
    high = course.due[rows, last]
    place = np.arange(course.arm.shape[1])
    inside = (place >= low[:, None]) & (place < high[:, None])
    values = []
    for arm in range(course.outcome.shape[2]):
        chosen = inside & (course.arm[rows] == arm)
        values.append(np.where(chosen, course.outcome[rows, :, arm], np.nan))
    found = [_statistic(value, values[0], course.plan.measure) for value in values[1:]]
    z = course.bounds.sign * np.column_stack(found)
    return np.where(course.kept[rows], z, np.nan)


def _statistic(treated: Floats, control: Floats, measure: str) -> Floats:
    """Standardised difference; of means by the t distribution with one variance."""
    n1, n0 = (~np.isnan(treated)).sum(axis=1), (~np.isnan(control)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        total1, total0 = np.nansum(treated, axis=1), np.nansum(control, axis=1)
        mean1, mean0 = total1 / n1, total0 / n0
        if measure == "proportion":
            rate = (total1 + total0) / (n1 + n0)
            error = np.sqrt(rate * (1 - rate) * (1 / n1 + 1 / n0))
            return np.asarray(np.where(error > 0, (mean1 - mean0) / error, 0.0))
        squares = np.nansum((treated - mean1[:, None]) ** 2, axis=1)
        squares += np.nansum((control - mean0[:, None]) ** 2, axis=1)
        freedom = n1 + n0 - 2
        error = np.sqrt(squares / freedom * (1 / n1 + 1 / n0))
        t = (mean1 - mean0) / error
        return np.asarray(-np.sign(t) * ndtri(stdtr(freedom, -np.abs(t))))


def _combined(course: _Course, rows: NDArray[np.int64], look: int) -> Floats:
    """Statistics up to a look: of all patients, or of combined stages where the trial changes."""
    interim = course.plan.interim
    if interim.selection is None and interim.resize is None:
        return _statistics(course, rows, 0, look)
    stages = [course.stage[rows, stage] for stage in range(look + 1)]
    weights = np.diff([0.0, *interim.looks])[: look + 1].tolist()
    if interim.selection is not None:
        return closed_z(stages, weights, interim.selection.test)
    root = np.sqrt(np.array(weights) / sum(weights))
    return np.asarray(sum(share * z for share, z in zip(root, stages, strict=True)))


def _stop(course: _Course, rows: NDArray[np.int64], look: int) -> None:
    """End replicates in which an arm succeeds, or none can."""
    z = np.where(course.kept[rows], course.z[rows, look], -np.inf)
    success = z >= course.bounds.high[look]
    last = look + 1 == course.due.shape[1]
    ended = success.any(axis=1) | (z < course.bounds.low[look]).all(axis=1) | last
    course.success[rows] = success
    course.stopped_at[rows[ended]] = look


def _select(course: _Course, rows: NDArray[np.int64], look: int, selection: Selection) -> None:
    best = keep_best(np.where(course.kept[rows], course.stage[rows, look], np.nan), selection.keep)
    course.kept[rows] &= best


def _resize(course: _Course, rows: NDArray[np.int64], look: int, resize: Resize) -> None:
    """Move the looks to come so that the trial has its new size."""
    looks = np.array(course.plan.interim.looks)
    planned, share = course.plan.patients, float(looks[look])
    if resize.rule == "promising_zone":
        z = np.where(course.kept[rows], course.z[rows, look], -np.inf).max(axis=1)
        promise = promising_zone(z, share, float(course.bounds.high[-1]), resize)
        wanted = planned * (share + (1 - share) * promise.larger)
    else:
        wanted = _blinded_size(course, rows, look, resize)
    size = within_limits(wanted, planned, resize.at_most)
    ahead = (looks[look + 1 :] - share) / (1 - share)
    now = course.due[rows, look]
    later = now[:, None] + np.ceil(ahead * (size - now)[:, None] - 1e-9)
    course.due[np.ix_(rows, np.arange(look + 1, len(looks)))] = later.astype(np.int64)


def _blinded_size(course: _Course, rows: NDArray[np.int64], look: int, resize: Resize) -> Floats:
    """Patients of all arms by the spread of all outcomes, whatever their arms."""
    arms = course.outcome.shape[2]
    given = np.clip(course.arm[rows], 0, None)[:, :, None]
    values = np.take_along_axis(course.outcome[rows], given, axis=2)[:, :, 0]
    inside = np.arange(values.shape[1]) < course.due[rows, look][:, None]
    seen = np.where(inside & (course.arm[rows] >= 0), values, np.nan)
    sd, difference = blinded_sd(seen), abs(course.plan.difference or 0.0)
    each = patients_for_means(sd, difference, course.plan.alpha, resize.power)
    return np.asarray(arms * each)
