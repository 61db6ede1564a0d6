"""Adverse events of a regimen: absolute risks of a virtual patient, treated and on placebo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.planning.setting import PLACEBO, TREATED
from funis.plan import AdverseEvent, Interval
from funis.population import uniform
from funis.protocol import Arm
from funis.safety import Hazard, Rates, Safety, Term, library_safety, rates_at
from funis.trial import Study
from funis.units import DAYS_PER_WEEK

Array = NDArray[np.float64]

RATES = 100
"""Draws of the true rates of adverse events."""

LOW, HIGH = 0.025, 0.975
WEEKS_PER_YEAR = 365.25 / DAYS_PER_WEEK
SMALLEST = 1e-4
"""Risks below it are not listed."""


def adverse_events(study: Study, week: float) -> tuple[AdverseEvent, ...]:
    """Return each event that the regimen or time brings up to a week, the most frequent first.

    Placebo is a mock procedure at the same times. A risk is that of one event or more; intervals
    hold what is not known of the rates, with the luck of no single patient in them.
    """
    given = infusions(study.protocol.arm(TREATED), week)
    return expected_events(study.model.id, given, week, study.seed)


def expected_events(
    disease: str, given: Mapping[str, int], week: float, seed: int
) -> tuple[AdverseEvent, ...]:
    """Return the same of administrations by route, whatever study they are of.

    Parameters
    ----------
    given : route -> administrations of cells.
    seed : of the draws of the true rates.
    """
    safety, rates = library_safety(), _kept_rates(disease, seed)
    found = [_event(term, rates, given, week, disease) for term in safety.terms.values()]
    kept = [one for one in found if one is not None and one.treated.high >= SMALLEST]
    return tuple(sorted(kept, key=lambda one: -one.treated.estimate))


def infusions(arm: Arm, week: float) -> dict[str, int]:
    """Return the administrations of cells of an arm up to a week, by route."""
    found: dict[str, int] = {}
    for one in arm.interventions:
        if one.product is not None:
            days = sum(day <= week * DAYS_PER_WEEK for day in one.days)
            found[one.input] = found.get(one.input, 0) + days
    return found


def drawn_rates(safety: Safety, disease: str, seed: int, count: int = RATES) -> list[Rates]:
    """Return draws of the true rates, the same for all that is compared."""
    luck: dict[str, list[float]] = {}

    def share(draw: int, name: str) -> float:
        if name not in luck:
            key = "adverse event rates of a plan"
            luck[name] = uniform(seed, key, np.arange(count), name).tolist()
        return luck[name][draw]

    return [rates_at(safety, disease, partial(share, draw)) for draw in range(count)]


@lru_cache(maxsize=16)
def _kept_rates(disease: str, seed: int) -> tuple[Rates, ...]:
    return tuple(drawn_rates(library_safety(), disease, seed))


def _event(
    term: Term, rates: Sequence[Rates], given: Mapping[str, int], week: float, disease: str
) -> AdverseEvent | None:
    if not term.over_time and not any(term.hazard(route) is not None for route in given):
        return None
    cells = np.array([_risk(_hazard(term, one, given, week, TREATED)) for one in rates])
    mock = np.array([_risk(_hazard(term, one, given, week, PLACEBO)) for one in rates])
    return AdverseEvent(
        term.id, term.title, _interval(cells), _interval(mock), _source(term, given, disease)
    )


def _hazard(term: Term, rates: Rates, given: Mapping[str, int], week: float, arm: str) -> float:
    """Return the expected number of events of a patient, or the hazard of the first."""
    which = "cells" if arm == TREATED else "control"
    if term.over_time:
        return float(getattr(rates.over_time[term.id], which)) * week / WEEKS_PER_YEAR
    total = 0.0
    for route, times in given.items():
        if (term.id, route) in rates.after:
            one = float(getattr(rates.after[term.id, route], which))
            total += one * (min(times, 1) if term.once else times)
    return total


def _risk(hazard: float) -> float:
    return float(-np.expm1(-hazard))


def _interval(values: Array) -> Interval:
    low, high = np.quantile(values, [LOW, HIGH]).tolist()
    return Interval(float(values.mean()), low, high)


def _source(term: Term, given: Mapping[str, int], disease: str) -> str:
    """Return what stands behind the risk: studies and patients of its pools."""
    by_route = [term.hazard(route) for route in given]
    hazards = [term.background(disease)] if term.over_time else by_route
    return "; ".join(dict.fromkeys(_words(one) for one in hazards if one is not None))


def _words(hazard: Hazard) -> str:
    pool = hazard.risk
    told = pool.title
    if pool.years or pool.n:
        size = f"{pool.years:,.0f} patient-years" if pool.years else f"{pool.n} patients"
        studies = "1 study" if pool.studies == 1 else f"{pool.studies} studies"
        told = f"{told}: {pool.events} events, {studies}, {size}"
    return f"{told}; assumed: {hazard.assumed}" if hazard.assumed else told
