"""The regimens of a search: every combination of dose, route, number, interval, maintenance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from funis.checks import InputError, Issue
from funis.units import DAYS_PER_WEEK

MILLION = 1e6
DOSES = (15e6, 50e6, 100e6, 150e6)
NUMBERS = (1, 2, 4)
INTERVALS = (4.0,)
MAINTENANCE = (None, 26.0, 52.0)
HORIZON = 104.0

MOST = 300
"""Candidates of one search: each is followed in every patient, draw and form of the model."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What a search asks for.

    Attributes
    ----------
    doses, per_kg : cells of one dose, in total and for each kg of body weight.
    routes : inputs of the disease model.
    numbers : doses of the first course.
    intervals : weeks between them.
    maintenance : weeks after which the same dose is given again, on and on; None for never.
    horizon : week at which a search ends.
    """

    doses: tuple[float, ...] = ()
    per_kg: tuple[float, ...] = ()
    routes: tuple[str, ...] = ()
    numbers: tuple[int, ...] = NUMBERS
    intervals: tuple[float, ...] = INTERVALS
    maintenance: tuple[float | None, ...] = MAINTENANCE
    horizon: float = HORIZON


@dataclass(frozen=True, slots=True)
class Candidate:
    """One regimen: a first course, and what is given after it.

    ``interval`` is None where one dose is given, ``maintenance`` where nothing follows.
    """

    dose: float
    per_kg: bool
    route: str
    number: int
    interval: float | None
    maintenance: float | None
    horizon: float

    @property
    def weeks(self) -> tuple[float, ...]:
        """Weeks of its doses; none is given at the horizon, where nobody would see what it does."""
        course = [place * (self.interval or 0.0) for place in range(self.number)]
        if self.maintenance is None:
            return tuple(course)
        further = math.ceil((self.horizon - course[-1]) / self.maintenance) - 1
        return (*course, *(course[-1] + self.maintenance * (k + 1) for k in range(further)))

    @property
    def days(self) -> tuple[float, ...]:
        """Days of its doses."""
        return tuple(week * DAYS_PER_WEEK for week in self.weeks)

    @property
    def id(self) -> str:
        """Name of its arm, such as ``iv_50M_x4_m26``."""
        kg = "_per_kg" if self.per_kg else ""
        every = "" if self.interval in (None, INTERVALS[0]) else f"_every{self.interval:g}"
        after = "" if self.maintenance is None else f"_m{self.maintenance:g}"
        return f"{self.route}_{self.dose / MILLION:g}M{kg}_x{self.number}{every}{after}"

    @property
    def amount(self) -> str:
        """Its dose in words."""
        return f"{self.dose / MILLION:g} million{'/kg' if self.per_kg else ''}"

    @property
    def schedule(self) -> str:
        """Its schedule in words."""
        course = "once" if self.interval is None else f"{self.number} times, {self.interval:g} wk"
        return course if self.maintenance is None else f"{course}; then {self.maintenance:g} wk"

    @property
    def label(self) -> str:
        """All of it in words."""
        return f"{self.amount} {self.route}, {self.schedule}"


def candidates_of(grid: Grid) -> tuple[Candidate, ...]:
    """Return every combination, each regimen once.

    Raises
    ------
    InputError
        A course that lasts longer than the search, or more candidates than `MOST`.
    """
    doses = [*((dose, False) for dose in grid.doses), *((dose, True) for dose in grid.per_kg)]
    combined = product(doses, grid.routes, grid.numbers, grid.intervals, grid.maintenance)
    found = tuple(
        dict.fromkeys(
            Candidate(*dose, route, number, interval if number > 1 else None, after, grid.horizon)
            for dose, route, number, interval, after in combined
        )
    )
    if len(found) > MOST:
        raise _fault("candidates", f"{len(found)} combinations", f"at most {MOST}")
    for one in found:
        _check_time(one)
    return found


def _check_time(one: Candidate) -> None:
    course = (one.number - 1) * (one.interval or 0.0)
    if course + (one.maintenance or 0.0) < one.horizon:
        return
    what = "one dose"
    if one.interval is not None:
        what = f"{one.number} doses every {one.interval:g} weeks"
    if one.maintenance is not None:
        what += f" and maintenance {one.maintenance:g} weeks later"
    raise _fault("horizon", f"{what} do not fit into {one.horizon:g} weeks", "a later horizon")


def numbers_of(name: str, text: str) -> tuple[float, ...]:
    """Return the numbers above 0 of a list such as 15e6,50e6, each once.

    Raises
    ------
    InputError
        What is no number above 0.
    """
    return tuple(dict.fromkeys(_number(name, word) for word in _words(name, text)))


def counts_of(name: str, text: str) -> tuple[int, ...]:
    """Return the whole numbers of a list such as 1,2,4, each once.

    Raises
    ------
    InputError
        What is no whole number of at least 1.
    """
    words = list(_words(name, text))
    for word in words:
        if not word.isdecimal() or int(word) < 1:
            raise _fault(name, f"'{word}' is no number of doses", "whole numbers such as 1,2,4")
    return tuple(dict.fromkeys(int(word) for word in words))


def maintenance_of(name: str, text: str) -> tuple[float | None, ...]:
    """Return the weeks of a list such as none,26,52; None for never.

    Raises
    ------
    InputError
        What is neither a number above 0 nor none.
    """
    words = _words(name, text)
    return tuple(
        dict.fromkeys(None if word == "none" else _number(name, word) for word in words)
    )  # fmt: skip


def _words(name: str, text: str) -> Iterator[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise _fault(name, "an empty list", "numbers with commas between them")
    yield from words


def _number(name: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise _fault(name, f"'{word}' is no number above 0", "numbers such as 15e6 or 26")
    return value


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))


def listed(candidates: Sequence[Candidate], places: Iterable[int]) -> list[str]:
    """Return the names of some candidates."""
    return [candidates[place].id for place in places]
