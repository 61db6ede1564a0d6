import math

import pytest

from funis.report.numerals import (
    count,
    decimal,
    p_value,
    percent,
    points,
    power_of_ten,
    significant,
    week,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1.234, "−1.23"), (0.0, "0.00"), (-0.001, "0.00"), (1234.5, "1,234.50"), (None, "–")],
)
def test_decimal(value, text):
    assert decimal(value) == text


def test_missing_numbers_are_a_dash():
    assert decimal(math.nan) == percent(math.nan) == points(math.inf) == "–"
    assert significant(math.nan) == count(None) == "–"
    assert p_value(None) == ""


def test_signs_are_true_minus_signs_and_zero_has_none():
    assert decimal(0.5, sign=True) == "+0.50"
    assert decimal(-0.5, sign=True) == "−0.50"
    assert decimal(-0.001, sign=True) == "0.00"
    assert points(-0.123) == "−12.3"


def test_percent():
    assert percent(0.29) == "29.0%"
    assert percent(0.95, 0) == "95%"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0e7, "7 × 10⁷"),
        (3.2e-6, "3.2 × 10⁻⁶"),
        (1e6, "10⁶"),
        (0.0, "0"),
        (0.62, "0.62"),
        (1234.0, "1,234"),
        (12.345, "12.3"),
        (-0.5, "−0.5"),
        (-2e-9, "−2 × 10⁻⁹"),
    ],
)
def test_significant(value, text):
    assert significant(value) == text


def test_p_value():
    assert p_value(0.0004) == "p < 0.001"
    assert p_value(0.0136) == "p = 0.014"
    assert p_value(1.0) == "p = 1.000"


def test_week_and_power():
    assert week(12.0) == "12"
    assert week(4.28) == "4.3"
    assert power_of_ten(1e5) == "10⁵"
    assert count(8406) == "8,406"
