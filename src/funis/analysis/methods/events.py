"""Rates of events: the robust ratio, and the negative binomial model with time as offset."""

from __future__ import annotations

import numpy as np

from funis.analysis.intervals import Interval
from funis.analysis.methods.values import Contrasts, Floats, ReplicateSample
from funis.analysis.rates import rate_ratio as one_ratio
from funis.analysis.rates import summarise_rate


def rate_ratio(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Ratio of rates by sums of events and years, robust to patients who differ.

    The generalised score test with each patient as one unit, its variance taken under the ratio
    that is tested, against Student's distribution with N - 2 degrees of freedom; the interval
    holds the ratios that are not refused. Wald's test with the sandwich variance on the log scale
    refuses a true ratio of 1 too often where events cluster in few patients. Where an arm has no
    events the exact interval of ``funis.analysis.rates`` stands.

    References
    ----------
    Boos 1992, Am Stat 46:327, generalised score tests.
    """
    from scipy.special import ndtri, stdtr, stdtrit

    groups = [exposed(arm), exposed(reference)]
    patients = sum(known.sum(axis=1) for _, _, known in groups)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        rates = [events.sum(axis=1) / years.sum(axis=1) for events, years, _ in groups]
        middle = np.log(rates[0]) - np.log(rates[1])
        limit = stdtrit(patients - 2, 0.5 + confidence / 2)
        low, high = (_limit(groups, middle, side, limit) for side in (-1.0, 1.0))
        statistic = _robust_score(groups, np.ones(len(arm)))
        tail = stdtr(patients - 2, -np.abs(statistic))
        z = np.sign(middle) * -ndtri(np.maximum(tail, 1e-300))
        error = np.abs(middle / statistic)
    found = Contrasts(np.exp(middle), np.exp(low), np.exp(high), z, 2 * tail, error)
    for row in np.flatnonzero(~np.isfinite(middle)):
        _fill(found, int(row), _alone(arm, reference, int(row), confidence))
    return found


_Group = tuple[Floats, Floats, Floats]


def _limit(groups: list[_Group], middle: Floats, side: float, limit: Floats) -> Floats:
    """Logarithm of the ratio at which the score statistic reaches the limit, by halving."""
    inner, outer = middle, middle + side * 14
    for _ in range(45):
        half = (inner + outer) / 2
        inside = ~(np.abs(_robust_score(groups, np.exp(half))) >= limit)
        inner, outer = np.where(inside, half, inner), np.where(inside, outer, half)
    return np.asarray(np.where(np.abs(inner - middle) > 13.9, side * np.inf, inner))


def _robust_score(groups: list[_Group], ratio: Floats) -> Floats:
    """Score statistic of a ratio of rates with the variance between patients under it."""
    (events, years, _), (others, time, _) = groups
    years = years * ratio[:, None]
    whole, rest = years.sum(axis=1), time.sum(axis=1)
    rate = ((events.sum(axis=1) + others.sum(axis=1)) / (whole + rest))[:, None]
    over = rest * events.sum(axis=1) - whole * others.sum(axis=1)
    variance = rest**2 * ((events - rate * years) ** 2).sum(axis=1)
    variance = variance + whole**2 * ((others - rate * time) ** 2).sum(axis=1)
    return np.asarray(np.where(variance > 0, over / np.sqrt(variance), 0.0))


def exposed(sample: ReplicateSample) -> tuple[Floats, Floats, Floats]:
    """Return events and years with 0 for patients left out, and who is not."""
    if sample.years is None:
        raise ValueError("a rate needs years at risk")
    known = ~(np.isnan(sample.values) | np.isnan(sample.years)) & (sample.years > 0)
    return (
        np.where(known, sample.values, 0.0),
        np.where(known, sample.years, 0.0),
        known.astype(float),
    )


def _alone(
    arm: ReplicateSample, reference: ReplicateSample, row: int, confidence: float
) -> tuple[Interval, float]:
    first, second = (
        summarise_rate(one.values[row], one.years[row])  # type: ignore[index]
        for one in (arm, reference)
    )
    return one_ratio(first, second, confidence)


def _fill(found: Contrasts, row: int, one: tuple[Interval, float]) -> None:
    from scipy.special import ndtri

    interval, p = one
    found.estimate[row], found.low[row] = interval.estimate, interval.low
    found.high[row], found.p[row] = interval.high, p
    side = 1.0 if interval.estimate > 1 else -1.0
    found.z[row] = -side * ndtri(p / 2) if p == p else np.nan


def negative_binomial(
    arm: ReplicateSample, reference: ReplicateSample, confidence: float
) -> Contrasts:
    """Ratio of rates by the negative binomial model with one dispersion and time as offset.

    Variance of a number: mean x (1 + dispersion x mean), as of NB2. Rates by maximum likelihood,
    the dispersion by Cox and Reid's adjusted profile likelihood: that of maximum likelihood is too
    small, and the test liberal. The squared error is multiplied by N / (N - 2), and interval and
    test take Student's distribution with N - 2 degrees of freedom.

    References
    ----------
    Lawless 1987, Can J Stat 15:209; Cox and Reid 1987, J R Stat Soc B 49:1.
    """
    from scipy.special import ndtri, stdtr, stdtrit

    found = fit_negative_binomial(arm, reference)
    log_ratio, error, n = found[0], found[1], found[3]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        error = error * np.sqrt(n / (n - 2))
        half = stdtrit(n - 2, 0.5 + confidence / 2) * error
        tail = stdtr(n - 2, -np.abs(log_ratio / error))
        z = -np.sign(log_ratio) * ndtri(np.maximum(tail, 1e-300))
        ends = [np.exp(log_ratio + sign * half) for sign in (0, -1, 1)]
    result = Contrasts(ends[0], ends[1], ends[2], z, 2 * tail, error)
    for row in np.flatnonzero(~np.isfinite(error)):
        _fill(result, int(row), _alone(arm, reference, int(row), confidence))
    return result


def fit_negative_binomial(
    arm: ReplicateSample, reference: ReplicateSample, *, adjusted: bool = True
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return log ratio, its error, dispersion and patients, by the profile of the dispersion.

    ``adjusted``: by Cox and Reid, else by maximum likelihood.
    """
    groups = [exposed(arm), exposed(reference)]
    n = sum(known.sum(axis=1) for _, _, known in groups)
    low, high = np.full(len(arm), np.log(1e-6)), np.full(len(arm), np.log(50.0))
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(32):
        left, right = high - golden * (high - low), low + golden * (high - low)
        ends = (_profile(groups, np.exp(side), adjusted) for side in (left, right))
        better = next(ends) > next(ends)
        low, high = np.where(better, low, left), np.where(better, right, high)
    dispersion = np.exp((low + high) / 2)
    means = [_group_rate(events, years, dispersion) for events, years, _ in groups]
    precision = [
        ((mu := years * mean[:, None]) / (1 + dispersion[:, None] * mu)).sum(axis=1)
        for (_, years, _), mean in zip(groups, means, strict=True)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(means[0]) - np.log(means[1])
        error = np.sqrt(1 / precision[0] + 1 / precision[1])
    return log_ratio, error, dispersion, np.asarray(n)


def _group_rate(events: Floats, years: Floats, dispersion: Floats) -> Floats:
    """Rate of one arm at a given dispersion, by fixed steps of the likelihood's equation."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = events.sum(axis=1) / years.sum(axis=1)
        for _ in range(12):
            weight = years / (1 + dispersion[:, None] * rate[:, None] * years)
            share = np.where(years > 0, weight / np.where(years > 0, years, 1.0), 0.0)
            rate = (events * share).sum(axis=1) / weight.sum(axis=1)
    return np.asarray(rate)


def _profile(groups: list[_Group], dispersion: Floats, adjusted: bool) -> Floats:
    """Logarithm of the likelihood at a dispersion, the rates being the likeliest."""
    from scipy.special import gammaln

    size = (1 / dispersion)[:, None]
    total = np.zeros(len(dispersion))
    for events, years, known in groups:
        mu = years * _group_rate(events, years, dispersion)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            term = np.where(events > 0, events * np.log(mu / (size + mu)), 0.0)
        term = term - size * np.log1p(mu / size) + gammaln(events + size) - gammaln(size)
        total = total + (term * known).sum(axis=1)
        if adjusted:
            with np.errstate(divide="ignore", invalid="ignore"):
                total = total - 0.5 * np.log((mu / (1 + mu / size)).sum(axis=1))
    return total
