"""Multiplicity from what is met at a few levels, against adjusted p values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.analysis import multiplicity
from funis.analysis.closed import rejected
from funis.protocol import Multiplicity

GRAPH = Multiplicity(
    "graphical", (0.5, 0.3, 0.2), ((0.0, 0.5, 0.5), (0.7, 0.0, 0.3), (0.4, 0.6, 0.0))
)
RULES = {
    "hierarchical": (Multiplicity("hierarchical"), multiplicity.fixed_sequence),
    "holm": (Multiplicity("holm"), multiplicity.holm),
    "hochberg": (Multiplicity("hochberg"), multiplicity.hochberg),
    "graphical": (GRAPH, lambda p: multiplicity.graphical(p, GRAPH.weights, GRAPH.transitions)),
}
P_VALUES = st.lists(st.floats(0.0005, 0.2), min_size=3, max_size=3)


@pytest.mark.parametrize("name", RULES)
@given(st.lists(P_VALUES, min_size=1, max_size=5))
def test_what_falls_is_what_the_adjusted_p_values_say(name, rows):
    rule, adjust = RULES[name]
    p = np.array(rows)
    found = rejected(lambda level: p <= level, 0.05, 3, rule)
    expected = np.array([adjust(row) for row in rows])
    clear = np.abs(expected - 0.05) > 1e-9
    assert np.array_equal(found[clear], (expected <= 0.05)[clear])


def test_without_a_rule_each_is_tested_at_the_whole_level():
    p = np.array([[0.04, 0.06]])
    assert rejected(lambda level: p <= level, 0.05, 2, None).tolist() == [[True, False]]
