"""Invented trials of known truth, on which the size and the cover of every method are measured."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis.methods import METHODS, ReplicateSample

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int, float], ReplicateSample]
"""Generator, replicates, patients and effect to one arm."""

VISITS = 4


@dataclass(frozen=True, slots=True)
class Scenario:
    """Trials of two arms that a method is tried on.

    Attributes
    ----------
    text : str
        Rates, ties, overdispersion, drop-out: what the data are like.
    n, n_reference : int
        Patients of the arms.
    truth : float
        True difference or ratio.
    effect : float
        What makes it, in the way of ``draw``.
    """

    method: str
    text: str
    n: int
    n_reference: int
    truth: float
    effect: float
    draw: Draw

    @property
    def null(self) -> bool:
        """Whether the arms do not differ."""
        return self.effect == 0

    def trials(self, replicates: int, seed: int) -> tuple[ReplicateSample, ReplicateSample]:
        """Draw both arms; the key is the scenario itself."""
        key = f"{self.method} {self.text} {self.n} {self.n_reference} {self.effect:g}"
        stream = np.random.Generator(
            np.random.Philox(np.random.SeedSequence([seed, zlib.crc32(key.encode())]))
        )
        arm = self.draw(stream, replicates, self.n, self.effect)
        return arm, self.draw(stream, replicates, self.n_reference, 0.0)


def scenarios() -> tuple[Scenario, ...]:
    """Return the scenarios of every method, those without an effect first."""
    found: list[Scenario] = []
    for method in METHODS.values():
        found += _of_method(method.id)
    return tuple(found)


def _of_method(method: str) -> list[Scenario]:
    text, draw, effect, truth, sizes = _DATA[_KINDS[method]]
    null = 1.0 if method in _RATIOS else 0.0
    rows = [Scenario(method, text, n, m, null, 0.0, draw) for n, m in sizes]
    for other_text, other in _HARDER.get(_KINDS[method], {}).items():
        rows.append(Scenario(method, other_text, 50, 50, null, 0.0, other))
    truth = _WIN_RATIO if method == "win_ratio" else truth
    return [*rows, Scenario(method, text, 50, 50, truth, effect, draw)]


def _responses(share: float) -> Draw:
    def draw(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
        return ReplicateSample((stream.random((r, n)) < share + effect).astype(float))

    return draw


def _stratified(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
    stratum = stream.integers(0, 3, (r, n)).astype(float)
    share = np.array([0.15, 0.3, 0.5])[stratum.astype(np.int64)] + effect
    return ReplicateSample((stream.random((r, n)) < share).astype(float), stratum=stratum)


def _numbers(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
    start = stream.standard_normal((r, n))
    values = 0.6 * start + 0.8 * stream.standard_normal((r, n)) + effect
    return ReplicateSample(values, baseline=start)


def _skewed(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
    values = np.round(np.exp(0.8 * stream.standard_normal((r, n))) * 2) / 2 + effect
    return ReplicateSample(values, baseline=stream.standard_normal((r, n)))


def _visits(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
    """Repeated measures; who is worse leaves more often, whichever arm he is in."""
    start = stream.standard_normal((r, n))
    values, before = np.empty((r, n, VISITS)), start
    there = np.ones((r, n), dtype=bool)
    for visit in range(VISITS):
        leave = 0.12 / (1 + np.exp(-before))
        there = there & ((visit == 0) | (stream.random((r, n)) >= leave))
        before = 0.7 * before + 0.7 * stream.standard_normal((r, n))
        shown = before + effect * (visit + 1) / VISITS
        values[:, :, visit] = np.where(there, shown, np.nan)
    return ReplicateSample(values[:, :, -1], baseline=start, visits=values)


def _relapses(dispersion: float, rate: float) -> Draw:
    def draw(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
        years = np.minimum(stream.exponential(6.0, (r, n)), 1.0)
        own = stream.gamma(1 / dispersion, dispersion, (r, n))
        events = stream.poisson(rate * np.exp(effect) * years * own).astype(float)
        return ReplicateSample(events, years=years)

    return draw


def _times(step: float) -> Draw:
    def draw(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
        time = stream.exponential(1.0, (r, n)) * np.exp(-effect)
        censored = np.minimum(stream.exponential(4.0, (r, n)), 1.0)
        event = (time <= censored).astype(float)
        shown = np.minimum(time, censored)
        shown = np.ceil(shown / step) * step if step else shown
        return ReplicateSample(np.zeros((r, n)), time=shown, event=event)

    return draw


def _levels(stream: np.random.Generator, r: int, n: int, effect: float) -> ReplicateSample:
    latent = stream.logistic(effect, 1.0, (r, n))
    return ReplicateSample(np.digitize(latent, [-1.0, 0.0, 1.0]).astype(float))


_SIZES = ((20, 20), (20, 40), (50, 50), (100, 100))
_FEW = ((20, 20), (20, 40), (50, 50))
_RATIOS = ("rate_ratio", "negative_binomial", "log_rank", "cox", "ordinal", "win_ratio")

_DATA: Mapping[
    str, tuple[str, Draw, float, float, tuple[tuple[int, int], ...]]
] = {
    "responses": ("30 % respond", _responses(0.3), 0.2, 0.2, _SIZES),
    "strata": ("15, 30 and 50 % respond in three strata", _stratified, 0.2, 0.2, _SIZES),
    "numbers": ("normal, correlation 0.6 with baseline", _numbers, 0.5, 0.5, _SIZES),
    "visits": ("4 visits, the worse leave (14 % in all)", _visits, 0.5, 0.5, _FEW),
    "relapses": ("1 a year, dispersion 1", _relapses(1.0, 1.0), np.log(0.6), 0.6, _FEW),
    "times": ("65 % have the event, hardly any ties", _times(0.0), np.log(0.6), 0.6, _SIZES),
    "levels": ("4 levels", _levels, np.log(2.0), 2.0, _FEW),
}  # fmt: skip
"""Data of a kind: words, the draw, effect, truth, and patients of both arms."""

_HARDER: Mapping[str, Mapping[str, Draw]] = {
    "responses": {"10 % respond": _responses(0.1)},
    "numbers": {"log-normal with ties": _skewed},
    "relapses": {
        "0.3 a year, dispersion 2": _relapses(2.0, 0.3),
        "1 a year, dispersion 3": _relapses(3.0, 1.0),
    },
    "times": {"65 % have the event, seen at 8 visits": _times(0.125)},
}

_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("newcombe", "miettinen_nurminen", "chi_square", "fisher"), "responses"),
    "cmh": "strata",
    **dict.fromkeys(("welch", "ancova", "wilcoxon"), "numbers"),
    "mmrm": "visits",
    **dict.fromkeys(("rate_ratio", "negative_binomial"), "relapses"),
    **dict.fromkeys(("log_rank", "cox"), "times"),
    **dict.fromkeys(("ordinal", "win_ratio"), "levels"),
}


def _ratio_of_wins(log_odds: float) -> float:
    """Wins by losses of two arms of four levels that differ by an odds ratio."""
    cuts = np.array([-np.inf, -1.0, 0.0, 1.0, np.inf])
    own, other = (np.diff(1 / (1 + np.exp(-(cuts - shift)))) for shift in (log_odds, 0.0))
    pairs = np.outer(own, other)
    return float(np.tril(pairs, -1).sum() / np.triu(pairs, 1).sum())


_WIN_RATIO = _ratio_of_wins(float(np.log(2.0)))
