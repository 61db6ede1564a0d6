"""Who tells: closed forms and their properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funis.claims.telling import ratio_needed, told

shares = st.floats(0.001, 0.999)
ratios = st.floats(0.01, 100)


def test_accounts_of_a_diet_as_published():
    # de Barra 2014 (jmir.org/2014/8/e193): 19 of 71 in a trial, 64 of 69 reviewers
    assert ratio_needed(19 / 71, 64 / 69) == pytest.approx(35.03, abs=0.01)
    assert told(19 / 71, 35.03) == pytest.approx(64 / 69, abs=1e-3)


def test_if_only_the_better_tell_every_account_is_good():
    assert told(0.01, math.inf) == 1
    assert told(0.0, math.inf) == 0
    assert ratio_needed(0.0, 0.6) == math.inf


@given(shares)
def test_if_all_tell_alike_accounts_are_what_happened(share):
    assert told(share, 1) == pytest.approx(share)


@given(shares, ratios, ratios)
def test_the_more_the_better_tell_the_better_the_accounts(share, one, other):
    low, high = sorted((one, other))
    assert told(share, low) <= told(share, high)


@given(shares, shares)
def test_the_ratio_that_is_needed_gives_the_share_that_is_wanted(share, wanted):
    assert told(share, ratio_needed(share, wanted)) == pytest.approx(wanted)
