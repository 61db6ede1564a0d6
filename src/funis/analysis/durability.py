"""How long an effect lasts: each treated patient beside the untreated twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

THREE_YEARS_DAY = 1095.0
TWELVE_MONTHS_DAY = 365.0


@dataclass(frozen=True, slots=True, eq=False)
class Durability:
    """Durability of the effect of each patient, and its summaries over patients.

    Attributes
    ----------
    time_averaged_effect : array of shape (patients,)
        Treated minus twin, averaged over the horizon, in the unit of the score.
    share_of_days : array of shape (patients,)
        Share of days of the horizon on which the benefit reaches the important difference [0, 1].
    improved_later : array of shape (patients,)
        1 where the benefit still reaches it twelve months after the last live cell, 0 where not,
        not-a-number where that day lies outside the grid or no cell was given.
    horizon_day : float
        End of the horizon [day].
    minimal_important_difference : float
        In the unit of the score.
    """

    time_averaged_effect: Floats
    share_of_days: Floats
    improved_later: Floats
    horizon_day: float
    minimal_important_difference: float

    @property
    def mean_effect(self) -> float:
        """Mean over patients of the time-averaged effect."""
        return _mean(self.time_averaged_effect)

    @property
    def mean_share_of_days(self) -> float:
        """Mean over patients of the share of days."""
        return _mean(self.share_of_days)

    @property
    def fraction_improved_later(self) -> float:
        """Share of the patients that can be judged who are still improved."""
        return _mean(self.improved_later)

    @property
    def n_judged_later(self) -> int:
        """Patients that can be judged twelve months after the last live cell."""
        return int(np.count_nonzero(~np.isnan(self.improved_later)))


def durability(
    time_day: Floats,
    treated: Floats,
    twin: Floats,
    *,
    minimal_important_difference: float,
    last_live_cell_day: Floats | float,
    better: Literal["lower", "higher"] = "lower",
    horizon_day: float = THREE_YEARS_DAY,
    later_day: float = TWELVE_MONTHS_DAY,
) -> Durability:
    """Durability of an effect against the untreated twin.

    Trajectories are linear between grid points; averages start at day 0.

    Parameters
    ----------
    time_day : array of shape (times,)
        Rising times that reach from day 0 or before to ``horizon_day`` [day].
    treated, twin : array of shape (patients, times)
        The score with and without treatment.
    minimal_important_difference : float
        Benefit that counts, above 0, in the unit of the score.
    last_live_cell_day : array of shape (patients,) or float
        Day on which the last live cell died; not-a-number where none was given [day].
    better : {"lower", "higher"}
        Which change of the score is a benefit.
    horizon_day : float
        End of the horizon [day].
    later_day : float
        Time after the last live cell at which a patient is judged again [day].

    Raises
    ------
    ValueError
        If the shapes differ, times do not rise, or the grid ends before the horizon.
    """
    time_day = np.asarray(time_day, dtype=np.float64)
    effect = np.asarray(treated, dtype=np.float64) - np.asarray(twin, dtype=np.float64)
    _check_grid(time_day, np.shape(treated), np.shape(twin), horizon_day)
    if not minimal_important_difference > 0:
        raise ValueError("the minimal important difference has to be above 0")
    benefit = -effect if better == "lower" else effect
    last = np.broadcast_to(np.asarray(last_live_cell_day, dtype=np.float64), effect.shape[:1])
    later = _at(time_day, benefit, last + later_day)
    improved = np.where(np.isnan(later), np.nan, later >= minimal_important_difference)
    days, window = _window(time_day, effect, horizon_day)
    over = _window(time_day, benefit, horizon_day)[1] - minimal_important_difference
    return Durability(
        np.asarray(np.trapezoid(window, days, axis=1) / horizon_day),
        _share_above_zero(days, over),
        improved.astype(np.float64),
        float(horizon_day),
        float(minimal_important_difference),
    )


def band(values: Floats, probabilities: Sequence[float]) -> Floats:
    """Quantiles over patients at each time, failed patients (not-a-number) left out.

    Parameters
    ----------
    values : array of shape (patients, ...)
    probabilities : sequence of float
        E.g. ``(0.1, 0.5, 0.9)``.

    Returns
    -------
    array of shape (probabilities, ...)
        Linear between order statistics; not-a-number where no patient is left.
    """
    values = np.asarray(values, dtype=np.float64)
    shape = (len(probabilities), *values.shape[1:])
    if values.shape[0] == 0:
        return np.full(shape, np.nan)
    flat = values.reshape(values.shape[0], -1)
    result = np.full((len(probabilities), flat.shape[1]), np.nan)
    missing = np.isnan(flat).sum(axis=0)
    whole, some = missing == 0, (missing > 0) & (missing < len(flat))
    if np.any(whole):  # the same numbers, without a loop over times
        result[:, whole] = np.quantile(flat[:, whole], list(probabilities), axis=0)
    if np.any(some):
        result[:, some] = np.nanquantile(flat[:, some], list(probabilities), axis=0)
    return result.reshape(shape)


def _check_grid(
    time_day: Floats, treated: tuple[int, ...], twin: tuple[int, ...], horizon_day: float
) -> None:
    if treated != twin or len(treated) != 2 or treated[1:] != time_day.shape:
        raise ValueError(f"shapes differ: times {time_day.shape}, treated {treated}, twin {twin}")
    if time_day.size < 2 or not np.all(np.diff(time_day) > 0):
        raise ValueError("times have to rise")
    if time_day[0] > 0 or time_day[-1] < horizon_day or not horizon_day > 0:
        raise ValueError(f"the grid has to reach from day 0 to the horizon, day {horizon_day:g}")


def _window(time_day: Floats, values: Floats, horizon_day: float) -> tuple[Floats, Floats]:
    """Cut the grid to day 0 and the horizon, both ends added by interpolation."""
    inside = (time_day > 0) & (time_day < horizon_day)
    days = np.concatenate(([0.0], time_day[inside], [horizon_day]))
    patients = values.shape[0]
    ends = [_at(time_day, values, np.full(patients, day)) for day in (0.0, horizon_day)]
    return days, np.concatenate((ends[0][:, None], values[:, inside], ends[1][:, None]), axis=1)


def _at(time_day: Floats, values: Floats, day: Floats) -> Floats:
    """Each patient's value at that patient's day, linear in between, not-a-number outside."""
    known = (day >= time_day[0]) & (day <= time_day[-1])
    safe = np.where(known, day, time_day[0])
    right = np.clip(np.searchsorted(time_day, safe, side="right"), 1, time_day.size - 1)
    rows = np.arange(values.shape[0])
    weight = (safe - time_day[right - 1]) / (time_day[right] - time_day[right - 1])
    result: Floats = (1 - weight) * values[rows, right - 1] + weight * values[rows, right]
    return np.where(known, result, np.nan)


def _share_above_zero(days: Floats, values: Floats) -> Floats:
    """Share of time at which a function linear between the days is 0 or more."""
    left, right = values[:, :-1], values[:, 1:]
    low, high = np.minimum(left, right), np.maximum(left, right)
    crossing = (low < 0) & (high >= 0)
    part = np.where(low >= 0, 1.0, 0.0)
    part[crossing] = high[crossing] / (high - low)[crossing]
    part[np.isnan(left) | np.isnan(right)] = np.nan
    share: Floats = part @ np.diff(days) / (days[-1] - days[0])
    return share


def _mean(values: Floats) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")
