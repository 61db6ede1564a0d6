"""The fluctuating disease: an Ornstein-Uhlenbeck path per patient as knots of a C1 cubic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funis.population.streams import Counter, normal
from funis.solver import Forcing

__all__ = ["ORIGIN_DAY", "STEP_DAY", "Fluctuation", "fluctuation"]

STEP_DAY = 7
ORIGIN_DAY = -364


@dataclass(frozen=True, slots=True, eq=False)
class Fluctuation:
    """Knots of a C1 cubic path per patient, stationary with mean 0 and variance 1 at the knots.

    Parameters
    ----------
    first_day
        Day of the first knot; the others follow every `step_day` days.
    values
        (n_patients, n_knots), in standard deviations.
    slopes
        (n_patients, n_knots), in standard deviations per day.
    """

    first_day: int
    values: NDArray[np.float64]
    slopes: NDArray[np.float64]
    step_day: int = STEP_DAY

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape != self.slopes.shape:
            raise ValueError(f"values and slopes must be (n, n_knots); got {self.values.shape}")
        self.values.setflags(write=False)
        self.slopes.setflags(write=False)

    @property
    def last_day(self) -> int:
        """Day of the last knot."""
        return self.first_day + self.step_day * (int(self.values.shape[1]) - 1)

    def forcing(self, name: str) -> Forcing:
        """Return the path as the solver takes it: what drives the parameter `name`."""
        return Forcing(name, self.first_day, self.step_day, self.values, self.slopes)


def fluctuation(
    seed: int,
    patient: NDArray[np.int64],
    tau_day: NDArray[np.float64] | float,
    first_day: int,
    n_knots: int,
    attempt: Counter = 0,
) -> Fluctuation:
    """Return the untreated fluctuation of each patient at 7-day knots.

    The knots follow the exact discretisation of an Ornstein-Uhlenbeck process from a stationary
    start one knot before `ORIGIN_DAY`; slopes are finite differences of the two neighbours
    (Catmull-Rom). A knot depends on its day and patient alone: neither a longer horizon nor an
    earlier first day changes it.

    Parameters
    ----------
    seed
        Seed of the trial.
    patient
        (n_patients,) patient indices.
    tau_day
        Correlation time, one for all or (n_patients,); above 0.
    first_day
        Day of the first knot: a whole number of weeks, not before `ORIGIN_DAY`.
    n_knots
        Number of knots, 1 or more.
    attempt
        Screening attempt, one for all or (n_patients,).

    Raises
    ------
    ValueError
        A day off the weekly grid or before the origin, no knot, or a tau that is not positive.
    """
    tau = _check(patient, tau_day, first_day, n_knots)
    origin = ORIGIN_DAY // STEP_DAY - 1
    first = first_day // STEP_DAY
    knot = np.arange(origin, first + n_knots + 1)
    people = np.asarray(patient)[:, None]
    noise = normal(seed, "fluctuation", people, knot, _column(attempt))
    path = _autoregression(noise, tau)[:, first - 1 - origin :]
    slopes = (path[:, 2:] - path[:, :-2]) / (2.0 * STEP_DAY)
    return Fluctuation(first_day, np.ascontiguousarray(path[:, 1:-1]), slopes)


def _check(
    patient: NDArray[np.int64], tau_day: NDArray[np.float64] | float, first_day: int, n_knots: int
) -> NDArray[np.float64]:
    if first_day % STEP_DAY or first_day < ORIGIN_DAY:
        raise ValueError(f"first_day must be whole weeks from day {ORIGIN_DAY} on; got {first_day}")
    if n_knots < 1:
        raise ValueError(f"a path has at least one knot; got {n_knots}")
    tau = np.array(np.broadcast_to(np.asarray(tau_day, dtype=np.float64), np.shape(patient)))
    if not np.all(tau > 0):
        raise ValueError("tau_day must be positive")
    return tau


def _column(attempt: Counter) -> Counter:
    values = np.asarray(attempt)
    return values[:, None] if values.ndim else values


def _autoregression(
    noise: NDArray[np.float64], tau_day: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Turn innovations (patient, knot) into the stationary path, the first column as it is."""
    keep = np.exp(-STEP_DAY / tau_day)
    spread = np.sqrt(1.0 - keep**2)
    path = noise.copy()
    for knot in range(1, path.shape[1]):
        path[:, knot] = keep * path[:, knot - 1] + spread * noise[:, knot]
    return path
