"""Differences of proportions: score intervals, exact and stratified tests."""

from __future__ import annotations

import numpy as np

from funis.analysis.methods.values import (
    Contrasts,
    Flags,
    Floats,
    ReplicateSample,
    normal_quantile,
    strata_of,
    two_sided,
)

Counts = tuple[Floats, Floats, Floats, Floats]
"""Events and patients of the arm, then of the reference."""

_STEPS = 60
"""Halvings by which a limit is found: far below what a float can tell."""


def counts(
    arm: ReplicateSample, reference: ReplicateSample, inside: tuple[Flags, Flags] | None = None
) -> Counts:
    """Return events and patients of both arms, of one stratum where it is given."""
    found: list[Floats] = []
    for number, one in enumerate((arm, reference)):
        known = ~np.isnan(one.values)
        known = known if inside is None else known & inside[number]
        found += [np.where(known, one.values, 0.0).sum(axis=1), known.sum(axis=1).astype(float)]
    return found[0], found[1], found[2], found[3]


def newcombe(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Newcombe's interval and the score test.

    References
    ----------
    Method 10 of Newcombe 1998, Stat Med 17:873.
    """
    a, n, b, m = counts(arm, reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = a / n, b / m
        (low, high), (low_other, high_other) = _wilson(a, n, confidence), _wilson(b, m, confidence)
        below, above = np.hypot(p - low, high_other - q), np.hypot(high - p, q - low_other)
    return _tested((a, n, b, m), p - q - below, p - q + above, 0.0)


def chi_square(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Pearson's chi-squared test without continuity correction, and the interval that inverts it.

    References
    ----------
    Interval: Mee 1984, Biometrics 40:1175; method 5... of Newcombe 1998, Stat Med 17:873.
    """
    table = counts(arm, reference)
    return _tested(table, *_score_limits(table, confidence, 0.0), 0.0)


def miettinen_nurminen(
    arm: ReplicateSample, reference: ReplicateSample, confidence: float
) -> Contrasts:
    """Score interval and test with the variance times N / (N - 1).

    References
    ----------
    Miettinen and Nurminen 1985, Stat Med 4:213; constrained proportions in closed form there.
    """
    table = counts(arm, reference)
    return _tested(table, *_score_limits(table, confidence, 1.0), 1.0)


def fisher(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Fisher's exact test (two-sided, by probabilities) beside Miettinen and Nurminen's interval.

    References
    ----------
    Fisher 1935, J R Stat Soc 98:39.
    """
    from scipy.special import ndtri
    from scipy.stats import fisher_exact

    table = counts(arm, reference)
    found = _tested(table, *_score_limits(table, confidence, 1.0), 1.0)
    rows, where = np.unique(np.stack(table, axis=1), axis=0, return_inverse=True)
    exact = [fisher_exact([[a, n - a], [b, m - b]]).pvalue for a, n, b, m in rows]
    p = np.asarray(exact, dtype=np.float64)[where.ravel()]
    z = -np.sign(found.estimate) * ndtri(np.clip(p / 2, 1e-300, 0.5))
    return Contrasts(found.estimate, found.low, found.high, z, p, found.error)


def cmh(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Difference common to the strata with its interval, and Cochran, Mantel and Haenszel's test.

    References
    ----------
    Test without continuity correction: Mantel and Haenszel 1959, J Natl Cancer Inst 22:719.
    Difference: Greenland and Robins 1985, Biometrics 41:55; variance: Sato 1989, Biometrics
    45:1323.
    """
    weight = top = over = variance = sparse = spread = np.zeros(len(arm))
    for inside in strata_of(arm, reference):
        a, n, b, m = counts(arm, reference, inside)
        whole = np.maximum(n + m, 1)
        part = n * m / whole
        events = a + b
        variance = variance + part * events * (whole - events) / whole / np.maximum(whole - 1, 1)
        over = over + a - n * events / whole
        top = top + (a * m - b * n) / whole
        weight = weight + part
        sparse = sparse + (n**2 * b - m**2 * a + n * m * (m - n) / 2) / whole**2
        spread = spread + (a * (m - b) + b * (n - a)) / (2 * whole)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = top / weight
        error = np.sqrt(np.maximum(estimate * sparse + spread, 0.0)) / weight
        z = np.where(variance > 0, over / np.sqrt(variance), 0.0)
    half = normal_quantile(confidence) * error
    return Contrasts(estimate, estimate - half, estimate + half, z, two_sided(z), error)


def common_odds_ratio(
    arm: ReplicateSample, reference: ReplicateSample, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """Mantel and Haenszel's odds ratio with its interval.

    References
    ----------
    Variance: Robins, Breslow and Greenland 1986, Biometrics 42:311.
    """
    r = s = pr = mixed = qs = np.zeros(len(arm))
    for inside in strata_of(arm, reference):
        a, n, b, m = counts(arm, reference, inside)
        whole = np.maximum(n + m, 1)
        p, q = (a + m - b) / whole, (b + n - a) / whole
        up, down = a * (m - b) / whole, b * (n - a) / whole
        r, s = r + up, s + down
        pr, mixed, qs = pr + p * up, mixed + p * down + q * up, qs + q * down
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(pr / (2 * r**2) + mixed / (2 * r * s) + qs / (2 * s**2))
        factor = np.exp(normal_quantile(confidence) * error)
        return r / s, r / s / factor, r / s * factor


def _tested(table: Counts, low: Floats, high: Floats, fewer: float) -> Contrasts:
    """Put limits beside the score test of equal proportions."""
    a, n, b, m = table
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = a / n, b / m
        pooled, whole = (a + b) / (n + m), n + m
        variance = pooled * (1 - pooled) * (1 / n + 1 / m) * whole / (whole - fewer)
        z = np.where(variance > 0, (p - q) / np.sqrt(variance), 0.0)
        error = np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    z = np.where((n > 0) & (m > 0), z, np.nan)
    return Contrasts(p - q, low, high, z, two_sided(z), error)


def _wilson(events: Floats, n: Floats, confidence: float) -> tuple[Floats, Floats]:
    z = normal_quantile(confidence)
    share = events / n
    centre, half = 2 * events + z**2, z * np.sqrt(z**2 + 4 * events * (1 - share))
    low, high = ((centre + sign * half) / (2 * (n + z**2)) for sign in (-1, 1))
    return np.where(events == 0, 0.0, low), np.where(events == n, 1.0, high)


def _score_limits(table: Counts, confidence: float, fewer: float) -> tuple[Floats, Floats]:
    """Differences at which the score statistic reaches the quantile, by halving."""
    a, n, b, m = table
    z = normal_quantile(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = a / n - b / m
    ends = []
    for sign in (-1.0, 1.0):
        inner, outer = difference, np.full_like(difference, sign)
        for _ in range(_STEPS):
            middle = (inner + outer) / 2
            inside = np.abs(_score(table, middle, fewer)) < z
            inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
        ends.append((inner + outer) / 2)
    known = (n > 0) & (m > 0)
    return np.where(known, ends[0], np.nan), np.where(known, ends[1], np.nan)


def _score(table: Counts, delta: Floats, fewer: float) -> Floats:
    """Score statistic of a difference: the proportions that are likeliest under it."""
    a, n, b, m = table
    with np.errstate(invalid="ignore", divide="ignore"):
        other = _constrained(a, n, b, m, delta)
        own = np.clip(other + delta, 0, 1)
        variance = own * (1 - own) / n + other * (1 - other) / m
        variance = variance * (n + m) / (n + m - fewer)
        score = (a / n - b / m - delta) / np.sqrt(variance)
    return np.asarray(np.where(variance > 0, score, np.inf), dtype=np.float64)


def _constrained(a: Floats, n: Floats, b: Floats, m: Floats, delta: Floats) -> Floats:
    """Likeliest proportion of the reference, given the difference: root of a cubic."""
    whole = n + m
    third = whole
    second = (m - n) * 0 + (n + 2 * m) * delta - whole - (a + b)
    first = (m * delta - whole - 2 * b) * delta + a + b
    last = b * delta * (1 - delta)
    v = (second / (3 * third)) ** 3 - first * second / (6 * third**2) + last / (2 * third)
    u = np.sqrt(np.maximum((second / (3 * third)) ** 2 - first / (3 * third), 0.0))
    u = np.where(v >= 0, u, -u)
    with np.errstate(invalid="ignore", divide="ignore"):
        angle = np.where(u == 0, 0.0, np.clip(v / u**3, -1, 1))
    w = (np.pi + np.arccos(angle)) / 3
    root = 2 * u * np.cos(w) - second / (3 * third)
    return np.asarray(np.clip(root, np.maximum(0, -delta), np.minimum(1, 1 - delta)))
