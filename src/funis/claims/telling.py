"""Who tells: from the share that improved to the share among those who tell of it."""

from __future__ import annotations

from funis.analysis.intervals import Interval


def told(improved: float, ratio: float) -> float:
    """Return the share of accounts that tell of an improvement.

    Parameters
    ----------
    improved
        Share of all patients that improved.
    ratio
        How many times as often the improved tell as the others; infinite where only they tell.
    """
    if improved <= 0:
        return 0.0
    if improved >= 1:
        return 1.0
    odds = ratio * improved / (1 - improved)
    return 1.0 if odds == float("inf") else odds / (1 + odds)


def told_interval(improved: Interval, ratio: float) -> Interval:
    """Return the share of accounts with the limits of the share that improved."""
    ends = (improved.estimate, improved.low, improved.high)
    return Interval(*(told(share, ratio) for share in ends))


def ratio_needed(improved: float, wanted: float) -> float:
    """Return how many times as often the improved have to tell for a wanted share of accounts."""
    if improved <= 0:
        return float("inf")
    if improved >= 1:
        return 0.0
    return max((wanted / (1 - wanted)) / (improved / (1 - improved)), 0.0)
