"""Exact decimal arithmetic: what is written in a file is what is reckoned with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

CENT = Decimal("0.01")


def exact(number: float | int | Decimal) -> Decimal:
    """Return the decimal number that was written, such as 6680000 for ``6.68e+6``.

    Raises
    ------
    ValueError
        Not a finite number.
    """
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    return _decimal(Fraction(str(number)))


def product(*factors: Decimal) -> Decimal:
    """Return the exact product, whatever the number of digits."""
    return _decimal(math.prod((Fraction(factor) for factor in factors), start=Fraction(1)))


def total(parts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, whatever the number of digits."""
    return _decimal(sum((Fraction(part) for part in parts), start=Fraction(0)))


def whole_up(amount: Decimal, divisor: Decimal = Decimal(1)) -> int:
    """Return the least whole number that is not below the exact quotient."""
    return math.ceil(Fraction(amount) / Fraction(divisor))


def rounded_up(amount: Decimal, divisor: Decimal = Decimal(1), step: Decimal = CENT) -> Decimal:
    """Return the least multiple of a step that is not below the exact quotient."""
    return _steps(math.ceil(Fraction(amount) / Fraction(divisor) / Fraction(step)), step)


def rounded_down(amount: Decimal, divisor: Decimal = Decimal(1), step: Decimal = CENT) -> Decimal:
    """Return the greatest multiple of a step that is not above the exact quotient."""
    return _steps(math.floor(Fraction(amount) / Fraction(divisor) / Fraction(step)), step)


def shown(number: Decimal | int) -> str:
    """Return a number in full, without an exponent or idle zeros: 6680000, 3.8."""
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _steps(count: int, step: Decimal) -> Decimal:
    return product(Decimal(count), step)


def _decimal(number: Fraction) -> Decimal:
    """Return a fraction whose denominator has no factor but 2 and 5 as a decimal, exactly."""
    places = 0
    while number.denominator != 1:
        number, places = number * 10, places + 1
    digits = tuple(int(digit) for digit in str(abs(number.numerator)))
    return Decimal((int(number < 0), digits, -places))
