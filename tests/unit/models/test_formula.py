"""Formulas of SBML as nodes: every function of MathML, scopes, and what is refused."""

import math

import libsbml
import pytest

from funis.models.evaluate import total_function
from funis.models.formula import AVOGADRO, RATE, TIME, Scope, UnsupportedError, symbolic
from funis.models.graph import Graph

NAMES = ("x", "y", TIME)


def parsed(text):
    settings = libsbml.L3ParserSettings()
    settings.setParseL3v2Functions(True)
    node = libsbml.parseL3FormulaWithSettings(text, settings)
    assert node is not None
    return node


def value(text, x=0.5, y=2.0, time=3.0, exact=True, scope=None):
    graph = Graph(exact)
    node = symbolic(graph, parsed(text), scope)
    return total_function(graph, NAMES, [node])([x, y, time])[0]


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("exp(x)", math.exp(0.5)), ("ln(x)", math.log(0.5)), ("abs(-y)", 2), ("sqrt(y)", 2**0.5),
        ("floor(x - y)", -2), ("ceil(x - y)", -1), ("factorial(3)", 6), ("x^3", 0.125),
        ("sin(x)", math.sin(0.5)), ("cos(x)", math.cos(0.5)), ("tan(x)", math.tan(0.5)),
        ("sec(x)", 1 / math.cos(0.5)), ("csc(x)", 1 / math.sin(0.5)), ("cot(x)", 1 / math.tan(0.5)),
        ("sinh(x)", math.sinh(0.5)), ("cosh(x)", math.cosh(0.5)), ("tanh(x)", math.tanh(0.5)),
        ("sech(x)", 1 / math.cosh(0.5)), ("csch(x)", 1 / math.sinh(0.5)),
        ("coth(x)", 1 / math.tanh(0.5)), ("arcsin(x)", math.asin(0.5)),
        ("arccos(x)", math.acos(0.5)), ("arctan(x)", math.atan(0.5)),
        ("arcsec(y)", math.acos(0.5)), ("arccsc(y)", math.asin(0.5)), ("arccot(y)", math.atan(0.5)),
        ("arcsinh(x)", math.asinh(0.5)), ("arccosh(y)", math.acosh(2)),
        ("arctanh(x)", math.atanh(0.5)), ("arcsech(x)", math.acosh(2)),
        ("arccsch(x)", math.asinh(2)), ("arccoth(y)", math.atanh(0.5)),
        ("log10(y)", math.log10(2)), ("log(2, 8*x)", 2), ("root(3, 27)", 3),
        ("min(x, y, 1)", 0.5), ("max(x, y, 1)", 2), ("rem(-7, 3)", -1), ("quotient(-7, 3)", -2),
        ("rem(7, y)", 1), ("quotient(7, y)", 3), ("piecewise(1, x > y, 2, y > x, 3)", 2),
        ("piecewise(1, x > y)", math.nan), ("piecewise(1, y, 2)", 1), ("x < y && y < 3", 1),
        ("x > y || y > 3", 0), ("xor(x, y)", 0), ("!x", 0), ("!(x > y)", 1), 
        ("implies(x > y, 0)", 1),
        ("implies(y, 0)", 0), ("x != y", 1), ("x <= y", 1), ("(x < y) + 1", 2), ("true + 1", 2),
        ("pi", math.pi), ("exponentiale", math.e), ("avogadro", AVOGADRO), ("time*2", 6),
        ("1/0*x", math.inf), ("ln(-x)", math.nan), ("(-x)^x", math.nan), ("exp(x*2000)", math.inf),
        ("49*x/24.5", 1), ("49/49", 1), ("0*notanumber + x", math.nan), ("infinity - y", math.inf),
    ],
)  # fmt: skip
def test_every_function_has_its_value(text, truth):
    assert value(text) == pytest.approx(truth, rel=1e-14, nan_ok=True)


def test_functions_are_expanded_with_their_own_names():
    inner = parsed("lambda(x, x + y)")
    outer = parsed("lambda(y, f(y)*x)")
    functions = {
        "f": (("x",), inner.getChild(1)),
        "g": (("y",), outer.getChild(1)),
    }
    assert value("g(10)", scope=Scope({}, functions)) == (10 + 10) * 0.5
    assert value("f(1) + x", scope=Scope({}, functions)) == 1 + 2 + 0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [("f(x)", "functions in a circle"), ("f(x, y)", "takes 1 arguments and is given 2"),
     ("h(x)", "'h.x.' is not part of the model language"),
     ],
)  # fmt: skip
def test_a_formula_that_cannot_be_used_is_named(text, words):
    scope = Scope({}, {"f": (("x",), parsed("f(x)"))})
    with pytest.raises(ValueError, match=words):
        symbolic(Graph(), parsed(text), scope)


def test_delays_are_refused_and_rates_are_symbols():
    graph = Graph()
    with pytest.raises(UnsupportedError, match="csymbol delay is not supported") as found:
        symbolic(graph, parsed("1 + delay(x, 2)"))
    assert found.value.construct == "csymbol delay"
    assert symbolic(graph, parsed("rateOf(x)")) == graph.symbol(RATE + "x")
    bound = Scope({"k": graph.number(2)})
    assert symbolic(graph, parsed("rateOf(k)"), bound) == graph.number(0)


def test_quotients_stay_as_written_where_asked():
    graph = Graph(exact=True)
    x = graph.symbol("x")
    node = graph.quotient(graph.product(graph.number(49.0), x), graph.number(49.0))
    assert total_function(graph, ("x",), [node])([0.1])[0] == 49 * 0.1 / 49
    assert graph.constant(graph.quotient(graph.number(49.0), graph.number(49.0))) == 1
    assert total_function(graph, ("x",), [graph.inverse(graph.number(0.0))])([1.0]) == [math.inf]
