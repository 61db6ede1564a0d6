"""Adverse events that follow the doses of a candidate: expected numbers, draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from funis.pipeline.optimise.candidates import Candidate
from funis.population import uniform
from funis.safety import Rates, Safety, library_safety, rates_at

Array = NDArray[np.float64]


def expected_events(safety: Safety, rates: Rates, route: str, infusions: int) -> float:
    """Return how many adverse events follow the doses of one patient.

    Background events are left out: they are the same under every candidate. What a mock procedure
    would cause is counted, for a patient who is treated has it. A term that comes once at most is
    asked at the first dose alone. Not-a-number for a route of which nothing is known.
    """
    terms = safety.terms_after(route)
    total = 0.0 if terms else float("nan")
    for term in terms:
        risk = -np.expm1(-rates.after[term.id, route].cells)
        total += float(risk) * (1 if term.once else infusions)
    return total


def events_by_draw(candidates: Sequence[Candidate], disease: str, seed: int, draws: int) -> Array:
    """Return the expected events of each candidate under draws of the true rates.

    Parameters
    ----------
    candidates
        Regimens.
    disease
        Id of the disease.
    seed
        Seed of the trial.
    draws
        Each has its own true rates, the same for all candidates.

    Returns
    -------
    array
        (draw, candidate).
    """
    safety = library_safety()
    regimens = [(one.route, len(one.weeks)) for one in candidates]
    luck: dict[str, list[float]] = {}

    def share(draw: int, name: str) -> float:
        if name not in luck:
            key = "adverse event rates of a search"
            luck[name] = uniform(seed, key, np.arange(draws), name).tolist()
        return luck[name][draw]

    found = np.empty((draws, len(candidates)))
    for draw in range(draws):
        rates = rates_at(safety, disease, partial(share, draw))
        known = {one: expected_events(safety, rates, *one) for one in dict.fromkeys(regimens)}
        found[draw] = [known[one] for one in regimens]
    return found
