"""The plan of a factorisation against dense matrices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from funis.solver.kernel.elimination import eliminate


@st.composite
def matrices(draw):
    """Sparse matrices whose diagonal dominates."""
    size = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    matrix = rng.normal(size=(size, size)) * (rng.random((size, size)) < draw(st.floats(0, 1)))
    np.fill_diagonal(matrix, 0.0)
    return matrix + np.diag(1.0 + np.abs(matrix).sum(axis=1)) * rng.choice([-1, 1], size)


def planned(matrix):
    row, column = np.nonzero(matrix)
    return eliminate(len(matrix), zip(row.tolist(), column.tolist(), strict=True))


def factors(matrix, plan):
    """Eliminate as the plan says, touching nothing that it does not name."""
    left = matrix.copy()
    place = {unknown: number for number, unknown in enumerate(plan.order)}
    for number, row in enumerate(plan.order):
        for pivot in plan.lower[number]:
            left[row, pivot] /= left[pivot, pivot]
            for column in plan.upper[place[pivot]]:
                left[row, column] -= left[row, pivot] * left[pivot, column]
    return left


@given(matrices())
def test_the_order_takes_every_unknown_once(matrix):
    plan = planned(matrix)
    assert sorted(plan.order) == list(range(len(matrix)))
    place = {unknown: number for number, unknown in enumerate(plan.order)}
    for number, (lower, upper) in enumerate(zip(plan.lower, plan.upper, strict=True)):
        assert list(lower) == sorted(lower, key=place.get)
        assert list(upper) == sorted(upper, key=place.get)
        assert all(place[column] < number for column in lower)
        assert all(place[column] > number for column in upper)


@given(matrices())
def test_the_factors_of_the_plan_multiply_to_the_matrix(matrix):
    """So no entry that arises is missing: dense elimination would have found it."""
    plan = planned(matrix)
    order = list(plan.order)
    left = factors(matrix, plan)[np.ix_(order, order)]
    product = (np.tril(left, -1) + np.eye(len(matrix))) @ np.triu(left)
    np.testing.assert_allclose(product, matrix[np.ix_(order, order)], rtol=1e-12, atol=1e-12)


@given(matrices())
def test_the_pattern_is_that_of_a_dense_elimination(matrix):
    plan = planned(matrix)
    size, order = len(matrix), list(plan.order)
    full = (matrix != 0)[np.ix_(order, order)] | np.eye(size, dtype=bool)
    touched = np.zeros_like(full)
    for pivot in range(size):
        below = np.flatnonzero(full[pivot + 1 :, pivot]) + pivot + 1
        beside = np.flatnonzero(full[pivot, pivot + 1 :]) + pivot + 1
        full[np.ix_(below, beside)] = touched[np.ix_(below, beside)] = True
    entries = {
        (row, column)
        for number, row in enumerate(order)
        for column in (*plan.lower[number], row, *plan.upper[number])
    }
    assert entries == {(order[i], order[j]) for i, j in np.argwhere(full).tolist()}
    assert plan.changed == {(order[i], order[j]) for i, j in np.argwhere(touched).tolist()}


def test_an_arrow_is_taken_from_its_thin_end():
    """Row and column 0 are full: taken first they would fill everything."""
    entries = [(0, k) for k in range(1, 6)] + [(k, 0) for k in range(1, 6)]
    plan = eliminate(6, entries)
    assert 0 in plan.order[-2:]
    assert plan.changed <= {(k, k) for k in range(6)}


def test_equal_costs_are_taken_in_the_order_of_the_unknowns():
    assert eliminate(4, []).order == (0, 1, 2, 3)
