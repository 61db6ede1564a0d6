"""The graph of operations: what it simplifies, its derivatives, and what is evaluated from it."""

import math
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.models.evaluate import columns_function, scalar_function
from funis.models.graph import FUNCTIONS, Graph

NAMES = ("x", "y")


def value(graph, node, x, y=1.0):
    return scalar_function(graph, NAMES, [node])([x, y])[0]


def test_an_expression_stands_in_the_graph_once():
    graph = Graph()
    x, y = graph.symbol("x"), graph.symbol("y")
    assert graph.sum(x, y) == graph.sum(x, y)
    assert graph.product(x, graph.number(0)) == graph.number(0)
    assert graph.sum(x, graph.number(0)) == x
    assert graph.power(x, graph.number(1)) == x
    assert graph.inverse(graph.inverse(x)) == x
    assert graph.constant(graph.sum(graph.number(2), graph.number(3))) == 5
    assert graph.symbols(graph.product(x, y)) == {"x", "y"}
    assert graph.choose(graph.number(1), x, y) == x


def test_a_node_may_be_replaced():
    graph = Graph()
    x, y = graph.symbol("x"), graph.symbol("y")
    node = graph.quotient(graph.apply("exp", x), graph.sum(x, y))
    (found,) = graph.replaced([node], {x: graph.number(0)})
    assert found == graph.inverse(y)


SMOOTH = {name: (0.1, 0.9) for name in FUNCTIONS} | {"acosh": (1.1, 3.0)}


@pytest.mark.parametrize("name", sorted(set(SMOOTH) - {"floor", "ceil", "factorial"}))
@given(share=st.floats(0, 1))
def test_slopes_of_functions_are_those_of_differences(name, share):
    graph = Graph()
    node = graph.apply(name, graph.product(graph.symbol("x"), graph.symbol("x")))
    low, high = (math.sqrt(edge) for edge in SMOOTH[name])
    x = low + share * (high - low)
    slope = value(graph, graph.partials(node, frozenset("x"))["x"], x)
    step = 1e-5
    difference = (value(graph, node, x + step) - value(graph, node, x - step)) / (2 * step)
    assert slope == pytest.approx(difference, rel=1e-6, abs=1e-8)


@given(x=st.floats(0.2, 3), y=st.floats(0.2, 3))
def test_slopes_of_compositions_are_those_of_differences(x, y):
    graph = Graph()
    a, b = graph.symbol("x"), graph.symbol("y")
    saturating = graph.product(a, graph.number(3), graph.inverse(graph.sum(b, a)), b, a)
    powers = graph.sum(graph.power(a, graph.number(4)), graph.power(a, graph.negative(b)))
    node = graph.sum(graph.quotient(saturating, powers), graph.apply("max", a, b))
    if abs(x - y) < 1e-3:
        return
    slopes = graph.partials(node, frozenset(NAMES))
    step = 1e-6
    for name, (dx, dy) in {"x": (step, 0), "y": (0, step)}.items():
        difference = value(graph, node, x + dx, y + dy) - value(graph, node, x - dx, y - dy)
        found = value(graph, slopes[name], x, y)
        assert found == pytest.approx(difference / (2 * step), rel=1e-6, abs=1e-7)


def test_what_has_steps_is_constant_between_them():
    graph = Graph()
    x, y = graph.symbol("x"), graph.symbol("y")
    node = graph.choose(graph.apply("<", x, y), graph.product(x, x), graph.product(x, y))
    slopes = graph.partials(graph.sum(node, graph.apply("floor", x)), frozenset(NAMES))
    assert [value(graph, slopes["x"], x, 2.0) for x in (1.0, 3.0)] == [2.0, 2.0]
    assert [value(graph, slopes["y"], x, 2.0) for x in (1.0, 3.0)] == [0.0, 3.0]


def test_a_factorial_has_no_slope():
    graph = Graph()
    with pytest.raises(ValueError, match="no derivative of 'factorial'"):
        graph.partials(graph.apply("factorial", graph.symbol("x")), frozenset("x"))


def test_columns_and_floats_are_the_same():
    graph = Graph()
    x, y = graph.symbol("x"), graph.symbol("y")
    both = graph.apply("and", graph.apply("<", x, y), graph.apply("!=", x, graph.number(0.25)))
    nodes = [
        graph.choose(both, graph.apply("ln", x), graph.power(x, y)),
        graph.apply("xor", both, graph.apply("not", graph.apply(">=", x, y))),
        graph.apply("min", graph.apply("floor", x), y),
        graph.power(x, graph.number(3)),
        graph.apply("factorial", x),
        graph.number(math.pi),
    ]
    rows = np.array([[0.25, 0.5], [0.4, 0.5], [2.5, 0.5], [4.0, 2.0]])
    table = columns_function(graph, NAMES, nodes)(rows)
    for row, found in zip(rows, table, strict=True):
        np.testing.assert_allclose(found, scalar_function(graph, NAMES, nodes)(row), rtol=1e-14)
    alone = [columns_function(graph, NAMES, nodes)(row[None])[0] for row in rows]
    assert np.array_equal(table, alone)


def test_an_unknown_name_is_named():
    graph = Graph()
    with pytest.raises(ValueError, match="unknown name 'z'"):
        columns_function(graph, NAMES, [graph.symbol("z")])


@pytest.mark.parametrize("kind", ["min", "max"])
def test_where_two_are_equal_the_slope_is_that_of_one(kind):
    graph = Graph()
    x, y = graph.symbol("x"), graph.symbol("y")
    twice = graph.product(graph.number(2), x)
    for node, wanted in ((graph.apply(kind, x, x), 1), (graph.apply(kind, twice, y), 2)):
        slopes = graph.partials(node, frozenset("xy"))
        assert value(graph, slopes["x"], 0.5) == wanted
        assert "y" not in slopes or value(graph, slopes["y"], 0.5) == 0


def test_the_slope_of_what_is_not_picked_is_left_out():
    graph = Graph()
    x = graph.symbol("x")
    root, positive = graph.apply("sqrt", x), graph.apply(">", x, graph.number(0))
    for node in (graph.choose(positive, root, x), graph.apply("max", x, graph.apply("ln", x))):
        slope = graph.partials(node, frozenset("x"))["x"]
        assert columns_function(graph, NAMES, [slope])(np.array([[0.0, 1.0]])).tolist() == [[1.0]]


@pytest.mark.parametrize(("x", "wanted"), [(0.0, 0.0), (2.0, 8 * math.log(2)), (1.0, 0.0)])
def test_the_slope_by_an_exponent_is_nothing_where_the_power_is(x, wanted):
    graph = Graph()
    node = graph.power(graph.symbol("x"), graph.symbol("y"))
    slope = graph.partials(node, frozenset("y"))["y"]
    found = columns_function(graph, NAMES, [slope])(np.array([[x, 3.0]]))[0, 0]
    assert found == pytest.approx(wanted)


def test_threads_may_grow_one_graph_together():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        graph = Graph()

        def grow(_):
            x = graph.symbol("x")
            terms = [
                graph.power(graph.sum(x, graph.number(k)), graph.number(3)) for k in range(400)
            ]
            return terms, graph.partials(graph.sum(*terms), frozenset("x"))["x"]

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(grow, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert all(one == found[0] for one in found)
    keys = set(zip(graph.operations, graph.arguments, graph.values, strict=True))
    assert len(keys) == len(graph)
    assert all(max(arguments, default=-1) < node for node, arguments in enumerate(graph.arguments))
    assert value(graph, found[0][1], 1.0) == sum(3 * (1 + k) ** 2 for k in range(400))
