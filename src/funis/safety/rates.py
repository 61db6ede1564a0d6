"""True rates of one virtual trial: drawn from what is believed, or at the middle of it.

Each trial has its own: studies differ by more than chance, and so do virtual ones. What a trial
draws depends on its seed alone, so every arm and every patient of it shares them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from funis.population import uniform
from funis.safety.values import Hazard, Pool, Ratio, Safety, Term

HIGHEST = 0.98
"""Highest risk of a patient that a ratio can lead to."""

MIDDLE = 0.5


@dataclass(frozen=True, slots=True)
class Chance:
    """Hazards of one administration, or rates a year: without cells, and with them in all."""

    control: float
    cells: float


@dataclass(frozen=True, slots=True)
class Rates:
    """True rates of one trial.

    Attributes
    ----------
    after : mapping
        (term, route) -> hazards of one administration; a risk is 1 - exp(-hazard).
    over_time : mapping
        Term -> rates a year.
    """

    after: Mapping[tuple[str, str], Chance]
    over_time: Mapping[str, Chance]


def true_rates(safety: Safety, seed: int, disease: str = "") -> Rates:
    """Draw the true rates of the trial of a seed: one number for each pool and each ratio."""
    names = sorted({name for term in safety.terms.values() for name in _asked(term)})
    luck = uniform(seed, "adverse event rates", 0, np.array(names))
    return rates_at(safety, disease, dict(zip(names, luck.tolist(), strict=True)).__getitem__)


def middle_rates(safety: Safety, disease: str = "") -> Rates:
    """Return the rates in the middle of what is believed: half of it lies below each."""
    return rates_at(safety, disease, lambda name: MIDDLE)


def rates_at(safety: Safety, disease: str, share: Callable[[str], float]) -> Rates:
    """Return the rates below which a share of what is believed lies, asked by pool and ratio."""
    after = {
        (term.id, route): _administration(hazard, share)
        for term in safety.terms.values()
        for hazard in term.after
        for route in hazard.routes
    }
    over_time = {
        term.id: _a_year(term.background(disease), share) for term in safety.terms_over_time
    }
    return Rates(after, over_time)


def quantile(pool: Pool, share: Callable[[str], float]) -> float:
    """Return the risk of a pool at the share that belongs to it."""
    return pool.quantile(share(f"pool {pool.id}"))


def chance(hazard: Hazard, risk: float, ratio: float | None) -> Chance:
    """Return risks (or rates) without and with cells, from the one that was pooled."""
    if ratio is None or hazard.ratio is None:
        return Chance(0.0, risk)
    if hazard.risk.of == "cells":
        return Chance(times(hazard.ratio, risk, 1 / ratio, hazard.risk.scale == "log"), risk)
    return Chance(risk, times(hazard.ratio, risk, ratio, hazard.risk.scale == "log"))


def times(scale: Ratio, risk: float, ratio: float, rate: bool = False) -> float:
    """Multiply a risk by a risk ratio, its odds by an odds ratio, or a rate."""
    if rate:
        return risk * ratio
    if scale.scale == "risk_ratio":
        return min(risk * ratio, max(HIGHEST, risk))
    odds = risk / (1 - risk) * ratio
    return odds / (1 + odds)


def per_administration(risk: float, administrations: float) -> float:
    """Return the hazard of one administration from the risk of a patient who had several."""
    return -math.log1p(-risk) / administrations


def _a_year(hazard: Hazard, share: Callable[[str], float]) -> Chance:
    return chance(hazard, quantile(hazard.risk, share), _ratio(hazard, share))


def _asked(term: Term) -> Iterator[str]:
    """Return the names of the pools and ratios of a term."""
    for hazard in term.hazards:
        yield f"pool {hazard.risk.id}"
        if hazard.ratio is not None:
            yield f"ratio {hazard.ratio.id}"


def _administration(hazard: Hazard, share: Callable[[str], float]) -> Chance:
    risks = chance(hazard, quantile(hazard.risk, share), _ratio(hazard, share))
    number = hazard.risk.administrations
    return Chance(
        per_administration(risks.control, number), per_administration(risks.cells, number)
    )


def _ratio(hazard: Hazard, share: Callable[[str], float]) -> float | None:
    if hazard.ratio is None:
        return None
    return hazard.ratio.quantile(share(f"ratio {hazard.ratio.id}"))
