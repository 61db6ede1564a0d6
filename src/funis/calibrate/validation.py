"""Predictions of published numbers beside what was published, and beside simpler predictors.

Four predictors meet the same rows at the same sizes: the posterior; cells that do nothing
(placebo only); what arms with cells of the other studies gained on average (class mean); and the
prior. All but the class mean share how much studies differ, so they differ in what cells do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis import Skipped
from funis.calibrate.likelihood import Data
from funis.calibrate.posterior import Draws
from funis.calibrate.predict import Prediction, predictions, reported
from funis.calibrate.settings import Settings
from funis.models.endpoints import Endpoints

Array = NDArray[np.float64]

PREDICTORS = ("model", "placebo_only", "class_mean", "prior_predictive")

RESPONSE_DIFFERENCE = 0.1
"""Difference of responders that counts as important (assumed)."""

LEAST_STUDIES = 3
"""Studies from which the spread of the class mean is estimated; fewer take ``CLASS_SD``."""

CLASS_SD = 0.5
"""Spread of what arms with cells gain between studies, where too few are known (assumed)."""

BOOTSTRAPS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class RowResult:
    """One published number under each predictor."""

    predicted: Mapping[str, Prediction]

    @property
    def model(self) -> Prediction:
        """What the posterior predicts."""
        return self.predicted["model"]


@dataclass(frozen=True, slots=True, eq=False)
class ContrastResult:
    """A difference between two arms of one study: published, and as predicted."""

    study: str
    arm: str
    reference: str
    endpoint: str
    published: str
    week: float
    observed: float
    draws: Array
    important: float | None
    sign: float

    def quantile(self, probability: float) -> float:
        """Return a quantile of the prediction."""
        return float(np.quantile(self.draws, probability))

    @property
    def probability(self) -> float | None:
        """Probability of a difference beyond the important one, towards improvement."""
        if self.important is None:
            return None
        return float(np.mean(self.sign * self.draws > self.important))

    @property
    def happened(self) -> bool | None:
        """Whether the published difference was."""
        return None if self.important is None else self.sign * self.observed > self.important


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """The rows of one study under each predictor, and its contrasts."""

    study: str
    rows: tuple[RowResult, ...]
    contrasts: tuple[ContrastResult, ...]

    def score(self, predictor: str) -> float:
        """Return the mean score of a predictor, in spreads between patients (shares: in shares)."""
        return float(np.mean([one.predicted[predictor].scaled_crps for one in self.rows]))


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """Published numbers beside their predictions."""

    studies: tuple[StudyResult, ...]
    skipped: tuple[Skipped, ...]

    @property
    def rows(self) -> tuple[RowResult, ...]:
        """All rows."""
        return tuple(row for study in self.studies for row in study.rows)

    @property
    def contrasts(self) -> tuple[ContrastResult, ...]:
        """All contrasts."""
        return tuple(row for study in self.studies for row in study.contrasts)

    def score(self, predictor: str) -> float:
        """Return the mean over studies of a predictor's score."""
        return float(np.mean([study.score(predictor) for study in self.studies]))

    def coverage(self, share: float) -> float:
        """Return the share of rows inside the central interval."""
        return float(np.mean([row.model.inside(share) for row in self.rows]))

    def coverage_interval(self, share: float) -> tuple[float, float]:
        """Return the 95 % interval of the coverage, by drawing studies with replacement."""
        luck = np.random.default_rng(0)
        inside = [[row.model.inside(share) for row in study.rows] for study in self.studies]
        hits = np.array([sum(one) for one in inside])
        sizes = np.array([len(one) for one in inside])
        chosen = luck.integers(0, len(hits), (BOOTSTRAPS, len(hits)))
        shares = hits[chosen].sum(axis=1) / sizes[chosen].sum(axis=1)
        low, high = np.quantile(shares, [0.025, 0.975])
        return float(low), float(high)

    @property
    def width(self) -> float:
        """Median width of the 80 % intervals, as a share of that of the prior."""
        return float(np.median([_width(row) for row in self.rows]))

    @property
    def brier(self) -> tuple[float, float, int] | None:
        """Brier score of an important difference, that of the base rate, and how many."""
        known = [(c.probability, c.happened) for c in self.contrasts if c.important is not None]
        if not known:
            return None
        chance = np.array([p for p, _ in known], dtype=np.float64)
        happened = np.array([h for _, h in known], dtype=np.float64)
        base = float(np.mean((happened.mean() - happened) ** 2))
        return float(np.mean((chance - happened) ** 2)), base, len(known)


def class_gain(data: Data) -> tuple[float, float]:
    """Return what arms with cells gained beyond no effect, mean and spread between studies.

    Only published numbers count: towards improvement, in spreads between patients, a study once.
    """
    gain = data.sign * (data.observed - data.mean)
    gains = [
        float(gain[rows].mean())
        for number in np.unique(data.study)
        if (rows := np.flatnonzero((data.study == number) & (data.active > 0))).size
    ]
    if not gains:
        return 0.0, CLASS_SD
    spread = float(np.std(gains, ddof=1)) if len(gains) >= LEAST_STUDIES else CLASS_SD
    return float(np.mean(gains)), spread


def study_result(
    data: Data, posterior: Draws, prior: Draws, gain: tuple[float, float],
    settings: Settings, endpoints: Endpoints, seed: int,
) -> StudyResult:  # fmt: skip
    """Return the rows of one study under each predictor.

    Parameters
    ----------
    data
        Rows of one study.
    gain
        Of `class_gain` over the other studies.
    """

    def luck() -> np.random.Generator:
        return np.random.default_rng(seed)

    found = {
        "model": predictions(data, posterior, settings, endpoints, luck()),
        "placebo_only": predictions(data, posterior.without_cells(), settings, endpoints, luck()),
        "class_mean": _class_mean(data, len(posterior), gain, endpoints, luck()),
        "prior_predictive": predictions(data, prior, settings, endpoints, luck()),
    }
    rows = tuple(
        RowResult({name: found[name][place] for name in PREDICTORS})
        for place in range(len(data.rows))
    )
    return StudyResult(data.rows[0].study, rows, tuple(_contrasts(data, found["model"], endpoints)))


def _class_mean(
    data: Data, count: int, gain: tuple[float, float], endpoints: Endpoints,
    luck: np.random.Generator,
) -> list[Prediction]:  # fmt: skip
    """Return predictions by what the other studies gained, whatever was given."""
    extra = gain[0] + gain[1] * luck.standard_normal(count)
    unit = data.mean + np.outer(extra, data.sign * data.active)
    deviation = np.sqrt(np.diag(data.base))
    unit = unit + deviation * luck.standard_normal(unit.shape)
    return [
        Prediction(row, reported(row, unit[:, k], float(data.spread[k]), endpoints, luck),
                   1.0 if row.measure == "responder" else float(data.spread[k]))
        for k, row in enumerate(data.rows)
    ]  # fmt: skip


def _contrasts(
    data: Data, found: Sequence[Prediction], endpoints: Endpoints
) -> list[ContrastResult]:
    """Return arms with cells against the arm without, where both printed the same number."""
    results = []
    for place, row in enumerate(data.rows):
        for other, reference in enumerate(data.rows):
            same = row.request == reference.request
            if same and data.active[place] > 0 and data.active[other] == 0:
                results.append(
                    ContrastResult(
                        row.study, row.arm, reference.arm, row.request.endpoint, row.published,
                        row.request.week, row.observed - reference.observed,
                        found[place].draws - found[other].draws,
                        _important(row.request.endpoint, row.measure, endpoints),
                        float(data.sign[place]),
                    )
                )  # fmt: skip
    return results


def _important(endpoint: str, measure: str, endpoints: Endpoints) -> float | None:
    if measure == "responder":
        return RESPONSE_DIFFERENCE
    score = next((one for one in endpoints.scores if one.id == endpoint), None)
    return None if score is None else score.minimal_important_difference


def _width(row: RowResult) -> float:
    own, prior = row.model, row.predicted["prior_predictive"]
    return (own.quantile(0.9) - own.quantile(0.1)) / max(
        prior.quantile(0.9) - prior.quantile(0.1), 1e-12
    )
