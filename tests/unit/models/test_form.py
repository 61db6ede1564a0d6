"""The equations in symbols: what is read from SBML, and what is compiled from it."""

import numpy as np
import pytest

from funis.models import OdeForm
from funis.models.compose import sbml_text
from funis.models.form import _evaluation_order, read_form


def form_of(*lines, forcing=()):
    return read_form(sbml_text("\n".join(["model m()", *lines, "end", ""]), "m"), forcing)


def test_constants_assignments_and_states_are_told_apart():
    form = form_of(
        "a = 2; b := 3*a; c := b + d; d := exp(b)/x;", "x' = -b*x + c; x = a + b;", "y' = d; y = 1;"
    )
    assert form.states == ("x", "y")
    assert form.parameters == ("a",)
    assert form.defaults == (2.0,)
    assert form.constant_names == ("b",)
    assert [name for name, _ in form.assignments] == ["d", "c"]  # in order of evaluation
    assert form.outputs == ("x", "y", "b", "d", "c")
    assert form.fixed_names == ("a", "b")


def test_rates_start_and_outputs_have_their_values():
    form = form_of("a = 2; b := 3*a; c := b + x^2;", "x' = c - sqrt(x)*ln(b); x = a + b;")
    parameters = np.array([[2.0], [4.0]])
    constants = form.derived(parameters)
    assert constants.tolist() == [[6.0], [12.0]]
    fixed = np.hstack([parameters, constants])
    start = form.start(fixed)
    assert start.tolist() == [[8.0], [16.0]]
    wanted = constants + start**2 - np.sqrt(start) * np.log(constants)
    np.testing.assert_allclose(form.rates_at(start, fixed), wanted, rtol=1e-14)
    found = form.observe(("c", "x", "b", "a"), start, fixed)
    np.testing.assert_allclose(found, [[70, 8, 6, 2], [268, 16, 12, 4]], rtol=1e-14)


def test_the_jacobian_is_analytic_row_by_row():
    form = form_of("k = 3; s := x*y;", "x' = k*s; x = 1;", "y' = x - y^2; y = 1;")
    found = form.jacobian_at(np.array([[2.0, 5.0]]), np.array([[3.0]]))
    assert found.tolist() == [[[15.0, 6.0], [1.0, -10.0]]]


def test_reactions_move_species():
    form = form_of(
        "compartment c = 1;", "substanceOnly species A in c, B in c;", "A = 4; B = 1; k = 2;",
        "J1: A -> B; k*A;", "J2: B -> ; k*B;",
    )  # fmt: skip
    assert form.rates_at(np.array([[4.0, 1.0]]), np.array([[2.0]]))[0].tolist() == [-8.0, 6.0]
    assert form.start(np.array([[2.0]])).tolist() == [[4.0, 1.0]]


@pytest.mark.parametrize(
    ("reactions", "groups"),
    [
        (("J1: A -> B; k*A;", "J2: C -> D; k*C;"), {("A", "B"), ("C", "D")}),
        (("J1: A -> B; k*A;", "J2: B -> C; k*B;", "J3: D -> A; k*D;"), {("A", "B", "C", "D")}),
        (("J1: A -> B; k*A;", "J2: B -> C; k*B;", "J3: C -> ; k*C;"), set()),
        (("J1: A -> B; k*A;", "J_inflow_A: -> A; k;"), {("A", "B")}),
        (("J1: A -> B; k*A;", "J2: -> C; k*A;", "J3: C -> D; k*C;"), {("A", "B")}),
        (("J1: A -> B + C; k*A;",), set()),
        ((), set()),
    ],
)
def test_conserved_groups_follow_from_the_reactions(reactions, groups):
    form = form_of(
        "compartment c = 1;", "substanceOnly species A in c, B in c, C in c, D in c;",
        "A = 1; B = 1; C = 1; D = 1; k = 2;", *reactions,
    )  # fmt: skip
    names = {tuple(sorted(form.states[index] for index in group)) for group in form.conserved}
    assert names == groups


def test_a_forcing_is_no_constant_and_starts_at_zero():
    lines = ("xi = 5; a = 2; b := a + xi;", "x' = b - x; x = b;")
    assert form_of(*lines).constant_names == ("b",)
    forced = form_of(*lines, forcing=("xi",))
    assert forced.constant_names == ()
    assert forced.start(np.array([[5.0, 2.0]])).tolist() == [[2.0]]


def test_a_start_may_depend_on_other_starts():
    form = form_of("a = 2;", "x' = 0; x = 3*a;", "z := x + 1;", "y' = 0; y = z*x;")
    assert form.start(np.array([[2.0]])).tolist() == [[6.0, 42.0]]


def test_assignments_in_a_circle_are_refused():
    needs = {"b": frozenset({"a"}), "a": frozenset({"x"})}
    assert _evaluation_order(needs) == ["a", "b"]
    with pytest.raises(ValueError, match="assignments in a circle: a, b"):
        _evaluation_order({"a": frozenset({"b", "x"}), "b": frozenset({"a"}), "c": frozenset()})


@pytest.mark.parametrize("text", ["time", "piecewise(1, x > 2, 0)", "floor(x)", "sin(x)"])
def test_what_the_language_lacks_is_refused(text):
    with pytest.raises(ValueError, match="is not part of the model language"):
        form_of(f"x' = {text} - x; x = 1;")


def test_no_patient_gives_no_row():
    form = form_of("a = 2; b := 3*a;", "x' = b - x; x = b;")
    empty = np.empty((0, 1))
    assert form.derived(empty).shape == (0, 1)
    assert form.observe(("x", "b"), empty, np.empty((0, 2))).shape == (0, 2)


def test_a_row_does_not_depend_on_the_others():
    form = form_of("a = 2; b := exp(a)/(1 + a^3);", "x' = b*x^2 - ln(x); x = b;")
    values = np.random.default_rng(0).uniform(0.1, 3, (37, 1))
    whole = form.derived(values)
    assert np.array_equal(whole, np.vstack([form.derived(row[None]) for row in values]))


def test_a_form_is_a_value_of_its_own():
    one = form_of("a = 2;", "x' = a; x = 1;")
    assert isinstance(one, OdeForm)
    assert one != form_of("a = 2;", "x' = a; x = 1;")
    assert len({one, one}) == 1
