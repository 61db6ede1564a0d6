"""The four functions of a model, called as the driver calls them, against dense NumPy."""

import numpy as np
import pytest

from funis.models.evaluate import columns_function
from funis.solver.kernel.equations import equations
from funis.solver.kernel.machine import WIDTHS, load
from funis.solver.kernel.model_code import model_code

EVERYTHING = {
    "a": "-a + exp(-b) + ln(c) + sqrt(a) + abs(b - c) + floor(3*a) + ceil(b) + k^b",
    "b": "sin(a) + cos(b) + tan(0.3*c) + asin(0.2*a) + acos(0.2*b) + atan(c) + factorial(k)",
    "c": "sinh(a) + cosh(b) + tanh(c) + asinh(a) + acosh(1 + b) + atanh(0.2*c) - c^2.5 + (-k)^3",
    "d": "min(a, b) + max(b*c, k) + piecewise(a, a < b, b, b >= c, c*d) + a^5/(1 + a^5) + d^-2",
    "e": "piecewise(1, (a < b) && (c != d), a*e) + piecewise(b, !(a > b) || (b == c), e)",
    "f": "piecewise(f, xor(a <= b, c < d), -f) + a*b*c/(d*e) - k*f - (b - a)*f + (a > b)*2",
    "g": "abs(f - g)^k + (-a)^3 + f^k*ln(g) + a^b + max(a, k) + 5 - piecewise(g, k > 1, f)",
    "h": "1",
}
SEEN = (
    "abs", "acos", "acosh", "and", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "exp",
    "factorial", "floor", "if", "inverse", "ln", "max", "min", "not", "or", "power", "product",
    "sin", "sinh", "sqrt", "sum", "tan", "tanh", "xor", "<", "<=", "==", ">", ">=", "!=",
)  # fmt: skip


class Compiled:
    """A model's functions and lanes of memory with W random patients in them."""

    def __init__(self, form, width, room, call, *, forced=False, seed=1, scale=1.0):
        self.form, self.width, self.call, self.forced = form, width, call, forced
        self.equations = equations(form, forced=forced)
        code = model_code(self.equations, width)
        self.library = load(code.text, optimise=False)
        rng = np.random.default_rng(seed)
        size, rows = self.equations.size, self.equations.size + len(self.equations.extra)
        self.size = size
        parameters = np.tile(form.defaults, (width, 1)) * rng.uniform(0.8, 1.2, (width, 1))
        self.fixed_values = np.hstack([parameters, form.derived(parameters)])
        self.y, self.fixed, self.inflow = room(size, width), room(code.table_rows, width), None
        self.inflow = room(max(len(self.equations.inflows), 1), width)
        self.moving, self.r, self.timed = room(3, width), room(rows, width), room(rows, width)
        self.matrix, self.lu = room(code.matrix_rows, width), room(code.lu_rows, width)
        self.shift, self.x = room(1, width), room(size, width)
        self.y[:] = rng.uniform(0.5, 1.5, (size, width)) * scale
        self.moving[0], self.shift[0] = rng.normal(size=width) * 0.1, rng.uniform(5, 50, width)
        if self.equations.table:
            table = columns_function(form.graph, form.fixed_names, self.equations.table)
            self.fixed[:] = table(self.fixed_values).T

    def all_fixed(self):
        """Parameters and constants with inflows and what moves in their places."""
        values, names = self.fixed_values.copy(), self.form.fixed_names
        for slot, name in enumerate(self.equations.inflows):
            values[:, names.index(name)] = self.inflow[slot]
        if self.forced:
            values[:, names.index(self.equations.moving)] = self.moving[0]
        return values

    def rates(self):
        lanes = (self.y, self.fixed, self.inflow, self.moving, self.r)
        self.call(self.library, "rates", *lanes)
        return self.r[: self.size].T.copy()

    def slopes(self):
        lanes = (self.y, self.fixed, self.inflow, self.moving, self.r, self.matrix, self.timed)
        self.call(self.library, "slopes", *lanes)
        return self.r[: self.size].T.copy()

    def solve(self, right):
        self.r[: self.size] = right
        self.call(self.library, "factor", self.fixed, self.matrix, self.shift, self.lu)
        self.call(self.library, "solve", self.fixed, self.matrix, self.lu, self.r, self.x)
        return self.x.T.copy()


@pytest.fixture(scope="module")
def everything(ode):
    return ode(EVERYTHING, {}, {"k": 1.7})


@pytest.fixture(scope="module", params=["tiny", "ra", "ra forced", "everything"])
def compiled(request, tiny, ra, everything, room, call):
    form = {"tiny": tiny.form, "everything": everything}.get(request.param, ra.form)
    return Compiled(form, 8, room, call, forced=request.param == "ra forced")


def test_the_model_of_everything_holds_every_operation(everything):
    used = {everything.graph.operations[n] for n in everything.graph.reached(everything.rates)}
    assert set(SEEN) <= used


def test_rates_are_those_of_the_form(compiled):
    compiled.inflow[:] = 0.3
    wanted = compiled.form.rates_at(compiled.y.T, compiled.all_fixed())
    scale = 1e-13 * (1 + np.abs(wanted).max())
    np.testing.assert_allclose(compiled.slopes(), wanted, rtol=1e-12, atol=scale)
    compiled.r[:] = 2.0  # rates are added to what is there
    np.testing.assert_allclose(compiled.rates() - 2, wanted, rtol=1e-12, atol=10 * scale)


def test_a_stage_is_what_dense_solving_gives(compiled):
    """Factor and solve are (shift - J) x = r, assignments and all."""
    compiled.slopes()
    jacobian = compiled.form.jacobian_at(compiled.y.T, compiled.all_fixed())
    compiled.shift[0] = 2 + np.abs(jacobian).sum(axis=2).max(axis=1)
    right = np.random.default_rng(4).normal(size=(compiled.size, 8))
    compiled.r[compiled.size :] = 0.0
    found = compiled.solve(right)
    matrix = compiled.shift[0][:, None, None] * np.eye(compiled.size) - jacobian
    wanted = np.linalg.solve(matrix, right.T[:, :, None])[:, :, 0]
    size = np.abs(wanted).max(axis=1, keepdims=True)
    assert np.all(np.abs(found - wanted) <= 1e-10 * size)


def test_derivatives_by_what_moves_come_through_the_assignments(ra, room, call):
    """The right-hand side of rows of assignments is worth f_z g_t: the whole df/dt."""
    compiled = Compiled(ra.form, 8, room, call, forced=True)
    compiled.slopes()
    compiled.r[compiled.size :] = compiled.timed[compiled.size :]
    found = compiled.solve(compiled.timed[: compiled.size].copy())
    fixed, y = compiled.all_fixed(), compiled.y.T
    column, step = ra.form.fixed_names.index("xi"), 1e-6
    low, high = fixed.copy(), fixed.copy()
    low[:, column] -= step
    high[:, column] += step
    slope = (ra.form.rates_at(y, high) - ra.form.rates_at(y, low)) / (2 * step)
    matrix = compiled.shift[0][:, None, None] * np.eye(compiled.size)
    matrix = matrix - ra.form.jacobian_at(y, fixed)
    wanted = np.linalg.solve(matrix, slope[:, :, None])[:, :, 0]
    assert np.abs(slope).max() > 0.01
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)


def test_time_itself_is_differentiated(ode, room, call):
    form = ode({"x": "a*x", "y": "sin(3*time)*x"}, {}, {}, {"a": "time^2"})
    compiled = Compiled(form, 4, room, call)
    compiled.moving[0] = t = np.array([0.0, 0.5, 1.0, 2.0])
    rates = compiled.slopes()
    x = compiled.y[0]
    np.testing.assert_allclose(rates, np.stack([t**2 * x, np.sin(3 * t) * x], axis=1), rtol=1e-14)
    np.testing.assert_allclose(compiled.timed, [0 * t, 3 * np.cos(3 * t) * x, 2 * t], rtol=1e-14)


@pytest.mark.parametrize("scale", [1.0, 3.0, 0.01])
def test_every_width_computes_the_same_bytes(everything, ra, room, call, scale):
    for form in (everything, ra.form):
        wide = Compiled(form, 8, room, call, scale=scale)
        wanted = [wide.slopes(), wide.solve(np.ones((wide.size, 8)))]
        for width in WIDTHS[1:]:
            narrow = Compiled(form, width, room, call)
            narrow.y[:], narrow.shift[:] = wide.y[:, :width], wide.shift[:, :width]
            narrow.moving[:], narrow.fixed[:] = wide.moving[:, :width], wide.fixed[:, :width]
            found = [narrow.slopes(), narrow.solve(np.ones((narrow.size, width)))]
            for a, b in zip(wanted, found, strict=True):
                assert a[:width].tobytes() == b.tobytes()


POWERS = [(2.0, 3.0), (-2.0, 3.0), (-2.0, 2.0), (-2.0, 2.5), (0.0, 2.5), (0.0, -1.5), (0.0, 0.0),
          (-0.0, 3.0), (2.0, -70.0), (-2.0, -71.0), (1e300, 2.0), (1e-300, 2.0), (np.inf, -1.0),
          (np.nan, 1.0), (np.nan, 0.0), (2.0, np.nan), (0.5, 1e308), (3.0, 0.5)]  # fmt: skip


def test_powers_of_any_numbers_are_those_of_numpy(ode, room, call):
    compiled = Compiled(ode({"x": "x^y", "y": "1"}), 2, room, call)
    for base, exponent in POWERS:
        compiled.y[0], compiled.y[1] = base, exponent
        with np.errstate(all="ignore"):
            wanted = np.power(base, exponent)
        found = compiled.slopes()[0, 0]
        assert found == pytest.approx(wanted, rel=1e-13, nan_ok=True), (base, exponent)


@pytest.mark.parametrize("power", [2, 3, 7, 16, 63, 64, 65, 100])
@pytest.mark.parametrize("base", [-1.1, 0.0, 1.05])
def test_whole_powers_keep_their_sign(ode, room, call, power, base):
    compiled = Compiled(ode({"x": f"x^{power}"}), 2, room, call)
    compiled.y[0] = base
    assert compiled.slopes()[0, 0] == pytest.approx(base**power, rel=1e-13)


def test_what_is_not_picked_reaches_neither_rates_nor_slopes(ode, room, call):
    """At zero the slope of a root is infinite: picked or not, it made the matrix no number."""
    form = ode({"x": "piecewise(sqrt(x), x > 0, -x)", "y": "max(ln(x), 2*y)", "z": "min(z, z)"})
    compiled = Compiled(form, 2, room, call)
    compiled.y[0] = 0.0
    rates = compiled.slopes()
    assert rates[0, 0] == 0
    assert rates[0, 1] == 2 * compiled.y[1, 0]
    x = compiled.solve(np.ones((3, 2)))
    shift = compiled.shift[0, 0]
    np.testing.assert_allclose(x[0], 1 / (shift - np.array([-1.0, 2.0, 1.0])), rtol=1e-14)


def test_quotients_that_stay_as_written_are_exact(ode, room, call):
    form = ode({"x": "(49*x)/49 + k/3 + 7/(2*k)"}, {}, {"k": 1.0}, exact=True)
    compiled = Compiled(form, 2, room, call)
    wanted = form.rates_at(compiled.y.T, compiled.all_fixed())
    np.testing.assert_allclose(compiled.slopes(), wanted, rtol=1e-15)


def test_constant_rates_have_no_slope(ode, room, call):
    compiled = Compiled(ode({"x": "2", "y": "k"}, {}, {"k": 3.0}), 2, room, call)
    k = compiled.fixed_values[:, 0]
    assert np.array_equal(compiled.slopes(), np.stack([np.full(2, 2.0), k], axis=1))
    np.testing.assert_allclose(compiled.solve(np.ones((2, 2))).T, 1 / compiled.shift.repeat(2, 0))
