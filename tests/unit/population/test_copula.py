import numpy as np
import pytest

from funis.checks import InputError
from funis.population.copula import cholesky_rows, correlate
from funis.population.streams import normal

NAMES = ("a", "b", "c", "d")
LATENT = {name: normal(1, "copula", np.arange(50_000), name) for name in NAMES}


def test_latents_have_the_declared_correlations():
    found = correlate(LATENT, [("c", "a", 0.6), ("a", "b", -0.4), ("c", "b", 0.1)])
    table = np.corrcoef([found[name] for name in NAMES])
    expected = [[1, -0.4, 0.6, 0], [-0.4, 1, 0.1, 0], [0.6, 0.1, 1, 0], [0, 0, 0, 1]]
    assert table == pytest.approx(np.array(expected), abs=0.015)
    assert [np.std(found[name]) for name in NAMES] == pytest.approx(np.ones(4), abs=0.01)
    assert np.array_equal(found["d"], LATENT["d"])
    assert np.array_equal(found["c"], LATENT["c"])


def test_rows_are_the_cholesky_factor():
    rows = cholesky_rows((("a", "b", 0.5), ("b", "c", 0.5), ("a", "c", 0.25)))
    matrix = np.array([[1, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 1]])
    factor = np.linalg.cholesky(matrix)
    mine = np.array([[rows[i].get(j, 0.0) for j in "abc"] for i in "abc"])
    assert mine == pytest.approx(factor, abs=1e-14)


def test_a_correlation_added_at_the_end_changes_no_other_name():
    first = correlate(LATENT, [("a", "b", 0.7)])
    second = correlate(LATENT, [("a", "b", 0.7), ("b", "c", 0.3)])
    assert np.array_equal(first["a"], second["a"])
    assert np.array_equal(first["b"], second["b"])


def test_a_contradiction_names_its_pair():
    with pytest.raises(InputError, match=r"0\.95 of 'a' and 'c' contradicts"):
        correlate(LATENT, [("a", "b", 0.9), ("b", "c", -0.9), ("a", "c", 0.95)])


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("a", "bb", 0.5)], "'bb' is not a parameter with a distribution; did you mean 'b'"),
        ([("a", "b", 1.0)], "out of range; expected above -1 and below 1"),
        ([("a", "b", float("nan"))], "out of range"),
        ([("a", "b", 0.5), ("b", "a", 0.5)], "given twice"),
        ([("a", "a", 0.5)], "is one name"),
    ],
)
def test_a_wrong_pair_is_an_input_error(pairs, words):
    with pytest.raises(InputError, match=words):
        correlate(LATENT, pairs)
