"""The estimates of a trial as an effect that can be pooled with those of other trials."""

import math

from funis.analysis.results import Estimate, Results
from funis.evidence.meta import (
    Counts,
    Effect,
    Means,
    mean_difference,
    odds_ratio,
    printed_effect,
    risk_difference,
    risk_ratio,
    sd_from_interval,
    standardised_mean_difference,
)

_BINARY = {"rr": risk_ratio, "rd": risk_difference, "or": odds_ratio}
_NUMERIC = {"md": mean_difference, "smd": standardised_mean_difference}


def trial_effect(
    study: str, results: Results, arm: str, reference: str, endpoint: str, measure: str
) -> Effect:
    """Effect of an arm against the reference, from its estimates.

    Parameters
    ----------
    study
        Name under which it is pooled.
    results
        Of any trial, virtual or not.
    arm, reference
        Ids of the arms.
    endpoint
        Key with the week, such as ``ACR20@12``.
    measure
        ``rr``, ``rd`` or ``or`` of a response, ``md`` or ``smd`` of a number, ``rate_ratio``.

    Raises
    ------
    ValueError
        If there is no such estimate, or it cannot be an effect.
    """
    if measure == "rate_ratio":
        return _rate_ratio(study, results, arm, reference, endpoint)
    both = [_estimate(study, results, one, endpoint) for one in (arm, reference)]
    if measure in _BINARY and all(one.measure == "proportion" for one in both):
        counts = [Counts(round(one.estimate * one.n), one.n) for one in both]
        return _BINARY[measure](study, counts[0], counts[1])
    if measure in _NUMERIC and all(one.measure in ("mean", "mean_change") for one in both):
        first, second = (
            Means(one.n, one.estimate, sd_from_interval(one.low, one.high, one.n).sd)
            for one in both
        )
        return _NUMERIC[measure](study, first, second)
    raise ValueError(f"{study}: {endpoint} is a {both[0].measure}, of which there is no {measure}")


def _estimate(study: str, results: Results, arm: str, endpoint: str) -> Estimate:
    for one in results.estimates:
        if one.arm == arm and one.endpoint == endpoint:
            return one
    raise ValueError(f"{study}: no estimate of {endpoint} in the arm '{arm}'")


def _rate_ratio(study: str, results: Results, arm: str, reference: str, endpoint: str) -> Effect:
    for one in results.contrasts:
        if (one.arm, one.reference, one.endpoint) == (arm, reference, endpoint) and one.is_ratio:
            low, middle, high = (math.log(x) for x in (one.low, one.estimate, one.high))
            n = one.n_arm + one.n_reference
            return printed_effect(study, "rate_ratio", middle, (low, high), n)
    raise ValueError(f"{study}: no ratio of rates of {endpoint} in the arm '{arm}'")
