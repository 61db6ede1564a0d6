"""The stopping rule against closed forms and against all sequences of a few patients."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from funis.safety.stopping import StoppingRule, above_limit, fewest_to_stop, stops


def test_the_posterior_is_that_of_the_beta_distribution():
    rule = StoppingRule(0.2)
    assert above_limit(rule, 3, 10) == pytest.approx(beta(3.5, 7.5).sf(0.2))


@pytest.mark.parametrize("risk", [0.05, 0.3, 0.7])
def test_chances_of_stopping_are_those_of_every_sequence(risk):
    rule, patients = StoppingRule(0.25, 0.8, first=2), 8
    stopped, expected = 0.0, 0.0
    for sequence in product((0, 1), repeat=patients):
        chance = risk ** sum(sequence) * (1 - risk) ** (patients - sum(sequence))
        looks = [
            n
            for n in range(1, patients + 1)
            if (bound := fewest_to_stop(rule, n)) is not None and sum(sequence[:n]) >= bound
        ]
        stopped += chance * bool(looks)
        expected += chance * (looks[0] if looks else patients)
    assert stops(rule, patients, risk) == (pytest.approx(stopped), pytest.approx(expected))


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_a_higher_risk_stops_no_less_often(one, other):
    low, high = sorted((one, other))
    rule = StoppingRule(0.2)
    assert stops(rule, 30, low)[0] <= stops(rule, 30, high)[0] + 1e-12


def test_no_toxicity_never_stops_and_impossible_rules_are_refused():
    assert stops(StoppingRule(0.1), 60, 0.0) == (0.0, 60.0)
    assert fewest_to_stop(StoppingRule(0.1, first=5), 4) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        StoppingRule(1.2)
    with pytest.raises(ValueError, match="shapes"):
        StoppingRule(0.2, prior=(0.0, 1.0))
