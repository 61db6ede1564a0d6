"""Scores of the predictors of control arms, each trial left out as a whole, and their mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from funis.calibrate.control import DRAWS, METHODS, Case, Rules, Shift, forecast, no_shift
from funis.calibrate.predict import crps

Array = NDArray[np.float64]

MIXTURE = "mixture"

PRINTED = "printed"
"""What the command prints: the method that did best in the other trials."""

LEAST_COMPARABLE = 1
"""Other trials that the meta-analytic-predictive prior needs to say anything."""

RESAMPLES = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One control arm predicted from the other trials.

    Attributes
    ----------
    case : Case
    comparable : number of other trials with the same endpoint near the same week.
    draws : method -> (draw,); the mixture among them once it is made.
    away : (method,) mean distance of draws from the published value, over the scale.
    apart : (method, method) mean distance between draws, over the scale.
    scores : method -> score, over the scale.
    """

    case: Case
    comparable: int
    draws: dict[str, Array]
    away: Array
    apart: Array
    scores: dict[str, float]

    @property
    def trial(self) -> str:
        """Trial of the arm."""
        return self.case.arm.trial

    def crps(self, method: str) -> float:
        """Return the score of a method, over the scale."""
        return self.scores[method]

    def adding(self, method: str, draws: Array) -> Scored:
        """Return the same arm with the prediction of one more method."""
        scored = self.scores | {method: score_of(self.case, draws)}
        return replace(self, draws={**self.draws, method: draws}, scores=scored)

    def interval(self, method: str, share: float) -> tuple[float, float]:
        """Return a central interval of a method."""
        low, high = np.quantile(self.draws[method], [0.5 - share / 2, 0.5 + share / 2])
        return float(low), float(high)

    def inside(self, method: str, share: float) -> bool:
        """Return whether the published value lies in the central interval of a method."""
        low, high = self.interval(method, share)
        return low - 1e-9 <= self.case.arm.observed <= high + 1e-9


def score(case: Case, cases: Sequence[Case], rules: Rules, shift: Shift = no_shift) -> Scored:
    """Return an arm predicted from the trials that are not its own."""
    made = forecast(case, cases, rules, case.arm.n, shift)
    draws = [np.sort(made.draws[name]) for name in METHODS]
    away = [np.mean(np.abs(one - case.arm.observed)) / case.scale for one in draws]
    apart = [[distance(one, other) / case.scale for other in draws] for one in draws]
    scores = {name: score_of(case, found) for name, found in made.draws.items()}
    count = len(made.comparable)
    return Scored(case, count, made.draws, np.array(away), np.array(apart), scores)


def score_of(case: Case, draws: Array) -> float:
    """Return the continuous ranked probability score of draws, over the scale of the arm."""
    return crps(draws, case.arm.observed) / case.scale


def distance(one: Array, other: Array) -> float:
    """Return the mean distance between two sorted sets of draws: twice the area between them.

    The mean of |X - Y| is the integral of F (1 - G) + G (1 - F).
    """
    points = np.sort(np.concatenate([one, other]))
    gaps = np.diff(points)
    left = np.searchsorted(one, points[:-1], side="right") / len(one)
    right = np.searchsorted(other, points[:-1], side="right") / len(other)
    return float(np.sum(gaps * (left * (1 - right) + right * (1 - left))))


def stack(scored: Sequence[Scored], worth: float) -> Array:
    """Return the weights of the methods whose mixture has the best mean score by trial.

    The score of a mixture is quadratic in its weights, so this is exact. Equal weights count as
    much as ``worth`` trials, for a few trials know little about weights.
    """
    equal = np.full(len(METHODS), 1 / len(METHODS))
    used = [one for one in scored if one.comparable >= LEAST_COMPARABLE]
    if not used:
        return equal
    counts = rows_of_trials(used)
    shares = np.array([1 / counts[one.trial] for one in used]) / len(counts)
    away = shares @ np.stack([one.away for one in used])
    apart = np.einsum("i,ijk->jk", shares, np.stack([one.apart for one in used]))
    found = minimize(
        lambda w: float(w @ away - w @ apart @ w / 2), equal, jac=lambda w: away - apart @ w,
        bounds=[(0.0, 1.0)] * len(equal), method="SLSQP",
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(len(w))},
    )  # fmt: skip
    best = np.clip(found.x, 0, 1)
    return np.asarray((len(counts) * best / best.sum() + worth * equal) / (len(counts) + worth))


def rows_of_trials(scored: Sequence[Scored]) -> dict[str, int]:
    """Return how many rows each trial has."""
    counts: dict[str, int] = {}
    for one in scored:
        counts[one.trial] = counts.get(one.trial, 0) + 1
    return counts


def mixed(draws: dict[str, Array], weights: Array) -> Array:
    """Return draws of a mixture: an evenly spaced share of each method's sorted draws."""
    parts = []
    for name, weight in zip(METHODS, weights, strict=True):
        count = round(float(weight) * DRAWS)
        if count:
            at = (np.arange(count) + 0.5) / count
            parts.append(np.quantile(draws[name], at, method="inverted_cdf"))
    return np.concatenate(parts)


def with_mixture(scored: Sequence[Scored], worth: float) -> list[Scored]:
    """Return the scored arms with the mixture, its weights learned without the arm's own trial.

    Where no other trial has the endpoint, the mixture is the model alone.
    """
    found = []
    for one in scored:
        weights = stack([other for other in scored if other.trial != one.trial], worth)
        draws = mixed(one.draws, weights_used(one.comparable, weights))
        found.append(one.adding(MIXTURE, draws))
    return found


def with_printed(scored: Sequence[Scored]) -> list[Scored]:
    """Return the scored arms with what would have been printed had the arm's trial not been known.

    The method with the best mean score in the other trials that can be compared; the model alone
    where no other trial has the endpoint.
    """
    used = [one for one in scored if one.comparable >= LEAST_COMPARABLE]
    found = []
    for one in scored:
        others = [other for other in used if other.trial != one.trial]
        name = best(others) if one.comparable >= LEAST_COMPARABLE else "model"
        found.append(one.adding(PRINTED, one.draws[name]))
    return found


def best(scored: Sequence[Scored]) -> str:
    """Return the method with the best mean score by trial; the mixture where there is none."""
    names = (*METHODS, MIXTURE)
    return min(names, key=lambda name: mean_crps(scored, name)) if scored else MIXTURE


def weights_used(comparable: int, weights: Array) -> Array:
    """Return the weights of a mixture; of the model alone where no trial is comparable."""
    return weights if comparable >= LEAST_COMPARABLE else np.array([1.0, 0.0, 0.0])


def mean_crps(scored: Sequence[Scored], method: str) -> float:
    """Return the mean score of a method by trial."""
    return float(np.mean(list(by_trial(scored, method).values()))) if scored else float("nan")


def by_trial(scored: Sequence[Scored], method: str) -> dict[str, float]:
    """Return the mean score of a method in each trial."""
    values: dict[str, list[float]] = {}
    for one in scored:
        values.setdefault(one.trial, []).append(one.crps(method))
    return {trial: float(np.mean(found)) for trial, found in values.items()}


def coverage(scored: Sequence[Scored], method: str, share: float) -> float:
    """Return the share of arms whose published value lies in the central interval."""
    return float(np.mean([one.inside(method, share) for one in scored])) if scored else float("nan")


def difference(scored: Sequence[Scored], method: str, other: str) -> tuple[float, float, float]:
    """Return how much better one method is than another, with a 95 % interval over trials.

    The difference of mean scores by trial, positive where the first is better; trials are drawn
    again with replacement (bootstrap).
    """
    one, two = by_trial(scored, method), by_trial(scored, other)
    gains = np.array([two[trial] - one[trial] for trial in one])
    luck = np.random.default_rng(len(gains))
    again = gains[luck.integers(0, len(gains), (RESAMPLES, len(gains)))].mean(axis=1)
    low, high = np.quantile(again, [0.025, 0.975])
    return float(gains.mean()), float(low), float(high)
