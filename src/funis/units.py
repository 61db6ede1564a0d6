"""Canonical units, and conversion into them where a file or a command line is read.

Everything inside funis is a plain float in a canonical unit, or an integer minute counted from
randomisation. Text with a unit ("4 weeks", "40 mL", "70 million cells") is converted here, once.
"""

import functools
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from funis.checks import InputError, Issue, nearest

if TYPE_CHECKING:
    from pint import UnitRegistry

MINUTES_PER_DAY = 1440
DAYS_PER_WEEK = 7
DAYS_PER_YEAR = 365.25

CANONICAL_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "time": "day",
        "rate": "1/day",
        "cells": "cell",
        "cells_per_mass": "cell/kg",
        "cell_concentration": "cell/L",
        "mass": "kg",
        "volume": "L",
        "flow": "L/day",
        "concentration": "pg/mL",
        "fraction": "1",
    }
)
"""Canonical unit of each dimension, the name under which ``canonical`` knows it."""

SIGNIFICANT_DIGITS = 15  # a conversion is rounded to these, so that 12 ng/L is 12 pg/mL
_AMOUNT = re.compile(
    r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*"
    r"((?:1?/ *)?[A-Za-zµμ%]+(?: *[*/ ] *[A-Za-zµμ%]+)*)?"
)
_DEFINITIONS = (
    "pico- = 1e-12 = p-",
    "nano- = 1e-9 = n-",
    "micro- = 1e-6 = µ- = u-",
    "milli- = 1e-3 = m-",
    "centi- = 1e-2 = c-",
    "deci- = 1e-1 = d-",
    "kilo- = 1e3 = k-",
    "minute = [time] = min = minutes",
    "second = minute / 60 = s = seconds",
    "hour = 60 * minute = h = hours",
    "day = 1440 * minute = d = days",
    "week = 7 * day = weeks",
    "year = 365.25 * day = years",
    "month = year / 12 = months",
    "cell = [cell] = cells",
    "gram = [mass] = g = grams",
    "litre = [volume] = L = l = liter = litres = liters",
    "million = 1e6",
    "billion = 1e9",
    "percent = 0.01 = %",
)


def canonical(amount: str | float, dimension: str) -> float:
    """Convert a number with a unit to the canonical unit of its dimension.

    Parameters
    ----------
    amount
        Text such as ``"28 d"``, ``"4 weeks"``, ``"70 million cells"``, ``"2e6 cells/kg"``; or a
        bare number, which is taken to be in the canonical unit already. A month is a twelfth of
        a year of 365.25 days.
    dimension
        A key of ``CANONICAL_UNITS``, or one of its units.

    Returns
    -------
    float
        The amount in the canonical unit.

    Raises
    ------
    InputError
        If the text has no unit, an unknown one, or one of another dimension.
    ValueError
        If the dimension is unknown.
    """
    unit = _canonical_unit(dimension)
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        raise _refusal(f"{amount!r} is no amount", unit)
    value = _convert(amount, unit) if isinstance(amount, str) else float(amount)
    if not math.isfinite(value):
        raise _refusal(f"'{amount}' is not finite", unit)
    return value


def to_minute(time_day: float) -> int:
    """Integer minute nearest to a time [day], counted from the same origin.

    Raises
    ------
    ValueError
        If the time is not finite.
    """
    if not math.isfinite(time_day):
        raise ValueError(f"a time of {time_day} days has no minute")
    return math.floor(time_day * MINUTES_PER_DAY + 0.5)


def to_day(minute: int) -> float:
    """Time [day] of an integer minute."""
    return minute / MINUTES_PER_DAY


def _canonical_unit(dimension: str) -> str:
    unit = CANONICAL_UNITS.get(dimension, dimension)
    if unit not in CANONICAL_UNITS.values():
        known = ", ".join(CANONICAL_UNITS)
        raise ValueError(f"unknown dimension '{dimension}'; expected one of {known}")
    return unit


def _convert(text: str, unit: str) -> float:
    from pint import DimensionalityError, PintError, UndefinedUnitError

    parts = _AMOUNT.fullmatch(text.strip())
    if parts is None:
        raise _refusal(f"cannot read '{text}'", unit)
    number, given = parts[1], _spelt(parts[2] or "")
    if not given and unit != "1":
        raise _refusal(f"'{text}' has no unit", unit)
    registry = _registry()
    try:
        quantity = registry.Quantity(float(number), registry.parse_units(given))
        value = float(quantity.to(registry.parse_units(_spelt(unit))).magnitude)
    except UndefinedUnitError as error:
        raise _unknown_unit(text, str(error.unit_names), unit) from None
    except DimensionalityError:
        raise _refusal(f"'{text}' is no amount in {unit}", unit) from None
    except (PintError, ArithmeticError, ValueError, TypeError):
        raise _refusal(f"cannot read the unit of '{text}'", unit) from None
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _spelt(unit: str) -> str:
    """A unit as pint reads it: no unit is empty, and ``/day`` is ``1/day``."""
    return "" if unit == "1" else re.sub(r"^1?/", "1/", unit)


def _unknown_unit(text: str, name: str, unit: str) -> InputError:
    plain = name.strip("()',\" ")
    near = nearest(plain, [str(known) for known in dir(_registry()) if known.isidentifier()])
    return InputError(Issue(None, None, None, f"unknown unit in '{text}'", _example(unit), near))


def _refusal(problem: str, unit: str) -> InputError:
    return InputError(Issue(None, None, None, problem, _example(unit)))


def _example(unit: str) -> str:
    return "a number" if unit == "1" else f"a number and a unit, for example '1 {unit}'"


@functools.cache
def _registry() -> "UnitRegistry[Any]":
    """The few units of this field, which load fifty times faster than all of pint's."""
    from pint import UnitRegistry

    registry: UnitRegistry[Any] = UnitRegistry(None)
    registry.load_definitions(_DEFINITIONS)
    return registry
