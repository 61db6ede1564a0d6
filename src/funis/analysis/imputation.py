"""Missing values filled in many times, and the results pooled by Rubin's rules.

Visits are imputed one after the other, each by a Bayesian regression on baseline and the visits
before it within the arm (missing at random given those). For missing visits that come before a
visit that was seen, what was seen later is not used. Draws are keyed by seed, imputation, arm and
visit: they do not depend on the number of imputations or on another arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.analysis.intervals import Interval

Floats = NDArray[np.float64]

IMPUTATIONS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Incomplete:
    """One arm: baseline (patient,) and visits (patient, visit), not-a-number where missing."""

    arm: str
    baseline: Floats
    visits: Floats


def imputed(sample: Incomplete, seed: int, count: int = IMPUTATIONS) -> Floats:
    """Return visits filled in at random, (imputation, patient, visit).

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 5.3 (normal regression)
    and 5.4 (monotone patterns).
    """
    return np.stack([_filled(sample, sample, _streams(seed, m, sample.arm)) for m in range(count)])


def imputed_by_reference(
    sample: Incomplete, reference: Incomplete, seed: int, count: int = IMPUTATIONS
) -> Floats:
    """Return visits filled in as if patients had jumped to the reference, where they are missing.

    Until he leaves, a patient is described by the mean of his own arm, from then on by that of
    the reference; the regression is that of the reference.

    References
    ----------
    Carpenter, Roger and Kenward 2013, J Biopharm Stat 23:1352, jump to reference.
    """
    found = []
    for number in range(count):
        own = _filled(sample, sample, _streams(seed, number, sample.arm))
        other = _filled(reference, reference, _streams(seed, number, reference.arm))
        moved = Incomplete(reference.arm, reference.baseline, other)
        shift = own.mean(axis=0) - other.mean(axis=0)
        stream = _streams(seed, number, f"{sample.arm} to {reference.arm}")
        found.append(_filled(sample, moved, stream, shift))
    return np.stack(found)


def _streams(seed: int, number: int, name: str) -> list[np.random.Generator]:
    """Return a stream for each visit, by name."""
    letters = [int(byte) for byte in name.encode()]
    key = np.random.SeedSequence([seed, number, len(letters), *letters])
    return [np.random.Generator(np.random.Philox(child)) for child in key.spawn(64)]


def _filled(
    sample: Incomplete,
    model: Incomplete,
    streams: list[np.random.Generator],
    shift: Floats | None = None,
) -> Floats:
    """Fill the visits of a sample in order, by regressions within the model's patients.

    ``shift`` is what the mean of the sample at visits that were seen lies above that of the
    model: it is taken off the predictors, so that residuals count from the own mean.
    """
    visits = sample.visits.copy()
    seen = ~np.isnan(sample.visits)
    for visit in range(visits.shape[1]):
        known = ~np.isnan(model.visits[:, visit])
        own = model.visits if shift is not None or model is not sample else visits
        design = _design(model.baseline, own[:, :visit])
        slopes, spread = _drawn(design[known], model.visits[known, visit], streams[visit])
        less = 0.0 if shift is None else np.where(seen[:, :visit], shift[:visit], 0.0)
        ahead = _design(sample.baseline, visits[:, :visit] - less)
        noise = streams[visit].standard_normal(len(visits)) * spread
        visits[:, visit] = np.where(seen[:, visit], visits[:, visit], ahead @ slopes + noise)
    return visits


def _design(baseline: Floats, earlier: Floats) -> Floats:
    start = np.nan_to_num(baseline, nan=float(np.nanmean(baseline)) if len(baseline) else 0.0)
    return np.column_stack([np.ones(len(start)), start, earlier])


def _drawn(design: Floats, values: Floats, stream: np.random.Generator) -> tuple[Floats, float]:
    """Draw coefficients and standard deviation of a regression from their posterior."""
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    middle = inverse @ design.T @ values
    left = values - design @ middle
    freedom = max(len(values) - int(np.linalg.matrix_rank(design)) if len(values) else 1, 1)
    variance = float(left @ left) / stream.chisquare(freedom)
    root = np.linalg.cholesky(inverse + 1e-12 * np.eye(len(inverse)) * max(np.trace(inverse), 1e-9))
    draw = middle + np.sqrt(variance) * root @ stream.standard_normal(len(middle))
    return draw, float(np.sqrt(variance))


def imputed_responses(
    last_seen: Floats, values: Floats, model: Mapping[str, Floats], seed: int, name: str,
    count: int = IMPUTATIONS,
) -> Floats:  # fmt: skip
    """Return responses filled in by the share among patients with the same last status.

    Parameters
    ----------
    last_seen : array of shape (patients,)
        Response at the last visit seen before, not-a-number where there was none.
    values : array of shape (patients,)
        Response, not-a-number where missing.
    model
        ``last_seen`` and ``values`` of the arm whose shares count: the own one (missing at
        random), or the reference (jump to reference).

    References
    ----------
    Rubin 1987, section 5.3 (binary): the share of each group is drawn from its posterior, Beta
    with Jeffreys' prior.
    """
    found = np.repeat(values[None], count, axis=0)
    for number in range(count):
        for place, status in enumerate((0.0, 1.0, np.nan)):
            stream = _streams(seed, number, name)[place]
            alike = _same(model["last_seen"], status) & ~np.isnan(model["values"])
            yes = float(model["values"][alike].sum())
            share = stream.beta(0.5 + yes, 0.5 + alike.sum() - yes)
            luck = stream.random(len(values))
            missing = np.isnan(values) & _same(last_seen, status)
            found[number] = np.where(missing, luck < share, found[number])
    return found


def _same(values: Floats, status: float) -> NDArray[np.bool_]:
    return np.isnan(values) if np.isnan(status) else values == status


def pooled(
    estimates: Floats, errors: Floats, freedom: float, confidence: float
) -> tuple[Interval, float]:
    """Pool estimates of imputed data sets: interval and two-sided p value.

    Parameters
    ----------
    freedom
        Degrees of freedom that the complete data would have; infinite for a normal statistic.

    References
    ----------
    Rubin 1987, section 3.3; degrees of freedom: Barnard and Rubin 1999, Biometrika 86:948.
    """
    from scipy.special import stdtr, stdtrit

    count, middle = len(estimates), float(np.mean(estimates))
    within, between = float(np.mean(errors**2)), float(np.var(estimates, ddof=1))
    total = within + (1 + 1 / count) * between
    if not total > 0:
        return Interval(middle, middle, middle), 1.0 if middle == 0 else 0.0
    share = (1 + 1 / count) * between / total
    old = (count - 1) / share**2 if share > 0 else np.inf
    seen = freedom if np.isinf(freedom) else (freedom + 1) / (freedom + 3) * freedom * (1 - share)
    both = 1 / (1 / old + 1 / seen) if seen > 0 else 1.0
    both = min(both, 1e9)
    error = float(np.sqrt(total))
    half = float(stdtrit(both, 0.5 + confidence / 2)) * error
    p = 2 * float(stdtr(both, -abs(middle) / error))
    return Interval(middle, middle - half, middle + half), p
