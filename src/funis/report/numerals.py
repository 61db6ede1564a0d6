"""Numbers as text: one way of writing each kind, with true minus signs and no locale."""

from __future__ import annotations

import math

MINUS = "\u2212"
MISSING = "\u2013"
TIMES = "\u00d7"
_SUPERSCRIPT = str.maketrans("-0123456789", "\u207b⁰¹²³⁴⁵⁶⁷⁸⁹")


def decimal(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """Return a number with fixed decimals; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = round(value, digits) + 0.0
    text = f"{rounded:{'+' if sign and rounded else ''},.{digits}f}"
    return text.replace("-", MINUS)


def percent(value: float | None, digits: int = 1) -> str:
    """Return a proportion in 0..1 as a percentage."""
    if value is None or not math.isfinite(value):
        return MISSING
    return decimal(100.0 * value, digits) + "%"


def points(value: float | None, digits: int = 1) -> str:
    """Return a difference of proportions as signed percentage points, without the unit."""
    return decimal(None if value is None else 100.0 * value, digits, sign=True)


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with significant digits, as a power of ten where it is long."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        return _plain(value, digits).replace("-", MINUS)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPT)
    return power if mantissa == "1" else f"{mantissa.replace('-', MINUS)} {TIMES} {power}"


def power_of_ten(value: float) -> str:
    """Return a positive number as the power of ten next to it."""
    return "10" + str(round(math.log10(value))).translate(_SUPERSCRIPT)


def count(value: int | None) -> str:
    """Return a whole number with thousands separators."""
    return MISSING if value is None else f"{value:,}".replace("-", MINUS)


def p_value(value: float | None) -> str:
    """Return a p value with three decimals, or the bound below which it lies."""
    if value is None or not math.isfinite(value):
        return ""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def week(value: float) -> str:
    """Return a week without needless decimals."""
    return f"{round(value, 1):g}".replace("-", MINUS)


def _plain(value: float, digits: int) -> str:
    if value == int(value):
        return f"{int(value):,}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
