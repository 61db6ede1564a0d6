"""Win ratio: every patient of the arm against every patient of the reference."""

from __future__ import annotations

import numpy as np

from funis.analysis.methods.values import (
    Contrasts,
    Floats,
    ReplicateSample,
    by_normal_ratio,
    chunks,
    join,
    two_sided,
)


def win_ratio(arm: ReplicateSample, reference: ReplicateSample, confidence: float) -> Contrasts:
    """Wins by losses of unmatched pairs, with the test of Finkelstein and Schoenfeld.

    What is compared stands in ``visits``, most important first, more being better; a pair that
    ties, or of which one is not known, goes on to the next. Without ``visits`` it is ``values``.
    The interval is Wald's on the log scale with the variance of a U statistic.

    References
    ----------
    Pocock et al 2012, Eur Heart J 33:176; test: Finkelstein and Schoenfeld 1999, Stat Med
    18:1341; variance: Bebu and Lachin 2016, Biostatistics 17:178.
    """
    size = 4 * (arm.values.shape[1] + reference.values.shape[1]) ** 2
    return join(
        [
            _win_ratio(layers(arm)[part], layers(reference)[part], confidence)
            for part in chunks(len(arm), size)
        ]
    )


def layers(sample: ReplicateSample) -> Floats:
    """Return what is compared, (replicate, patient, layer)."""
    return sample.values[:, :, None] if sample.visits is None else sample.visits


def compared(first: Floats, second: Floats) -> Floats:
    """Return 1 for a win of the first, -1 for a loss, 0 for a tie, (replicate, first, second)."""
    won = np.zeros((first.shape[0], first.shape[1], second.shape[1]))
    for layer in range(first.shape[2]):
        one, other = first[:, :, None, layer], second[:, None, :, layer]
        won = np.where(won == 0, (one > other) * 1.0 - (one < other) * 1.0, won)
    return won


def _win_ratio(first: Floats, second: Floats, confidence: float) -> Contrasts:
    won = compared(first, second)
    here, there = _known(first), _known(second)
    n, m = here.sum(axis=1), there.sum(axis=1)
    wins, losses = (won > 0) * 1.0, (won < 0) * 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        w, lost = (one.sum(axis=(1, 2)) / (n * m) for one in (wins, losses))
        own = [one.sum(axis=2) / m[:, None] for one in (wins, losses)]
        other = [one.sum(axis=1) / n[:, None] for one in (wins, losses)]
        first_part = _variance(own[0] / w[:, None] - own[1] / lost[:, None], here)
        second_part = _variance(other[0] / w[:, None] - other[1] / lost[:, None], there)
        error = np.sqrt(first_part / n + second_part / m)
        logarithm = np.log(w) - np.log(lost)
    found = by_normal_ratio(logarithm, error, confidence)
    z = _finkelstein(first, second, won, (n, m))
    return Contrasts(found.estimate, found.low, found.high, z, two_sided(z), error)


def _known(layer: Floats) -> Floats:
    """Whether anything is known of a patient, as a number."""
    return np.asarray(~np.isnan(layer).all(axis=2), dtype=np.float64)


def _variance(values: Floats, known: Floats) -> Floats:
    """Variance over the patients of whom something is known."""
    n = known.sum(axis=1)
    middle = (np.where(known > 0, values, 0.0)).sum(axis=1) / n
    apart = np.where(known > 0, values - middle[:, None], 0.0)
    return np.asarray((apart**2).sum(axis=1) / (n - 1))


def _finkelstein(
    first: Floats, second: Floats, won: Floats, patients: tuple[Floats, Floats]
) -> Floats:
    """Permutation statistic of the sum of scores of the arm."""
    n, m = patients
    own = won.sum(axis=2) + compared(first, first).sum(axis=2)
    other = compared(second, second).sum(axis=2) - won.sum(axis=1)
    squares = (own**2).sum(axis=1) + (other**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = n * m / ((n + m) * (n + m - 1)) * squares
        return np.where(variance > 0, own.sum(axis=1) / np.sqrt(variance), 0.0)
