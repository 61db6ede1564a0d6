"""What a planned trial may report, and how probable it is that it meets its rule.

Every draw is one conduct of the trial: what cells do (a draw of the posterior), how this study
differs from others, which regimen it had where that is not known, and which patients came. Its
reported numbers are judged as those of a virtual trial are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from funis.analysis import Interval, MeanSummary, newcombe, welch
from funis.analysis.estimates import judge
from funis.analysis.rates import WEEKS_PER_YEAR, RateSummary, rate_ratio
from funis.calibrate.likelihood import OVERDISPERSION, Data, StudyRows, data_of, size_of
from funis.calibrate.planned import Planned
from funis.calibrate.posterior import Draws
from funis.calibrate.predict import predictions
from funis.calibrate.rows import Row
from funis.calibrate.settings import Settings
from funis.models.endpoints import Endpoints
from funis.protocol import Success

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ArmOutlook:
    """The reported number of one arm in each conduct of the trial, (draw,)."""

    row: Row
    draws: Array


@dataclass(frozen=True, slots=True, eq=False)
class ContrastOutlook:
    """An arm against the reference in each conduct of the trial.

    Attributes
    ----------
    draws : (draw,) difference or ratio.
    met : (draw,) whether the rule was met.
    """

    arm: str
    reference: str
    draws: Array
    met: NDArray[np.bool_]

    @property
    def probability(self) -> float:
        """Probability that the arm meets the rule."""
        return float(np.mean(self.met))


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Arms and contrasts of a planned trial."""

    arms: tuple[ArmOutlook, ...]
    contrasts: tuple[ContrastOutlook, ...]

    @property
    def probability(self) -> float | None:
        """Probability that at least one arm meets the rule; None without a rule."""
        if not self.contrasts:
            return None
        return float(np.mean(np.any([one.met for one in self.contrasts], axis=0)))


def outlook(
    data: Data, draws: Draws, planned: Planned, settings: Settings, endpoints: Endpoints, seed: int
) -> Outlook:
    """Return what a planned trial may report.

    Parameters
    ----------
    data
        Its rows, one an arm, of `planned_rows`.
    draws
        Of what cells do; each is one conduct of the trial.
    seed
        The same seed gives the same luck, so that two posteriors differ by what they say alone.
    """
    luck = np.random.default_rng(seed)
    found = predictions(data, draws, settings, endpoints, luck)
    arms = {}
    for one, spread in zip(found, data.spread, strict=True):
        arms[one.row.arm] = _conducted(one.row, one.draws, float(spread), planned.seen, luck)
    shown = tuple(ArmOutlook(arm.row, arm.values) for arm in arms.values())
    rule = planned.rule
    if rule is None:
        return Outlook(shown, ())
    contrasts = tuple(_contrast(arms[name], arms[rule.reference], rule) for name in rule.arms)
    return Outlook(shown, contrasts)


def planned_rows(rows: StudyRows, settings: Settings) -> Data:
    """Return the rows of a planned trial.

    Arms of published studies differ by more than chance and treatment, as calibration found. Where
    patients are allocated by chance they do not: what they differ by then is common to them.
    """
    data = data_of([rows], settings)
    return replace(data, arm=np.zeros_like(data.arm)) if rows.study.randomised else data


@dataclass(frozen=True, slots=True, eq=False)
class _Conducted:
    """One arm in each conduct: its reported number, patients seen, and their spread."""

    row: Row
    values: Array
    n: int
    sd: Array


def _conducted(
    row: Row, values: Array, spread: float, seen: Mapping[str, float], luck: np.random.Generator
) -> _Conducted:
    """Return an arm after some of its patients left: no response, and no number, without a visit.

    Means were drawn at the full size; what is missing is added as chance.
    """
    n, share = size_of(row), seen.get(row.arm, 1.0)
    left = max(round(n * share), 2)
    if row.measure == "responder":
        events = np.rint(values * n).astype(np.int64)
        return _Conducted(row, luck.binomial(events, share) / n, n, np.zeros(len(values)))
    if row.measure == "rate":
        return _Conducted(row, values, left, np.zeros(len(values)))
    more = spread * math.sqrt(max(1 / left - 1 / n, 0.0))
    moved = values + more * luck.standard_normal(len(values))
    sd = spread * np.sqrt(luck.chisquare(left - 1, len(values)) / (left - 1))
    return _Conducted(row, moved, left, sd)


def _contrast(arm: _Conducted, reference: _Conducted, rule: Success) -> ContrastOutlook:
    intervals = [_interval(arm, reference, k, rule.alpha) for k in range(len(arm.values))]
    met = np.array([judge(one, rule) == "success" for one in intervals])
    draws = np.array([one.estimate for one in intervals])
    return ContrastOutlook(arm.row.arm, reference.row.arm, draws, met)


def _interval(arm: _Conducted, reference: _Conducted, k: int, alpha: float) -> Interval:
    """Return the difference of two arms in one conduct, as a trial of the library reports it."""
    if arm.row.measure == "responder":
        events = [float(round(one.values[k] * one.n)) for one in (arm, reference)]
        return newcombe(events[0], arm.n, events[1], reference.n, 1 - alpha)
    if arm.row.measure == "rate":
        return rate_ratio(_rate(arm, k), _rate(reference, k), 1 - alpha)[0]
    first, second = (
        MeanSummary(one.n, float(one.values[k]), float(one.sd[k])) for one in (arm, reference)
    )
    return welch(first, second, 1 - alpha)[0]


def _rate(arm: _Conducted, k: int) -> RateSummary:
    years = arm.n * max(arm.row.request.week, 1.0) / WEEKS_PER_YEAR
    events = float(arm.values[k]) * years
    error = math.sqrt(OVERDISPERSION / events) if events > 0 else math.nan
    return RateSummary(arm.n, events, years, error)
