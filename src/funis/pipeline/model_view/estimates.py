"""What published studies say of the numbers that calibration may change: before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from funis.calibrate.ensemble import BASES, Basis, Ensemble, library_ensemble
from funis.calibrate.settings import Prior, load_settings
from funis.models import library_folder

Array = NDArray[np.float64]

BASIS_WORDS: dict[Basis, str] = {
    "prior": "before any study",
    "own": "after this disease's studies",
    "borrowed": "with other diseases (used)",
}
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


@dataclass(frozen=True, slots=True)
class Spread:
    """What is believed of a factor on a parameter.

    Attributes
    ----------
    quantiles : of the factor, if it is not 0: 2.5, 10, 50, 90 and 97.5 %.
    nothing : probability that it is 0.
    """

    basis: Basis
    words: str
    quantiles: tuple[float, ...]
    nothing: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that calibration may change, as a factor on the value of the library.

    Attributes
    ----------
    stage : 1 placebo, 2 drugs, 3 cells.
    spreads : before, after, and as used.
    contraction : share of the prior's variance that the disease's own studies take off; stage 3.
    """

    parameter: str
    stage: int
    why: str
    source: str
    spreads: tuple[Spread, ...]
    contraction: float | None


STAGES = {1: "placebo arms", 2: "targeted drugs", 3: "studies of cells"}


@lru_cache(maxsize=16)
def estimates(disease: str) -> tuple[Estimate, ...]:
    """Return the calibrated numbers of a disease of the library; nothing for any other."""
    ensemble = library_ensemble(disease)
    if ensemble is None:
        return ()
    known = {name for draws in ensemble.draws.values() for name in draws.points.names}
    return tuple(
        _estimate(prior, ensemble, disease)
        for prior in load_settings(disease).priors
        if prior.parameter in known
    )


def _estimate(prior: Prior, ensemble: Ensemble, disease: str) -> Estimate:
    if prior.stage < 3:
        before = _log_normal(prior)
        after = _spread("borrowed", _stage_draws(disease, prior.parameter, ensemble), True)
        return Estimate(
            prior.parameter, prior.stage, prior.why, prior.source, (before, after), None
        )
    spreads = []
    for basis in (BASES[2], BASES[1], BASES[0]):
        points = ensemble.draws[basis].points
        values = points.factors[:, points.names.index(prior.parameter)]
        spreads.append(_spread(basis, values, False))
    share = ensemble.about.get("contraction", {}).get(prior.parameter)
    return Estimate(
        prior.parameter, prior.stage, prior.why, prior.source, tuple(spreads),
        None if share is None else float(share),
    )  # fmt: skip


def _log_normal(prior: Prior) -> Spread:
    from scipy.special import ndtri

    at = np.exp(prior.sd_log * ndtri(np.array(LEVELS)))
    return Spread("prior", BASIS_WORDS["prior"], tuple(map(float, at)), prior.no_effect)


def _stage_draws(disease: str, parameter: str, ensemble: Ensemble) -> Array:
    """Return the draws that a stage left, or those of the ensemble where it kept none."""
    path = library_folder() / "stages" / f"{disease}.json"
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if parameter in kept["names"]:
            column = kept["names"].index(parameter)
            return np.array([row[column] for row in kept["draws"]], dtype=np.float64)
    points = ensemble.default.points
    return points.factors[:, points.names.index(parameter)]


def _spread(basis: Basis, values: Array, earlier: bool) -> Spread:
    something = values[values > 0]
    at = np.quantile(something, LEVELS) if len(something) else np.zeros(len(LEVELS))
    words = "after its stage (used)" if earlier else BASIS_WORDS[basis]
    return Spread(basis, words, tuple(map(float, at)), float(np.mean(values == 0)))


def basis_words(disease: str) -> str:
    """Return what the posterior of a disease rests on: studies, and patients who were randomised.

    Empty where the library has no ensemble of the disease.
    """
    ensemble = library_ensemble(disease)
    if ensemble is None:
        return ""
    on = ensemble.about["calibratability"]
    return (
        f"What cells do rests on {on['rows']} rows of {on['studies']} studies,"
        f" {on['controlled_studies']} of them controlled, with {on['randomised_patients']}"
        f" randomised patients in all; posterior: {on['label']}."
    )
