import gc
import math
import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from funis.checks import InputError, parse_expression

NAMES = frozenset({"tjc28", "sjc28", "crp", "pain", "DAS28"})


def value(text, **environment):
    keys = {key.replace("__", ":"): entry for key, entry in environment.items()}
    return parse_expression(text).evaluate(keys)


def refusal(text, names=NAMES):
    with pytest.raises(InputError) as caught:
        parse_expression(text, names, "endpoints.yaml", 7, "scores.x")
    (issue,) = caught.value.issues
    line = str(issue)
    assert line.startswith("endpoints.yaml:7: scores.x: ")
    assert len(line.splitlines()) == 1
    return line.removeprefix("endpoints.yaml:7: scores.x: ")


# values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3 - 4/8", 6.5),
        ("-2**2", -4.0),
        ("(-2)**2", 4.0),
        ("2**-2", 0.25),
        ("+3", 3.0),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("1 <= 1 and 2 >= 2", True),
        ("1 == 1 and not 1 != 1", True),
        ("1 > 2 or False", False),
        ("True", True),
        ("5 if 1 < 2 else 6", 5.0),
        ("5 if 1 > 2 else 6", 6.0),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1, 2)", 3.0),
        ("abs(-3)", 3.0),
        ("sqrt(9)", 3.0),
        ("log(exp(2))", 2.0),
        ("floor(-1.5)", -2.0),
        ("clip(7, 0, 5)", 5.0),
        ("clip(-7, 0, 5)", 0.0),
        ("count(1 > 0, 2 > 3, True)", 2.0),
        ("count(0, 2)", 1.0),
        ("mean(1, 2, 6)", 3.0),
        ("sum(1, 2, 6)", 9.0),
        ("isnan(1)", False),
        ("logistic(0)", 0.5),
        ("logistic(-1000)", 0.0),
        ("logistic(1000)", 1.0),
        ("(1 > 0) + (2 > 0)", 2.0),
        ("1\n  + 2", 3.0),
    ],
)
def test_numbers_and_truths(text, expected):
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("number", "rounded"),
    [(0.5, 1), (-0.5, -1), (1.5, 2), (2.5, 3), (-2.5, -3), (0.49999999999999994, 0), (7, 7)],
)
def test_halves_are_rounded_away_from_zero(number, rounded):
    assert value("round(x)", x=number) == rounded


def test_das28_of_a_patient_is_the_published_formula():
    text = "0.56*sqrt(tjc28) + 0.28*sqrt(sjc28) + 0.36*log(crp + 1) + 0.014*pain + 0.96"
    by_hand = 0.56 * 4 + 0.28 * 3 + 0.36 * math.log(11) + 0.014 * 60 + 0.96
    environment = {"tjc28": 16, "sjc28": 9, "crp": 10, "pain": 60}
    assert parse_expression(text, NAMES).evaluate(environment) == pytest.approx(by_hand, rel=1e-15)


def test_columns_are_evaluated_at_once():
    result = value("x > 2 and count(x, y) == 2", x=np.array([1, 2, 3, 4]), y=np.array([1, 1, 0, 1]))
    assert result.dtype == np.bool_
    assert result.tolist() == [False, False, False, True]
    assert value("x*2 if x > 1 else y", x=np.array([1.0, 2.0]), y=5.0).tolist() == [5.0, 4.0]


def test_changes_look_up_the_baseline():
    columns = {
        "x": np.array([5.0, 0.0, 3.0, np.nan]),
        "baseline:x": np.array([10.0, 0.0, 0.0, 4.0]),
        "previous:x": np.array([6.0, 1.0, 2.0, 3.0]),
    }

    def column(text):
        return parse_expression(text).evaluate(columns)

    np.testing.assert_array_equal(column("baseline(x)"), columns["baseline:x"])
    np.testing.assert_array_equal(column("previous(x)"), columns["previous:x"])
    np.testing.assert_array_equal(column("change(x)"), [-5, 0, 3, np.nan])
    np.testing.assert_array_equal(column("percent_change(x)"), [-50, 0, np.nan, np.nan])
    np.testing.assert_array_equal(column("percent_change(x) <= -20"), [True, False, False, False])


def test_what_evaluation_needs_is_known_beforehand():
    expression = parse_expression("change(crp) < -1 and max(pain, previous(tjc28)) > 3", NAMES)
    assert expression.names == {"crp", "pain", "tjc28"}
    assert expression.functions == {"change", "max", "previous"}
    assert expression.lookups == {"crp", "baseline:crp", "pain", "previous:tjc28"}
    with pytest.raises(KeyError, match="baseline:crp"):
        expression.evaluate({"crp": 1.0, "pain": 1.0, "previous:tjc28": 1.0})


@pytest.mark.parametrize(
    ("text", "is_truth"),
    [
        ("x > 1", True),
        ("x", False),
        ("not x", True),
        ("x and y", True),
        ("True", True),
        ("1", False),
        ("isnan(x)", True),
        ("count(x, y)", False),
        ("x > 1 if y > 1 else False", True),
        ("x > 1 if y > 1 else 0", False),
    ],
)
def test_truths_are_told_from_numbers_and_evaluate_so(text, is_truth):
    expression = parse_expression(text)
    assert expression.is_truth is is_truth
    result = expression.evaluate({"x": np.array([0.0, 2.0]), "y": np.array([2.0, 0.0])})
    assert (np.asarray(result).dtype == np.bool_) is is_truth


def test_expressions_are_equal_by_text_and_travel_between_processes():
    expression = parse_expression("change(crp)  <\n -1", NAMES)
    assert expression == parse_expression("change(crp) < -1")
    assert hash(expression) == hash(parse_expression("change(crp) < -1"))
    copy = pickle.loads(pickle.dumps(expression))
    assert copy.evaluate({"crp": 1.0, "baseline:crp": 3.0}) is True


# missing values --------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("sides", ["x {} 1", "1 {} x", "x {} x", "0 < 1 {} x"])
def test_a_comparison_with_a_missing_value_is_false(operator, sides):
    assert value(sides.format(operator), x=math.nan) is False
    assert value(sides.format(operator), x=np.array([math.nan])).tolist() == [False]


@pytest.mark.parametrize(
    "text", ["x + 1", "-x", "min(x, 1)", "max(1, x)", "mean(x, 1)", "clip(x, 0, 1)", "round(x)"]
)
def test_arithmetic_passes_a_missing_value_on(text):
    assert math.isnan(value(text, x=math.nan))


def test_a_missing_value_is_not_true():
    assert value("x or False", x=math.nan) is False
    assert value("x and True", x=math.nan) is False
    assert value("not x", x=math.nan) is True
    assert value("count(x, 1)", x=math.nan) == 1.0
    assert value("1 if x else 2", x=math.nan) == 2.0
    assert value("isnan(x)", x=np.array([math.nan, 0.0])).tolist() == [True, False]


@pytest.mark.filterwarnings("error")
def test_impossible_arithmetic_is_missing_or_infinite_without_a_warning():
    assert math.isnan(value("0/0"))
    assert math.isnan(value("sqrt(-1)"))
    assert value("1/x", x=0.0) == math.inf
    assert value("log(0)") == -math.inf
    assert value("exp(10000)") == math.inf


# refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tjc2 > 1", "unknown name 'tjc2'; expected one of DAS28, crp, pain, sjc28, tjc28; "),
        ("das28 < 2.6", "unknown name 'das28'; expected one of DAS28, crp, pain, sjc28, tjc28; "),
        ("true", "unknown name 'true'; expected one of DAS28, crp, pain, sjc28, tjc28; did you"),
        ("sqr(crp)", "unknown function 'sqr'; did you mean 'sqrt'?"),
        ("change(crpp)", "unknown name 'crpp'; expected one of"),
        ("change(crp + 1)", "'change' takes a bare name; expected for example change(x)"),
        ("baseline(change(crp))", "'baseline' takes a bare name"),
        ("sqrt + 1", "'sqrt' is a function; expected sqrt(...)"),
        ("sqrt()", "'sqrt' is given 0 arguments; expected 1"),
        ("clip(crp, 1)", "'clip' is given 2 arguments; expected 3"),
        ("max()", "'max' is given 0 arguments; expected at least 1"),
        ("sqrt(x=crp)", "'sqrt' takes no named arguments"),
        ("crp ** pain", "'pain' is no power; expected a whole number up to 16"),
        ("crp ** 0.5", "'0.5' is no power; expected a whole number up to 16"),
        ("9 ** 9 ** 9", "'9 ** 9' is no power"),
        ("crp % 2", "this operator cannot stand in an expression: 'crp % 2'; expected one of"),
        ("crp in pain", "this comparison cannot stand in an expression: 'crp in pain'"),
        ("crp > ", "cannot read the expression 'crp >': "),
        ("crp = 1", "cannot read the expression 'crp = 1': "),
        ("crp; pain", "cannot read the expression 'crp; pain': "),
        ("", "the expression is empty"),
        ("  \n ", "the expression is empty"),
        ("crp # + 1", "'#' cannot stand in an expression"),
        ("1e999", "a number of the expression is too large"),
        ("9" * 400, "a number of the expression is too large"),
        ("1 + " * 2000 + "1", "the expression has 8001 characters; expected at most 4000"),
        ("crp + " * 500 + "1", "the expression is nested too deeply"),
        ("(" * 150 + "crp" + ")" * 151, "cannot read the expression"),
    ],
)
def test_a_wrong_expression_is_told_in_one_line(text, said):
    assert refusal(text).startswith(said)


@pytest.mark.parametrize(
    "attack",
    [
        "__import__('os').system('true')",
        "__import__",
        "().__class__.__bases__[0].__subclasses__()",
        "crp.__class__",
        "crp.real",
        "crp[0]",
        "(lambda: crp)()",
        "lambda: 1",
        "[crp for crp in (1, 2)]",
        "{crp: 1}",
        "{crp}",
        "(crp, pain)",
        "[crp]",
        "(crp := 1)",
        "f'{crp}'",
        "'text'",
        "b'text'",
        "...",
        "None",
        "1j",
        "await crp",
        "yield",
        "*crp",
        "max(*[1, 2])",
        "max(**{})",
        "eval('1')",
        "open('x')",
        "exec",
        "print(crp)",
        "(abs)(crp)(1)",
        "~crp",
        "crp @ pain",
        "crp << 2",
        "import os",
        "crp\x00",
        "(" * 1000,
    ],
)
def test_whatever_could_reach_further_is_refused(attack):
    refusal(attack)
    if attack not in ("__import__", "exec"):
        refusal(attack, names=None)


def test_without_a_list_of_names_any_name_will_do_but_no_function():
    assert parse_expression("anything > 1").names == {"anything"}
    assert "'count' is a function" in refusal("count > 1", names=None)


# properties ------------------------------------------------------------------------------------

numbers = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda number: f"({number!r})")
leaves = numbers | st.sampled_from(["a", "b", "c"])


def _grow(parts):
    return st.one_of(
        st.tuples(parts, st.sampled_from("+-*"), parts).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        parts.map(lambda part: f"(-{part})"),
        st.tuples(parts, st.integers(0, 3)).map(lambda p: f"({p[0]}**{p[1]})"),
        st.tuples(parts, parts).map(lambda p: f"min({p[0]}, {p[1]})"),
        st.tuples(parts, parts).map(lambda p: f"max({p[0]}, {p[1]})"),
        parts.map(lambda part: f"abs({part})"),
        st.tuples(parts, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), parts).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} < {p[1]} <= {p[2]})"),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} if {p[1]} > 0 else {p[2]})"),
        st.tuples(parts, parts).map(lambda p: f"(({p[0]} > 0) and ({p[1]} > 0))"),
        st.tuples(parts, parts).map(lambda p: f"(({p[0]} > 0) or not ({p[1]} > 0))"),
    )


expressions = st.recursive(leaves, _grow, max_leaves=12)
columns = st.lists(
    st.tuples(*[st.floats(-1e3, 1e3, allow_subnormal=False)] * 3), min_size=1, max_size=4
)


@given(expressions, columns)
def test_expressions_agree_with_python_row_by_row(text, rows):
    environment = {name: np.array(column) for name, column in zip("abc", zip(*rows), strict=True)}  # noqa: B905
    try:
        expected = [
            float(
                eval(text, {"min": min, "max": max, "abs": abs}, dict(zip("abc", row, strict=True)))
            )
            for row in rows
        ]
    except OverflowError:
        assume(False)
    assume(all(math.isfinite(number) for number in expected))
    result = np.broadcast_to(parse_expression(text).evaluate(environment), len(rows))
    np.testing.assert_allclose(result.astype(float), expected, rtol=1e-12)


@given(st.text(alphabet="ab1.,()+-*/<>=! _'[]{}:\\\n#%&|^~@;", max_size=30))
def test_any_text_is_either_read_or_refused(text):
    try:
        expression = parse_expression(text, {"a", "b"})
    except InputError as error:
        told = str(error)
    else:
        assert expression.names <= {"a", "b"}
        expression.evaluate(dict.fromkeys(expression.lookups, 1.0))
        told = expression.text
    assert len(told.splitlines()) == 1


@pytest.fixture
def switching():
    """Collect garbage all the time, and let another thread run in the middle of it."""
    before = gc.get_threshold()
    callback = lambda phase, info: time.sleep(0)  # noqa: E731
    gc.callbacks.append(callback)
    gc.set_threshold(5)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(callback)


def test_threads_may_parse_at_the_same_time(switching):
    texts = ["+".join(["(crp * (2 + crp))"] * length) for length in range(50, 90)]
    with ThreadPoolExecutor(4) as threads:
        parsed = list(threads.map(lambda text: parse_expression(text, {"crp"}), texts))
    assert [one.text for one in parsed] == texts
