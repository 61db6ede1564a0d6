"""Adjusted p values against published tables, closed testing and statsmodels."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from funis.analysis.multiplicity import fixed_sequence, graphical, hochberg, holm

# SAS/STAT user's guide, PROC MULTTEST, Example 60.5 (statug_multtest_sect026)
RAW = (0.28282, 0.30688, 0.71022, 0.77175, 0.78180, 0.88581, 0.54685, 0.84978, 0.24228, 0.58977,
       0.03498, 0.41607, 0.31631, 0.05254, 0.45061, 0.75758, 0.12496, 0.49485, 0.21572, 0.50505,
       0.94372, 0.81260, 0.77596, 0.36889)  # fmt: skip

# Bretz et al 2009: two primary hypotheses that pass on to their secondary ones; the graph and p
# values of the example of fadjpbon (R package lrstat)
WEIGHTS = (0.5, 0.5, 0.0, 0.0)
GRAPH = ((0, 0, 1, 0), (0, 0, 0, 1), (0, 1, 0, 0), (1, 0, 0, 0))


def test_holm_and_hochberg_give_the_table_of_sas():
    assert [round(x, 4) for x in holm(RAW)[10:11]] == [0.8395]
    assert [round(x, 4) for x in hochberg(RAW)[10:11]] == [0.8395]
    assert {round(x, 4) for i, x in enumerate(holm(RAW)) if i != 10} == {1.0}
    assert {round(x, 4) for i, x in enumerate(hochberg(RAW)) if i != 10} == {0.9437}


levels = st.lists(st.floats(1e-6, 1), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(levels)
def test_holm_and_hochberg_are_those_of_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert hochberg(p) == pytest.approx(multipletests(p, method="simes-hochberg")[1])


@settings(max_examples=25, deadline=None)
@given(levels)
def test_a_graph_of_equals_is_holm_and_a_chain_is_the_fixed_sequence(p):
    n = len(p)
    equal = [[0.0 if i == j else 1 / (n - 1) for j in range(n)] for i in range(n)]
    assert graphical(p, [1 / n] * n, equal) == pytest.approx(holm(p))
    chain = [[1.0 if j == i + 1 else 0.0 for j in range(n)] for i in range(n)]
    assert graphical(p, [1.0] + [0.0] * (n - 1), chain) == pytest.approx(fixed_sequence(p))


def _weights_within(kept):
    """Weights of an intersection by removing the others one by one (Bretz 2011, Biom J 53:894)."""
    weight, graph = np.array(WEIGHTS), np.array(GRAPH, float)
    for gone in set(range(4)) - set(kept):
        weight = weight + weight[gone] * graph[gone]
        new = np.zeros_like(graph)
        for i, j in itertools.product(range(4), repeat=2):
            back = graph[i, gone] * graph[gone, i]
            if i != j and gone not in (i, j) and back < 1:
                new[i, j] = (graph[i, j] + graph[i, gone] * graph[gone, j]) / (1 - back)
        weight[gone], graph = 0.0, new
    return weight


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=4, max_size=4))
def test_the_graph_is_closed_testing_with_weighted_bonferroni(p):
    worst = np.zeros(4)
    for size in range(1, 5):
        for kept in itertools.combinations(range(4), size):
            weight = _weights_within(kept)
            level = min(p[i] / weight[i] if weight[i] > 0 else 1.0 for i in kept)
            worst[list(kept)] = np.maximum(worst[list(kept)], min(level, 1.0))
    assert graphical(p, WEIGHTS, GRAPH) == pytest.approx(tuple(worst))


def test_what_is_not_known_is_never_refused():
    assert fixed_sequence([0.01, float("nan"), 0.001]) == (0.01, 1.0, 1.0)
