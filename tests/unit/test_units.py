import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.checks import InputError
from funis.units import (
    CANONICAL_UNITS,
    DAYS_PER_WEEK,
    MINUTES_PER_DAY,
    canonical,
    to_day,
    to_minute,
)


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("28 d", "time", 28.0),
        ("28 days", "time", 28.0),
        ("4 weeks", "time", 28.0),
        ("4weeks", "day", 28.0),
        ("90 min", "time", 0.0625),
        ("36 h", "time", 1.5),
        ("-14 d", "time", -14.0),
        ("12 months", "time", 365.25),
        ("1 year", "time", 365.25),
        ("70 kg", "mass", 70.0),
        ("500 g", "mass", 0.5),
        ("40 mL", "volume", 0.04),
        ("40 mL", "L", 0.04),
        ("3 L/day", "flow", 3.0),
        ("70 million cells", "cells", 70e6),
        ("70e6 cells", "cell", 70e6),
        ("2e6 cells/kg", "cells_per_mass", 2e6),
        ("1 million cells / kg", "cell/kg", 1e6),
        ("6.68e6 cells/mL", "cell_concentration", 6.68e9),
        ("12 ng/L", "concentration", 12.0),
        ("1.2 ng/mL", "concentration", 1200.0),
        ("3 µg/mL", "concentration", 3e6),
        ("0.5 mg/dL", "concentration", 5e6),
        ("0.1 /h", "rate", 2.4),
        ("0.1 1/day", "rate", 0.1),
        ("30 %", "fraction", 0.3),
        ("0.3", "fraction", 0.3),
        (28, "time", 28.0),
        (0.04, "volume", 0.04),
    ],
)
def test_amounts_become_canonical(text, dimension, expected):
    result = canonical(text, dimension)
    assert result == expected
    assert type(result) is float


@pytest.mark.parametrize(
    ("amount", "dimension", "said"),
    [
        ("28", "time", "'28' has no unit; expected a number and a unit, for example '1 day'"),
        ("70e6", "cells", "'70e6' has no unit; expected a number and a unit, for example '1 cell'"),
        ("28 dys", "time", "unknown unit in '28 dys'; expected a number and a unit, for example"),
        ("28 kg", "time", "'28 kg' is no amount in day; expected a number and a unit"),
        ("2e6 cells", "cells_per_mass", "'2e6 cells' is no amount in cell/kg; expected"),
        ("30 d", "fraction", "'30 d' is no amount in 1; expected a number"),
        ("", "time", "cannot read ''; expected a number and a unit"),
        ("d", "time", "cannot read 'd'; expected"),
        ("3 months 2 days", "time", "cannot read '3 months 2 days'; expected"),
        ("9**9**9 d", "time", "cannot read '9**9**9 d'; expected"),
        ("__import__('os')", "time", "cannot read"),
        ("3 d/", "time", "cannot read '3 d/'; expected"),
        ("1e999 d", "time", "'1e999 d' is not finite; expected"),
        (math.nan, "time", "'nan' is not finite; expected"),
        (math.inf, "time", "'inf' is not finite; expected"),
        (True, "time", "True is no amount; expected"),
        (None, "time", "None is no amount; expected"),
    ],
)
def test_what_is_no_amount_is_refused_in_one_line(amount, dimension, said):
    with pytest.raises(InputError) as caught:
        canonical(amount, dimension)
    assert str(caught.value).startswith(said)
    assert len(str(caught.value).splitlines()) == 1


def test_a_misspelt_unit_names_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'weeks'\?$"):
        canonical("4 weks", "time")


def test_an_unknown_dimension_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="unknown dimension 'length'; expected one of time, rate"):
        canonical("3 d", "length")


@pytest.mark.parametrize("unit", sorted(set(CANONICAL_UNITS.values()) - {"1", "1/day"}))
def test_a_canonical_unit_is_its_own(unit):
    assert canonical(f"7.3 {unit}", unit) == 7.3


@given(st.integers(-10_000_000, 10_000_000))
def test_minutes_survive_the_way_through_days(minute):
    assert to_minute(to_day(minute)) == minute


@pytest.mark.parametrize(
    ("time_day", "minute"), [(0, 0), (1, 1440), (-14.5, -20880), (1 / 1440, 1), (30.4375, 43830)]
)
def test_days_become_minutes(time_day, minute):
    assert to_minute(time_day) == minute
    assert to_minute(7) == MINUTES_PER_DAY * DAYS_PER_WEEK


@pytest.mark.parametrize("time_day", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_not_finite_has_no_minute(time_day):
    with pytest.raises(ValueError, match="no minute"):
        to_minute(time_day)


def test_pint_is_loaded_only_for_text():
    code = "import sys, funis.units as u; u.canonical(3, 'time'); print('pint' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
