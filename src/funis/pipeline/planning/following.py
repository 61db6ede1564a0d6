"""Matched virtual patients followed under arms and draws: as observed, and in truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from funis.models.factors import NO_CELLS, Points
from funis.plan import Interval
from funis.population import uniform
from funis.population.scores import ScoreReader
from funis.solver import FAILED, Start, simulate
from funis.trial import Enrolled, Study
from funis.trial.bank import EVENTS, follow_rows
from funis.trial.course import arm_parameters, regimen_doses
from funis.trial.enrol import forcing_of
from funis.trial.observe import Integers
from funis.trial.study import MINUTES_PER_WEEK

Array = NDArray[np.float64]
Value = TypeVar("Value")

SAMPLES = 40
"""Samples of the matches under each draw: so that an interval holds their luck as well."""

LOW, HIGH = 0.025, 0.975
"""Ends of the intervals: 95 % of draws and samples of the matches lie between them."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What is written down of the matches, (draw, arm, patient, ...).

    Attributes
    ----------
    tables : endpoint -> (draw, arm, patient, visit).
    events : intercurrent event -> (draw, arm, patient) its week, infinite for never.
    failed : (draw, arm, patient).
    """

    tables: Mapping[str, Array]
    events: Mapping[str, Array]
    failed: NDArray[np.bool_]


def same_people(values: Array, lost: NDArray[np.bool_]) -> Array:
    """Return values of arms that are compared, with nobody in one who is left out of another.

    Parameters
    ----------
    values : (draw, arm, patient, ...).
    lost : (draw, arm, patient) whether it was not solved.
    """
    everywhere = np.any(lost, axis=1, keepdims=True)
    return np.where(everywhere.reshape(everywhere.shape + (1,) * (values.ndim - 3)), np.nan, values)


def spread_draws(points: Points | None, count: int) -> Points:
    """Return some draws of a posterior, spread as it is; the library's values without one.

    Draws stand in the order of their potency, so equal distances do it.
    """
    if points is None:
        return Points((NO_CELLS,), np.ones((1, 1)))
    rows = ((np.arange(count) + 0.5) / count * len(points)).astype(np.int64)
    order = np.argsort(points.factors[:, points.names.index(NO_CELLS)], kind="stable")
    return points.rows(order[rows])


def observed(
    study: Study, who: Enrolled, points: Points, endpoints: Sequence[str], threads: int
) -> Observed:
    """Follow the matches under every arm of a study and every draw, through their visits."""
    people, arms = len(who.patient), len(study.arms)

    def some(draws: Integers) -> dict[str, Array]:
        row, arm_of, columns = _crossed(people, arms, points, draws)
        found = follow_rows(study, who.rows(row), arm_of, columns, endpoints)
        shape = (len(draws), arms, people)
        kept = {f"table:{k}": v.reshape(*shape, -1) for k, v in found.tables.items()}
        kept |= {f"event:{k}": v.reshape(shape) for k, v in found.events.items()}
        return {**kept, "failed": found.failed.reshape(shape).astype(np.float64)}

    parts = in_threads(some, len(points), threads)
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Observed(
        {name: whole[f"table:{name}"] for name in endpoints},
        {name: whole[f"event:{name}"] for name in EVENTS},
        whole["failed"] > 0,
    )


def true_scores(
    study: Study, who: Enrolled, points: Points, weeks: Sequence[float], names: Sequence[str],
    threads: int,
) -> Array:  # fmt: skip
    """Return true scores of the matches under every arm and draw, without noise and rules.

    Returns
    -------
    array
        (draw, arm, patient, week, score); not-a-number where no solver solved.
    """
    people, arms = len(who.patient), len(study.arms)

    def some(draws: Integers) -> Array:
        row, arm_of, columns = _crossed(people, arms, points, draws)
        found = followed_truth(study, who.rows(row), arm_of, columns, weeks, names)
        return found.reshape(len(draws), arms, people, len(weeks), len(names))

    return np.concatenate(in_threads(some, len(points), threads))


def followed_truth(
    study: Study, who: Enrolled, arm_of: Integers, factors: Mapping[str, Array],
    weeks: Sequence[float], names: Sequence[str],
) -> Array:  # fmt: skip
    """Return true scores, (row, week, score), of patients each under an arm and factors."""
    reader = ScoreReader.of(study.model, names)
    minutes = np.array([round(week * MINUTES_PER_WEEK) for week in weeks], dtype=np.int64)
    last = int(minutes[-1])
    table = arm_parameters(study, study.arms, arm_of, who)
    known = {name: values for name, values in factors.items() if name in table.names}
    solved = simulate(
        study.model, table.scaled(known), regimen_doses(study, study.arms, arm_of, who, last),
        minutes, start=Start(0, who.states), forcing=forcing_of(study, who, last),
        outputs=reader.outputs, rtol=study.rtol, checked=study.checked(who.patient),
    )  # fmt: skip
    failed = (solved.status == FAILED) | (who.status == FAILED)
    return reader.read(np.where(failed[:, None, None], np.nan, solved.values))


def in_threads(work: Callable[[Integers], Value], count: int, threads: int) -> list[Value]:
    """Work through numbers in as many parts as there are threads; order and values stay."""
    parts = [part for part in np.array_split(np.arange(count), max(threads, 1)) if len(part)]
    if len(parts) == 1:
        return [work(parts[0])]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(work, parts))


def _crossed(
    people: int, arms: int, points: Points, draws: Integers
) -> tuple[Integers, Integers, dict[str, Array]]:
    """Return row of the patient, arm and factors of (draw, arm, patient), flat."""
    shape = (len(draws), arms, people)
    row = np.broadcast_to(np.arange(people), shape).ravel()
    arm_of = np.broadcast_to(np.arange(arms)[None, :, None], shape).ravel()
    factors = points.factors[np.repeat(draws, arms * people)]
    return row, arm_of, dict(zip(points.names, factors.T, strict=True))


def sampled_means(values: Array, seed: int, weights: Array | None = None) -> Array:
    """Return means over samples of the patients, (draw * sample, ...).

    Parameters
    ----------
    values
        (draw, patient, ...), not-a-number where left out. The same patients are picked for
        whatever stands behind the second axis, so that differences are paired.
    weights
        Years at risk of each, for a rate; alike by default.
    """
    draws, people = values.shape[:2]
    place = np.arange(SAMPLES * people)
    luck = uniform(seed, "matches of a plan", np.arange(draws)[:, None], place)
    picked = (luck * people).astype(np.int64).reshape(draws, SAMPLES, people)
    often = (picked[..., None] == np.arange(people)).sum(axis=2).astype(np.float64)
    return _weighted(values, often, weights).reshape(draws * SAMPLES, *values.shape[2:])


def plain_means(values: Array, weights: Array | None = None) -> Array:
    """Return means over draws and patients, (...)."""
    once = np.ones((len(values), 1, values.shape[1]))
    return np.asarray(_weighted(values, once, weights)[:, 0].mean(axis=0))


def _weighted(values: Array, often: Array, weights: Array | None) -> Array:
    there = ~np.isnan(values)
    size = np.ones_like(values) if weights is None else np.nan_to_num(weights)
    total = np.einsum("dsp,dp...->ds...", often, np.where(there, values, 0.0), optimize=True)
    count = np.einsum("dsp,dp...->ds...", often, np.where(there, size, 0.0), optimize=True)
    return np.asarray(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def interval_of(mean: float, samples: Array) -> Interval:
    """Return a mean with the ends that 95 % of the samples lie between."""
    if np.isnan(samples).all():
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.nanquantile(samples, [LOW, HIGH]).tolist()
    return Interval(float(mean), min(low, float(mean)), max(high, float(mean)))
