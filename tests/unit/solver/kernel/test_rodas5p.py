"""The coefficients: what they must fulfil, their order, and what the kernel makes of them."""

import numpy as np
import pytest

from funis.solver.kernel.batch import load_kernel, solve_batch
from funis.solver.kernel.rodas5p import ALPHA, GAMMA, GAMMAS, ORDER, STAGES, WEIGHTS, A, C, H


def lower(rows):
    found = np.zeros((STAGES, STAGES))
    for row, values in enumerate(rows):
        found[row, : len(values)] = values
    return found


SUMS = lower([*A, (*A[5], 1.0), WEIGHTS[:7]])

# In the usual form k_i = h f(y + sum alpha_ij k_j) + h J sum gamma_ij k_j: u = gamma_ij k
GAMMA_IJ = np.linalg.inv(np.eye(STAGES) / GAMMA - lower(C))
ALPHA_IJ = SUMS @ GAMMA_IJ
B = np.asarray(WEIGHTS) @ GAMMA_IJ
BETA = ALPHA_IJ + GAMMA_IJ
ONE = np.ones(STAGES)


def test_alpha_and_gamma_are_row_sums():
    np.testing.assert_allclose(ALPHA_IJ @ ONE, ALPHA, atol=1e-12)
    np.testing.assert_allclose(GAMMA_IJ @ ONE, GAMMAS, atol=1e-12)
    np.testing.assert_allclose(np.diag(GAMMA_IJ), GAMMA, rtol=1e-13)


def test_the_weights_fulfil_the_conditions_of_order_five():
    """Hairer and Wanner, Solving ODEs II, section IV.7, for autonomous problems."""
    a, beta = ALPHA_IJ @ ONE, BETA @ ONE
    wanted = {
        1.0: B @ ONE, 1 / 2: B @ beta, 1 / 3: B @ a**2, 1 / 6: B @ BETA @ beta,
        1 / 4: B @ a**3, 1 / 8: B @ (a * (ALPHA_IJ @ beta)), 1 / 12: B @ BETA @ a**2,
        1 / 24: B @ BETA @ BETA @ beta, 1 / 5: B @ a**4, 1 / 10: B @ (a**2 * (ALPHA_IJ @ beta)),
        1 / 15: B @ (a * (ALPHA_IJ @ a**2)), 1 / 20: B @ (ALPHA_IJ @ beta) ** 2,
        1 / 120: B @ BETA @ BETA @ BETA @ beta,
    }  # fmt: skip
    for right, left in wanted.items():
        assert left == pytest.approx(right, abs=2e-12)


def test_the_estimate_is_of_order_four_and_both_are_stiffly_accurate():
    """Without u_8 the result is the argument of stage 8."""
    b = SUMS[7] @ GAMMA_IJ
    a, beta = ALPHA_IJ @ ONE, BETA @ ONE
    for right, left in ((1.0, b @ ONE), (1 / 2, b @ beta), (1 / 3, b @ a**2), (1 / 4, b @ a**3)):
        assert left == pytest.approx(right, abs=1e-12)
    assert WEIGHTS[:7] == tuple(SUMS[7, :7])
    np.testing.assert_allclose(B, BETA[7], atol=1e-12)
    assert abs(1 - B @ np.linalg.solve(BETA, ONE)) < 1e-12  # R(infinity) = 0


def test_dense_output_begins_and_ends_at_the_steps_values():
    """Its slope at the start is the rate: sum_i (w_i + h_1i) u_i = h f to first order."""
    assert ORDER == 5
    shares = (np.asarray(WEIGHTS) + np.asarray(H[0])) @ GAMMA_IJ
    assert shares @ ONE == pytest.approx(1.0, abs=1e-11)


# ---- order, in NumPy with the same coefficients


def step(problem, t, y, h):
    """Return u of all stages."""
    rates, jacobian, by_time = problem
    matrix = np.eye(len(y)) / (h * GAMMA) - jacobian(t, y)
    u = np.zeros((STAGES, len(y)))
    for i in range(STAGES):
        right = rates(t + ALPHA[i] * h, y + SUMS[i] @ u)
        right = right + (np.asarray(C[i]) @ u[:i]) / h + h * GAMMAS[i] * by_time(t, y)
        u[i] = np.linalg.solve(matrix, right)
    return u


def dense(y, u, x):
    k = [np.asarray(row) @ u for row in H]
    new = y + np.asarray(WEIGHTS) @ u
    return (1 - x) * y + x * (new + (1 - x) * (k[0] + x * (k[1] + x * k[2])))


def errors(problem, exact, steps, end=2.0):
    """Largest error at the end, and within the steps."""
    h, y, within = end / steps, exact(0.0), 0.0
    for n in range(steps):
        u = step(problem, n * h, y, h)
        for x in (0.17, 0.5, 0.83):
            within = max(within, np.abs(dense(y, u, x) - exact((n + x) * h)).max())
        y = y + np.asarray(WEIGHTS) @ u
    return np.abs(y - exact(end)).max(), within


def logistic():
    """y_2 is the slope of the logistic y_1."""
    return (
        (lambda t, y: np.array([y[0] * (1 - y[0]), y[1] * (1 - 2 * y[0])]),
         lambda t, y: np.array([[1 - 2 * y[0], 0.0], [-2 * y[1], 1 - 2 * y[0]]]),
         lambda t, y: np.zeros(2)),
        lambda t: np.array([1 / (1 + np.exp(-t)), np.exp(-t) / (1 + np.exp(-t)) ** 2]),
    )  # fmt: skip


def driven():
    """y_1 = 1/(2 - sin t) and y_2 = exp(sin t), with rates that hold time."""
    return (
        (lambda t, y: np.cos(t) * np.array([y[0] ** 2, y[1] * y[0] * (2 - np.sin(t))]),
         lambda t, y: np.cos(t) * np.array(
             [[2 * y[0], 0.0], [y[1] * (2 - np.sin(t)), y[0] * (2 - np.sin(t))]]),
         lambda t, y: np.array([
             -np.sin(t) * y[0] ** 2,
             -np.sin(t) * y[1] * y[0] * (2 - np.sin(t)) - np.cos(t) ** 2 * y[1] * y[0]])),
        lambda t: np.array([1 / (2 - np.sin(t)), np.exp(np.sin(t))]),
    )  # fmt: skip


@pytest.mark.parametrize("problem", [logistic, driven])
def test_halving_the_step_divides_the_error_by_thirty_two(problem):
    counts = 4 * 2 ** np.arange(5)
    found = np.array([errors(*problem(), int(n)) for n in counts])
    ends, within = np.log2(found[:-1] / found[1:]).T
    print(f"{problem.__name__}: order {ends.round(2)}, dense output {within.round(2)}")
    assert 4.7 < ends[-1] < 5.3
    assert within[-1] > 3.8


# ---- the kernel on stiff problems

ROBERTSON = {
    "a": "-0.04*a + 1e4*b*c", "b": "0.04*a - 1e4*b*c - 3e7*b^2", "c": "3e7*b^2",
}  # fmt: skip
VAN_DER_POL = {"x": "v", "v": "mu*((1 - x^2)*v) - x"}
STIFF = {
    "Robertson": (ROBERTSON, {"a": 1.0}, {}, 400),
    "Van der Pol": (VAN_DER_POL, {"x": 2.0}, {"mu": 50.0}, 60),
    "driven": ({"x": "-1000*(x - cos(time)) - sin(time)"}, {"x": 1.5}, {}, 10),
}


def radau(form, days):
    from scipy.integrate import solve_ivp

    from funis.models.evaluate import scalar_function

    names = (*form.states, *form.parameters, "time")
    given = list(form.defaults)
    rates = scalar_function(form.graph, names, form.rates)
    found = solve_ivp(
        lambda t, y: rates([*y, *given, t]), (0, days[-1]), form.start(np.array([given]))[0],
        "Radau", t_eval=days, rtol=1e-12, atol=1e-14,
    )  # fmt: skip
    return found.y.T


@pytest.mark.parametrize("name", sorted(STIFF))
def test_the_kernels_error_goes_down_with_the_tolerance(ode, batch_of, name):
    rates, start, parameters, days = STIFF[name]
    form = ode(rates, start, parameters)
    minutes = np.linspace(0, days * 1440, 21).astype(np.int64)
    wanted = radau(form, minutes / 1440)
    scale = np.abs(wanted).max(axis=0)
    found = []
    for rtol in (1e-4, 1e-6, 1e-8, 1e-10):
        done = solve_batch(load_kernel(form, False), batch_of(form, [form.defaults], minutes, rtol))
        assert not done.failed.any()
        found.append(np.abs((done.values[0] - wanted) / scale).max() / rtol)
    print(f"{name}: error in units of rtol {np.array(found).round(2)}")
    assert max(found[:3]) < 30
    assert found[3] < 1000  # Radau itself ends here
