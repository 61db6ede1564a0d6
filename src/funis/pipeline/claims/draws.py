"""Which parameters the model is asked with: the posterior of a disease, else the prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from funis.calibrate.ensemble import library_ensemble, no_effect
from funis.calibrate.points import NO_CELLS, Points
from funis.calibrate.posterior import Draws
from funis.calibrate.settings import load_settings

NODES = 9
"""Values of what a cell does that stand for all that it may be, the middle one among them."""


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """What a cell may do.

    Attributes
    ----------
    points : Points
        Factors on the library's parameters, if cells do anything, from weak to strong.
    no_effect : float
        Probability that cells do nothing.
    basis : str
        In words.
    """

    points: Points
    no_effect: float
    basis: str

    @property
    def middle(self) -> int:
        """The point in the middle."""
        return len(self.points) // 2


def belief_of(disease: str, model_hash: str) -> Belief:
    """Return the posterior that ships with funis, else the prior.

    Parameters
    ----------
    model_hash
        Of the disease as it is: an ensemble of another model does not count.
    """
    ensemble = library_ensemble(disease)
    if ensemble is not None and ensemble.about.get("model") == model_hash:
        draws = ensemble.default
        label = ensemble.about.get("calibratability", {}).get("label", "unknown")
        return Belief(_acting(draws), no_effect(draws), f"posterior, {label}")
    return prior_belief(disease)


def prior_belief(disease: str) -> Belief:
    """Return what is believed of potency before any study, the other numbers as in the library."""
    prior = next(one for one in load_settings(disease).priors if one.parameter == NO_CELLS)
    quantiles = (np.arange(NODES) + 0.5) / NODES
    factors = np.exp(ndtri(quantiles) * prior.sd_log)[:, None]
    return Belief(Points((NO_CELLS,), factors), prior.no_effect, "prior, calibrated to no study")


def without_effect(belief: Belief) -> Belief:
    """Return the belief that cells certainly do nothing."""
    return Belief(belief.points.without_cells(), 1.0, "potency 0")


def _acting(draws: Draws) -> Points:
    """Return a few draws that stand for all in which cells do something."""
    factors = draws.points.factors
    potency = factors[:, draws.points.names.index(NO_CELLS)]
    acting = np.flatnonzero(potency > 0)
    ordered = acting[np.argsort(potency[acting], kind="stable")]
    chosen = ((np.arange(NODES) + 0.5) / NODES * len(ordered)).astype(int)
    return draws.points.rows(ordered[chosen])
