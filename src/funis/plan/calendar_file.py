"""What a calendar adds to the visits and doses of a protocol: ``library/calendar.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from funis.checks import InputError, Issue, StrictModel, read_yaml, validate

LIBRARY = Path(__file__).parents[1] / "library" / "calendar.yaml"

Text = Annotated[str, Field(min_length=1)]
Days = Annotated[int, Field(ge=0)]


class Sourced(StrictModel):
    """Something that is done, and where it was seen."""

    title: Text
    source: Text


class Window(StrictModel):
    """Days about a visit, for visits up to a week; without a week for all later ones."""

    days: Days
    source: Text
    to_week: Annotated[float, Field(gt=0)] | None = None


class AfterInfusion(Sourced):
    """What is done from one day after an infusion to another; by these routes alone."""

    first_day: Days
    last_day: Days
    routes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise _fault("last_day", f"{self.last_day} is before {self.first_day}", "a later day")
        return self

    def follows(self, route: str) -> bool:
        """Whether it follows an infusion by this route."""
        return not self.routes or route in self.routes


class BeforeRepeat(Sourced):
    """What is done some days before each infusion but the first."""

    days: Annotated[int, Field(ge=1)]


class CalendarRules(StrictModel):
    """The file."""

    maintenance_gap_day: Annotated[int, Field(ge=1)]
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    screening: tuple[Sourced, ...]
    after_infusion: tuple[AfterInfusion, ...]
    before_repeat: tuple[BeforeRepeat, ...]
    stopping: tuple[Sourced, ...]

    @model_validator(mode="after")
    def _all_weeks(self) -> Self:
        weeks = [one.to_week for one in self.windows]
        given = [week for week in weeks[:-1] if week is not None]
        if weeks[-1] is not None or len(given) != len(weeks) - 1 or given != sorted(set(given)):
            raise _fault("windows", "some visit has no window", "weeks that rise, the last open")
        return self

    def window(self, week: float) -> Window:
        """Return the window of a visit."""
        return next(one for one in self.windows if one.to_week is None or week <= one.to_week)


def load_calendar_rules(path: str | Path = LIBRARY) -> CalendarRules:
    """Read the rules of calendars.

    Raises
    ------
    InputError
        One issue a fault, with file, line, key and what was expected.
    """
    return validate(CalendarRules, read_yaml(path))


@cache
def library_calendar_rules() -> CalendarRules:
    """Return the rules of the library."""
    return load_calendar_rules()


def _fault(key: str, message: str, expected: str) -> InputError:
    return InputError(Issue(None, None, key, message, expected))
