"""Rows, slopes and what counts as fixed."""

import numpy as np
import pytest

from funis.models.evaluate import columns_function
from funis.models.tangent import tangent_form
from funis.solver.kernel.equations import equations
from funis.solver.kernel.model_code import model_code

RATES = {"x": "k*z - x*w", "y": "p*x + still - y + inflow_y"}
ASSIGNMENTS = {
    "unused": "x*xi*7", "half": "0.5*k", "z": "half + x^2 + xi", "w": "z/(1 + y) + xi",
    "driven": "xi*k", "still": "half*k", "shown": "w + driven",
}  # fmt: skip
PARAMETERS = {"k": 0.3, "p": 2.0, "xi": 0.1, "inflow_y": 0.0}


@pytest.fixture
def form(ode):
    return ode(RATES, {"x": 1, "y": "k"}, PARAMETERS, ASSIGNMENTS, ("xi",))


def test_only_needed_assignments_that_move_are_unknowns(form):
    found = equations(form, forced=True)
    assert found.states == ("x", "y")
    assert found.assignments == ("z", "w")
    assert found.inflows == ("inflow_y",)
    assert found.moving == "xi"
    assert found.names == {"x", "y", "z", "w", "inflow_y", "xi"}
    assert len(found.rows) == 4


def test_a_parameter_whose_name_begins_like_an_inflow_is_a_parameter(ode):
    form = ode({"x": "inflow_x - inflow_rate*x"}, {}, {"inflow_x": 0.0, "inflow_rate": 2.0})
    assert equations(form, forced=False).inflows == ("inflow_x",)


def test_a_forcing_at_rest_is_a_parameter(form):
    found = equations(form, forced=False)
    assert found.moving is None
    assert found.timed == {}
    assert found.extra == ()
    assert found.is_fixed(form.graph.symbol("xi"))


def test_assignments_that_only_the_forcing_moves_are_unknowns_while_it_does(ode):
    form = ode({"x": "a - x"}, {}, {"xi": 0.0, "k": 1.0}, {"a": "k*xi"}, ("xi",))
    assert equations(form, forced=True).assignments == ("a",)
    assert equations(form, forced=False).assignments == ()


def test_rows_that_move_with_time_themselves_are_timed(form):
    found = equations(form, forced=True)
    assert sorted(found.timed) == [2, 3]
    assert found.extra == (2, 3)
    assert {found.graph.constant(node) for node in found.timed.values()} == {1.0}


def test_time_itself_moves_where_it_is_used(ode):
    form = ode({"x": "sin(time) - x", "y": "x"})
    found = equations(form, forced=False)
    assert (found.moving, sorted(found.timed), found.extra) == ("time", [0], ())
    unused = ode({"x": "-x"}, assignments={"shown": "time*x"})
    assert equations(unused, forced=False).moving is None


def test_slopes_are_those_of_differences(form):
    found = equations(form, forced=True)
    names = (*found.states, *found.assignments, *PARAMETERS)
    at = np.random.default_rng(2).uniform(0.5, 2, (5, len(names)))
    rows = columns_function(form.graph, names, found.rows)
    unknowns = len(found.rows)
    for column, step in [(c, 1e-6) for c in (*range(unknowns), names.index("xi"))]:
        low, high = at.copy(), at.copy()
        low[:, column], high[:, column] = at[:, column] - step, at[:, column] + step
        wanted = (rows(high) - rows(low)) / (2 * step)
        for row in range(unknowns):
            slopes = found.timed if column >= unknowns else found.slopes[row]
            node = slopes.get(row if column >= unknowns else column)
            slope = 0.0 if node is None else columns_function(form.graph, names, [node])(at)[:, 0]
            np.testing.assert_allclose(wanted[:, row], slope, rtol=1e-7, atol=1e-8)


def test_rows_with_assignments_put_in_are_the_rates(form):
    found = equations(form, forced=True)
    graph = form.graph
    known = {}
    for name, row in zip(found.assignments, found.rows[2:], strict=True):
        known[graph.symbol(name)] = graph.replaced([row], known)[0]
    rates = graph.replaced(found.rows[:2], known)
    at = np.random.default_rng(3).uniform(0.5, 2, (4, 6))
    mine = columns_function(graph, form.arguments, rates)(at)
    np.testing.assert_allclose(mine, form.rates_at(at[:, :2], at[:, 2:]), rtol=1e-14)


def test_the_pattern_of_the_elimination_holds_every_slope(ra):
    found = equations(ra.form, forced=True)
    plan = found.elimination
    for number, row in enumerate(plan.order):
        assert set(found.slopes[row]) <= {*plan.lower[number], row, *plan.upper[number]}


def test_what_else_was_made_of_a_graph_changes_no_line_of_code(ode):
    """The graph grows with sensitivities; the code of a model must not depend on it."""
    once = ode(RATES, {"x": 1, "y": "k"}, PARAMETERS, ASSIGNMENTS, ("xi",))
    again = ode(RATES, {"x": 1, "y": "k"}, PARAMETERS, ASSIGNMENTS, ("xi",))
    tangent_form(again, ["k", "p"])
    texts = [model_code(equations(form, forced=True), 4).text for form in (once, again)]
    assert texts[0] == texts[1]
