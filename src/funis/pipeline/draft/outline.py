"""What a draft means in numbers, read leniently: a text with faults still has a timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from funis.checks import InputError
from funis.protocol.schema import ScheduleSchema
from funis.units import DAYS_PER_WEEK

Plain = Mapping[str, Any]

MOST_DOSES = 500
"""Doses of one intervention that a timeline shows."""


@dataclass(frozen=True, slots=True)
class Given:
    """One intervention of an arm as a row of the timeline.

    Attributes
    ----------
    place : its place among the interventions of its arm.
    kind : ``cells``, ``drug`` or ``sham``.
    amount, unit : of one dose: cells, cells/kg, or multiples of a standard dose.
    days : starts of the doses [day].
    length_day : of each; 0 for a bolus, None until the trial ends [day].
    in_trial : doses that start before the last visit; later ones are not conducted.
    """

    place: int
    kind: str
    what: str
    amount: float | None
    unit: str
    route: str | None
    days: tuple[float, ...]
    length_day: float | None
    in_trial: int


@dataclass(frozen=True, slots=True)
class ArmOutline:
    """One arm: its rows, and what one of its patients gets up to the last visit.

    ``cells`` and ``cells_per_kg`` add up (thawed, viable and dead); ``doses`` are of cells.
    """

    place: int
    id: str
    label: str
    reference: bool
    control: str | None
    altered: bool
    given: tuple[Given, ...]
    doses: int
    cells: float
    cells_per_kg: float


@dataclass(frozen=True, slots=True)
class Outline:
    """A draft in numbers.

    Attributes
    ----------
    patients : in all arms; None where the draft does not say.
    visits : their weeks, as far as they are numbers.
    weeks : from randomisation to the last visit.
    screening_day : of the screening visit, before day 0.
    """

    id: str
    title: str
    disease: str
    seed: int | None
    patients_per_arm: int | None
    patients: int | None
    visits: tuple[float, ...]
    weeks: float
    screening_day: float
    arms: tuple[ArmOutline, ...]


def outline_of(data: Any) -> Outline:
    """Return what a document says of arms, doses and visits; what is no number is left out."""
    whole = _mapping(data)
    visits = tuple(w for w in _numbers(_mapping(whole.get("visits")).get("weeks")))
    population = _mapping(whole.get("population"))
    weeks = max(visits, default=0.0)
    arms = tuple(_arm(place, one, weeks) for place, one in _mappings(whole.get("arms")))
    per_arm, groups = _whole(population.get("patients_per_arm")), _groups(whole, len(arms))
    return Outline(
        _text(whole.get("id")), _text(whole.get("title")), _text(whole.get("disease")),
        _whole(whole.get("seed")), per_arm, None if per_arm is None else per_arm * groups,
        visits, weeks, _number(population.get("screening_day")) or -14.0, arms,
    )  # fmt: skip


def _groups(whole: Plain, arms: int) -> int:
    """Return what patients are randomised to: the sequences of a crossover, else the arms."""
    crossover = _mapping(_mapping(whole.get("design")).get("crossover"))
    return len(_mapping(crossover.get("sequences"))) or arms


def _arm(place: int, arm: Plain, weeks: float) -> ArmOutline:
    given = tuple(_given(k, one, weeks) for k, one in _mappings(arm.get("interventions")))
    cells = [one for one in given if one.kind == "cells"]
    amounts = {
        unit: sum((one.amount or 0.0) * one.in_trial for one in cells if one.unit == unit)
        for unit in ("cells", "cells/kg")
    }
    control = arm.get("control")
    return ArmOutline(
        place, _text(arm.get("id")), _text(arm.get("label")) or _text(arm.get("id")),
        arm.get("reference") is True, control if isinstance(control, str) else None,
        bool(arm.get("scenario") or arm.get("structures")), given,
        sum(one.in_trial for one in cells), amounts["cells"], amounts["cells/kg"],
    )  # fmt: skip


def _given(place: int, one: Plain, weeks: float) -> Given:
    kind = "sham" if one.get("sham") is True else "drug" if "drug" in one else "cells"
    what = _text(one.get("drug") if kind == "drug" else one.get("product")) or kind
    per_kg, fixed = _number(one.get("dose_cell_per_kg")), _number(one.get("dose_cell"))
    amount = _number(one.get("dose")) if kind == "drug" else per_kg if per_kg else fixed
    unit = "x standard dose" if kind == "drug" else "cells/kg" if per_kg else "cells"
    days, length = schedule_days(one.get("schedule"))
    horizon = weeks * DAYS_PER_WEEK
    in_trial = sum(day < horizon for day in days)
    route = one.get("route")
    return Given(
        place, kind, what, amount, unit, route if isinstance(route, str) else None,
        days[:MOST_DOSES], length, in_trial,
    )  # fmt: skip


def schedule_days(schedule: Any) -> tuple[tuple[float, ...], float | None]:
    """Return the starts of the doses and their length; nothing where the schedule is at fault.

    Returns
    -------
    days : tuple of float
        [day].
    length : float or None
        0 for a bolus, None until the trial ends [day].
    """
    try:
        found = ScheduleSchema.model_validate(schedule)
    except (ValidationError, InputError):
        return (), 0.0
    if (found.times or 0) > MOST_DOSES:
        return (), 0.0
    length = found.length_day() or 0.0
    return found.start_days(), None if length == float("inf") else length


def _mapping(value: Any) -> Plain:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> Iterator[tuple[int, Plain]]:
    items: Sequence[Any] = value if isinstance(value, list) else ()
    return ((place, one) for place, one in enumerate(items) if isinstance(one, Mapping))


def _numbers(value: Any) -> Iterator[float]:
    items: Sequence[Any] = value if isinstance(value, list) else ()
    return (number for item in items if (number := _number(item)) is not None)


def _number(value: Any) -> float | None:
    """Return a finite number as it is; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
        return None
    return float(value) if value == value else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and isinstance(value, int) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
