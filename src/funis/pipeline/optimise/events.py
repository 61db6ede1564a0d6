"""Adverse events that follow the doses of a candidate: expected numbers, draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    found = np.empty((draws, len(candidates)))
    for draw in range(draws):
        rates = rates_at(safety, disease, _share(seed, draw))
        found[draw] = [
            expected_events(safety, rates, one.route, len(one.weeks)) for one in candidates
        ]
    return found


def _share(seed: int, draw: int) -> Callable[[str], float]:
    """Return where in what is believed of each pool a draw lies, by its own key."""

    def share(name: str) -> float:
        return float(uniform(seed, "adverse event rates of a search", draw, name))

    return share
