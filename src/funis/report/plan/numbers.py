"""Numbers of a plan as text: exact decimals, intervals, days and units."""

from __future__ import annotations

import re
from decimal import Decimal

from funis.plan import Interval
from funis.report.numerals import MINUS, MISSING, TIMES, decimal, significant

_WHOLE = re.compile(r"(?<![\d.])\d{5,}(?![\d.])")
_SUPERSCRIPT = str.maketrans("-0123456789", "\u207b⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = {
    "1": "",
    "percent": "%",
    "share": "",
    "kilogram": "kg",
    "minute": "min",
    "1e9/L": "× 10⁹/L",
}
_LONG = Decimal(10) ** 12
_NEAR_ZERO = 1e-4
_NOTHING = 1e-6
_SHORT = {
    "acr", "alt", "ast", "cdai", "crp", "das28", "dmso", "edss", "egfr", "esr", "eular", "hla",
    "inr", "jak", "mri", "msc", "tnf",
}  # fmt: skip
ROUTES = {"iv": "by vein", "it": "intrathecal", "ia": "by artery", "im": "into a muscle"}


def exact(value: Decimal | None) -> str:
    """Return every digit of an exact number; from 10^12 on as a power of ten."""
    if value is None or not value.is_finite():
        return MISSING
    if abs(value) < _LONG:
        return f"{_plain(value):,f}".replace("-", MINUS)
    sign, digits, _ = value.normalize().as_tuple()
    mantissa = Decimal((sign, digits, 1 - len(digits)))
    power = str(value.adjusted()).translate(_SUPERSCRIPT)
    return f"{_plain(mantissa):f} {TIMES} 10{power}".replace("-", MINUS)


def interval(one: Interval, unit: str = "") -> str:
    """Return an estimate with its 95 % interval and its unit; next to nothing is 0."""
    parts = (one.estimate, one.low, one.high)
    least = max(_NOTHING, _NEAR_ZERO * max(map(abs, parts)))
    estimate, low, high = (number(part if abs(part) > least else 0.0) for part in parts)
    return f"{estimate} ({low} to {high}) {unit_words(unit)}".strip()


def percents(one: Interval, *, sign: bool = False) -> str:
    """Return a proportion with its interval in percent; a difference has its sign."""
    low, high = (decimal(100.0 * part, 1) for part in (one.low, one.high))
    return f"{decimal(100.0 * one.estimate, 1, sign=sign)}% ({low} to {high})"


def formula(text: str) -> str:
    """Return arithmetic with separators in its long numbers: 103041106 is 103,041,106."""
    return _WHOLE.sub(lambda found: f"{int(found.group()):,}", text)


def number(value: float | None) -> str:
    """Return a number as it is read, with three digits that count."""
    return significant(value, 3)


def unit_words(unit: str) -> str:
    """Return a unit as it is read: ``mg_per_day`` is mg/day."""
    return _UNITS.get(unit, unit.replace("_per_", "/").replace("_", " "))


def days(first: int, last: int) -> str:
    """Return days relative to day 0, such as ``Day 25 to 31`` or ``Day −14``."""
    text = f"Day {first}" if first == last else f"Day {first} to {last}"
    return text.replace("-", MINUS)


def words(name: str) -> str:
    """Return an identifier as words that begin with a capital letter."""
    parts = name.replace("_", " ").split()
    text = " ".join(part.upper() if part in _SHORT else part for part in parts)
    return text[:1].upper() + text[1:]


def route_words(route: str) -> str:
    """Return a route in words; one that is not known as it is."""
    return ROUTES.get(route, route)


def _plain(value: Decimal) -> Decimal:
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
