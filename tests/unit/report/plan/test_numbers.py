"""How amounts, intervals, days and units of a plan are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.plan import Interval
from funis.report.plan.numbers import days, exact, formula, interval, percents, unit_words, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("140000000", "140,000,000"), ("140e6", "140,000,000"), ("22.80", "22.8"), ("0", "0"),
        ("-3.5", "−3.5"), ("0.8977", "0.8977"), ("1e12", "1 × 10¹²"), ("1.25e14", "1.25 × 10¹⁴"),
    ],
)  # fmt: skip
def test_exact_numbers_keep_every_digit_that_counts(value, text):
    assert exact(Decimal(value)) == text


def test_what_is_not_known_is_a_dash():
    assert exact(None) == "–"
    assert exact(Decimal("NaN")) == "–"


@given(st.decimals(min_value=0, max_value=10**11, places=4))
def test_an_exact_number_can_be_read_back(value):
    assert Decimal(exact(value).replace(",", "")) == value


def test_intervals_show_next_to_nothing_as_zero():
    assert interval(Interval(0.186, -4.45e-8, 0.412), "score") == "0.186 (0 to 0.412) score"
    assert interval(Interval(-5.6e-17, -1e-16, 8e-17)) == "0 (0 to 0)"
    assert percents(Interval(0.17, -0.02, 0.36), sign=True) == "+17.0% (−2.0 to 36.0)"


def test_long_numbers_of_a_formula_get_separators_and_fractions_stay():
    assert formula("ceil(103041106 ÷ 0.8977)") == "ceil(103,041,106 ÷ 0.8977)"
    assert formula("0.123456 × 12345.67") == "0.123456 × 12345.67"


def test_days_have_true_minus_signs():
    assert days(-28, -1) == "Day −28 to −1"
    assert days(0, 0) == "Day 0"


def test_identifiers_and_units_become_words():
    assert words("crp") == "CRP"
    assert words("serious_infection") == "Serious infection"
    assert unit_words("mg_per_week") == "mg/week"
