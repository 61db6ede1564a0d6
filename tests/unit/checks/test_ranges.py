"""What an expression can still be: closed where it is certain, open where it is not."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from funis.checks import parse_expression

ANYTHING = (-math.inf, math.inf)
YES, NO, OPEN = (1, 1), (0, 0), (0, 1)


def limits(text, **ranges):
    known = {name: one if isinstance(one, tuple) else (one, one) for name, one in ranges.items()}
    return parse_expression(text).limits(known)


@pytest.mark.parametrize(
    ("text", "ranges", "expected"),
    [
        ("a >= 6", {"a": 6}, YES),
        ("a >= 6", {"a": 5}, NO),
        ("a >= 6", {"a": (0, 68)}, OPEN),
        ("a >= 6", {"a": (7, 9)}, YES),
        ("a >= 6", {}, OPEN),
        ("a >= 1 or b >= 1", {"a": 1}, YES),
        ("a >= 1 or b >= 1", {"a": 0}, OPEN),
        ("a >= 1 and b >= 1", {"a": 0}, NO),
        ("not a >= 1", {"a": 0}, YES),
        ("2 < a <= 4", {"a": (3, 4)}, YES),
        ("2 < a <= 4", {"a": (5, 9)}, NO),
        ("count(a > 0, b > 0, c > 0) >= 2", {"a": 1, "b": 1}, YES),
        ("count(a > 0, b > 0, c > 0) >= 2", {"a": 0, "b": 0}, NO),
        ("count(a > 0, b > 0, c > 0) >= 2", {"a": 1, "b": 0}, OPEN),
        ("a + b - c", {"a": (1, 2), "b": 3, "c": (0, 1)}, (3, 5)),
        ("a*b", {"a": (-2, 3), "b": (-1, 4)}, (-8, 12)),
        ("a/b", {"a": 6, "b": (2, 3)}, (2, 3)),
        ("a/b", {"a": 6, "b": (-1, 1)}, ANYTHING),
        ("a**2", {"a": (-3, 2)}, (0, 9)),
        ("sqrt(a)", {"a": (4, 9)}, (2, 3)),
        ("sqrt(a)", {"a": (-1, 9)}, ANYTHING),
        ("abs(a)", {"a": (-3, 2)}, (0, 3)),
        ("clip(a, 0, 5)", {"a": (-9, 3)}, (0, 3)),
        ("mean(a, b)", {"a": (0, 2), "b": 4}, (2, 3)),
        ("10 if a > 0 else b", {"a": (0, 1), "b": 4}, (4, 10)),
        ("10 if a > 0 else b", {"a": 0, "b": 4}, (4, 4)),
        ("change(a)", {"a": 4}, ANYTHING),
        ("isnan(a)", {"a": 4}, NO),
        ("round(a)", {"a": (1.5, 2.4)}, (2, 2)),
    ],
)
def test_what_is_certain_is_closed_and_the_rest_is_open(text, ranges, expected):
    assert limits(text, **ranges) == expected


leaves = st.sampled_from(["a", "b", "c", "0", "1", "2.5"])


def grown(parts):
    return st.one_of(
        st.tuples(parts, st.sampled_from("+-*/"), parts).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(parts, st.integers(0, 3)).map(lambda p: f"({p[0]}**{p[1]})"),
        st.tuples(st.sampled_from(["min", "max", "sum", "count"]), parts, parts).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(st.sampled_from(["abs", "sqrt", "log", "round", "floor", "logistic"]), parts).map(
            lambda p: f"{p[0]}({p[1]})"
        ),
        st.tuples(parts, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), parts).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} if {p[1]} > 0 else {p[2]})"),
        st.tuples(parts, parts).map(lambda p: f"(({p[0]} > 0) and not ({p[1]} > 0))"),
    )


expressions = st.recursive(leaves, grown, max_leaves=8)
numbers = st.integers(-20, 20).map(float)
spans = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))


@given(expressions, st.tuples(spans, spans, spans), st.tuples(*[st.floats(0, 1)] * 3))
def test_every_value_inside_the_ranges_lies_inside_the_limits(text, given_ranges, shares):
    ranges = dict(zip("abc", given_ranges, strict=True))
    values = {
        name: low + share * (high - low)
        for (name, (low, high)), share in zip(ranges.items(), shares, strict=True)
    }
    expression = parse_expression(text)
    value = float(expression.evaluate(values))
    assume(math.isfinite(value))
    low, high = expression.limits(ranges)
    slack = 1e-9 * max(1.0, abs(value))
    assert low - slack <= value <= high + slack


@given(expressions, st.tuples(numbers, numbers, numbers))
def test_known_values_leave_one_number(text, given_values):
    assume(not any(word in text for word in ("/", "sqrt", "log")))  # what has no value is open
    values = dict(zip("abc", given_values, strict=True))
    expression = parse_expression(text)
    value = float(expression.evaluate(values))
    assume(math.isfinite(value))
    low, high = expression.limits({name: (one, one) for name, one in values.items()})
    assert low == high == pytest.approx(value, rel=1e-9, abs=1e-9)
